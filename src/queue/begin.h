/* Starts a claimed job, and puts the intention to send on record. */
#ifndef RETOUCH_QUEUE_BEGIN_H
#define RETOUCH_QUEUE_BEGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/redis.h"
#include "queue/call.h"
#include "queue/claim.h"

/* What became of it: see lua/begin.lua. */
enum begin_answer {
    BEGIN_OK,
    BEGIN_DUPLICATE,
    BEGIN_GONE,
    BEGIN_MISSING,
    BEGIN_PAUSED,
    BEGIN_LOST,
    BEGIN_MISMATCH
};

struct begin {
    const struct inbox *inbox; /* borrowed */
    const char *worker;        /* borrowed */
    const char *id;            /* borrowed */
    int64_t sequence;          /* this worker's own count of begun elements: keeps their order */
    size_t element_len;        /* 0: the element is a bare id */
    size_t id_at;              /* where in a raw envelope the id stands, from 1; 0: not known */
    const char *effect;        /* of a raw envelope, else "" */
    uint32_t steps;
    int64_t dead_ttl_ms;  /* of the status where the envelope is missing */
    const char *reply_to; /* of a raw envelope, else "" */
    int64_t now_unix_ms;
};

struct begun {
    enum begin_answer answer;
    int64_t now_unix_ms; /* Redis's clock */
    int64_t fence;
    int64_t attempts; /* so far */
    int64_t sent;
    int64_t unknowns;
    int64_t waits;         /* retries that used no attempt */
    int64_t step_attempts; /* attempts when the last step of the recipe was done */
    struct buf envelope;   /* owned; of a bare id */
};

int begin_send(struct call *call,
               struct redis *redis,
               struct redis_request *request,
               const struct begin *begin,
               struct err *err) MUST_CHECK;
/* ERR_REPLY when the answer is not of that script. The envelope's bytes are moved out of the reply.
 */
int begin_read(struct redis_reply *reply, struct begun *ret_begun, struct err *err) MUST_CHECK;

struct sent {
    const struct queue_name *queue; /* borrowed */
    const char *worker;             /* borrowed */
    const char *id;                 /* borrowed */
    int64_t fence;
    int64_t sequence;
    uint32_t call_number; /* 1, 2, ... within one begin */
};

int sent_send(struct call *call,
              struct redis *redis,
              struct redis_request *request,
              const struct sent *sent,
              struct err *err) MUST_CHECK;
/* False: the job is no longer ours, nothing may be sent. */
bool sent_read(const struct redis_reply *reply, int64_t *ret_now_unix_ms);

#endif
