#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "lib/unit.h"

static void setting_returns_the_code_and_keeps_the_message(void **state)
{
    (void)state;
    struct err err = {.sys = 9};
    assert_int_equal(err_set(&err, ERR_TIMEOUT, "after %d ms", 5), ERR_TIMEOUT);
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_int_equal(err.sys, 0);
    assert_string_equal(err.msg, "after 5 ms");
}

static void a_system_error_adds_its_text(void **state)
{
    (void)state;
    struct err err = {.code = 0};
    assert_int_equal(err_set_sys(&err, ERR_SYSTEM, ENOENT, "open %s", "x"), ERR_SYSTEM);
    assert_int_equal(err.sys, ENOENT);
    assert_string_equal(err.msg, "open x: No such file or directory");
}

static void wrapping_puts_the_outer_layer_first(void **state)
{
    (void)state;
    struct err err = {.code = 0};
    (void)err_set(&err, ERR_REFUSED, "connection refused");
    (void)err_wrap(&err, "redis");
    assert_int_equal(err_wrap(&err, "claim %s", "a1"), ERR_REFUSED);
    assert_string_equal(err.msg, "claim a1: redis: connection refused");
}

static void no_struct_is_fine(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_RESET, "x"), ERR_RESET);
    assert_int_equal(err_set_sys(NULL, ERR_RESET, EIO, "x"), ERR_RESET);
    assert_int_not_equal(err_wrap(NULL, "x"), 0);
    err_clear(NULL);
}

static void a_message_too_long_is_cut(void **state)
{
    (void)state;
    struct err err = {.code = 0};
    char text[2 * ERR_MSG_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)err_set(&err, ERR_BUG, "%s", text);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    (void)err_wrap(&err, "outer");
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    assert_memory_equal(err.msg, "outer: x", 8);
    (void)err_set_sys(&err, ERR_BUG, EIO, "%s", text);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
}

static void clearing_forgets_everything(void **state)
{
    (void)state;
    struct err err = {.code = 0};
    (void)err_set_sys(&err, ERR_SYSTEM, EIO, "x");
    err_clear(&err);
    assert_int_equal(err.code, 0);
    assert_int_equal(err.sys, 0);
    assert_string_equal(err.msg, "");
}

static void every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 1; i <= ERR_COUNT; i++) {
        assert_string_not_equal(err_name(-i), "none");
        for (int j = 1; j < i; j++) {
            assert_string_not_equal(err_name(-i), err_name(-j));
        }
    }
}

static void rows_are_found_by_code(void **state)
{
    (void)state;
    assert_string_equal(err_name(ERR_TIMEOUT), "timeout");
    assert_string_equal(err_name(ERR_NO_MEMORY), "no_memory");
    assert_string_equal(err_name(0), "none");
    assert_string_equal(err_name(-1 - ERR_COUNT), "none");
    assert_string_equal(err_name(7), "none");
    assert_int_equal(err_class_of(ERR_TIMEOUT), ERR_CLASS_TRANSIENT);
    assert_int_equal(err_class_of(ERR_INVALID), ERR_CLASS_CALLER);
    assert_int_equal(err_class_of(12345), ERR_CLASS_BUG);
    assert_int_equal(err_exit_status(0), 0);
    assert_int_equal(err_exit_status(ERR_INVALID), 2);
    assert_int_equal(err_exit_status(ERR_UNAVAILABLE), 3);
    assert_int_equal(err_exit_status(-12345), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_returns_the_code_and_keeps_the_message),
        cmocka_unit_test(a_system_error_adds_its_text),
        cmocka_unit_test(wrapping_puts_the_outer_layer_first),
        cmocka_unit_test(no_struct_is_fine),
        cmocka_unit_test(a_message_too_long_is_cut),
        cmocka_unit_test(clearing_forgets_everything),
        cmocka_unit_test(every_code_has_a_name_of_its_own),
        cmocka_unit_test(rows_are_found_by_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
