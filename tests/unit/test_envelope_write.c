#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lib/unit.h"
#include "retouch/retouch.h"
#include "wire/envelope.h"
#include "wire/envelope_write.h"

static const struct retouch_job plain = {.effect = "emoji", .image = "picture", .image_len = 7};

/* Writes the job and reads it as a worker does. */
static void round_trip(const struct retouch_job *job, struct envelope *envelope)
{
    struct buf bytes;
    struct err err = {.code = 0};
    buf_init(&bytes, ENVELOPE_BYTES_MAX);
    assert_ok(envelope_write(job, "job-1", &bytes, &err), &err);
    assert_int_equal(element_kind_of(buf_view(&bytes)), ELEMENT_ENVELOPE);
    envelope_init(envelope);
    assert_ok(envelope_decode(envelope, &bytes, &err), &err);
    buf_done(&bytes);
    assert_string_equal(envelope->id, "job-1");
}

static void the_worker_reads_what_was_written(void **state)
{
    (void)state;
    const struct retouch_param params[] = {
        {"size",       "one-inch"},
        {"clothes_id", "007"     }
    };
    struct retouch_job job = plain;
    struct envelope envelope;
    job.params = params;
    job.param_count = 2;
    job.out_request_id = "photo";
    job.not_before_ms = 5;
    job.deadline_ms = 1795253793375;
    job.max_attempts = 3;
    job.timeout_ms = 1000;
    job.result_ttl_ms = 60000;
    job.keep_url = 1;
    job.reply_to = "backend";
    job.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    round_trip(&job, &envelope);
    assert_int_equal(envelope.step_count, 1);
    assert_string_equal(envelope.steps[0].effect, "emoji");
    const struct value *clothes = params_find(&envelope.steps[0].params, "clothes_id");
    assert_non_null(clothes);
    assert_int_equal(clothes->kind, VALUE_TEXT);
    assert_true(slice_is(clothes->text, "007"));
    assert_int_equal(envelope.image_source, IMAGE_BYTES);
    assert_true(slice_is(envelope.image, "picture"));
    assert_string_equal(envelope.out_request_id, "photo");
    assert_int_equal(envelope.not_before_ms, 5);
    assert_int_equal(envelope.deadline_ms, 1795253793375);
    assert_int_equal(envelope.max_attempts, 3);
    assert_int_equal(envelope.timeout_ms, 1000);
    assert_int_equal(envelope.result_ttl_ms, 60000);
    assert_int_equal(envelope.store, STORE_URL);
    assert_string_equal(envelope.reply_to, "backend");
    assert_string_equal(envelope.traceparent, job.traceparent);
    envelope_done(&envelope);
}

static void a_recipe_keeps_its_order(void **state)
{
    (void)state;
    const struct retouch_param size = {"size", "passport"};
    const struct retouch_step steps[] = {
        {.effect = "idphoto.make", .params = &size, .param_count = 1},
        {.effect = "idphoto.beauty"       },
    };
    const struct retouch_job job = {.recipe = steps, .recipe_count = 2, .image_url = "https://h/p"};
    struct envelope envelope;
    round_trip(&job, &envelope);
    assert_true(envelope.is_recipe);
    assert_int_equal(envelope.step_count, 2);
    assert_string_equal(envelope.steps[1].effect, "idphoto.beauty");
    assert_int_equal(envelope.image_source, IMAGE_URL);
    assert_true(slice_is(envelope.image, "https://h/p"));
    envelope_done(&envelope);
}

static void json_meta_becomes_a_msgpack_map(void **state)
{
    (void)state;
    struct retouch_job job = plain;
    struct envelope envelope;
    job.meta_json = "{\"a\": [1, -1, null, true]}";
    round_trip(&job, &envelope);
    static const char expected[] = "\x81\xa1"
                                   "a\x94\x01\xff\xc0\xc3";
    assert_true(slice_equal(envelope.meta, slice_of(expected, sizeof expected - 1)));
    envelope_done(&envelope);
}

static void what_no_worker_would_take_is_refused_by_name(void **state)
{
    (void)state;
    static char meta[8192];
    memset(meta, 'x', sizeof meta - 1);
    memcpy(meta, "{\"a\":\"", 6);
    memcpy(meta + sizeof meta - 3, "\"}", 2);
    const struct retouch_step nameless[] = {{.effect = "idphoto.make"}, {.effect = NULL}};

    const struct {
        const char *id;
        const char *said;
        struct retouch_job job;
    } cases[] = {
        {"-", "id",           plain                                                                   },
        {"",  "id",           plain                                                                   },
        {"j", "effect",       {.image = "x", .image_len = 1}                                          },
        {"j", "recipe",       {.effect = "e", .recipe = nameless, .recipe_count = 1, .image_url = "u"}},
        {"j", "number 2",     {.recipe = nameless, .recipe_count = 2, .image_url = "u"}               },
        {"j", "image",        {.effect = "e"}                                                         },
        {"j", "image",        {.effect = "e", .image = ""}                                            },
        {"j", "image",        {.effect = "e", .image_url = "u", .image_key = "k"}                     },
        {"j", "reply_to",     {.effect = "e", .image_url = "u", .reply_to = "a b"}                    },
        {"j", "meta",         {.effect = "e", .image_url = "u", .meta_json = "[1]"}                   },
        {"j", "meta",         {.effect = "e", .image_url = "u", .meta_json = "{"}                     },
        {"j", "meta",         {.effect = "e", .image_url = "u", .meta_json = meta}                    },
        {"j", "max_attempts", {.effect = "e", .image_url = "u", .max_attempts = 101}                  },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf bytes;
        struct err err = {.code = 0};
        buf_init(&bytes, ENVELOPE_BYTES_MAX);
        assert_fails(envelope_write(&cases[i].job, cases[i].id, &bytes, &err), ERR_INVALID);
        if (strstr(err.msg, cases[i].said) == NULL) {
            fail_msg("case %zu: \"%s\" does not name %s", i, err.msg, cases[i].said);
        }
        buf_done(&bytes);
    }
}

static void an_image_beyond_the_limit_is_too_big(void **state)
{
    (void)state;
    struct buf bytes;
    struct retouch_job job = plain;
    job.image_len = ENVELOPE_BYTES_MAX; /* not looked at: the size is enough */
    buf_init(&bytes, ENVELOPE_BYTES_MAX);
    assert_fails(envelope_write(&job, "j", &bytes, NULL), ERR_TOO_BIG);
    assert_null(bytes.ptr);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct retouch_job job = plain;
    job.meta_json = "{\"a\": 1}";
    int code = ERR_NO_MEMORY;
    unsigned n = 0;
    while (code != 0) {
        struct buf bytes;
        buf_init(&bytes, ENVELOPE_BYTES_MAX);
        mem_fail_after(++n);
        code = envelope_write(&job, "j", &bytes, NULL);
        mem_fail_after(0);
        buf_done(&bytes);
        assert_true(code == 0 || code == ERR_NO_MEMORY);
    }
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worker_reads_what_was_written),
        cmocka_unit_test(a_recipe_keeps_its_order),
        cmocka_unit_test(json_meta_becomes_a_msgpack_map),
        cmocka_unit_test(what_no_worker_would_take_is_refused_by_name),
        cmocka_unit_test(an_image_beyond_the_limit_is_too_big),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
