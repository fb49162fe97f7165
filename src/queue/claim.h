/* Moves elements from an inbox to this worker's claim list, and back. */
#ifndef RETOUCH_QUEUE_CLAIM_H
#define RETOUCH_QUEUE_CLAIM_H

#include <stdint.h>

#include "base/err.h"
#include "io/redis.h"
#include "queue/call.h"
#include "queue/keys.h"

/* One inbox of one queue, as one worker sees it. */
struct inbox {
    const struct queue_name *queue; /* borrowed */
    enum priority priority;
};

/* LMOVE: answers with an element or nil. */
int claim_ask(struct redis *redis,
              struct redis_request *request,
              const struct inbox *inbox,
              const char *worker,
              struct err *err) MUST_CHECK;
/* BLMOVE: waits up to wait_ms in the server; the request's patience is that and patience_ms. */
int claim_wait(struct redis *redis,
               struct redis_request *request,
               const struct inbox *inbox,
               const char *worker,
               int64_t wait_ms,
               int64_t patience_ms,
               struct err *err) MUST_CHECK;
/* Everything claimed and not begun goes back in its old order. */
int claim_return(struct call *call,
                 struct redis *redis,
                 struct redis_request *request,
                 const struct inbox *inbox,
                 const char *worker,
                 struct err *err) MUST_CHECK;

enum {
    CLAIM_ENDS = 64
};

/* What an element that is no job is known again by: it has no id. */
struct claim_ends {
    uint8_t first[CLAIM_ENDS];
    uint8_t last[CLAIM_ENDS];
    size_t element_len;
};

struct claim_ends claim_ends_of(struct slice element);
/* The oldest claimed element, that with these ends, is no job: to P:rejected. */
int claim_reject(struct call *call,
                 struct redis *redis,
                 struct redis_request *request,
                 const struct inbox *inbox,
                 const char *worker,
                 const struct claim_ends *ends,
                 const char *reason,
                 int64_t now_unix_ms,
                 struct err *err) MUST_CHECK;

enum {
    CLAIM_REASON_MAX = 200,
    CLAIM_HEAD_MAX = CLAIM_REASON_MAX + 64
};

/* The msgpack map {at_ms, reason, element} but for the element's bytes, into head. Returns its
 * length. */
size_t claim_rejected_head(uint8_t head[CLAIM_HEAD_MAX],
                           int64_t at_unix_ms,
                           const char *reason,
                           size_t element_len);

#endif
