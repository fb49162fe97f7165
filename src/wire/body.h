/* A request body that is never built: prefix, payload (perhaps base64 as it goes) and suffix are
 * read piece by piece. The length is known beforehand. Everything is borrowed. */
#ifndef RETOUCH_WIRE_BODY_H
#define RETOUCH_WIRE_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct body {
    struct slice prefix;
    struct slice payload;
    struct slice suffix;
    bool payload_base64; /* the payload is sent base64-encoded */
    size_t offset;       /* bytes of the whole body given out so far */
};

size_t body_length(const struct body *body);
/* Next bytes into dest, at most room; 0 at the end. */
size_t body_read(struct body *body, uint8_t *dest, size_t room);
void body_rewind(struct body *body);

#endif
