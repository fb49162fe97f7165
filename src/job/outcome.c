#include "job/outcome.h"

#include <stdio.h>

#include "base/check.h"
#include "job/backoff.h"

static const char *const action_names[OUTCOME_ACTION_COUNT] = {
    [OUTCOME_DONE] = "done",         [OUTCOME_DEAD] = "dead",       [OUTCOME_UNKNOWN] = "unknown",
    [OUTCOME_CANCELED] = "canceled", [OUTCOME_EXPIRED] = "expired", [OUTCOME_RETRY] = "retry",
    [OUTCOME_BACK] = "back",
};

const char *outcome_action_name(enum outcome_action action)
{
    CHECK(action < OUTCOME_ACTION_COUNT);
    return action_names[action];
}

void outcome_without_call(struct outcome *outcome,
                          enum outcome_action action,
                          const char *error_class,
                          const char *message)
{
    CHECK(action != OUTCOME_RETRY);
    *outcome = (struct outcome){.action = action, .error_class = error_class};
    (void)snprintf(outcome->message, sizeof outcome->message, "%s", message);
}

void outcome_park(struct outcome *outcome, const char *reason, int64_t delay_ms)
{
    *outcome = (struct outcome){
        .action = OUTCOME_RETRY,
        .reason = reason,
        .delay_ms = delay_ms > 0 ? delay_ms : 0,
        .error_class = "",
    };
}

static uint32_t outcome_exponent(const struct outcome_past *past)
{
    int64_t tries = past->attempts + past->waits;
    return tries < 0 ? 0 : tries > 62 ? 62 : (uint32_t)tries;
}

static void outcome_again(struct outcome *outcome,
                          const struct outcome_past *past,
                          const struct outcome_limits *limits,
                          struct rng *rng)
{
    outcome->action = OUTCOME_RETRY;
    outcome->reason = "retry";
    outcome->delay_ms = backoff_draw_ms(rng, limits->backoff_base_ms, limits->backoff_cap_ms,
                                        outcome_exponent(past));
}

/* A credential that waits: its jobs come back when it opens, spread over one back-off. */
static void outcome_after_credential(struct outcome *outcome,
                                     const struct outcome_limits *limits,
                                     const char *reason,
                                     struct rng *rng)
{
    outcome->action = OUTCOME_RETRY;
    outcome->reason = reason;
    outcome->delay_ms = limits->credential_opens_in_ms +
                        backoff_draw_ms(rng, limits->backoff_base_ms, limits->backoff_cap_ms, 0);
}

void outcome_of_call(struct outcome *outcome,
                     const struct attempt *attempt,
                     const struct ruling *ruling,
                     const struct outcome_past *past,
                     const struct outcome_limits *limits,
                     struct rng *rng)
{
    *outcome = (struct outcome){
        .error_class = ruling->error_class,
        .http_status = attempt->http_status,
        .has_code = attempt->has_code,
        .code = attempt->code,
        .attempts_add = ruling->counts_attempt ? 1 : 0,
    };
    if (attempt->message != NULL && ruling->verdict != VERDICT_OK) {
        (void)snprintf(outcome->message, sizeof outcome->message, "%s", attempt->message);
    }
    int64_t attempts = past->attempts + outcome->attempts_add;
    int64_t max_attempts = limits->max_attempts;
    if (ruling->max_calls > 0 && ruling->max_calls < max_attempts) {
        max_attempts = ruling->max_calls;
    }
    switch (ruling->verdict) {
    case VERDICT_OK:
        outcome->action = OUTCOME_DONE;
        return;
    case VERDICT_REJECTED:
        outcome->action = OUTCOME_DEAD;
        return;
    case VERDICT_NOT_SENT:
        outcome->unsent = true;
        outcome_again(outcome, past, limits, rng);
        return;
    case VERDICT_THROTTLED:
        outcome_after_credential(outcome, limits, "limit", rng);
        return;
    case VERDICT_BLOCKED:
        outcome_after_credential(outcome, limits, "credential", rng);
        return;
    case VERDICT_TRANSIENT:
        outcome->action = OUTCOME_DEAD;
        break;
    case VERDICT_UNKNOWN:
        outcome->unknowns_add = 1;
        outcome->action = OUTCOME_UNKNOWN;
        if (past->unknowns + 1 > limits->unknown_retries) {
            return;
        }
        break;
    case VERDICT_COUNT:
        CHECK_UNREACHABLE();
    }
    if (attempts < max_attempts) {
        outcome_again(outcome, past, limits, rng);
    }
}
