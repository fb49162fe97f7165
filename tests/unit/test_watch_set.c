#include <stdio.h>

#include "base/mem.h"
#include "client/watch_set.h"
#include "lib/unit.h"

static void an_id_is_found_until_it_is_taken(void **state)
{
    (void)state;
    struct watch_set set;
    char id[32];
    watch_set_init(&set);
    assert_null(watch_set_find(&set, slice_text("0")));
    for (int round = 0; round < 2; round++) { /* adding twice is adding once */
        for (int i = 0; i < 1000; i++) {
            (void)snprintf(id, sizeof id, "%d", i);
            assert_int_equal(watch_set_add(&set, id), 0);
        }
    }
    assert_int_equal(set.count, 1000);
    assert_int_equal(set.unchecked.len, 1000);
    watch_set_move_all(&set.unchecked, &set.waiting);
    watch_set_move(watch_set_find(&set, slice_text("7")), &set.ended);
    assert_null(watch_set_take(&set)); /* its status was never read */
    assert_null(watch_set_find(&set, slice_text("7")));
    assert_non_null(watch_set_find(&set, slice_text("8")));
    assert_int_equal(set.count, 999);
    assert_int_equal(set.waiting.len, 999);
    watch_set_done(&set);
}

static void no_memory_leaves_the_set_as_it_was(void **state)
{
    (void)state;
    struct watch_set set;
    watch_set_init(&set);
    for (unsigned n = 1; n <= 2; n++) {
        mem_fail_after(n);
        assert_fails(watch_set_add(&set, "a"), ERR_NO_MEMORY);
        mem_fail_after(0);
        assert_int_equal(set.count, 0);
        assert_null(watch_set_find(&set, slice_text("a")));
        watch_set_done(&set);
        watch_set_init(&set);
    }
    watch_set_done(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_found_until_it_is_taken),
        cmocka_unit_test(no_memory_leaves_the_set_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
