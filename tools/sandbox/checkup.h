/* The check of a photo: no eyes, only a script. An item fails when a fault names it, or the URL of
 * the photo does. */
#ifndef SANDBOX_CHECKUP_H
#define SANDBOX_CHECKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

struct visit;

enum {
    CHECKUP_FACES = 0 /* the item that also hair insists on: one person */
};

/* Items that fail, one bit each. `url` NULL where there is none. */
uint32_t checkup_failures(const struct visit *visit, const char *url);
/* The code and the reason of the first of these failures. */
int checkup_code(uint32_t failures, const char **ret_reason);
/* Appends the list of all items as JSON. */
bool checkup_format(uint32_t failures, struct bytes *out);

#endif
