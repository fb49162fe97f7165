#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "lib/unit.h"
#include "wire/mpack.h"

enum {
    ROOM = 1 << 20
};

static void bytes_that_claim_gigabytes_are_refused_unread(void **state)
{
    (void)state;
    static const char *const elements[] = {
        "\xdd\x0f\xff\xff\xff", "\xdf\x7f\xff\xff\xff", "\xc6\xff\xff\xff\xff",
        "\xdb\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff",
    };
    for (size_t i = 0; i < N_ELEMENTS(elements); i++) {
        struct mpack *mpack = NULL;
        struct err err;
        assert_fails(mpack_read(slice_of(elements[i], 5), &mpack, &err), ERR_MALFORMED);
        assert_non_null(strstr(err.msg, "claims more"));
        assert_null(mpack);
    }
}

static int read_nested(size_t levels)
{
    uint8_t bytes[64];
    memset(bytes, 0x91, levels);
    bytes[levels] = 0xc0;
    struct mpack *mpack = NULL;
    int code = mpack_read(slice_of(bytes, levels + 1), &mpack, NULL);
    mpack_free(mpack);
    return code;
}

static void nesting_is_read_to_the_limit_and_not_beyond(void **state)
{
    (void)state;
    assert_int_equal(read_nested(NODE_DEPTH_MAX), 0);
    assert_int_equal(read_nested(NODE_DEPTH_MAX + 1), ERR_MALFORMED);
}

static void values_are_counted_to_the_limit_and_not_beyond(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, ROOM);
    for (uint32_t count = NODE_COUNT_MAX - 1; count <= NODE_COUNT_MAX; count++) {
        buf_clear(&bytes);
        assert_int_equal(mpack_put_array(&bytes, count), 0);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(mpack_put_null(&bytes), 0);
        }
        struct mpack *mpack = NULL;
        int code = mpack_read(buf_view(&bytes), &mpack, NULL);
        assert_int_equal(code, count < NODE_COUNT_MAX ? 0 : ERR_MALFORMED);
        mpack_free(mpack);
    }
    buf_done(&bytes);
}

/* One of every kind, written by hand and read back. */
static void put_sample(struct buf *dest)
{
    static const uint8_t ext[] = {0xd4, 0x05, 0x77};
    assert_int_equal(mpack_put_map(dest, 9), 0);
    for (uint8_t i = 0; i < 9; i++) {
        const char name[] = {'k', (char)('0' + i)};
        assert_int_equal(mpack_put_text(dest, slice_of(name, 2)), 0);
        if (i == 0) {
            assert_int_equal(mpack_put_null(dest), 0);
        } else if (i == 1) {
            assert_int_equal(mpack_put_bool(dest, true), 0);
        } else if (i == 2) {
            assert_int_equal(mpack_put_int(dest, INT64_MIN), 0);
        } else if (i == 3) {
            assert_int_equal(buf_append(dest, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9), 0);
        } else if (i == 4) {
            assert_int_equal(mpack_put_real(dest, 0.5), 0);
        } else if (i == 5) {
            assert_int_equal(mpack_put_text(dest, slice_text("text")), 0);
        } else if (i == 6) {
            assert_int_equal(mpack_put_bytes(dest, slice_of("\0\1", 2)), 0);
        } else if (i == 7) {
            assert_int_equal(buf_append(dest, ext, sizeof ext), 0);
        } else {
            assert_int_equal(mpack_put_array(dest, 1), 0);
            assert_int_equal(mpack_put_bool(dest, false), 0);
        }
    }
}

static void every_kind_of_value_is_seen_as_a_node(void **state)
{
    (void)state;
    static const char *const shown[] = {
        "null",          "true",     "-9223372036854775808", "18446744073709551615",
        "the float 0.5", "\"text\"", "bin of 2 bytes",       "ext of 1 bytes",
        "array of 1"};
    struct buf bytes;
    buf_init(&bytes, ROOM);
    put_sample(&bytes);
    struct mpack *mpack = NULL;
    struct err err;
    assert_ok(mpack_read(buf_view(&bytes), &mpack, &err), &err);
    struct node root = mpack_root(mpack);
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
    mpack_free(mpack);
    buf_done(&bytes);
}

static void a_node_is_written_as_it_was_read(void **state)
{
    (void)state;
    struct buf bytes;
    struct buf copy;
    buf_init(&bytes, ROOM);
    buf_init(&copy, ROOM);
    put_sample(&bytes);
    struct mpack *mpack = NULL;
    struct err err;
    assert_ok(mpack_read(buf_view(&bytes), &mpack, &err), &err);
    struct node root = mpack_root(mpack);
    assert_int_equal(mpack_put_node(&copy, &root), 0);
    assert_true(slice_equal(buf_view(&copy), buf_view(&bytes)));
    mpack_free(mpack);
    buf_done(&copy);
    buf_done(&bytes);
}

static void the_encoded_value_of_a_key_is_found(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, ROOM);
    put_sample(&bytes);
    struct slice value;
    assert_true(mpack_find_encoded(buf_view(&bytes), "k5", &value));
    assert_true(slice_equal(value, slice_of("\xa4text", 5)));
    assert_true(mpack_find_encoded(buf_view(&bytes), "k8", &value));
    assert_true(slice_equal(value, slice_of("\x91\xc2", 2)));
    assert_false(mpack_find_encoded(buf_view(&bytes), "k9", &value));
    buf_done(&bytes);
}

/* Every first byte, followed by nothing, by few and by enough bytes: the walk and msgpack-c must
 * agree on how long the value is. */
static void every_first_byte_is_measured_as_msgpack_c_does(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        uint8_t bytes[64] = {(uint8_t)first};
        size_t len = 0;
        int code = mpack_measure(slice_of(bytes, sizeof bytes), &len, NULL);
        assert_int_equal(code, first == 0xc1 ? ERR_MALFORMED : 0);
        if (code != 0) {
            continue;
        }
        struct mpack *mpack = NULL;
        assert_int_equal(mpack_read(slice_of(bytes, len), &mpack, NULL), 0);
        mpack_free(mpack);
        for (size_t part = 0; part < len; part++) {
            assert_fails(mpack_read(slice_of(bytes, part), &mpack, NULL), ERR_MALFORMED);
        }
    }
}

static void bytes_left_over_are_told(void **state)
{
    (void)state;
    struct mpack *mpack = NULL;
    struct err err;
    assert_fails(mpack_read(slice_of("\x80\x80\x80", 3), &mpack, &err), ERR_MALFORMED);
    assert_string_equal(err.msg, "2 bytes are left over behind the msgpack value");
}

static void want_of_memory_is_told(void **state)
{
    (void)state;
    struct mpack *mpack = NULL;
    mem_fail_after(1);
    assert_fails(mpack_read(slice_of("\x80", 1), &mpack, NULL), ERR_NO_MEMORY);
    mem_fail_after(0);
    struct buf dest;
    buf_init(&dest, 2);
    assert_int_equal(mpack_put_text(&dest, slice_text("long")), ERR_TOO_BIG);
    buf_done(&dest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_claim_gigabytes_are_refused_unread),
        cmocka_unit_test(nesting_is_read_to_the_limit_and_not_beyond),
        cmocka_unit_test(values_are_counted_to_the_limit_and_not_beyond),
        cmocka_unit_test(every_kind_of_value_is_seen_as_a_node),
        cmocka_unit_test(a_node_is_written_as_it_was_read),
        cmocka_unit_test(the_encoded_value_of_a_key_is_found),
        cmocka_unit_test(every_first_byte_is_measured_as_msgpack_c_does),
        cmocka_unit_test(bytes_left_over_are_told),
        cmocka_unit_test(want_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
