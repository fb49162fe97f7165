/* URLs of an S3-compatible store that carry their own permission: AWS Signature Version 4, as
 * query. One way of signing serves for putting, getting and deleting. */
#ifndef RETOUCH_WIRE_S3_URL_H
#define RETOUCH_WIRE_S3_URL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct s3_object {
    const char *endpoint; /* https://host[:port], no slash at the end */
    const char *path;     /* "/bucket/key": letters, digits and /._- only */
    const char *region;   /* "us-east-1" */
    const char *access_key;
    const char *secret_key;
};

/* Appends the URL for that method ("GET", "PUT", "DELETE"), good for expires_s seconds from
 * now_unix_ms. ERR_INVALID for an endpoint without a scheme, ERR_TOO_BIG, ERR_NO_MEMORY. */
int s3_url_append(struct buf *dest,
                  const struct s3_object *object,
                  const char *method,
                  int64_t now_unix_ms,
                  int64_t expires_s) MUST_CHECK;

#endif
