/* The types of configuration values: text to field, field to text, and what is allowed. */
#ifndef RETOUCH_CONF_CONF_TYPE_H
#define RETOUCH_CONF_CONF_TYPE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

struct buf;
struct conf_row;

/* Parses value into the row's field, which is unchanged on failure. ERR_INVALID: err names the key,
 * what was given (never of a secret) and what is allowed. */
int conf_value_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
    MUST_CHECK;
/* Appends the value as one would write it in the file; secrets as "***", or nothing when unset. */
int conf_value_format(const struct conf_row *row, const void *field, struct buf *text) MUST_CHECK;
/* Appends what is allowed, as in "want ...": "a number from 1 to 100". */
int conf_allowed_format(const struct conf_row *row, struct buf *text) MUST_CHECK;
/* Whether the value may never be shown as given. */
bool conf_value_hidden(const struct conf_row *row);

#endif
