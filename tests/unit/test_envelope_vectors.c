/* The vectors of include/PROTOCOL.md: every element has the verdict that the index states. */
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "base/check.h"
#include "lib/data.h"
#include "lib/unit.h"
#include "wire/envelope.h"
#include "wire/json.h"

enum {
    FILE_MAX = 1 << 20,
    TEXT_MAX = 1024
};

/* The index and what all cases share. */
static struct index {
    struct buf text;
    struct buf image;
    struct json *json;
    yyjson_val *rows;
} vectors;

static const char *column(yyjson_val *row, const char *name)
{
    const char *text = yyjson_get_str(yyjson_obj_get(row, name));
    return text != NULL ? text : "";
}

static void element_read(yyjson_val *row, struct buf *element)
{
    char path[TEXT_MAX];
    (void)snprintf(path, sizeof path, "vectors/%s", column(row, "file"));
    data_read(path, FILE_MAX, element);
}

static bool is_envelope(yyjson_val *row)
{
    return strcmp(column(row, "element"), "envelope") == 0;
}

/* A vector that the catalogue refuses decodes well. */
static int code_wanted(yyjson_val *row)
{
    const char *verdict = column(row, "verdict");
    if (strcmp(verdict, "rejected") == 0) {
        return ERR_MALFORMED;
    }
    bool is_dead = strcmp(verdict, "dead") == 0 && strcmp(column(row, "stage"), "decode") == 0;
    return is_dead ? ERR_INVALID : 0;
}

static void check_effects(const struct envelope *envelope, const char *wanted)
{
    char joined[ENVELOPE_STEPS_MAX * (ENVELOPE_NAME_MAX + 1)] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < envelope->step_count; i++) {
        int len = snprintf(joined + used, sizeof joined - used, "%s%s", i > 0 ? "+" : "",
                           envelope->steps[i].effect);
        used += (size_t)len;
    }
    assert_string_equal(joined, wanted);
}

static void check_image_source(const struct envelope *envelope, const char *wanted)
{
    static const char *const names[] = {
        [IMAGE_NONE] = "none", [IMAGE_BYTES] = "bytes", [IMAGE_URL] = "url", [IMAGE_KEY] = "key"};
    assert_string_equal(names[envelope->image_source], wanted);
    if (envelope->image_source == IMAGE_BYTES) {
        assert_true(slice_equal(envelope->image, buf_view(&vectors.image)));
    }
}

static void check_number(int64_t got, yyjson_val *wanted)
{
    if (wanted != NULL) {
        assert_int_equal(got, yyjson_get_sint(wanted));
    }
}

static void check_text(const char *got, yyjson_val *wanted)
{
    if (wanted != NULL) {
        assert_string_equal(got, yyjson_get_str(wanted));
    }
}

/* Only what the row lists is compared; what it lists and this does not know is a failure. */
static uint32_t check_numbers(const struct envelope *envelope, yyjson_val *expect)
{
    const struct {
        const char *name;
        int64_t got;
    } rows[] = {
        {"params",        envelope->steps[0].params.count},
        {"not_before_ms", envelope->not_before_ms        },
        {"deadline_ms",   envelope->deadline_ms          },
        {"max_attempts",  envelope->max_attempts         },
        {"timeout_ms",    envelope->timeout_ms           },
        {"result_ttl_ms", envelope->result_ttl_ms        },
        {"meta_bytes",    (int64_t)envelope->meta.len    },
    };

    uint32_t known = 0;
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        yyjson_val *wanted = yyjson_obj_get(expect, rows[i].name);
        known += wanted != NULL;
        check_number(rows[i].got, wanted);
    }
    return known;
}

static uint32_t check_texts(const struct envelope *envelope, yyjson_val *expect)
{
    char image[ENVELOPE_URL_MAX + 1] = "";
    if (envelope->image_source == IMAGE_URL || envelope->image_source == IMAGE_KEY) {
        (void)snprintf(image, sizeof image, "%.*s", SLICE_ARG(envelope->image));
    }

    const struct {
        const char *name;
        const char *got;
    } rows[] = {
        {"out_request_id", envelope->out_request_id                      },
        {"generate_id",    envelope->generate_id                         },
        {"reply_to",       envelope->reply_to                            },
        {"traceparent",    envelope->traceparent                         },
        {"store",          envelope->store == STORE_URL ? "url" : "bytes"},
        {"image_text",     image                                         },
    };

    uint32_t known = 0;
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        yyjson_val *wanted = yyjson_obj_get(expect, rows[i].name);
        known += wanted != NULL;
        check_text(rows[i].got, wanted);
    }
    return known;
}

static void check_ok(const struct envelope *envelope, yyjson_val *row)
{
    yyjson_val *expect = yyjson_obj_get(row, "expect");
    uint32_t known = 0;
    assert_string_equal(envelope->id, column(row, "id"));
    if (expect == NULL) {
        return;
    }
    if (yyjson_obj_get(expect, "effects") != NULL) {
        check_effects(envelope, column(expect, "effects"));
        known++;
    }
    if (yyjson_obj_get(expect, "image_source") != NULL) {
        check_image_source(envelope, column(expect, "image_source"));
        known++;
    }
    known += check_numbers(envelope, expect) + check_texts(envelope, expect);
    assert_int_equal(known, yyjson_obj_size(expect));
}

static void check_message(const struct err *err, yyjson_val *row)
{
    assert_non_null(strstr(err->msg, column(row, "field")));
    assert_non_null(strstr(err->msg, column(row, "reason")));
    assert_true(strlen(err->msg) > 8);
}

static void each_element_gets_the_verdict_of_the_index(void **state)
{
    (void)state;
    size_t index;
    size_t max;
    yyjson_val *row;
    size_t envelopes = 0;
    yyjson_arr_foreach(vectors.rows, index, max, row)
    {
        if (!is_envelope(row)) {
            continue;
        }
        struct buf element;
        element_read(row, &element);
        struct envelope envelope;
        struct err err = {.code = 0};
        envelope_init(&envelope);
        int code = envelope_decode(&envelope, &element, &err);
        print_message("%s: %s %s\n", column(row, "name"), err_name(code), err.msg);
        assert_int_equal(code, code_wanted(row));
        if (code == 0) {
            check_ok(&envelope, row);
        } else {
            assert_int_equal(err.code, code);
            check_message(&err, row);
        }
        if (code == ERR_INVALID) {
            assert_string_equal(envelope.id, column(row, "id"));
        }
        envelope_done(&envelope);
        envelopes++;
    }
    assert_true(envelopes > 150);
}

static void the_first_byte_tells_envelopes_ids_and_junk(void **state)
{
    (void)state;
    static const char *const names[] = {
        [ELEMENT_ENVELOPE] = "envelope", [ELEMENT_ID] = "id", [ELEMENT_JUNK] = "junk"};
    size_t index;
    size_t max;
    yyjson_val *row;
    yyjson_arr_foreach(vectors.rows, index, max, row)
    {
        struct buf element;
        element_read(row, &element);
        assert_string_equal(names[element_kind_of(buf_view(&element))], column(row, "element"));
        buf_done(&element);
    }
}

/* Every shorter element is no job: the vectors' valid ones, cut at each byte. */
static void a_cut_envelope_is_never_a_job(void **state)
{
    (void)state;
    size_t index;
    size_t max;
    yyjson_val *row;
    yyjson_arr_foreach(vectors.rows, index, max, row)
    {
        if (!is_envelope(row) || code_wanted(row) != 0) {
            continue;
        }
        struct buf whole;
        element_read(row, &whole);
        size_t step = 1 + whole.len / 500;
        for (size_t len = 0; len + 1 < whole.len; len += step) {
            struct buf part;
            buf_init(&part, FILE_MAX);
            assert_int_equal(buf_append(&part, whole.ptr, len), 0);
            struct envelope envelope;
            envelope_init(&envelope);
            assert_int_equal(envelope_decode(&envelope, &part, NULL), ERR_MALFORMED);
            envelope_done(&envelope);
        }
        buf_done(&whole);
    }
}

static int on_setup(void **state)
{
    (void)state;
    struct err err;
    data_read("vectors/image.png", FILE_MAX, &vectors.image);
    data_read("vectors/index.json", FILE_MAX, &vectors.text);
    assert_ok(json_read(&vectors.text, &vectors.json, &err), &err);
    vectors.rows = yyjson_obj_get(json_root_value(vectors.json), "vectors");
    assert_true(yyjson_arr_size(vectors.rows) > 200);
    return 0;
}

static int on_teardown(void **state)
{
    (void)state;
    json_free(vectors.json);
    buf_done(&vectors.text);
    buf_done(&vectors.image);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_element_gets_the_verdict_of_the_index),
        cmocka_unit_test(the_first_byte_tells_envelopes_ids_and_junk),
        cmocka_unit_test(a_cut_envelope_is_never_a_job),
    };
    return cmocka_run_group_tests(tests, on_setup, on_teardown);
}
