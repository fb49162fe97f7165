/* Dead letters: kept for an operator, within bounds of age and bytes. */
#ifndef RETOUCH_QUEUE_DEAD_H
#define RETOUCH_QUEUE_DEAD_H

#include <stdint.h>

#include "base/err.h"
#include "io/redis.h"
#include "queue/call.h"

enum {
    DEAD_BATCH = 100 /* forgotten in one script */
};

struct dead_bounds {
    const struct queue_name *queue; /* borrowed */
    int64_t ttl_ms;
    int64_t bytes_max; /* of the envelopes of dead and unknown jobs */
};

/* Answers with the ids that are too old, or the oldest while they are too many. */
int dead_find_overdue(struct call *call,
                      struct redis *redis,
                      struct redis_request *request,
                      const struct dead_bounds *bounds,
                      struct err *err) MUST_CHECK;
/* Forgets them whole; `ids` is that answer. Answers with how many. */
int dead_remove(struct call *call,
                struct redis *redis,
                struct redis_request *request,
                const struct queue_name *queue,
                const struct redis_reply *ids,
                int64_t now_unix_ms,
                struct err *err) MUST_CHECK;

#endif
