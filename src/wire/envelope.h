/* Reads a job's envelope, msgpack or JSON (include/PROTOCOL.md, section 3).
 *
 * The element's bytes are owned by the envelope from then on: texts and the image are views into
 * them. JSON is parsed in place and its base64 decoded in place, so that no second copy of an image
 * is ever made. Declared sizes are checked against the bytes that are there before anything is
 * reserved. */
#ifndef RETOUCH_WIRE_ENVELOPE_H
#define RETOUCH_WIRE_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/value.h"

struct json; /* wire/json.h */

enum {
    ENVELOPE_ID_MAX = 64,
    ENVELOPE_NAME_MAX = 64, /* effect, reply_to, out_request_id, generate_id: see each */
    ENVELOPE_STEPS_MAX = 16,
    ENVELOPE_META_MAX = 4096, /* bytes, encoded as msgpack */
    ENVELOPE_URL_MAX = 4096,
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
    struct params params;
};

struct envelope {
    char id[ENVELOPE_ID_MAX + 1];
    struct envelope_step *steps; /* owned; one for `effect`, or the recipe's */
    uint32_t step_count;         /* 1..ENVELOPE_STEPS_MAX after a good decode */
    bool is_recipe;              /* given as `recipe` */
    enum image_source image_source;
    struct slice image;                         /* view: the bytes, the URL or the Redis key */
    char out_request_id[ENVELOPE_NAME_MAX + 1]; /* "" when not given */
    char generate_id[256];                      /* "" when not given */
    int64_t not_before_ms;                      /* unix; 0: at once */
    int64_t deadline_ms;                        /* unix; 0: none */
    int64_t max_attempts;                       /* 0: the configuration's */
    int64_t timeout_ms;                         /* 0: the effect's */
    int64_t result_ttl_ms;                      /* 0: the configuration's */
    enum store_mode store;
    char reply_to[ENVELOPE_NAME_MAX + 1]; /* "" when not given */
    struct slice meta;     /* view: msgpack encoding of the map; len 0 when not given */
    char traceparent[256]; /* "" when not given */
    struct buf element;    /* owned: the bytes behind every view */
    struct buf meta_bytes; /* owned: meta that came as JSON, as msgpack */
    struct json *json;     /* owned: the parsed document behind texts, or NULL */
};

void envelope_init(struct envelope *envelope);
void envelope_done(struct envelope *envelope);

/* Takes `element` (moved into the envelope in every case).
 * ERR_MALFORMED: no job at all (undecodable, no map, no valid id): goes to P:rejected; err says
 * why. ERR_INVALID: a job whose id is known (envelope->id) but whose contents are not allowed: it
 * is dead; err names the field, what was given and what is allowed. reply_to, result_ttl_ms,
 * traceparent and meta are filled as far as they could be read. ERR_NO_MEMORY. */
int envelope_decode(struct envelope *envelope, struct buf *element, struct err *err) MUST_CHECK;

/* What an inbox element is, by its first byte (section 1). */
enum element_kind {
    ELEMENT_ENVELOPE,
    ELEMENT_ID,
    ELEMENT_JUNK
};
enum element_kind element_kind_of(struct slice element);

/* Frees the image bytes early (they are needed no more); other views stay valid only for JSON texts
 * that were copied: after this only the fixed-size fields and meta may be read. */
void envelope_drop_image(struct envelope *envelope);

#endif
