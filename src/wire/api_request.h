/* Writes one call of the API: URL with credentials, and a body that streams the image. */
#ifndef RETOUCH_WIRE_API_REQUEST_H
#define RETOUCH_WIRE_API_REQUEST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/body.h"
#include "wire/effect.h"

/* What a call is about. Everything borrowed. */
struct api_call {
    const struct effect *effect;
    const struct params *params; /* normalised by effect_check_params */
    const char *base_url;
    const char *access_key;
    const char *secret_key;
    struct slice image;         /* bytes; or empty */
    struct slice image_url;     /* instead of bytes; or empty */
    const char *generate_id;    /* instead of an image; "" or NULL */
    const char *out_request_id; /* "" or NULL */
};

struct api_request {
    struct buf url;    /* owned, NUL-terminated; holds the secret: never shown, see url_mask */
    struct buf prefix; /* owned */
    struct buf suffix; /* owned */
    struct body body;  /* views of the two above and of the image, which must stay unchanged */
};

void api_request_init(struct api_request *request);
void api_request_done(struct api_request *request);
int api_request_write(struct api_request *request,
                      const struct api_call *call,
                      struct err *err) MUST_CHECK;

#endif
