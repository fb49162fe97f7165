/* What is due: lapsed workers' jobs back to their inboxes, scheduled jobs on their way. */
#ifndef RETOUCH_QUEUE_SWEEP_H
#define RETOUCH_QUEUE_SWEEP_H

#include <stdint.h>

#include "base/err.h"
#include "io/redis.h"
#include "queue/call.h"
#include "queue/keys.h"

enum {
    SWEEP_WORKERS = 4,     /* lapsed workers looked at in one sweep */
    SWEEP_JOBS = 500,      /* scheduled jobs promoted in one sweep */
    SWEEP_REAP_JOBS = 1000 /* jobs of a lapsed worker put back in one script: some 10 ms of Redis */
};

/* Answers {now, next_in, [workers], [ids]}: see sweep_* below. */
int sweep_send(struct call *call,
               struct redis *redis,
               struct redis_request *request,
               const struct queue_name *queue,
               struct err *err) MUST_CHECK;
int64_t sweep_next_in_ms(const struct redis_reply *reply); /* -1: nothing scheduled */
const struct redis_reply *
sweep_workers(const struct redis_reply *reply);                       /* array of texts, or NULL */
const struct redis_reply *sweep_due(const struct redis_reply *reply); /* array of ids, or NULL */

/* `due` is sweep_due's array. */
int sweep_promote(struct call *call,
                  struct redis *redis,
                  struct redis_request *request,
                  const struct queue_name *queue,
                  const struct redis_reply *due,
                  struct err *err) MUST_CHECK;

/* HGETALL of a lapsed worker's jobs in flight. */
int sweep_list(struct redis *redis,
               struct redis_request *request,
               const struct queue_name *queue,
               const char *worker,
               struct err *err) MUST_CHECK;

struct reap {
    const struct queue_name *queue; /* borrowed */
    const char *worker;             /* borrowed: the lapsed one */
    int64_t now_unix_ms;
};

/* `active` is sweep_list's answer. */
int sweep_reap(struct call *call,
               struct redis *redis,
               struct redis_request *request,
               const struct reap *reap,
               const struct redis_reply *active,
               struct err *err) MUST_CHECK;

struct reaped {
    int done; /* 1: nothing is left; 0: again; -1: alive, nothing was touched */
    int64_t requeued;
};

int sweep_reaped_read(const struct redis_reply *reply,
                      struct reaped *ret_reaped,
                      struct err *err) MUST_CHECK;

#endif
