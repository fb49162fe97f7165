/* Answers: each file of tests/data/answers has its reading in a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "lib/unit.h"
#include "wire/api_response.h"
#include "wire/effect.h"

#define HEAD "[effect]\nname = e\npath = /e\nstyle = img-url\n[answer]\n"

static const char *const effect_texts[] = {
    HEAD "list = /media_info_list\nresult = /media_data\ntime = /parameter/time\n",
    HEAD "result = /data/img_url\ngenerate_id = /data/mt_generate_id\n",
    HEAD "data = /data\ncheck_id = /data/check_id\n",
};

enum answer_effect {
    EMOJI,
    MAKE,
    CHECK_PHOTO
};

static const struct {
    const char *file;
    enum answer_effect effect;
    int http_status;
    const char *reading;
} cases[] = {
    {"jpeg",               EMOJI,       200, "jpeg:8x6 time=1811"                                              },
    {"jpeg",               EMOJI,       500, "unreadable {\\\"parameter\\\":{\\\"time\\\":1.8114* time=1811"   },
    {"png",                EMOJI,       200, "png:8x6 time=1811"                                               },
    {"two_images",         EMOJI,       200, "jpeg:8x6 png:8x6 time=1811"                                      },
    {"nine_images",        EMOJI,       200,
     "jpeg:8x6 jpeg:8x6 jpeg:8x6 jpeg:8x6 jpeg:8x6 jpeg:8x6 "
     "jpeg:8x6 jpeg:8x6 time=1811"                                                                             },
    {"url",                EMOJI,       200, "https://host/a.jpg?x=1&sign=a+b time=250"                        },
    {"data_url",           EMOJI,       200, "jpeg:8x6 time=1811"                                              },
    {"escaped_slashes",    EMOJI,       200, "png:8x6 time=1811"                                               },
    {"one_good_of_two",    EMOJI,       200, "png:8x6 time=1811"                                               },
    {"gif",                EMOJI,       200,
     "unreadable the result is no image: neither JPEG nor PNG: "
     "the file is a GIF image time=1811"                                                                       },
    {"cut_image",          EMOJI,       200, "unreadable the result is no image: * time=1811"                  },
    {"not_base64",         EMOJI,       200, "unreadable the result is neither a URL nor base64 time=1811"     },
    {"json_text",          EMOJI,       200, "unreadable the result is neither a URL nor base64 time=1811"     },
    {"parameter_null",     EMOJI,       200, "jpeg:8x6"                                                        },
    {"list_empty",         EMOJI,       200, "unreadable {* time=1811"                                         },
    {"list_null",          EMOJI,       200, "unreadable {\\\"parameter\\\":null,\\\"media_info_list\\\":null}"},
    {"list_missing",       EMOJI,       200, "unreadable {* time=1811"                                         },
    {"list_of_numbers",    EMOJI,       200, "unreadable {*"                                                   },
    {"data_number",        EMOJI,       200, "unreadable {*"                                                   },
    {"data_empty",         EMOJI,       200, "unreadable {*"                                                   },
    {"error_ErrorCode",    EMOJI,       400, "code=10003 xxx"                                                  },
    {"error_ErrorCode",    EMOJI,       200, "code=10003 xxx"                                                  },
    {"error_error_code",   EMOJI,       400, "code=20003 no face"                                              },
    {"error_error_msg",    EMOJI,       400, "code=21105 bad parameter"                                        },
    {"error_code_msg",     EMOJI,       400, "code=90024 qps limit"                                            },
    {"error_code_text",    EMOJI,       401, "code=90002 key \\\"k\\\"\\nunknown"                              },
    {"error_nested",       EMOJI,       200, "code=21002 no face found"                                        },
    {"error_real",         EMOJI,       400, "code=20001 PROCESS_ERROR"                                        },
    {"error_with_list",    EMOJI,       400, "code=20001 PROCESS_ERROR"                                        },
    {"error_no_message",   EMOJI,       400, "code=29902 {\\\"ErrorCode\\\":29902}"                            },
    {"message_only",       EMOJI,       401, "unreadable Unauthorized"                                         },
    {"code_200",           EMOJI,       200, "jpeg:8x6 time=1811"                                              },
    {"code_200_failed",    EMOJI,       200, "code=200 failed after all time=1811"                             },
    {"code_huge",          EMOJI,       200, "unreadable huge"                                                 },
    {"code_wrong_types",   EMOJI,       400, "unreadable {*"                                                   },
    {"array",              EMOJI,       200, "unreadable [1,2,3]"                                              },
    {"text",               EMOJI,       200, "unreadable \\\"qps\\\""                                          },
    {"empty",              EMOJI,       200, "unreadable the answer is empty"                                  },
    {"html",               EMOJI,       502, "unreadable <html>\\n<head><title>502 Bad Gateway</title>*"       },
    {"cut_short",          EMOJI,       200, "unreadable {*"                                                   },
    {"deep",               EMOJI,       200, "unreadable {*"                                                   },
    {"idphoto_make",       MAKE,        200, "https://host/a.jpg?x=1&sign=a+b id=g-18"                         },
    {"idphoto_number_id",  MAKE,        200, "png:8x6 id=18"                                                   },
    {"idphoto_long_id",    MAKE,        200, "png:8x6"                                                         },
    {"idphoto_error",      MAKE,        400, "code=21103 clothes_id"                                           },
    {"idphoto_check",      CHECK_PHOTO, 200,
     "data={\"check_id\":\"k-9\",\"passed\":false,\"items\":[*"
     " check=k-9"                                                                                              },
    {"idphoto_check_null", CHECK_PHOTO, 200, "unreadable {*"                                                   },
};

static void file_load(const char *name, struct buf *body)
{
    char path[512];
    char text[8 << 10];
    struct err err = {.code = 0};
    (void)snprintf(path, sizeof path, "%s/tests/data/answers/%s.json", getenv("RETOUCH_SOURCE"),
                   name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text, file);
    assert_int_equal(fclose(file), 0);
    buf_init(body, len > 0
                       ? len
                       : 1); /* not a byte more than the answer: padding is the reader's matter */
    assert_ok(buf_append(body, text, len), &err);
}

static struct effect *effect_load(enum answer_effect effect)
{
    struct err err = {.code = 0};
    struct effect *loaded = mem_zalloc(1, sizeof *loaded);
    assert_ok(effect_parse(slice_text(effect_texts[effect]), "e.ini", loaded, &err), &err);
    return loaded;
}

/* The reading as a line. */
static const char *describe(const struct api_response *response, struct buf *line)
{
    struct err err = {.code = 0};
    if (!response->readable || response->has_code) {
        int code = response->has_code
                       ? buf_printf(line, "code=%d %s", (int)response->code, response->message)
                       : buf_printf(line, "unreadable %s", response->message);
        assert_ok(code, &err);
    }
    for (uint32_t i = 0; i < response->result_count; i++) {
        const struct api_result *result = &response->results[i];
        const char *space = i > 0 ? " " : "";
        int code =
            result->kind == API_RESULT_URL
                ? buf_printf(line, "%s%.*s", space, SLICE_ARG(result->bytes))
                : buf_printf(line, "%s%s:%ux%u", space, image_format_name(result->info.format),
                             result->info.width, result->info.height);
        assert_ok(code, &err);
    }
    if (response->data.len > 0) {
        assert_ok(buf_printf(line, "data=%.*s", SLICE_ARG(buf_view(&response->data))), &err);
    }
    if (response->generate_id[0] != '\0') {
        assert_ok(buf_printf(line, " id=%s", response->generate_id), &err);
    }
    if (response->check_id[0] != '\0') {
        assert_ok(buf_printf(line, " check=%s", response->check_id), &err);
    }
    if (response->api_time_ms >= 0) {
        assert_ok(buf_printf(line, " time=%d", (int)response->api_time_ms), &err);
    }
    return buf_cstr(line);
}

/* Equal, where one '*' stands for anything. */
static bool matches(const char *line, const char *pattern)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL) {
        return strcmp(line, pattern) == 0;
    }
    size_t head = (size_t)(star - pattern);
    size_t tail = strlen(star + 1);
    size_t len = strlen(line);
    return len >= head + tail && strncmp(line, pattern, head) == 0 &&
           strcmp(line + len - tail, star + 1) == 0;
}

static void every_answer_is_read_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct effect *effect = effect_load(cases[i].effect);
        struct api_response response;
        struct buf body;
        struct buf line;
        struct err err = {.code = 0};
        api_response_init(&response);
        buf_init(&line, 4096);
        file_load(cases[i].file, &body);
        assert_ok(api_response_read(&response, effect, cases[i].http_status, &body, &err), &err);
        assert_null(body.ptr);
        const char *text = describe(&response, &line);
        if (!matches(text, cases[i].reading)) {
            fail_msg("%s (%d):\n  %s\nwanted\n  %s", cases[i].file, cases[i].http_status, text,
                     cases[i].reading);
        }
        assert_int_equal(response.has_result, response.result_count > 0 || response.data.len > 0);
        api_response_done(&response);
        buf_done(&line);
        mem_free(effect);
    }
}

static void data_beyond_its_bound_is_a_result_without_its_text(void **state)
{
    (void)state;
    struct effect *effect = effect_load(CHECK_PHOTO);
    struct api_response response;
    struct err err = {.code = 0};
    struct buf body;
    buf_init(&body, 2 << 20);
    assert_ok(buf_append_text(&body, "{\"data\":{\"check_id\":\"k\",\"items\":[\"a"), &err);
    while (body.len < 1200000) {
        assert_ok(buf_append_text(&body, "aaaaaaaaaaaaaaaa"), &err);
    }
    assert_ok(buf_append_text(&body, "\"]}}"), &err);
    api_response_init(&response);
    assert_ok(api_response_read(&response, effect, 200, &body, &err), &err);
    assert_true(response.has_result);
    assert_string_equal(response.check_id, "k");
    assert_true(slice_starts(buf_view(&response.data), "{\"too_large\":1"));
    assert_in_range(response.data.len, 1, 64);
    api_response_done(&response);
    mem_free(effect);
}

static void no_memory_is_the_only_failure(void **state)
{
    (void)state;
    struct effect *effect = effect_load(CHECK_PHOTO);
    unsigned failures = 0;
    for (unsigned n = 1; n < 10; n++) {
        struct api_response response;
        struct buf body;
        struct err err = {.code = 0};
        api_response_init(&response);
        file_load("idphoto_check", &body);
        mem_fail_after(n);
        int code = api_response_read(&response, effect, 200, &body, &err);
        mem_fail_after(0);
        assert_true(code == 0 || code == ERR_NO_MEMORY);
        failures += code != 0;
        api_response_done(&response);
    }
    assert_true(failures > 0);
    mem_free(effect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_read_as_the_table_says),
        cmocka_unit_test(data_beyond_its_bound_is_a_result_without_its_text),
        cmocka_unit_test(no_memory_is_the_only_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
