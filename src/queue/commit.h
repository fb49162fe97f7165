/* Records the end of one run of a job. */
#ifndef RETOUCH_QUEUE_COMMIT_H
#define RETOUCH_QUEUE_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "io/redis.h"
#include "job/outcome.h"
#include "queue/call.h"

enum {
    COMMIT_RESULTS_MAX = 8,
    COMMIT_FIELDS_MAX = 32
};

/* A status field; text NULL: the number counts. */
struct commit_field {
    const char *name;
    struct slice text;
    int64_t number;
    bool is_text;
};

struct commit {
    const struct queue_name *queue; /* borrowed, as all texts here */
    const char *worker;
    const char *id;
    int64_t fence;
    enum outcome_action action;
    int64_t delay_ms;   /* OUTCOME_RETRY */
    const char *reason; /* OUTCOME_RETRY: retry, limit, credential, delay, breaker */
    uint32_t attempts_add;
    uint32_t unknowns_add;
    bool unsent;          /* the last call proved not to have been sent: sent is taken back */
    int64_t ttl_ms;       /* of status and result, or of the dead job */
    int64_t deadline_ms;  /* unix; 0: none. A retry is not scheduled beyond it */
    const char *photo;    /* out_request_id where the job has the photo's lock; else NULL */
    const char *digest;   /* that the result has in the photo's record; NULL: none */
    const char *reply_to; /* "" or NULL: none */
    struct slice results[COMMIT_RESULTS_MAX];
    uint32_t result_count;
    struct commit_field fields[COMMIT_FIELDS_MAX];
    uint32_t field_count;
    int64_t now_unix_ms;
};

enum commit_answer {
    COMMIT_RECORDED,
    COMMIT_LATE,
    COMMIT_REPEATED,
    COMMIT_STALE
};

void commit_text(struct commit *commit, const char *name, const char *text); /* "" is left out */
void commit_slice(struct commit *commit,
                  const char *name,
                  struct slice text); /* empty is left out */
void commit_number(struct commit *commit, const char *name, int64_t number);

int commit_send(struct call *call,
                struct redis *redis,
                struct redis_request *request,
                const struct commit *commit,
                struct err *err) MUST_CHECK;
int commit_read(const struct redis_reply *reply,
                enum commit_answer *ret_answer,
                struct err *err) MUST_CHECK;

#endif
