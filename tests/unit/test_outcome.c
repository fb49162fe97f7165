/* From a ruling to what is recorded. */
#include <string.h>

#include "base/check.h"
#include "job/outcome.h"
#include "lib/unit.h"

static const struct outcome_limits usual = {
    .max_attempts = 8,
    .unknown_retries = 1,
    .backoff_base_ms = 1000,
    .backoff_cap_ms = 300000,
};

static struct outcome
outcome_for(struct ruling ruling, struct outcome_past past, const struct outcome_limits *limits)
{
    struct outcome outcome;
    struct rng rng;
    struct attempt attempt = {
        .http_status = 502, .has_code = true, .code = 10002, .message = "words"};
    rng_seed(&rng, 3);
    ruling.error_class = ruling.verdict == VERDICT_OK ? "" : "transient";
    outcome_of_call(&outcome, &attempt, &ruling, &past, limits, &rng);
    return outcome;
}

static void every_verdict_has_its_action(void **state)
{
    (void)state;

    static const struct {
        enum verdict verdict;
        enum outcome_action action;
        const char *reason; /* NULL: none */
        bool unsent;
        uint32_t unknowns;
    } rows[] = {
        {VERDICT_OK,        OUTCOME_DONE,  NULL,         false, 0},
        {VERDICT_REJECTED,  OUTCOME_DEAD,  NULL,         false, 0},
        {VERDICT_NOT_SENT,  OUTCOME_RETRY, "retry",      true,  0},
        {VERDICT_TRANSIENT, OUTCOME_RETRY, "retry",      false, 0},
        {VERDICT_THROTTLED, OUTCOME_RETRY, "limit",      false, 0},
        {VERDICT_BLOCKED,   OUTCOME_RETRY, "credential", false, 0},
        {VERDICT_UNKNOWN,   OUTCOME_RETRY, "retry",      false, 1},
    };

    assert_int_equal(N_ELEMENTS(rows), VERDICT_COUNT);
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        struct outcome outcome = outcome_for((struct ruling){.verdict = rows[i].verdict},
                                             (struct outcome_past){.attempts = 0}, &usual);
        assert_int_equal(outcome.action, rows[i].action);
        assert_int_equal(outcome.unsent, rows[i].unsent);
        assert_int_equal(outcome.unknowns_add, rows[i].unknowns);
        if (rows[i].reason == NULL) {
            assert_null(outcome.reason);
        } else {
            assert_string_equal(outcome.reason, rows[i].reason);
        }
        assert_string_equal(outcome.message, rows[i].verdict == VERDICT_OK ? "" : "words");
    }
}

static void attempts_are_counted_as_the_ruling_says_and_limited(void **state)
{
    (void)state;
    struct ruling ruling = {.verdict = VERDICT_TRANSIENT, .counts_attempt = true};
    for (int64_t attempts = 0; attempts < 10; attempts++) {
        struct outcome outcome =
            outcome_for(ruling, (struct outcome_past){.attempts = attempts}, &usual);
        assert_int_equal(outcome.attempts_add, 1);
        assert_int_equal(outcome.action, attempts + 1 < 8 ? OUTCOME_RETRY : OUTCOME_DEAD);
    }
}

static void a_code_may_allow_fewer_calls_but_never_more(void **state)
{
    (void)state;
    struct ruling two = {.verdict = VERDICT_TRANSIENT, .counts_attempt = true, .max_calls = 2};
    struct outcome_limits one = usual;
    one.max_attempts = 1;
    assert_int_equal(outcome_for(two, (struct outcome_past){.attempts = 0}, &usual).action,
                     OUTCOME_RETRY);
    assert_int_equal(outcome_for(two, (struct outcome_past){.attempts = 1}, &usual).action,
                     OUTCOME_DEAD);
    assert_int_equal(outcome_for(two, (struct outcome_past){.attempts = 0}, &one).action,
                     OUTCOME_DEAD);
}

static void an_unknown_outcome_has_two_limits(void **state)
{
    (void)state;
    struct ruling ruling = {.verdict = VERDICT_UNKNOWN, .counts_attempt = true};
    struct outcome_limits none = usual;
    none.unknown_retries = 0;
    struct outcome_past fresh = {.attempts = 0};
    struct outcome_past second = {.attempts = 1, .unknowns = 1};
    struct outcome_past last = {.attempts = 7};
    assert_int_equal(outcome_for(ruling, fresh, &usual).action, OUTCOME_RETRY);
    assert_int_equal(outcome_for(ruling, second, &usual).action, OUTCOME_UNKNOWN);
    assert_int_equal(outcome_for(ruling, fresh, &none).action, OUTCOME_UNKNOWN);
    assert_int_equal(outcome_for(ruling, last, &usual).action, OUTCOME_UNKNOWN);
}

static void back_off_grows_with_attempts_and_waits_up_to_the_cap(void **state)
{
    (void)state;
    struct ruling ruling = {.verdict = VERDICT_NOT_SENT};
    for (int64_t n = 0; n < 100; n++) {
        struct outcome_past past = {.attempts = n / 2, .waits = n - n / 2};
        struct outcome outcome = outcome_for(ruling, past, &usual);
        int64_t ceiling_ms = n < 9 ? INT64_C(1000) << n : 300000;
        assert_in_range(outcome.delay_ms, 0, ceiling_ms);
    }
    struct outcome_past huge = {.attempts = INT64_MAX / 2, .waits = INT64_MAX / 2};
    assert_in_range(outcome_for(ruling, huge, &usual).delay_ms, 0, 300000);
}

static void a_waiting_credential_is_waited_for(void **state)
{
    (void)state;
    struct outcome_limits waiting = usual;
    waiting.credential_opens_in_ms = 60000;
    struct outcome outcome = outcome_for((struct ruling){.verdict = VERDICT_THROTTLED},
                                         (struct outcome_past){.waits = 50}, &waiting);
    assert_in_range(outcome.delay_ms, 60000, 61000);
}

static void a_job_can_be_parked_but_not_into_the_past(void **state)
{
    (void)state;
    struct outcome outcome;
    outcome_park(&outcome, "delay", 5000);
    assert_int_equal(outcome.action, OUTCOME_RETRY);
    assert_int_equal(outcome.delay_ms, 5000);
    assert_int_equal(outcome.attempts_add, 0);
    outcome_park(&outcome, "delay", -5);
    assert_int_equal(outcome.delay_ms, 0);
}

static void a_long_message_is_cut(void **state)
{
    (void)state;
    struct outcome outcome;
    char text[2 * ERR_MSG_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    outcome_without_call(&outcome, OUTCOME_DEAD, "invalid", text);
    assert_int_equal(strlen(outcome.message), ERR_MSG_MAX - 1);
    assert_string_equal(outcome_action_name(outcome.action), "dead");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_has_its_action),
        cmocka_unit_test(attempts_are_counted_as_the_ruling_says_and_limited),
        cmocka_unit_test(a_code_may_allow_fewer_calls_but_never_more),
        cmocka_unit_test(an_unknown_outcome_has_two_limits),
        cmocka_unit_test(back_off_grows_with_attempts_and_waits_up_to_the_cap),
        cmocka_unit_test(a_waiting_credential_is_waited_for),
        cmocka_unit_test(a_job_can_be_parked_but_not_into_the_past),
        cmocka_unit_test(a_long_message_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
