/* Back-off: the ceiling's growth and the spread of the draws. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/backoff.h"

static void the_ceiling_doubles_up_to_the_cap(void **state)
{
    (void)state;
    assert_int_equal(backoff_ceiling_ms(1000, 300000, 0), 1000);
    assert_int_equal(backoff_ceiling_ms(1000, 300000, 1), 2000);
    assert_int_equal(backoff_ceiling_ms(1000, 300000, 8), 256000);
    assert_int_equal(backoff_ceiling_ms(1000, 300000, 9), 300000);
    assert_int_equal(backoff_ceiling_ms(1000, 500, 0), 500);
    assert_int_equal(backoff_ceiling_ms(0, 500, 3), 0);
    assert_int_equal(backoff_ceiling_ms(5, 0, 3), 0);
}

static void no_exponent_overflows(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 200; n++) {
        int64_t ceiling_ms = backoff_ceiling_ms(3, INT64_MAX, n);
        assert_true(ceiling_ms >= 3);
        assert_true(n == 0 || ceiling_ms >= backoff_ceiling_ms(3, INT64_MAX, n - 1));
    }
    assert_int_equal(backoff_ceiling_ms(1, 300000, UINT32_MAX), 300000);
}

static void draws_are_spread_over_the_whole_range(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 7);
    int64_t sum_ms = 0;
    uint32_t quarters[4] = {0};
    for (int i = 0; i < 40000; i++) {
        int64_t drawn_ms = backoff_draw_ms(&rng, 1000, 300000, 3);
        assert_in_range(drawn_ms, 0, 8000);
        quarters[drawn_ms * 4 / 8001]++;
        sum_ms += drawn_ms;
    }
    assert_in_range(sum_ms / 40000, 3900, 4100);
    for (int i = 0; i < 4; i++) {
        assert_in_range(quarters[i], 9500, 10500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ceiling_doubles_up_to_the_cap),
        cmocka_unit_test(no_exponent_overflows),
        cmocka_unit_test(draws_are_spread_over_the_whole_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
