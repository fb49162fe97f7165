#include "base/clock.h"
#include "lib/unit.h"

static void wall_time_is_printed_in_utc_with_milliseconds(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_MAX];
    assert_string_equal(clock_format(0, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_format(1772704800123, text), "2026-03-05T10:00:00.123Z");
    assert_string_equal(clock_format(951782399999, text), "2000-02-28T23:59:59.999Z");
}

static void minutes_are_printed_for_keys(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_MAX];
    assert_string_equal(clock_format_minute(1772704859999, text), "202603051000");
    assert_string_equal(clock_format_minute(1772704860000, text), "202603051001");
}

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t before = clock_at_ms();
    for (unsigned i = 0; i < 1000; i++) {
        int64_t now = clock_at_ms();
        assert_true(now >= before);
        before = now;
    }
    assert_true(clock_unix_ms() > INT64_C(1700000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_time_is_printed_in_utc_with_milliseconds),
        cmocka_unit_test(minutes_are_printed_for_keys),
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
