/* Reads one value out of an undecoded query. */
#ifndef SANDBOX_QUERY_H
#define SANDBOX_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/* Decodes as forms do: %XX, and '+' is a blank. False when it is missing, too long or malformed. */
bool query_get(const char *query, const char *name, char *ret_value, size_t size);

#endif
