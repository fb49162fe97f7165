#include "base/hist.h"
#include "lib/unit.h"

static void bounds_ascend(void **state)
{
    (void)state;
    for (size_t i = 1; i < HIST_BUCKETS - 1; i++) {
        assert_true(hist_bounds_ms[i] > hist_bounds_ms[i - 1]);
    }
}

static void a_value_on_a_bound_belongs_below_it(void **state)
{
    (void)state;
    struct hist hist = {.count = 0};
    for (size_t i = 0; i < HIST_BUCKETS - 1; i++) {
        hist_add(&hist, hist_bounds_ms[i]);
        assert_int_equal(hist.buckets[i], 1);
    }
    hist_add(&hist, hist_bounds_ms[0] + 1);
    assert_int_equal(hist.buckets[1], 2);
}

static void what_is_past_every_bound_goes_to_the_last_bucket(void **state)
{
    (void)state;
    struct hist hist = {.count = 0};
    hist_add(&hist, hist_bounds_ms[HIST_BUCKETS - 2] + 1);
    hist_add(&hist, INT64_MAX / 2);
    assert_int_equal(hist.buckets[HIST_BUCKETS - 1], 2);
}

static void count_and_sum_follow_and_negative_counts_as_zero(void **state)
{
    (void)state;
    struct hist hist = {.count = 0};
    hist_add(&hist, 0);
    hist_add(&hist, -50);
    hist_add(&hist, 700);
    assert_int_equal(hist.count, 3);
    assert_int_equal(hist.sum_ms, 700);
    assert_int_equal(hist.buckets[0], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_ascend),
        cmocka_unit_test(a_value_on_a_bound_belongs_below_it),
        cmocka_unit_test(what_is_past_every_bound_goes_to_the_last_bucket),
        cmocka_unit_test(count_and_sum_follow_and_negative_counts_as_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
