/* What the vectors do not tell: ownership, what is kept of a job that is refused, want of memory.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "lib/unit.h"
#include "wire/envelope.h"

enum {
    ROOM = 1 << 16
};

static const char whole[] =
    "{\"id\":\"a1\",\"recipe\":[{\"effect\":\"idphoto.make\",\"params\":{\"size\":\"one-inch\","
    "\"n\":7,\"r\":0.5,\"b\":true}},{\"effect\":\"idphoto.clothes\",\"params\":{\"clothes_id\":"
    "\"c-3\"}}],\"image\":{\"data\":\"data:image/jpeg;base64,Zm9vYmFy\"},\"meta\":{\"user\":[1,"
    "null]},\"reply_to\":\"backend\",\"result_ttl_ms\":5000,\"traceparent\":\"00-1\"}";

static int decode(const char *text, struct envelope *envelope, struct err *err)
{
    struct buf element;
    buf_init(&element, ROOM);
    assert_int_equal(buf_append_text(&element, text), 0);
    envelope_init(envelope);
    int code = envelope_decode(envelope, &element, err);
    assert_null(element.ptr);
    return code;
}

static void the_image_is_decoded_within_the_element(void **state)
{
    (void)state;
    struct envelope envelope;
    struct err err;
    assert_ok(decode(whole, &envelope, &err), &err);
    assert_int_equal(envelope.image_source, IMAGE_BYTES);
    assert_true(slice_is(envelope.image, "foobar"));
    assert_true(envelope.image.ptr > envelope.element.ptr);
    assert_true(envelope.image.ptr < envelope.element.ptr + envelope.element.len);
    envelope_done(&envelope);
}

static void parameters_and_meta_outlive_the_image(void **state)
{
    (void)state;
    struct envelope envelope;
    struct err err;
    assert_ok(decode(whole, &envelope, &err), &err);
    envelope_drop_image(&envelope);
    assert_int_equal(envelope.image.len, 0);
    assert_null(envelope.element.ptr);
    assert_true(envelope.is_recipe);
    assert_int_equal(envelope.step_count, 2);
    const struct params *make = &envelope.steps[0].params;
    assert_true(slice_is(params_find(make, "size")->text, "one-inch"));
    assert_int_equal(params_find(make, "n")->integer, 7);
    assert_true(params_find(make, "r")->real > 0.4);
    assert_true(params_find(make, "b")->truth);
    assert_null(params_find(make, "clothes_id"));
    assert_true(slice_is(params_find(&envelope.steps[1].params, "clothes_id")->text, "c-3"));
    assert_true(slice_equal(envelope.meta, slice_of("\x81\xa4user\x92\x01\xc0", 9)));
    envelope_done(&envelope);
}

static void meta_of_msgpack_keeps_its_very_bytes(void **state)
{
    (void)state;
    /* {"id":"a","effect":"e","generate_id":"g","meta":{1: 7 in four bytes}} */
    static const uint8_t bytes[] = "\x84\xa2id\xa1"
                                   "a\xa6"
                                   "effect\xa1"
                                   "e\xabgenerate_id\xa1g\xa4meta\x81\x01\xce\0\0\0\x07";
    struct buf element;
    struct envelope envelope;
    struct err err;
    buf_init(&element, ROOM);
    assert_int_equal(buf_append(&element, bytes, sizeof bytes - 1), 0);
    envelope_init(&envelope);
    assert_ok(envelope_decode(&envelope, &element, &err), &err);
    envelope_drop_image(&envelope);
    assert_true(slice_equal(envelope.meta, slice_of("\x81\x01\xce\0\0\0\x07", 7)));
    envelope_done(&envelope);
}

static size_t id_place(const char *text)
{
    struct envelope envelope;
    struct err err = {0};
    envelope_init(&envelope);
    assert_int_equal(decode(text, &envelope, &err), 0);
    assert_string_equal(envelope.id, "j-7");
    size_t at = envelope.id_at;
    envelope_done(&envelope);
    return at;
}

static void an_id_is_found_again_in_the_element_unless_it_was_spelled_with_escapes(void **state)
{
    (void)state;
    assert_int_equal(id_place("{\"id\":\"j-7\",\"effect\":\"emoji\",\"image\":\"AAAA\"}"), 8);
    assert_int_equal(id_place("{\"effect\":\"emoji\",\"image\":\"AAAA\",\"id\": \"j-7\" }"), 41);
    assert_int_equal(id_place("{\"id\":\"j-\\u0037\",\"effect\":\"emoji\",\"image\":\"AAAA\"}"), 0);
    assert_int_equal(id_place("{\"effect\":\"emoji\",\"image\":\"AAAA\",\"id\":\"\\u006a-7\"}"), 0);
}

static void a_refused_job_still_says_whom_to_tell(void **state)
{
    (void)state;
    struct envelope envelope;
    struct err err;
    assert_fails(decode("{\"max_attempts\":0,\"effekt\":\"emoji\",\"id\":\"a1\",\"reply_to\":\"b\","
                        "\"result_ttl_ms\":9,\"traceparent\":\"t\",\"meta\":{},\"image\":7}",
                        &envelope, &err),
                 ERR_INVALID);
    assert_string_equal(err.msg, "\"effekt\": no field has this name; the nearest is effect");
    assert_string_equal(envelope.id, "a1");
    assert_string_equal(envelope.reply_to, "b");
    assert_string_equal(envelope.traceparent, "t");
    assert_int_equal(envelope.result_ttl_ms, 9);
    assert_int_equal(envelope.meta.len, 1);
    envelope_done(&envelope);
}

static void the_place_within_a_recipe_is_named(void **state)
{
    (void)state;
    struct envelope envelope;
    struct err err;
    assert_fails(decode("{\"id\":\"a1\",\"generate_id\":\"g\",\"recipe\":[{\"effect\":\"a\"},"
                        "{\"effect\":\"b\",\"params\":{\"size\":[1]}}]}",
                        &envelope, &err),
                 ERR_INVALID);
    assert_string_equal(err.msg,
                        "recipe[1].params: \"size\": array of 1 given, str (UTF-8), int (64 bits), "
                        "float or bool allowed");
    envelope_done(&envelope);
}

static void a_message_never_shows_the_image(void **state)
{
    (void)state;
    struct envelope envelope;
    struct err err;
    assert_fails(
        decode("{\"id\":\"a1\",\"effect\":\"e\",\"image\":\"c2VjcmV0*\"}", &envelope, &err),
        ERR_INVALID);
    assert_null(strstr(err.msg, "c2Vj"));
    envelope_done(&envelope);
}

static void an_element_over_64_mib_is_no_job(void **state)
{
    (void)state;
    struct buf element;
    struct envelope envelope;
    struct err err;
    buf_init(&element, ENVELOPE_BYTES_MAX + 1);
    uint8_t *bytes = mem_zalloc(1, ENVELOPE_BYTES_MAX + 1);
    assert_non_null(bytes);
    bytes[0] = '{';
    buf_adopt(&element, bytes, ENVELOPE_BYTES_MAX + 1);
    envelope_init(&envelope);
    assert_fails(envelope_decode(&envelope, &element, &err), ERR_MALFORMED);
    assert_non_null(strstr(err.msg, "67108864"));
    envelope_done(&envelope);
}

static void every_failing_allocation_is_no_memory_and_leaks_nothing(void **state)
{
    (void)state;
    unsigned failures = 0;
    for (unsigned n = 1; n < 20; n++) {
        struct buf element;
        struct envelope envelope;
        struct err err = {.code = 0};
        buf_init(&element, ROOM);
        assert_int_equal(buf_append_text(&element, whole), 0);
        envelope_init(&envelope);
        mem_fail_after(n);
        int code = envelope_decode(&envelope, &element, &err);
        mem_fail_after(0);
        assert_true(code == 0 || code == ERR_NO_MEMORY);
        assert_int_equal(err.code, code);
        failures += code != 0;
        envelope_done(&envelope);
    }
    assert_in_range(failures, 5, 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_image_is_decoded_within_the_element),
        cmocka_unit_test(parameters_and_meta_outlive_the_image),
        cmocka_unit_test(meta_of_msgpack_keeps_its_very_bytes),
        cmocka_unit_test(an_id_is_found_again_in_the_element_unless_it_was_spelled_with_escapes),
        cmocka_unit_test(a_refused_job_still_says_whom_to_tell),
        cmocka_unit_test(the_place_within_a_recipe_is_named),
        cmocka_unit_test(a_message_never_shows_the_image),
        cmocka_unit_test(an_element_over_64_mib_is_no_job),
        cmocka_unit_test(every_failing_allocation_is_no_memory_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
