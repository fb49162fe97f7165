/* The verdict table: every code of it, the texts, the statuses and the transport's failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/err.h"
#include "job/verdict.h"

/* The vendor's codes, written down a second time from the documents and not from verdict.def. */
static const struct expected_code {
    int64_t low, high;
    enum verdict verdict;
    uint32_t max_calls;
    bool alarm;
    bool free;
} expected_codes[] = {
    {429,   429,   VERDICT_THROTTLED, 0, false, true },
    {503,   503,   VERDICT_THROTTLED, 0, false, true },
    {29904, 29904, VERDICT_THROTTLED, 0, false, true },
    {90024, 90024, VERDICT_THROTTLED, 0, false, true },
    {401,   401,   VERDICT_BLOCKED,   0, true,  true },
    {403,   403,   VERDICT_BLOCKED,   0, true,  true },
    {90002, 90003, VERDICT_BLOCKED,   0, true,  true },
    {90005, 90005, VERDICT_BLOCKED,   0, true,  true },
    {80001, 80002, VERDICT_BLOCKED,   0, true,  true },
    {80999, 80999, VERDICT_BLOCKED,   0, true,  true },
    {91010, 91010, VERDICT_BLOCKED,   0, true,  true },
    {408,   408,   VERDICT_TRANSIENT, 0, false, false},
    {415,   415,   VERDICT_TRANSIENT, 0, false, false},
    {500,   500,   VERDICT_TRANSIENT, 0, false, false},
    {502,   502,   VERDICT_TRANSIENT, 0, false, false},
    {504,   504,   VERDICT_TRANSIENT, 0, false, false},
    {599,   599,   VERDICT_TRANSIENT, 0, false, false},
    {10002, 10002, VERDICT_TRANSIENT, 0, false, false},
    {10015, 10015, VERDICT_TRANSIENT, 0, false, false},
    {21201, 21201, VERDICT_TRANSIENT, 0, false, false},
    {21204, 21205, VERDICT_TRANSIENT, 0, false, false},
    {22201, 22201, VERDICT_TRANSIENT, 0, false, false},
    {22204, 22204, VERDICT_TRANSIENT, 0, false, false},
    {29901, 29901, VERDICT_TRANSIENT, 0, false, true },
    {29902, 29902, VERDICT_TRANSIENT, 0, false, false},
    {29905, 29905, VERDICT_TRANSIENT, 0, false, false},
    {29915, 29915, VERDICT_TRANSIENT, 0, false, false},
    {90009, 90010, VERDICT_TRANSIENT, 0, false, false},
    {90012, 90012, VERDICT_TRANSIENT, 0, false, false},
    {90015, 90016, VERDICT_TRANSIENT, 0, false, false},
    {90020, 90021, VERDICT_TRANSIENT, 0, false, false},
    {90023, 90023, VERDICT_TRANSIENT, 0, false, false},
    {90099, 90099, VERDICT_TRANSIENT, 0, false, false},
    {20001, 20001, VERDICT_TRANSIENT, 2, false, false},
    {21001, 21001, VERDICT_TRANSIENT, 2, false, false},
    {30001, 30001, VERDICT_TRANSIENT, 2, false, false},
    {90014, 90014, VERDICT_REJECTED,  0, true,  false},
    {90022, 90022, VERDICT_REJECTED,  0, true,  false},
    {90025, 90025, VERDICT_REJECTED,  0, true,  false},
    {29900, 29900, VERDICT_REJECTED,  0, true,  false},
    {10004, 10004, VERDICT_REJECTED,  0, true,  false},
    {404,   405,   VERDICT_REJECTED,  0, true,  false},
};

/* Refused for good whatever the HTTP status says; none of them raises the alarm. */
static const struct {
    int64_t low, high;
} rejected_codes[] = {
    {20003, 20004},
    {20007, 20015},
    {20020, 20023},
    {21002, 21013},
    {424,   424  },
    {10003, 10003},
    {21202, 21203},
    {433,   433  },
    {22203, 22203},
    {413,   413  },
    {10000, 10000},
    {21101, 21105},
    {90000, 90001},
    {90004, 90004},
    {90006, 90008},
    {90011, 90011},
    {90013, 90013},
    {90017, 90017},
    {400,   400  },
    {10025, 10027},
    {23101, 23104},
    {24101, 24104},
    {29903, 29903},
    {98501, 98501},
};

static struct attempt answer(int http_status)
{
    return (struct attempt){.http_status = http_status, .body_sent = true, .message = ""};
}

static struct attempt failure(int http_status, int64_t code, const char *message)
{
    struct attempt attempt = answer(http_status);
    attempt.readable = true;
    attempt.has_code = true;
    attempt.code = code;
    attempt.message = message;
    return attempt;
}

static struct ruling of_code(int http_status, int64_t code)
{
    struct attempt attempt = failure(http_status, code, "xxx");
    return verdict_of(&attempt);
}

static struct ruling of_status(int http_status, const char *message)
{
    struct attempt attempt = answer(http_status);
    attempt.message = message;
    return verdict_of(&attempt);
}

static const struct expected_code *expected_find(int64_t code)
{
    for (size_t i = 0; i < N_ELEMENTS(expected_codes); i++) {
        if (expected_codes[i].low <= code && code <= expected_codes[i].high) {
            return &expected_codes[i];
        }
    }
    return NULL;
}

static bool is_rejected_code(int64_t code)
{
    for (size_t i = 0; i < N_ELEMENTS(rejected_codes); i++) {
        if (rejected_codes[i].low <= code && code <= rejected_codes[i].high) {
            return true;
        }
    }
    return false;
}

static void each_code_of_the_table_has_its_verdict(void **state)
{
    (void)state;
    static const int statuses[] = {200, 400, 500};
    for (size_t i = 0; i < N_ELEMENTS(statuses); i++) {
        for (int64_t code = 1; code < 100000; code++) {
            struct ruling ruling = of_code(statuses[i], code);
            const struct expected_code *row = expected_find(code);
            if (row != NULL) {
                assert_int_equal(ruling.verdict, row->verdict);
                assert_int_equal(ruling.max_calls, row->max_calls);
                assert_int_equal(ruling.alarm, row->alarm);
                assert_int_equal(ruling.counts_attempt, !row->free);
                continue;
            }
            bool unknown_5xx = statuses[i] == 500 && !is_rejected_code(code);
            assert_int_equal(ruling.verdict, unknown_5xx ? VERDICT_TRANSIENT : VERDICT_REJECTED);
            assert_false(ruling.alarm);
            assert_true(ruling.counts_attempt);
        }
    }
}

static void a_result_without_a_code_is_a_success(void **state)
{
    (void)state;
    struct attempt attempt = answer(200);
    attempt.readable = attempt.has_result = true;
    assert_int_equal(verdict_of(&attempt).verdict, VERDICT_OK);
    assert_string_equal(verdict_of(&attempt).error_class, "");
    assert_true(verdict_of(&attempt).counts_attempt);
    attempt.http_status = 201;
    assert_int_equal(verdict_of(&attempt).verdict, VERDICT_OK);
    /* A code is stronger than a result, an error status too. */
    attempt.has_code = true;
    attempt.code = 20003;
    assert_int_equal(verdict_of(&attempt).verdict, VERDICT_REJECTED);
    attempt.has_code = false;
    attempt.http_status = 400;
    assert_int_equal(verdict_of(&attempt).verdict, VERDICT_REJECTED);
}

static void the_body_s_code_is_stronger_than_the_status(void **state)
{
    (void)state;
    assert_int_equal(of_code(401, 20003).verdict, VERDICT_REJECTED);
    assert_int_equal(of_code(429, 10000).verdict, VERDICT_REJECTED);
    assert_int_equal(of_code(503, 90002).verdict, VERDICT_BLOCKED);
    assert_int_equal(of_code(404, 29902).verdict, VERDICT_TRANSIENT);
    assert_int_equal(of_code(400, 90024).verdict, VERDICT_THROTTLED);
}

static void an_unknown_code_leaves_the_word_to_some_statuses(void **state)
{
    (void)state;
    assert_int_equal(of_code(429, 77777).verdict, VERDICT_THROTTLED);
    assert_int_equal(of_code(502, 77777).verdict, VERDICT_TRANSIENT);
    assert_int_equal(of_code(503, 77777).verdict, VERDICT_TRANSIENT);
    assert_int_equal(of_code(400, 77777).verdict, VERDICT_REJECTED);
    assert_false(of_code(400, 77777).alarm);
    assert_int_equal(of_code(403, 77777).verdict, VERDICT_REJECTED);
    assert_true(of_code(403, 77777).alarm);
    assert_int_equal(of_code(200, -5).verdict, VERDICT_REJECTED);
    assert_int_equal(of_code(200, INT64_MAX).verdict, VERDICT_REJECTED);
    assert_int_equal(of_code(200, INT64_MIN).verdict, VERDICT_REJECTED);
}

static void without_a_code_the_status_decides(void **state)
{
    (void)state;

    static const struct {
        int status;
        enum verdict verdict;
        bool alarm;
    } cases[] = {
        {101, VERDICT_UNKNOWN,   false},
        {200, VERDICT_UNKNOWN,   false},
        {204, VERDICT_UNKNOWN,   false},
        {301, VERDICT_REJECTED,  true },
        {302, VERDICT_REJECTED,  true },
        {308, VERDICT_REJECTED,  true },
        {400, VERDICT_REJECTED,  false},
        {401, VERDICT_BLOCKED,   true },
        {402, VERDICT_REJECTED,  false},
        {403, VERDICT_BLOCKED,   true },
        {404, VERDICT_REJECTED,  true },
        {408, VERDICT_TRANSIENT, false},
        {413, VERDICT_REJECTED,  false},
        {415, VERDICT_TRANSIENT, false},
        {418, VERDICT_REJECTED,  false},
        {424, VERDICT_REJECTED,  false},
        {429, VERDICT_THROTTLED, false},
        {433, VERDICT_REJECTED,  false},
        {500, VERDICT_TRANSIENT, false},
        {501, VERDICT_TRANSIENT, false},
        {502, VERDICT_TRANSIENT, false},
        {503, VERDICT_THROTTLED, false},
        {504, VERDICT_TRANSIENT, false},
        {520, VERDICT_TRANSIENT, false},
        {599, VERDICT_TRANSIENT, false},
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct ruling ruling = of_status(cases[i].status, "<html>");
        if (ruling.verdict != cases[i].verdict || ruling.alarm != cases[i].alarm) {
            fail_msg("HTTP %d: %s", cases[i].status, verdict_name(ruling.verdict));
        }
    }
}

static void texts_of_a_failure_are_searched_in_any_case(void **state)
{
    (void)state;

    static const struct {
        int status;
        const char *message;
        enum verdict verdict;
    } cases[] = {
        {400, "Over QPS limit",            VERDICT_THROTTLED},
        {400, "RATE LIMIT reached",        VERDICT_THROTTLED},
        {400, "Too Many Requests",         VERDICT_THROTTLED},
        {400, "超过并发限制",        VERDICT_THROTTLED},
        {400, "账户余额不足",        VERDICT_BLOCKED  },
        {415, "没有权益",              VERDICT_BLOCKED  },
        {415, "Quota exceeded",            VERDICT_BLOCKED  },
        {415, "No Right Package",          VERDICT_BLOCKED  },
        {415, "unsupported media",         VERDICT_TRANSIENT},
        {400, "quota exceeded",            VERDICT_REJECTED },
        {200, "qps in what may be base64", VERDICT_UNKNOWN  },
        {200, "余额不足, but no code", VERDICT_UNKNOWN  },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct ruling ruling = of_status(cases[i].status, cases[i].message);
        if (ruling.verdict != cases[i].verdict) {
            fail_msg("%s: %s", cases[i].message, verdict_name(ruling.verdict));
        }
    }
    struct attempt attempt = failure(200, 12345, "qps limit");
    assert_int_equal(verdict_of(&attempt).verdict, VERDICT_THROTTLED);
    attempt.message = NULL;
    assert_int_equal(verdict_of(&attempt).verdict, VERDICT_REJECTED);
}

static struct ruling of_error(int error, bool body_sent, int http_status)
{
    struct attempt attempt = {.error = error, .body_sent = body_sent, .http_status = http_status};
    return verdict_of(&attempt);
}

static void a_body_that_stayed_here_was_not_sent(void **state)
{
    (void)state;
    static const int errors[] = {ERR_RESOLVE, ERR_REFUSED,  ERR_TLS,       ERR_PRIVATE,
                                 ERR_TIMEOUT, ERR_RESET,    ERR_CUT_SHORT, ERR_TOO_BIG,
                                 ERR_BUG,     ERR_CANCELED, ERR_NO_MEMORY, ERR_SYSTEM};
    for (size_t i = 0; i < N_ELEMENTS(errors); i++) {
        struct ruling ruling = of_error(errors[i], false, 0);
        assert_int_equal(ruling.verdict, VERDICT_NOT_SENT);
        assert_string_equal(ruling.error_class, "network");
        assert_false(ruling.counts_attempt);
    }
    assert_int_equal(of_error(ERR_REFUSED, true, 0).verdict, VERDICT_NOT_SENT);
}

static void after_the_body_left_the_outcome_is_unknown(void **state)
{
    (void)state;
    static const int errors[] = {ERR_RESET, ERR_CUT_SHORT, ERR_TOO_BIG,
                                 ERR_TLS,   ERR_CANCELED,  ERR_NO_MEMORY};
    for (size_t i = 0; i < N_ELEMENTS(errors); i++) {
        struct ruling ruling = of_error(errors[i], true, 200);
        assert_int_equal(ruling.verdict, VERDICT_UNKNOWN);
        assert_string_equal(ruling.error_class, "unknown_outcome");
        assert_true(ruling.counts_attempt);
    }
    struct ruling late = of_error(ERR_TIMEOUT, true, 0);
    assert_int_equal(late.verdict, VERDICT_UNKNOWN);
    assert_string_equal(late.error_class, "timeout");
    assert_string_equal(of_status(200, "").error_class, "unknown_outcome");
}

static void an_answer_that_overtook_the_body_decides(void **state)
{
    (void)state;
    assert_int_equal(of_error(ERR_RESET, false, 413).verdict, VERDICT_REJECTED);
    assert_int_equal(of_error(ERR_RESET, false, 429).verdict, VERDICT_THROTTLED);
    assert_int_equal(of_error(ERR_RESET, false, 200).verdict, VERDICT_NOT_SENT);
    struct attempt early = failure(400, 90024, "");
    early.body_sent = false;
    assert_int_equal(verdict_of(&early).verdict, VERDICT_THROTTLED);
}

static void each_verdict_has_its_name_and_class(void **state)
{
    (void)state;
    assert_string_equal(verdict_name(VERDICT_NOT_SENT), "not_sent");
    assert_string_equal(of_code(400, 10000).error_class, "rejected");
    assert_string_equal(of_code(400, 10002).error_class, "transient");
    assert_string_equal(of_code(400, 90024).error_class, "throttled");
    assert_string_equal(of_code(400, 90002).error_class, "blocked");
    assert_non_null(strstr(of_code(400, 90002).hint, "MEITU_OPENAPI_ACCESS_KEY"));
    assert_non_null(strstr(of_status(404, "").hint, "path"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_of_the_table_has_its_verdict),
        cmocka_unit_test(a_result_without_a_code_is_a_success),
        cmocka_unit_test(the_body_s_code_is_stronger_than_the_status),
        cmocka_unit_test(an_unknown_code_leaves_the_word_to_some_statuses),
        cmocka_unit_test(without_a_code_the_status_decides),
        cmocka_unit_test(texts_of_a_failure_are_searched_in_any_case),
        cmocka_unit_test(a_body_that_stayed_here_was_not_sent),
        cmocka_unit_test(after_the_body_left_the_outcome_is_unknown),
        cmocka_unit_test(an_answer_that_overtook_the_body_decides),
        cmocka_unit_test(each_verdict_has_its_name_and_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
