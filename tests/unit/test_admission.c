/* Admission: slots, throttles, blocks, and the pace against simulated accounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "job/admission.h"

static struct rng rng;

static void end_call(struct admission *admission,
                     int64_t started_at_ms,
                     int64_t now_ms,
                     enum verdict verdict,
                     int64_t retry_after_ms)
{
    struct admission_call call = {
        .started_at_ms = started_at_ms, .verdict = verdict, .retry_after_ms = retry_after_ms};
    admission_end(admission, &call, now_ms, &rng);
}

/* One call from start to end, which must be let go. */
static void one_call(struct admission *admission, int64_t now_ms, enum verdict verdict)
{
    assert_true(admission_try(admission, now_ms, 0));
    end_call(admission, now_ms, now_ms + 1, verdict, -1);
}

static void slots_and_bytes_are_bounded(void **state)
{
    (void)state;
    struct admission admission;
    admission_init(&admission, 2, 100);
    assert_int_equal(admission_room(&admission, 0, 0), 2);
    assert_int_equal(admission_room(&admission, 0, 1), 1);
    assert_int_equal(admission_room(&admission, 0, 3), 0);
    assert_true(admission_try(&admission, 0, 60));
    assert_false(admission_try(&admission, 0, 41));
    assert_true(admission_try(&admission, 0, 40));
    assert_false(admission_try(&admission, 0, 0));
    assert_int_equal(admission_room(&admission, 0, 0), 0);
    struct admission_call call = {.bytes = 60, .verdict = VERDICT_OK, .retry_after_ms = -1};
    admission_end(&admission, &call, 5, &rng);
    assert_int_equal(admission.bytes, 40);
    assert_int_equal(admission_open_at_ms(&admission), 0);
}

static void a_call_above_the_byte_limit_goes_alone(void **state)
{
    (void)state;
    struct admission admission;
    admission_init(&admission, 2, 100);
    assert_true(admission_try(&admission, 0, 1000));
    assert_false(admission_try(&admission, 0, 1));
}

static void a_throttle_stops_the_whole_credential_for_a_second_or_two(void **state)
{
    (void)state;
    struct admission admission;
    admission_init(&admission, 64, 1 << 20);
    one_call(&admission, 1000, VERDICT_THROTTLED);
    assert_int_equal(admission.state, CREDENTIAL_THROTTLED);
    int64_t open_at_ms = admission_open_at_ms(&admission);
    assert_in_range(open_at_ms, 2001, 3001);
    assert_false(admission_try(&admission, open_at_ms - 1, 0));
    assert_int_equal(admission_room(&admission, open_at_ms - 1, 0), 0);
    assert_true(admission_try(&admission, open_at_ms, 0));
}

static void waits_double_up_to_two_minutes_and_a_success_resets_them(void **state)
{
    (void)state;
    struct admission admission;
    admission_init(&admission, 64, 1 << 20);
    int64_t now_ms = 1000;
    int64_t ceiling_ms = 2000;
    for (int i = 0; i < 10; i++) {
        one_call(&admission, now_ms, VERDICT_THROTTLED);
        int64_t wait_ms = admission.open_at_ms - (now_ms + 1);
        assert_in_range(wait_ms, ceiling_ms / 2, ceiling_ms);
        ceiling_ms = ceiling_ms * 2 < 120000 ? ceiling_ms * 2 : 120000;
        now_ms = admission_open_at_ms(&admission);
    }
    now_ms += 100000; /* past any pace */
    one_call(&admission, now_ms, VERDICT_OK);
    assert_int_equal(admission.state, CREDENTIAL_OPEN);
    now_ms += 100000;
    one_call(&admission, now_ms, VERDICT_THROTTLED);
    assert_in_range(admission.open_at_ms - (now_ms + 1), 1000, 2000);
}

static void a_burst_of_refusals_counts_once(void **state)
{
    (void)state;
    struct admission admission;
    admission_init(&admission, 64, 1 << 20);
    for (int i = 0; i < 64; i++) {
        assert_true(admission_try(&admission, 10, 0));
    }
    end_call(&admission, 10, 50, VERDICT_THROTTLED, -1);
    int64_t open_at_ms = admission.open_at_ms;
    for (int i = 1; i < 62; i++) {
        end_call(&admission, 10, 50 + i, VERDICT_THROTTLED, -1);
    }
    assert_int_equal(admission.refusals, 1);
    assert_int_equal(admission.open_at_ms, open_at_ms);
    /* A success of a call begun before the throttle says nothing about now. */
    end_call(&admission, 10, 200, VERDICT_OK, -1);
    assert_int_equal(admission.state, CREDENTIAL_THROTTLED);
    /* But one more refusal of the burst may ask for a longer wait. */
    end_call(&admission, 10, 201, VERDICT_THROTTLED, 30000);
    assert_int_equal(admission.open_at_ms, 30201);
}

static void retry_after_wins_when_larger_and_is_capped(void **state)
{
    (void)state;
    struct admission admission;
    admission_init(&admission, 4, 1 << 20);
    assert_true(admission_try(&admission, 100, 0));
    end_call(&admission, 100, 200, VERDICT_THROTTLED, 1);
    assert_true(admission.open_at_ms >= 1200);

    admission_init(&admission, 4, 1 << 20);
    assert_true(admission_try(&admission, 100, 0));
    end_call(&admission, 100, 200, VERDICT_THROTTLED, INT64_MAX);
    assert_int_equal(admission.open_at_ms, 200 + 600000);
}

static void after_two_bursts_a_single_call_feels_the_way(void **state)
{
    (void)state;
    struct admission admission;
    admission_init(&admission, 64, 1 << 20);
    one_call(&admission, 0, VERDICT_THROTTLED);
    one_call(&admission, admission_open_at_ms(&admission), VERDICT_THROTTLED);
    int64_t now_ms = admission_open_at_ms(&admission) + 60000;
    assert_int_equal(admission_room(&admission, now_ms, 0), 1);
    assert_true(admission_try(&admission, now_ms, 0));
    assert_false(admission_try(&admission, now_ms + 60000, 0));
    assert_true(admission_open_at_ms(&admission) == INT64_MAX);
    end_call(&admission, now_ms, now_ms + 60000, VERDICT_TRANSIENT, -1);
    assert_int_equal(admission.state, CREDENTIAL_THROTTLED);
    one_call(&admission, now_ms + 120000, VERDICT_REJECTED);
    assert_int_equal(admission.state, CREDENTIAL_OPEN);
}

static void a_blocked_credential_is_probed_ever_more_rarely(void **state)
{
    (void)state;
    struct admission admission;
    admission_init(&admission, 64, 1 << 20);
    static const int64_t waits_ms[] = {60000, 120000, 240000, 480000, 600000, 600000};
    int64_t now_ms = 1000;
    for (int i = 0; i < 6; i++) {
        one_call(&admission, now_ms, VERDICT_BLOCKED);
        assert_int_equal(admission.state, CREDENTIAL_BLOCKED);
        assert_int_equal(admission_open_at_ms(&admission), now_ms + 1 + waits_ms[i]);
        assert_false(admission_try(&admission, now_ms + waits_ms[i], 0));
        now_ms = admission_open_at_ms(&admission);
    }
    assert_true(admission_try(&admission, now_ms, 0));
    assert_false(admission_try(&admission, now_ms, 0));
    /* A probe that could not be sent tells nothing: the next one in a minute. */
    end_call(&admission, now_ms, now_ms + 5, VERDICT_NOT_SENT, -1);
    assert_int_equal(admission_open_at_ms(&admission), now_ms + 5 + 60000);
    one_call(&admission, now_ms + 70000, VERDICT_OK);
    assert_int_equal(admission.state, CREDENTIAL_OPEN);
}

static void other_credentials_start_afresh(void **state)
{
    (void)state;
    struct admission admission;
    admission_init(&admission, 4, 1 << 20);
    assert_true(admission_try(&admission, 5, 0));
    one_call(&admission, 10, VERDICT_BLOCKED);
    admission_reopen(&admission, 20);
    assert_int_equal(admission.calls, 1);
    end_call(&admission, 5, 30, VERDICT_BLOCKED, -1);
    assert_int_equal(admission.state, CREDENTIAL_OPEN);
    assert_true(admission_try(&admission, 31, 0));
}

static void states_have_reasons(void **state)
{
    (void)state;
    assert_string_equal(credential_state_reason(CREDENTIAL_OPEN), "");
    assert_string_equal(credential_state_reason(CREDENTIAL_THROTTLED), "limit");
    assert_string_equal(credential_state_reason(CREDENTIAL_BLOCKED), "credential");
}

/* An account: a token bucket that refuses at once and answers after a while. */
struct account {
    double rate_per_s;
    double burst;
    int64_t latency_ms;
    double overload;     /* this share of calls is refused at any pace */
    int64_t falls_at_ms; /* the rate falls to a quarter then; 0: never */
    double tokens;
    int64_t filled_at_ms;
};

enum {
    SIMULATED_SLOTS = 64,
    REFUSAL_MS = 40
};

struct simulated_call {
    int64_t started_at_ms;
    int64_t ends_at_ms; /* 0: the slot is free */
    enum verdict verdict;
};

struct outcome {
    double useful_per_s;
    double throttled_share;
};

static enum verdict account_ask(struct account *account, int64_t now_ms)
{
    if (account->falls_at_ms != 0 && now_ms >= account->falls_at_ms) {
        account->falls_at_ms = 0;
        account->rate_per_s /= 4;
    }
    if ((double)rng_below(&rng, 1000) < account->overload * 1000) {
        return VERDICT_THROTTLED;
    }
    account->tokens += (double)(now_ms - account->filled_at_ms) * account->rate_per_s / 1000;
    account->filled_at_ms = now_ms;
    if (account->tokens > account->burst) {
        account->tokens = account->burst;
    }
    if (account->tokens < 1) {
        return VERDICT_THROTTLED;
    }
    account->tokens -= 1;
    return VERDICT_OK;
}

static void end_due(struct admission *admission, struct simulated_call *calls, int64_t now_ms)
{
    for (int i = 0; i < SIMULATED_SLOTS; i++) {
        if (calls[i].ends_at_ms != 0 && calls[i].ends_at_ms <= now_ms) {
            calls[i].ends_at_ms = 0;
            end_call(admission, calls[i].started_at_ms, now_ms, calls[i].verdict, -1);
        }
    }
}

/* There is always work; ten minutes after one of warming up. */
static struct outcome simulate(struct account account)
{
    enum {
        WARM_MS = 60 * 1000,
        RUN_MS = 600 * 1000
    };
    struct admission admission;
    struct simulated_call calls[SIMULATED_SLOTS] = {{0}};
    uint64_t ok = 0;
    uint64_t throttled = 0;
    rng_seed(&rng, 1);
    admission_init(&admission, SIMULATED_SLOTS, 1 << 20);
    account.tokens = account.burst;
    for (int64_t now_ms = 1; now_ms < WARM_MS + RUN_MS; now_ms++) {
        end_due(&admission, calls, now_ms);
        for (int i = 0; i < SIMULATED_SLOTS; i++) {
            if (calls[i].ends_at_ms != 0 || !admission_try(&admission, now_ms, 0)) {
                continue;
            }
            enum verdict verdict = account_ask(&account, now_ms);
            int64_t spread_ms = (int64_t)rng_below(&rng, (uint64_t)account.latency_ms);
            int64_t takes_ms =
                verdict == VERDICT_OK ? account.latency_ms / 2 + spread_ms : REFUSAL_MS;
            calls[i] = (struct simulated_call){now_ms, now_ms + takes_ms, verdict};
            ok += now_ms > WARM_MS && verdict == VERDICT_OK;
            throttled += now_ms > WARM_MS && verdict == VERDICT_THROTTLED;
        }
    }
    return (struct outcome){
        .useful_per_s = (double)ok * 1000 / RUN_MS,
        .throttled_share = (double)throttled / (double)(ok + throttled),
    };
}

static struct outcome simulate_and_tell(const struct account *account)
{
    struct outcome outcome = simulate(*account);
    print_message(
        "%.0f/s, burst %.0f, latency %d ms, overload %.2f: %.2f useful/s, %.1f%% throttled\n",
        account->rate_per_s, account->burst, (int)account->latency_ms, account->overload,
        outcome.useful_per_s, outcome.throttled_share * 100);
    return outcome;
}

static void an_account_is_used_without_being_hammered(void **state)
{
    (void)state;
    static const struct account accounts[] = {
        {.rate_per_s = 1,  .burst = 1,  .latency_ms = 1000},
        {.rate_per_s = 1,  .burst = 1,  .latency_ms = 200 },
        {.rate_per_s = 1,  .burst = 5,  .latency_ms = 5000},
        {.rate_per_s = 20, .burst = 1,  .latency_ms = 1000},
        {.rate_per_s = 20, .burst = 20, .latency_ms = 1000},
        {.rate_per_s = 20, .burst = 5,  .latency_ms = 200 },
    };

    for (size_t i = 0; i < N_ELEMENTS(accounts); i++) {
        struct outcome outcome = simulate_and_tell(&accounts[i]);
        assert_true(outcome.useful_per_s >= 0.8 * accounts[i].rate_per_s);
        assert_true(outcome.throttled_share <= 0.1);
    }
}

/* Three minutes in; the fall looks at first as if slower calls were refused all the same. */
static void a_limit_that_falls_is_followed(void **state)
{
    (void)state;
    static const struct account accounts[] = {
        {.rate_per_s = 4,   .burst = 1,  .latency_ms = 1000, .falls_at_ms = 180000},
        {.rate_per_s = 20,  .burst = 20, .latency_ms = 1000, .falls_at_ms = 180000},
        {.rate_per_s = 100, .burst = 5,  .latency_ms = 200,  .falls_at_ms = 180000},
    };

    for (size_t i = 0; i < N_ELEMENTS(accounts); i++) {
        struct outcome outcome = simulate_and_tell(&accounts[i]);
        double possible_per_s = accounts[i].rate_per_s * (2.0 + 8.0 / 4) / 10;
        assert_true(outcome.useful_per_s >= 0.75 * possible_per_s);
        assert_true(outcome.throttled_share <= 0.1);
    }
}

/* Nothing is gained by going slower; what is lost are the waits after each throttle. */
static void refusals_at_any_pace_do_not_starve_the_account(void **state)
{
    (void)state;
    static const struct account accounts[] = {
        {.rate_per_s = 1e6, .burst = 1e6, .latency_ms = 1000, .overload = 0.01},
        {.rate_per_s = 1e6, .burst = 1e6, .latency_ms = 1000, .overload = 0.05},
        {.rate_per_s = 1e6, .burst = 1e6, .latency_ms = 200,  .overload = 0.05},
        {.rate_per_s = 1e6, .burst = 1e6, .latency_ms = 200,  .overload = 0.1 },
        {.rate_per_s = 1e6, .burst = 1e6, .latency_ms = 200,  .overload = 0.2 },
    };

    for (size_t i = 0; i < N_ELEMENTS(accounts); i++) {
        struct outcome outcome = simulate_and_tell(&accounts[i]);
        assert_true(outcome.useful_per_s >= 0.2 / accounts[i].overload);
    }
}

static void an_account_without_a_limit_is_not_slowed(void **state)
{
    (void)state;
    struct account account = {.rate_per_s = 1e6, .burst = 1e6, .latency_ms = 1000};
    struct outcome outcome = simulate(account);
    assert_true(outcome.useful_per_s > 0.95 * SIMULATED_SLOTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_and_bytes_are_bounded),
        cmocka_unit_test(a_call_above_the_byte_limit_goes_alone),
        cmocka_unit_test(a_throttle_stops_the_whole_credential_for_a_second_or_two),
        cmocka_unit_test(waits_double_up_to_two_minutes_and_a_success_resets_them),
        cmocka_unit_test(a_burst_of_refusals_counts_once),
        cmocka_unit_test(retry_after_wins_when_larger_and_is_capped),
        cmocka_unit_test(after_two_bursts_a_single_call_feels_the_way),
        cmocka_unit_test(a_blocked_credential_is_probed_ever_more_rarely),
        cmocka_unit_test(other_credentials_start_afresh),
        cmocka_unit_test(states_have_reasons),
        cmocka_unit_test(an_account_is_used_without_being_hammered),
        cmocka_unit_test(a_limit_that_falls_is_followed),
        cmocka_unit_test(refusals_at_any_pace_do_not_starve_the_account),
        cmocka_unit_test(an_account_without_a_limit_is_not_slowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
