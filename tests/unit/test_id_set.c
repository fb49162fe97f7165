#include <stdio.h>

#include "base/mem.h"
#include "lib/unit.h"
#include "main/id_set.h"

static struct slice name(int i, char text[32])
{
    (void)snprintf(text, 32, "job-%d", i);
    return slice_text(text);
}

static void what_was_added_is_there_and_nothing_else(void **state)
{
    (void)state;

    enum {
        COUNT = 20000
    };

    struct id_set set;
    char text[32];
    id_set_init(&set);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(id_set_add(&set, name(i, text)), 0);
    }
    assert_int_equal(set.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_true(id_set_has(&set, name(i, text)));
        assert_false(id_set_has(&set, name(COUNT + i, text)));
    }
    id_set_done(&set);
}

static void adding_twice_is_adding_once(void **state)
{
    (void)state;
    struct id_set set;
    id_set_init(&set);
    assert_int_equal(id_set_add(&set, slice_text("a")), 0);
    assert_int_equal(id_set_add(&set, slice_text("a")), 0);
    assert_int_equal(set.count, 1);
    id_set_done(&set);
}

static void an_empty_set_has_nothing(void **state)
{
    (void)state;
    struct id_set set;
    id_set_init(&set);
    assert_false(id_set_has(&set, slice_text("a")));
    assert_int_equal(id_set_add(&set, slice_text("")), 0);
    assert_true(id_set_has(&set, slice_text("")));
    id_set_done(&set);
    assert_false(id_set_has(&set, slice_text("")));
}

static void without_memory_the_set_stays_as_it_was(void **state)
{
    (void)state;
    struct id_set set;
    char text[32];
    id_set_init(&set);
    int code = 0;
    for (int i = 0; i < 512; i++) {
        assert_int_equal(id_set_add(&set, name(i, text)), 0);
    }
    mem_fail_after(1);
    code = id_set_add(&set, slice_text("more"));
    mem_fail_after(0);
    assert_int_equal(code, ERR_NO_MEMORY);
    assert_int_equal(set.count, 512);
    assert_true(id_set_has(&set, name(511, text)));
    assert_false(id_set_has(&set, slice_text("more")));
    id_set_done(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_there_and_nothing_else),
        cmocka_unit_test(adding_twice_is_adding_once),
        cmocka_unit_test(an_empty_set_has_nothing),
        cmocka_unit_test(without_memory_the_set_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
