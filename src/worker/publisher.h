/* Puts images where the API can fetch them: for effects that take a URL when the producer gave
 * bytes.
 *
 * publish.mode http: this worker's own listener serves GET /i/TOKEN under publish.base_url (or
 * under its own address where that is empty), as long as the job needs it. none: nothing is
 * published, and starting says what to configure. */
#ifndef RETOUCH_WORKER_PUBLISHER_H
#define RETOUCH_WORKER_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "io/fetch.h"
#include "io/loop.h"
#include "wire/body.h"
#include "wire/image.h"

enum {
    PUBLICATION_URL_MAX = 2048,
    PUBLISHER_OWN_URL_MAX = 80,
    PUBLICATION_TOKEN_MAX = 33 /* 128 bits as hex and a NUL: not to be guessed */
};

struct publisher;
struct publication;

typedef void publication_done_fn(struct publication *publication);

/* One image. Zeroed before its first use, but for data and on_done. */
struct publication {
    /* The caller's. */
    void *data;
    publication_done_fn *on_done; /* once per start, never from inside it */
    /* Results, valid from on_done to publication_end. */
    struct err err;
    struct buf url; /* NUL-terminated; a permission: not to be shown */
    /* publisher.c's own. */
    struct publisher *publisher; /* borrowed; NULL while not started */
    struct slice image;          /* borrowed from the caller until publication_end */
    enum image_format format;
    char token[PUBLICATION_TOKEN_MAX];
    int64_t now_unix_ms;
    bool stored;                /* s3: there is an object to delete */
    struct buf put_url;         /* s3 */
    struct body body;           /* s3 */
    struct fetch fetch;         /* s3: in flight from start to on_done */
    struct list_node node;      /* in publisher->live */
    struct list_node soon_node; /* in publisher->soon: on_done is due */
};

struct publication_image {
    struct slice bytes; /* borrowed until publication_end */
    enum image_format format;
    int64_t now_unix_ms;
};

/* All borrowed for the publisher's life. */
struct publisher *
publisher_new(struct loop *loop, struct fetcher *fetcher, const struct conf *conf, struct err *err);
/* No publication may be live. NULL is fine. */
void publisher_free(struct publisher *publisher);

/* Where the worker's own listener is, once it is open; host is numeric. */
void publisher_serve_at(struct publisher *publisher, const char *host, uint16_t port);

/* ERR_INVALID where nothing is configured: the message says what to configure. */
int publication_start(struct publisher *publisher,
                      struct publication *publication,
                      const struct publication_image *image,
                      struct err *err) MUST_CHECK;
/* The image is served no more. Harmless when it was never started; not between start and on_done,
 * but after the fetcher was closed. */
void publication_end(struct publication *publication);
/* The live one of that token under the worker's own listener, or NULL. */
const struct publication *publisher_find(const struct publisher *publisher, const char *token);

#endif
