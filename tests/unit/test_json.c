#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "lib/unit.h"
#include "wire/json.h"

enum {
    ROOM = 1 << 21
};

static int read_text(const char *text, struct buf *bytes, struct json **ret_json, struct err *err)
{
    buf_init(bytes, ROOM);
    assert_int_equal(buf_append_text(bytes, text), 0);
    return json_read(bytes, ret_json, err);
}

static void every_kind_of_value_is_seen_as_a_node(void **state)
{
    (void)state;
    static const char *const shown[] = {"null",
                                        "false",
                                        "-7",
                                        "9223372036854775807",
                                        "18446744073709551615",
                                        "the float 1e+30",
                                        "\"\xe4\xb8\xad\\n\"",
                                        "array of 2",
                                        "map of 1"};
    struct buf bytes;
    struct json *json = NULL;
    struct err err;
    assert_ok(read_text("[null,false,-7,9223372036854775807,18446744073709551615,1e30,"
                        "\"\\u4e2d\\n\",[1,[2]],{\"a\":{}}]",
                        &bytes, &json, &err),
              &err);
    struct node root = json_root(json);
    struct node_iter iter;
    struct node key;
    struct node value;
    node_iter_init(&iter, &root);
    for (size_t i = 0; i < N_ELEMENTS(shown); i++) {
        char text[NODE_SHOWN_MAX];
        assert_true(node_iter_next(&iter, &key, &value));
        assert_string_equal(node_show(&value, text), shown[i]);
    }
    assert_false(node_iter_next(&iter, &key, &value));
    json_free(json);
    buf_done(&bytes);
}

static void pointers_find_what_is_there(void **state)
{
    (void)state;
    struct buf bytes;
    struct json *json = NULL;
    struct node node;
    struct err err;
    assert_ok(read_text("{\"a\":{\"b/c\":[1,{\"d\":2}]},\"e\":3}", &bytes, &json, &err), &err);
    assert_true(json_find(json, "/a/b~1c/1/d", &node));
    assert_int_equal(node.integer, 2);
    assert_true(json_find(json, "", &node));
    assert_int_equal(node.kind, NODE_MAP);
    assert_false(json_find(json, "/a/b", &node));
    assert_false(json_find(json, "/a/b~1c/2", &node));
    assert_false(json_find(json, "a", &node));
    json_free(json);
    buf_done(&bytes);
}

static int read_nested(size_t levels)
{
    struct buf bytes;
    struct json *json = NULL;
    buf_init(&bytes, ROOM);
    for (size_t i = 0; i < levels; i++) {
        assert_int_equal(buf_append_text(&bytes, i % 2 == 0 ? "[" : "{\"a\":"), 0);
    }
    assert_int_equal(buf_append_text(&bytes, "0"), 0);
    for (size_t i = levels; i > 0; i--) {
        assert_int_equal(buf_append_text(&bytes, i % 2 == 1 ? "]" : "}"), 0);
    }
    int code = json_read(&bytes, &json, NULL);
    json_free(json);
    buf_done(&bytes);
    return code;
}

static void nesting_is_read_to_the_limit_and_not_beyond(void **state)
{
    (void)state;
    assert_int_equal(read_nested(NODE_DEPTH_MAX), 0);
    assert_int_equal(read_nested(NODE_DEPTH_MAX + 1), ERR_MALFORMED);
    assert_int_equal(read_nested(20000), ERR_MALFORMED);
}

static int read_repeated(const char *unit, size_t count)
{
    struct buf bytes;
    struct json *json = NULL;
    buf_init(&bytes, ROOM);
    assert_int_equal(buf_append_text(&bytes, "[0"), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(buf_append_text(&bytes, unit), 0);
    }
    assert_int_equal(buf_append_text(&bytes, "]"), 0);
    int code = json_read(&bytes, &json, NULL);
    json_free(json);
    buf_done(&bytes);
    return code;
}

static void values_are_counted_before_memory_is_reserved(void **state)
{
    (void)state;
    assert_int_equal(read_repeated(",0", NODE_COUNT_MAX - 2), 0);
    mem_fail_after(1000); /* the buffer's own growth takes far fewer */
    assert_int_equal(read_repeated(",0", NODE_COUNT_MAX), ERR_MALFORMED);
    mem_fail_after(0);
    assert_int_equal(read_repeated(",[]", NODE_COUNT_MAX), ERR_MALFORMED);
}

static void what_rfc_8259_forbids_is_malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",          " ",           "{",       "{}x",     "{'a':1}",
        "[1,]",      "[NaN]",       "[01]",    "[1.]",    "\"\x01\"",
        "\"\xff\"",  "\"\\ud800\"", "//c\n{}", "[1e999]", "\xef\xbb\xbf{}",
        "{\"a\" 1}", "[\"a]",       "tru",
    };
    for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
        struct buf bytes;
        struct json *json = NULL;
        struct err err = {.code = 0};
        assert_fails(read_text(texts[i], &bytes, &json, &err), ERR_MALFORMED);
        assert_int_equal(err.code, ERR_MALFORMED);
        buf_done(&bytes);
    }
}

static void every_failing_allocation_is_no_memory(void **state)
{
    (void)state;
    for (unsigned n = 2; n < 5; n++) {
        struct buf bytes;
        struct json *json = NULL;
        buf_init(&bytes, ROOM);
        assert_int_equal(buf_append_text(&bytes, "{\"a\":[1,2,3]}"), 0);
        mem_fail_after(n - 1);
        int code = json_read(&bytes, &json, NULL);
        mem_fail_after(0);
        assert_true(code == ERR_NO_MEMORY || (code == 0 && n > 3));
        json_free(json);
        buf_done(&bytes);
    }
}

static void padding_that_does_not_fit_is_too_big(void **state)
{
    (void)state;
    struct buf bytes;
    struct json *json = NULL;
    buf_init(&bytes, 4);
    assert_int_equal(buf_append_text(&bytes, "{}"), 0);
    assert_fails(json_read(&bytes, &json, NULL), ERR_TOO_BIG);
    buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_seen_as_a_node),
        cmocka_unit_test(pointers_find_what_is_there),
        cmocka_unit_test(nesting_is_read_to_the_limit_and_not_beyond),
        cmocka_unit_test(values_are_counted_before_memory_is_reserved),
        cmocka_unit_test(what_rfc_8259_forbids_is_malformed),
        cmocka_unit_test(every_failing_allocation_is_no_memory),
        cmocka_unit_test(padding_that_does_not_fit_is_too_big),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
