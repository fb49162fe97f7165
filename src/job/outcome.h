/* From a ruling to what is recorded: terminal, again later, or handed back. Pure. */
#ifndef RETOUCH_JOB_OUTCOME_H
#define RETOUCH_JOB_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "job/verdict.h"

enum outcome_action {
    OUTCOME_DONE,
    OUTCOME_DEAD,
    OUTCOME_UNKNOWN,
    OUTCOME_CANCELED,
    OUTCOME_EXPIRED,
    OUTCOME_RETRY, /* scheduled again */
    OUTCOME_BACK,  /* handed back to the inbox */
    OUTCOME_ACTION_COUNT
};

/* What is on record about a job when a run of it begins. */
struct outcome_past {
    int64_t attempts;
    int64_t unknowns; /* attempts whose outcome was unknown */
    int64_t waits;    /* retries that used no attempt */
};

struct outcome_limits {
    int64_t max_attempts;
    int64_t unknown_retries;
    int64_t backoff_base_ms;
    int64_t backoff_cap_ms;
    int64_t credential_opens_in_ms; /* how long the credential still waits, 0 when it is open */
};

struct outcome {
    enum outcome_action action;
    int64_t delay_ms;   /* OUTCOME_RETRY */
    const char *reason; /* OUTCOME_RETRY: retry, limit, credential, delay; static */
    uint32_t attempts_add;
    uint32_t unknowns_add;
    bool unsent;             /* the call proved not to have been sent */
    const char *error_class; /* "" when nothing failed; static */
    int http_status;         /* 0: none */
    bool has_code;
    int64_t code;
    char message[ERR_MSG_MAX];
};

const char *outcome_action_name(enum outcome_action action); /* "done", "retry", ... */

/* Ends without a call: refused before it (invalid, internal), expired, canceled, handed back. */
void outcome_without_call(struct outcome *outcome,
                          enum outcome_action action,
                          const char *error_class,
                          const char *message);
/* Parked: scheduled without having used anything. */
void outcome_park(struct outcome *outcome, const char *reason, int64_t delay_ms);
/* After a call. */
void outcome_of_call(struct outcome *outcome,
                     const struct attempt *attempt,
                     const struct ruling *ruling,
                     const struct outcome_past *past,
                     const struct outcome_limits *limits,
                     struct rng *rng);

#endif
