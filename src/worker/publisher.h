/* Puts images where the API can fetch them: for effects that take a URL when the producer gave
 * bytes.
 *
 * publish.mode http: this worker's own listener serves GET /i/TOKEN under publish.base_url, as long
 * as the job needs it. none: nothing is published, and starting says what to configure. */
#ifndef RETOUCH_WORKER_PUBLISHER_H
#define RETOUCH_WORKER_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "io/fetch.h"
#include "io/loop.h"
#include "wire/image.h"

enum {
    PUBLICATION_URL_MAX = 2048,
    PUBLICATION_TOKEN_MAX = 33 /* 128 bits as hex and a NUL: not to be guessed */
};

struct publisher;
struct publication;

typedef void publication_done_fn(struct publication *publication);

/* One image. Zeroed before its first use. */
struct publication {
    /* The caller's. */
    void *data;
    publication_done_fn *on_done; /* once per start, never from inside it */
    /* Results, valid from on_done to publication_end. */
    struct err err;
    char url[PUBLICATION_URL_MAX];
    /* publisher.c's own. */
    struct publisher *publisher; /* borrowed; NULL while not started */
    struct slice image;          /* borrowed from the caller until publication_end */
    enum image_format format;
    char token[PUBLICATION_TOKEN_MAX];
    struct list_node node;      /* in publisher->live */
    struct list_node soon_node; /* in publisher->soon: on_done is due */
};

struct publisher *publisher_new(struct loop *loop, const struct conf *conf, struct err *err);
/* No publication may be live. NULL is fine. */
void publisher_free(struct publisher *publisher);

/* ERR_INVALID where nothing is configured: the message says what to configure. */
int publication_start(struct publisher *publisher,
                      struct publication *publication,
                      struct slice image,
                      enum image_format format,
                      struct err *err) MUST_CHECK;
/* The image is served no more. Harmless when it was never started. */
void publication_end(struct publication *publication);
/* The live one of that token, or NULL. */
const struct publication *publisher_find(const struct publisher *publisher, const char *token);

#endif
