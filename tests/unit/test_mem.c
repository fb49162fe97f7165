#include <string.h>

#include "base/mem.h"
#include "lib/unit.h"

static void the_countdown_fails_exactly_the_nth_allocation(void **state)
{
    (void)state;
    mem_fail_after(3);
    void *first = mem_alloc(1);
    void *second = mem_zalloc(1, 1);
    void *third = mem_alloc(1);
    void *fourth = mem_alloc(1);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(third);
    assert_non_null(fourth);
    mem_free(first);
    mem_free(second);
    mem_free(fourth);
}

static void zero_switches_the_countdown_off(void **state)
{
    (void)state;
    mem_fail_after(1);
    mem_fail_after(0);
    void *block = mem_alloc(1);
    assert_non_null(block);
    mem_free(block);
}

static void every_way_to_allocate_can_fail(void **state)
{
    (void)state;
    mem_fail_after(1);
    assert_null(mem_alloc(8));
    mem_fail_after(1);
    assert_null(mem_zalloc(2, 4));
    mem_fail_after(1);
    assert_null(mem_strdup("text"));
    mem_fail_after(1);
    assert_null(mem_strndup("text", 2));
    char *block = mem_strdup("kept");
    assert_non_null(block);
    mem_fail_after(1);
    assert_null(mem_realloc(block, 100));
    mem_fail_after(0);
    assert_string_equal(block, "kept");
    mem_free(block);
}

static void a_size_of_zero_gives_a_pointer_that_may_be_freed(void **state)
{
    (void)state;
    void *plain = mem_alloc(0);
    void *zeroed = mem_zalloc(0, 0);
    void *grown = mem_realloc(NULL, 0);
    assert_non_null(plain);
    assert_non_null(zeroed);
    assert_non_null(grown);
    mem_free(plain);
    mem_free(zeroed);
    mem_free(grown);
    mem_free(NULL);
}

static void zeroed_memory_is_zero_and_a_product_past_size_t_is_refused(void **state)
{
    (void)state;
    static const unsigned char zeros[64];
    volatile size_t half = SIZE_MAX / 2; /* volatile: the compiler must not see the product */
    void *block = mem_zalloc(16, 4);
    assert_non_null(block);
    assert_memory_equal(block, zeros, 64);
    mem_free(block);
    assert_null(mem_zalloc(half, 4));
}

static void copies_end_with_a_nul(void **state)
{
    (void)state;
    char *whole = mem_strdup("abc");
    char *part = mem_strndup("abc", 2);
    char *empty = mem_strndup("abc", 0);
    assert_string_equal(whole, "abc");
    assert_string_equal(part, "ab");
    assert_string_equal(empty, "");
    mem_free(whole);
    mem_free(part);
    mem_free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_countdown_fails_exactly_the_nth_allocation),
        cmocka_unit_test(zero_switches_the_countdown_off),
        cmocka_unit_test(every_way_to_allocate_can_fail),
        cmocka_unit_test(a_size_of_zero_gives_a_pointer_that_may_be_freed),
        cmocka_unit_test(zeroed_memory_is_zero_and_a_product_past_size_t_is_refused),
        cmocka_unit_test(copies_end_with_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
