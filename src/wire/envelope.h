/* Reads a job's envelope, msgpack or JSON (include/PROTOCOL.md, section 3).
 *
 * The element's bytes are owned by the envelope from then on, and the image is a view into them:
 * JSON is parsed in place and its base64 decoded in place, so that no second copy of an image is
 * ever made. Everything else is copied out, so that the element can be dropped early. Declared
 * sizes are checked against the bytes that are there before anything is reserved. */
#ifndef RETOUCH_WIRE_ENVELOPE_H
#define RETOUCH_WIRE_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/url.h"
#include "wire/value.h"

enum {
    ENVELOPE_ID_MAX = 64,
    ENVELOPE_NAME_MAX = 64,  /* effect, reply_to, out_request_id */
    ENVELOPE_TEXT_MAX = 255, /* generate_id, traceparent */
    ENVELOPE_STEPS_MAX = 16,
    ENVELOPE_META_MAX = 4096, /* bytes, encoded as msgpack */
    ENVELOPE_URL_MAX = URL_MAX,
    ENVELOPE_KEY_MAX = 1024,      /* bytes of a Redis key that holds an image */
    ENVELOPE_BYTES_MAX = 64 << 20 /* an element larger than this is no job */
};

enum image_source {
    IMAGE_NONE,
    IMAGE_BYTES,
    IMAGE_URL,
    IMAGE_KEY
};

enum store_mode {
    STORE_BYTES,
    STORE_URL
};

struct envelope_step {
    char effect[ENVELOPE_NAME_MAX + 1];
    struct params params; /* texts are views into envelope->texts */
};

struct envelope {
    char id[ENVELOPE_ID_MAX + 1];
    size_t id_at; /* where in the element as it came the id stands, from 1; 0: spelled otherwise */
    struct envelope_step *steps; /* owned; one for `effect`, or the recipe's */
    uint32_t step_count;         /* 1..ENVELOPE_STEPS_MAX after a good decode */
    bool is_recipe;              /* given as `recipe` */
    enum image_source image_source;
    struct slice image;                         /* view: the bytes, the URL or the Redis key */
    char out_request_id[ENVELOPE_NAME_MAX + 1]; /* "" when not given */
    char generate_id[ENVELOPE_TEXT_MAX + 1];    /* "" when not given */
    int64_t not_before_ms;                      /* unix; 0: at once */
    int64_t deadline_ms;                        /* unix; 0: none */
    int64_t max_attempts;                       /* 0: the configuration's */
    int64_t timeout_ms;                         /* 0: the effect's */
    int64_t result_ttl_ms;                      /* 0: the configuration's */
    enum store_mode store;
    char reply_to[ENVELOPE_NAME_MAX + 1];    /* "" when not given */
    struct slice meta;                       /* view: msgpack of the map; len 0 when not given */
    char traceparent[ENVELOPE_TEXT_MAX + 1]; /* "" when not given */
    struct buf element;                      /* owned: the bytes behind the image */
    struct buf meta_bytes;                   /* owned: the bytes behind meta */
    struct buf texts;                        /* owned: the bytes behind the parameters */
};

void envelope_init(struct envelope *envelope);
void envelope_done(struct envelope *envelope);

/* Takes `element` (moved into the envelope in every case), once per envelope_init.
 * ERR_MALFORMED: no job at all (undecodable, no map, no valid id): goes to P:rejected; err says
 * why. ERR_INVALID: a job whose id is known (envelope->id) but whose contents are not allowed: it
 * is dead; err names the field, what was given and what is allowed. reply_to, result_ttl_ms,
 * traceparent, out_request_id and meta are filled as far as they could be read. ERR_NO_MEMORY. */
int envelope_decode(struct envelope *envelope, struct buf *element, struct err *err) MUST_CHECK;

/* What an inbox element is, by its first byte (section 1). */
enum element_kind {
    ELEMENT_ENVELOPE,
    ELEMENT_ID,
    ELEMENT_JUNK
};
enum element_kind element_kind_of(struct slice element);

/* Frees the element's bytes early, when the image (or its URL or key) is needed no more: `image` is
 * then empty. All other fields stay valid. */
void envelope_drop_image(struct envelope *envelope);

#endif
