/* A worker's registration and lease in one queue. */
#ifndef RETOUCH_QUEUE_LEASE_H
#define RETOUCH_QUEUE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/redis.h"
#include "queue/call.h"
#include "queue/keys.h"

enum {
    LEASE_FIELDS_MAX = 8,
    LEASE_COUNTERS_MAX = 32
};

struct lease_field {
    const char *name;
    const char *text;
};

struct lease_counter {
    const char *name;  /* in P:stats */
    int64_t increment; /* since the last renewal that was acknowledged */
};

struct lease {
    const struct queue_name *queue; /* borrowed, as all texts here */
    const char *worker;
    int64_t lease_ms;
    bool register_worker;                        /* first time: also where no lease is held */
    struct lease_field fields[LEASE_FIELDS_MAX]; /* about the worker, for people */
    uint32_t field_count;
    struct lease_counter counters[LEASE_COUNTERS_MAX];
    uint32_t counter_count;
    int64_t now_unix_ms;
};

/* A queue's figures at a renewal. */
struct lease_answer {
    bool held; /* false: the lease had lapsed and the jobs were given to others */
    int64_t now_unix_ms;
    bool paused;
    int64_t depth[PRIORITY_COUNT];
    int64_t scheduled;
    int64_t dead;
    int64_t unknown;
};

int lease_send(struct call *call,
               struct redis *redis,
               struct redis_request *request,
               const struct lease *lease,
               struct err *err) MUST_CHECK;
int lease_read(const struct redis_reply *reply,
               struct lease_answer *ret_answer,
               struct err *err) MUST_CHECK;

struct leave {
    const struct queue_name *queue; /* borrowed */
    const char *worker;             /* borrowed */
    bool quiet;                     /* no command of this worker is on its way any more */
};

/* Says goodbye; the answer is the number of jobs left to the reapers. */
int lease_leave(struct call *call,
                struct redis *redis,
                struct redis_request *request,
                const struct leave *leave,
                struct err *err) MUST_CHECK;

/* Adds the worker's claim lists in the order normal, high, low, as scripts want them; and the
 * inboxes. */
void lease_claim_keys(struct call *call, const char *worker);
void lease_inbox_keys(struct call *call);

#endif
