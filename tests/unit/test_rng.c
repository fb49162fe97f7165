#include <string.h>

#include "base/rng.h"
#include "lib/unit.h"

static void one_seed_gives_one_sequence(void **state)
{
    (void)state;
    struct rng a;
    struct rng b;
    struct rng other;
    unsigned same = 0;
    rng_seed(&a, 42);
    rng_seed(&b, 42);
    rng_seed(&other, 43);
    for (unsigned i = 0; i < 100; i++) {
        uint32_t value = rng_u32(&a);
        assert_int_equal(value, rng_u32(&b));
        same += value == rng_u32(&other) ? 1 : 0;
    }
    assert_in_range(same, 0, 1);
}

static void values_stay_below_the_bound_and_reach_all_below(void **state)
{
    (void)state;
    struct rng rng;
    unsigned seen[7] = {0};
    rng_seed(&rng, 1);
    for (unsigned i = 0; i < 7000; i++) {
        uint64_t value = rng_below(&rng, 7);
        assert_in_range(value, 0, 6);
        seen[value]++;
    }
    for (unsigned i = 0; i < 7; i++) {
        assert_in_range(seen[i], 800, 1200);
    }
}

static void a_bound_of_zero_or_one_gives_zero(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    assert_int_equal(rng_below(&rng, 0), 0);
    assert_int_equal(rng_below(&rng, 1), 0);
}

static void a_bound_past_32_bits_is_used_in_full(void **state)
{
    (void)state;
    struct rng rng;
    unsigned big = 0;
    rng_seed(&rng, 1);
    for (unsigned i = 0; i < 100; i++) {
        big += rng_below(&rng, UINT64_C(1) << 40) > UINT32_MAX ? 1 : 0;
    }
    assert_in_range(big, 90, 100);
}

static void secrets_are_hex_of_the_length_asked_for_and_differ(void **state)
{
    (void)state;
    char a[33] = "";
    char b[33] = "";
    assert_int_equal(rng_secret_hex(a, 16), 0);
    assert_int_equal(rng_secret_hex(b, 16), 0);
    assert_int_equal(strlen(a), 32);
    assert_int_equal(strspn(a, "0123456789abcdef"), 32);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_gives_one_sequence),
        cmocka_unit_test(values_stay_below_the_bound_and_reach_all_below),
        cmocka_unit_test(a_bound_of_zero_or_one_gives_zero),
        cmocka_unit_test(a_bound_past_32_bits_is_used_in_full),
        cmocka_unit_test(secrets_are_hex_of_the_length_asked_for_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
