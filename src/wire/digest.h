/* SHA-256 of bytes in several pieces, as text. */
#ifndef RETOUCH_WIRE_DIGEST_H
#define RETOUCH_WIRE_DIGEST_H

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    DIGEST_TEXT_MAX = 65 /* 64 hex digits and a NUL */
};

/* Each piece's length counts, so that "ab","c" and "a","bc" differ. ERR_NO_MEMORY. */
int digest_text(const struct slice *pieces, size_t count, char text[DIGEST_TEXT_MAX]) MUST_CHECK;

#endif
