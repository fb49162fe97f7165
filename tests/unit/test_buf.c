#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lib/unit.h"

static void appended_pieces_stand_in_order(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    assert_int_equal(buf_append(&buf, "ab", 2), 0);
    assert_int_equal(buf_append_text(&buf, "cd"), 0);
    assert_int_equal(buf_append_slice(&buf, slice_text("ef")), 0);
    assert_int_equal(buf_append(&buf, NULL, 0), 0);
    assert_int_equal(buf_printf(&buf, "%d", 42), 0);
    assert_true(slice_is(buf_view(&buf), "abcdef42"));
    buf_done(&buf);
}

static void growth_stops_at_the_maximum_and_leaves_the_buffer_alone(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    assert_int_equal(buf_append_text(&buf, "abcd"), 0);
    assert_fails(buf_append_text(&buf, "e"), ERR_TOO_BIG);
    assert_fails(buf_reserve(&buf, SIZE_MAX), ERR_TOO_BIG);
    assert_true(slice_is(buf_view(&buf), "abcd"));
    assert_null(buf_cstr(&buf));
    buf_done(&buf);
}

static void a_full_buffer_takes_nothing_more(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    assert_int_equal(buf_append_text(&buf, "abcd"), 0);
    assert_int_equal(buf_append(&buf, "", 0), 0);
    assert_int_equal(buf.cap, 4);
    buf_done(&buf);
}

static void many_small_pieces_need_few_allocations(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    size_t grown = 0;
    for (unsigned i = 0; i < 100000; i++) {
        size_t cap = buf.cap;
        assert_int_equal(buf_append(&buf, "x", 1), 0);
        grown += buf.cap != cap ? 1 : 0;
    }
    assert_int_equal(buf.len, 100000);
    assert_in_range(grown, 2, 30);
    buf_done(&buf);
}

static void printf_needs_room_for_its_nul(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    assert_fails(buf_printf(&buf, "abcd"), ERR_TOO_BIG);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf_printf(&buf, "abc"), 0);
    assert_int_equal(buf.len, 3);
    assert_string_equal(buf_cstr(&buf), "abc");
    buf_done(&buf);
}

static void the_nul_of_cstr_is_not_counted(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    assert_string_equal(buf_cstr(&buf), "");
    assert_int_equal(buf_append_text(&buf, "ab"), 0);
    assert_string_equal(buf_cstr(&buf), "ab");
    assert_int_equal(buf.len, 2);
    assert_int_equal(buf_append_text(&buf, "c"), 0);
    assert_string_equal(buf_cstr(&buf), "abc");
    buf_done(&buf);
}

static void taking_moves_bytes_and_maximum_and_empties_the_source(void **state)
{
    (void)state;
    struct buf source;
    struct buf dest;
    buf_init(&source, 50);
    buf_init(&dest, 10);
    assert_int_equal(buf_append_text(&source, "new"), 0);
    assert_int_equal(buf_append_text(&dest, "old"), 0);
    const uint8_t *bytes = source.ptr;
    buf_take(&dest, &source);
    assert_ptr_equal(dest.ptr, bytes);
    assert_int_equal(dest.max, 50);
    assert_true(slice_is(buf_view(&dest), "new"));
    assert_null(source.ptr);
    assert_int_equal(source.len, 0);
    assert_int_equal(buf_append_text(&source, "again"), 0);
    buf_done(&source);
    buf_done(&dest);
}

static void adopting_owns_a_foreign_block(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 50);
    assert_int_equal(buf_append_text(&buf, "old"), 0);
    buf_adopt(&buf, mem_strdup("foreign"), 7);
    assert_true(slice_is(buf_view(&buf), "foreign"));
    assert_int_equal(buf_append_text(&buf, "!"), 0);
    assert_true(slice_is(buf_view(&buf), "foreign!"));
    buf_done(&buf);
}

static void clearing_keeps_the_memory_and_done_frees_it(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 50);
    assert_int_equal(buf_append_text(&buf, "x"), 0);
    size_t cap = buf.cap;
    buf_clear(&buf);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf.cap, cap);
    buf_done(&buf);
    assert_null(buf.ptr);
    assert_int_equal(buf.cap, 0);
    assert_int_equal(buf_append_text(&buf, "usable again"), 0);
    buf_done(&buf);
    buf_done(NULL);
}

static void out_of_memory_leaves_the_buffer_alone(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_int_equal(buf_append_text(&buf, "kept"), 0);
    mem_fail_after(1);
    assert_fails(buf_reserve(&buf, 900), ERR_NO_MEMORY);
    mem_fail_after(0);
    assert_true(slice_is(buf_view(&buf), "kept"));
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_pieces_stand_in_order),
        cmocka_unit_test(growth_stops_at_the_maximum_and_leaves_the_buffer_alone),
        cmocka_unit_test(a_full_buffer_takes_nothing_more),
        cmocka_unit_test(many_small_pieces_need_few_allocations),
        cmocka_unit_test(printf_needs_room_for_its_nul),
        cmocka_unit_test(the_nul_of_cstr_is_not_counted),
        cmocka_unit_test(taking_moves_bytes_and_maximum_and_empties_the_source),
        cmocka_unit_test(adopting_owns_a_foreign_block),
        cmocka_unit_test(clearing_keeps_the_memory_and_done_frees_it),
        cmocka_unit_test(out_of_memory_leaves_the_buffer_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
