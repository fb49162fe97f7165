/* What operators see over HTTP: /metrics, /healthz, /readyz and a page of figures at /; and what
 * the API fetches: /i/TOKEN, an image that is published for one job. */
#ifndef RETOUCH_ADMIN_ADMIN_H
#define RETOUCH_ADMIN_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "io/loop.h"
#include "stats/stats.h"

enum {
    ADMIN_QUEUES_MAX = 16,
    ADMIN_PRIORITIES = 3,
    ADMIN_WARNINGS_MAX = 8
};

struct admin_queue {
    const char *name;                /* borrowed */
    int64_t depth[ADMIN_PRIORITIES]; /* high, normal, low */
    int64_t scheduled;
    int64_t dead;
    int64_t unknown;
    bool paused;
};

/* Something about the Redis server that endangers jobs. */
struct admin_warning {
    const char *kind; /* borrowed */
    bool on;
};

/* The figures of one moment; texts are borrowed for the time of the answer. */
struct admin_view {
    const char *worker; /* its id */
    const struct stats *stats;
    bool ready;
    const char *trouble; /* why not ready; "" when it is */
    struct admin_queue queues[ADMIN_QUEUES_MAX];
    uint32_t queue_count;
    const char *credential; /* "open", "throttled", "blocked" */
    int64_t throttle_wait_ms;
    int64_t credential_wait_ms;
    struct admin_warning warnings[ADMIN_WARNINGS_MAX];
    uint32_t warning_count;
};

typedef void admin_view_fn(void *data, struct admin_view *ret_view);

/* An image that is published for the API, by the token in its URL; false: there is none. */
struct admin_image {
    struct slice bytes;       /* borrowed for the time of the answer */
    const char *content_type; /* static */
};

typedef bool admin_image_fn(void *data, const char *token, struct admin_image *ret_image);

struct admin_sources {
    admin_view_fn *view;
    admin_image_fn *image; /* GET /i/TOKEN */
    void *data;            /* borrowed: for both */
};

struct admin; /* owned by its opener until admin_close */

/* Listens; the sources (copied) are asked at each request. NULL: err says which address and why. */
struct admin *admin_open(struct loop *loop,
                         const char *host,
                         uint16_t port,
                         const struct admin_sources *sources,
                         struct err *err);
uint16_t admin_port(const struct admin *admin);
void admin_close(struct admin *admin); /* NULL is fine */

#endif
