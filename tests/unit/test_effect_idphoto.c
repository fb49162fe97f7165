/* The ID-photo effects as shipped, and as another contract would have them: parameters as users
 * write them, request bytes, and the reading of answers. */
#include <stdlib.h>

#include "base/mem.h"
#include "lib/plan_bed.h"
#include "wire/api_request.h"

static int open_catalogue(void **state, const char *dir)
{
    struct plan_bed *bed = mem_zalloc(1, sizeof *bed);
    struct err err = {.code = 0};
    char path[512] = "";
    plan_bed_open(bed);
    if (dir[0] != '\0') {
        (void)snprintf(path, sizeof path, "%s/%s", getenv("RETOUCH_SOURCE"), dir);
        assert_ok(catalogue_load(&bed->catalogue, path, &err), &err);
    }
    *state = bed;
    return 0;
}

static int set_up(void **state)
{
    return open_catalogue(state, "");
}

static int set_up_renamed(void **state)
{
    return open_catalogue(state, "tests/data/effects-renamed");
}

static int tear_down(void **state)
{
    plan_bed_close(*state);
    mem_free(*state);
    return 0;
}

static int check_params(struct plan_bed *bed, const char *step, struct params *ret, struct err *err)
{
    plan_bed_recipe(bed, step);
    const struct effect *effect = catalogue_find(&bed->catalogue, bed->steps[0].effect);
    assert_non_null(effect);
    return effect_check_params(effect, &bed->steps[0].params, ret, err);
}

static void assert_canonical(struct plan_bed *bed, const char *step, const char *wanted)
{
    struct params params;
    struct err err = {.code = 0};
    struct buf text;
    buf_init(&text, 1024);
    assert_ok(check_params(bed, step, &params, &err), &err);
    const struct effect *effect = catalogue_find(&bed->catalogue, bed->steps[0].effect);
    assert_ok(effect_params_canonical(effect, &params, &text), &err);
    assert_string_equal(buf_cstr(&text), wanted);
    buf_done(&text);
}

static void equal_meanings_are_one_text(void **state)
{
    static const struct {
        const char *text;
        const char *spellings[5];
    } cases[] = {
        {"{\"height\":413,\"width\":295}",
         {"make size=one-inch", "make width=295 height=413", "make height=0413 width=295",
          "make size=295x413", "make size=one-inch check_id=k"}                                                                                                   },
        {"{\"height\":378,\"width\":260}",                                                       {"make size=small-one-inch"}                                     },
        {"{\"height\":579,\"width\":413}",                                                       {"make size=two-inch"}                                           },
        {"{\"height\":567,\"width\":390}",                                                       {"make size=passport"}                                           },
        {"{\"height\":441,\"width\":358}",                                                       {"make size=identity-card"}                                      },
        {"{\"height\":600,\"width\":600}",                                                       {"make size=us-visa"}                                            },
        {"{\"background\":\"#438EDB\"}",
         {"background background=blue", "background background=#438EDB",
          "background background=#438edb", "background background=Blue"}                                                                                          },
        {"{\"background\":\"#FFFFFF\"}",                                                         {"background background=white"}                                  },
        {"{\"background\":\"#FF0000\"}",                                                         {"background background=red"}                                    },
        {"{\"background\":\"#FF0000\",\"gradient_mode\":1}",
         {"background background=red gradient_mode=top-down",
          "background background=red gradient_mode=1 gradient_end=white",
          "background background=red gradient_mode=1 gradient_end=WHITE",
          "background background=red gradient_mode=1 gradient_end=#ffFFff",
          "background background=red gradient_mode=1 gradient_end=ffffff"}                                                                                        },
        {"{\"background\":\"#FF0000\",\"gradient_mode\":2}",
         {"background gradient_mode=outside-in background=red"}                                                                                                   },
        {"{\"background\":\"#FF0000\",\"gradient_mode\":3}",
         {"background gradient_mode=inside-out background=red"}                                                                                                   },
        {"{\"height\":1,\"layout_watermark_id\":\"w2\",\"watermark_id\":\"w1\",\"width\":4096}",
         {"make width=4096 height=1 watermark_id=w1 layout_watermark_id=w2"}                                                                                      },
        {"{\"strength\":100}",                                                                   {"beauty strength=100", "skin strength=100", "eyes strength=100"}},
        {"{}",                                                                                   {"symmetry", "expression", "glasses", "shading", "check"}        },
        {"{\"makeup_id\":\"m\"}",                                                                {"makeup makeup_id=m"}                                           },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        for (size_t k = 0; k < 5 && cases[i].spellings[k] != NULL; k++) {
            assert_canonical(*state, cases[i].spellings[k], cases[i].text);
        }
    }
}

static void what_is_not_allowed_is_told(void **state)
{
    static const struct {
        const char *step, *message;
    } cases[] = {
        {"make size=one-inch width=295",
         "idphoto.make: size and width exclude each other: give one of them"                                                                       },
        {"make size=one-inch height=413 width=295",
         "idphoto.make: size and width exclude each other: give one of them"                                                                       },
        {"make width=295",                                                 "idphoto.make needs either size (one-inch, small-one-inch, two-inch, "
                           "passport, identity-card, us-visa) or both width and height"                                  },
        {"make size=a4",                                                   "size: \"a4\" is not allowed; allowed: one-inch, small-one-inch, "
                         "two-inch, passport, identity-card, us-visa"                                                      },
        {"make width=0 height=413",
         "idphoto.make: width: \"0\" is not allowed; allowed: a whole number from 1 to 4096"                                                       },
        {"make width=295 height=4097",
         "idphoto.make: height: \"4097\" is not allowed; allowed: a whole number from 1 to 4096"                                                   },
        {"background",                                                     "idphoto.background needs the parameter background: #RRGGBB, white, blue, "
                       "red"                                                                                                 },
        {"background background=green",                                    "idphoto.background: background: \"green\" is not allowed; "
                                        "allowed: #RRGGBB, white, blue, red"                                },
        {"background background=red gradient_mode=4",
         "idphoto.background: gradient_mode: \"4\" is not allowed; allowed: a whole number from 1 "
         "to 3, top-down, outside-in, inside-out"                                                                                                  },
        {"background background=red gradient_mode=1 gradient_end=black",
         "idphoto.background: gradient_end: \"black\" is not allowed: the end colour of a gradient "
         "is always white"                                                                                                                         },
        {"background background=red gradient_mode=1 gradient_end=#FFFFFE",
         "idphoto.background: gradient_end: \"#FFFFFE\" is not allowed: the end colour of a "
         "gradient is always white"                                                                                                                },
        {"background background=red gradient_end=white",
         "idphoto.background: gradient_end needs gradient_mode beside it"                                                                          },
        {"make size=one-inch gradient_mode=1",
         "idphoto.make: gradient_mode needs background beside it"                                                                                  },
        {"clothes",                                                        "idphoto.clothes needs the parameter clothes_id: text of 1 to 128 bytes"},
        {"hair",                                                           "idphoto.hair needs the parameter hair_id: text of 1 to 128 bytes"      },
        {"makeup",                                                         "idphoto.makeup needs the parameter makeup_id: text of 1 to 128 bytes"  },
        {"beauty strength=101",                                            "idphoto.beauty: strength: \"101\" is not allowed; allowed: a "
                                "whole number from 0 to 100"                                                        },
        {"check strength=1",                                               "idphoto.check has no parameter \"strength\"; allowed: none"            },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct params params;
        struct err err = {.code = 0};
        assert_fails(check_params(*state, cases[i].step, &params, &err), ERR_INVALID);
        if (strstr(err.msg, cases[i].message) == NULL) {
            fail_msg("wanted \"%s\", got \"%s\"", cases[i].message, err.msg);
        }
    }
}

static void people_see_parameters_as_words(void **state)
{
    struct params params;
    struct err err = {.code = 0};
    char text[128];
    struct plan_bed *bed = *state;
    assert_ok(check_params(bed, "make size=one-inch background=blue watermark_id=w", &params, &err),
              &err);
    const struct effect *make = catalogue_find(&bed->catalogue, "idphoto.make");
    assert_string_equal(effect_params_show(make, &params, text, sizeof text),
                        "width=295 height=413 background=#438EDB watermark_id=w");
    assert_string_equal(effect_params_show(make, &params, text, 12), "width=295 h");
}

/* The call's bytes after the path, as "PATH BODY". */
static void
assert_request(struct plan_bed *bed, const char *step, struct api_call *call, const char *wanted)
{
    struct params params;
    struct err err = {.code = 0};
    struct api_request request;
    char bytes[1024];
    char told[1200];
    assert_ok(check_params(bed, step, &params, &err), &err);
    call->effect = catalogue_find(&bed->catalogue, bed->steps[0].effect);
    call->params = &params;
    call->base_url = "http://a";
    call->access_key = "k";
    call->secret_key = "s";
    call->out_request_id = "u-1";
    api_request_init(&request);
    assert_ok(api_request_write(&request, call, &err), &err);
    size_t len = body_read(&request.body, (uint8_t *)bytes, sizeof bytes - 1);
    bytes[len] = '\0';
    const char *path = (const char *)request.url.ptr + strlen("http://a");
    (void)snprintf(told, sizeof told, "%.*s %s", (int)strcspn(path, "?"), path, bytes);
    assert_string_equal(told, wanted);
    api_request_done(&request);
}

static void requests_have_the_assumed_shape(void **state)
{
    struct api_call by_url = {.image_url = slice_text("https://h/p.jpg")};
    struct api_call by_id = {.generate_id = "g-17"};
    assert_request(*state, "make size=one-inch background=blue gradient_mode=1 gradient_end=white",
                   &by_url,
                   "/v1/idphoto/make {\"out_request_id\":\"u-1\",\"img_url\":\"https://h/p.jpg\","
                   "\"parameter\":{\"width\":295,\"height\":413,\"background\":\"#438EDB\","
                   "\"gradient_mode\":1}}");
    assert_request(*state, "clothes clothes_id=c-3", &by_id,
                   "/v1/idphoto/clothes {\"out_request_id\":\"u-1\",\"mt_generate_id\":\"g-17\","
                   "\"parameter\":{\"clothes_id\":\"c-3\"}}");
    assert_request(*state, "check", &by_url,
                   "/v1/idphoto/check {\"out_request_id\":\"u-1\",\"img_url\":\"https://h/p.jpg\","
                   "\"parameter\":{}}");
}

static void another_contract_needs_another_file_only(void **state)
{
    struct api_call by_url = {.image_url = slice_text("https://h/p.jpg")};
    struct api_call by_id = {.generate_id = "g-17"};
    struct api_call by_bytes = {.image = slice_text("abcd")};
    assert_request(*state, "make size=large background=blue check_id=k", &by_url,
                   "/openapi/v3/certificate/create {\"bizNo\":\"u-1\",\"photo\":\"https://h/p.jpg\""
                   ",\"options\":{\"w\":800,\"h\":1000,\"bgColor\":\"2\",\"checkNo\":\"k\"}}");
    assert_request(*state, "make width=1 height=2", &by_id,
                   "/openapi/v3/certificate/create {\"bizNo\":\"u-1\",\"resultId\":\"g-17\","
                   "\"options\":{\"w\":1,\"h\":2}}");
    assert_request(*state, "make width=1 height=2", &by_bytes,
                   "/openapi/v3/certificate/create {\"bizNo\":\"u-1\",\"options\":{\"w\":1,\"h\":2}"
                   ",\"photo_base64\":\"YWJjZA==\"}");
    assert_request(*state, "check", &by_url,
                   "/openapi/v3/certificate/inspect {\"bizNo\":\"u-1\",\"photo\":\"https://h/p.jpg"
                   "\",\"options\":{}}");
}

static void read_answer(struct plan_bed *bed,
                        const char *effect,
                        const char *text,
                        struct api_response *response)
{
    struct err err = {.code = 0};
    struct buf body;
    buf_init(&body, 4096);
    assert_ok(buf_append_text(&body, text), &err);
    api_response_init(response);
    assert_ok(
        api_response_read(response, catalogue_find(&bed->catalogue, effect), 200, &body, &err),
        &err);
}

static void answers_are_read_where_the_file_says(void **state)
{
    struct api_response response;
    read_answer(*state, "idphoto.make",
                "{\"code\":0,\"result\":{\"resultId\":\"g-18\",\"size\":[295,413],"
                "\"pictures\":[\"https:\\/\\/h\\/a.jpg\"]}}",
                &response);
    assert_string_equal(response.generate_id, "g-18");
    assert_int_equal(response.width, 295);
    assert_int_equal(response.height, 413);
    assert_int_equal(response.result_count, 1);
    assert_true(slice_is(response.results[0].bytes, "https://h/a.jpg"));
    api_response_done(&response);
    read_answer(*state, "idphoto.check",
                "{\"code\":0,\"result\":{\"checkNo\":\"k-9\",\"items\":[{\"face\":true}]}}",
                &response);
    assert_string_equal(response.check_id, "k-9");
    assert_true(slice_is(buf_view(&response.data), "[{\"face\":true}]"));
    api_response_done(&response);
    struct plan_bed *bed = *state;
    const struct effect *make = catalogue_find(&bed->catalogue, "idphoto.make");
    assert_true(effect_says_unknown_id(make, 7001));
    assert_true(effect_says_unknown_id(make, 7002));
    assert_false(effect_says_unknown_id(make, 21104));
}

static void shipped_answers_have_ids_link_and_size(void **state)
{
    struct plan_bed *bed = *state;
    struct api_response response;
    read_answer(bed, "idphoto.skin",
                "{\"code\":0,\"message\":\"success\",\"data\":{\"mt_generate_id\":\"g-18\","
                "\"img_url\":\"https:\\/\\/h\\/a.jpg?x=1\\u0026sign=a+b\",\"width\":\"295\","
                "\"height\":70000}}",
                &response);
    assert_string_equal(response.generate_id, "g-18");
    assert_true(slice_is(response.results[0].bytes, "https://h/a.jpg?x=1&sign=a+b"));
    assert_int_equal(response.width, 295);
    assert_int_equal(response.height, 0);
    api_response_done(&response);
    static const char *const names[] = {
        "make",     "beauty", "clothes", "background", "makeup",  "hair", "skin",
        "symmetry", "eyes",   "glasses", "expression", "shading", "check"};
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "idphoto.%s", names[i]);
        const struct effect *effect = catalogue_find(&bed->catalogue, name);
        assert_non_null(effect);
        assert_true(effect_says_unknown_id(effect, 21104));
        assert_string_equal(effect->order.family, "id-photo");
        assert_string_equal(effect->order.kind, name);
    }
}

#define CASE(name)    cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define RENAMED(name) cmocka_unit_test_setup_teardown(name, set_up_renamed, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(equal_meanings_are_one_text),
        CASE(what_is_not_allowed_is_told),
        CASE(people_see_parameters_as_words),
        CASE(requests_have_the_assumed_shape),
        CASE(shipped_answers_have_ids_link_and_size),
        RENAMED(another_contract_needs_another_file_only),
        RENAMED(answers_are_read_where_the_file_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
