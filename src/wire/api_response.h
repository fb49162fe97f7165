/* Reads the answer of one call: images, URL or data, ids, and the error in any of the API's shapes.
 */
#ifndef RETOUCH_WIRE_API_RESPONSE_H
#define RETOUCH_WIRE_API_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/effect.h"
#include "wire/image.h"

struct json;

enum {
    API_RESULTS_MAX = 8,   /* images of one answer */
    API_MESSAGE_MAX = 512, /* escaped, NUL included */
    API_ID_MAX = 256
};

enum api_result_kind {
    API_RESULT_IMAGE,
    API_RESULT_URL
};

struct api_result {
    enum api_result_kind kind;
    struct slice bytes;     /* view into the answer: image bytes (decoded in place) or the URL */
    struct image_info info; /* API_RESULT_IMAGE */
};

struct api_response {
    bool readable;   /* JSON of the expected kind: a result or a code was found */
    bool has_result; /* images, URLs or data; never together with a code */
    bool has_code;   /* an error code was found (0 and success codes do not count) */
    int64_t code;
    char message[API_MESSAGE_MAX]; /* escaped: the API's, or what is wrong, or the first 200 bytes;
                                      "" with a result */
    struct api_result results[API_RESULTS_MAX]; /* further ones of an answer are not kept */
    uint32_t result_count;
    uint32_t width, height;       /* of the image, as the answer says; 0 when it does not */
    struct buf data;              /* owned: JSON text of an effect that answers with data */
    char check_id[API_ID_MAX];    /* "" when none */
    char generate_id[API_ID_MAX]; /* "" when none */
    int64_t api_time_ms;          /* the API's own figure; -1 when none */
    struct buf body;              /* owned: the answer's bytes */
    struct json *json;            /* owned */
};

void api_response_init(struct api_response *response);
void api_response_done(struct api_response *response);

/* Takes `body` (moved in every case; parsed and decoded in place). Never fails on what the API
 * sent: an answer that cannot be read is readable = false with message filled. A result is looked
 * for in a 2xx answer without a code only; one that is no image is none. ERR_NO_MEMORY only. */
int api_response_read(struct api_response *response,
                      const struct effect *effect,
                      int http_status,
                      struct buf *body,
                      struct err *err) MUST_CHECK;

#endif
