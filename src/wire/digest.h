/* SHA-256 digests as text: of bytes in several pieces, and of a photo with the effects applied to
 * it, chained so that each prefix of a recipe has a name of its own. */
#ifndef RETOUCH_WIRE_DIGEST_H
#define RETOUCH_WIRE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    DIGEST_TEXT_MAX = 65 /* 64 hex digits and a NUL */
};

/* Each piece's length counts, so that "ab","c" and "a","bc" differ. ERR_NO_MEMORY. */
int digest_text(const struct slice *pieces, size_t count, char text[DIGEST_TEXT_MAX]) MUST_CHECK;

struct digest {
    char text[DIGEST_TEXT_MAX]; /* as in the name of a field of the photo's record */
};

/* What a chain begins with. The three never give one digest, whatever they hold. */
enum digest_source {
    DIGEST_IMAGE,      /* the image's bytes */
    DIGEST_URL,        /* the image's URL */
    DIGEST_GENERATE_ID /* of an earlier result */
};

/* ERR_NO_MEMORY. */
int digest_of_source(enum digest_source source,
                     struct slice content,
                     struct digest *ret_digest) MUST_CHECK;
/* The chain grown by one step. `params` is what effect_params_canonical wrote. ERR_NO_MEMORY. */
int digest_of_step(const struct digest *before,
                   const char *effect,
                   struct slice params,
                   struct digest *ret_digest) MUST_CHECK;
bool digest_equal(const struct digest *a, const struct digest *b);

#endif
