/* Requests: the exact bytes of each style, the URL, and inputs that do not fit. */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/unit.h"
#include "wire/api_request.h"

#define PARAMS                                                                                     \
    "[param version]\nkind = text\n[param size]\nkind = int\nfield = px\n[param x]\nkind = real\n" \
    "[param b]\nkind = bool\n[param c]\nkind = color\n"
#define LIST   "[effect]\nname = e\npath = /v1/e\nstyle = media-list\n[answer]\nresult = /x\n"
#define BY_URL "[effect]\nname = u\npath = /v1/u\nstyle = img-url\n[answer]\nresult = /x\n"
#define TAKES  "[image]\nurl = yes\n"

struct fixture {
    struct effect *effect;
    struct params params;
    struct api_call call;
    struct api_request request;
    char body[1024];
};

static void open_fixture(struct fixture *fixture, const char *effect_text)
{
    struct err err = {.code = 0};
    *fixture = (struct fixture){.effect = mem_zalloc(1, sizeof *fixture->effect)};
    assert_ok(effect_parse(slice_text(effect_text), "e.ini", fixture->effect, &err), &err);
    fixture->call = (struct api_call){.effect = fixture->effect,
                                      .params = &fixture->params,
                                      .base_url = "http://api.test:80",
                                      .access_key = "k",
                                      .secret_key = "s"};
    api_request_init(&fixture->request);
}

static void close_fixture(struct fixture *fixture)
{
    api_request_done(&fixture->request);
    mem_free(fixture->effect);
}

static void give(struct fixture *fixture, const char *name, const char *text)
{
    struct params given = fixture->params;
    struct err err = {.code = 0};
    struct param *param = &given.items[given.count++];
    (void)text_copy(param->name, sizeof param->name, slice_text(name));
    param->value = (struct value){.kind = VALUE_TEXT, .text = slice_text(text)};
    assert_ok(effect_check_params(fixture->effect, &given, &fixture->params, &err), &err);
}

static void assert_body(struct fixture *fixture, const char *wanted)
{
    struct err err = {.code = 0};
    assert_ok(api_request_write(&fixture->request, &fixture->call, &err), &err);
    size_t len =
        body_read(&fixture->request.body, (uint8_t *)fixture->body, sizeof fixture->body - 1);
    fixture->body[len] = '\0';
    assert_string_equal(fixture->body, wanted);
    assert_int_equal(body_length(&fixture->request.body), strlen(wanted));
}

static void a_media_list_has_the_documents_shape(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, LIST PARAMS);
    give(&fixture, "version", "1.0.0");
    fixture.call.image = slice_text("abcd");
    assert_body(&fixture,
                "{\"parameter\":{\"version\":\"1.0.0\"},\"extra\":{},\"media_info_list\":[{"
                "\"media_data\":\"YWJjZA==\",\"media_profiles\":{\"media_data_type\":\"jpg\"}}]}");
    close_fixture(&fixture);
}

static void a_url_goes_as_it_is(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, LIST TAKES);
    fixture.call.image_url = slice_text("https://h/a.jpg?x=1&y=a%20b\"");
    assert_body(&fixture, "{\"parameter\":{},\"extra\":{},\"media_info_list\":[{"
                          "\"media_data\":\"https://h/a.jpg?x=1&y=a%20b%22\","
                          "\"media_profiles\":{\"media_data_type\":\"url\"}}]}");
    close_fixture(&fixture);
}

static void parameters_keep_their_kinds_and_take_the_apis_names(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, BY_URL PARAMS);
    give(&fixture, "version", "a\"\\\n\x01/\xe4\xba\xac");
    give(&fixture, "size", "295");
    give(&fixture, "x", "0.5");
    give(&fixture, "b", "yes");
    give(&fixture, "c", "#00a0fF");
    fixture.call.generate_id = "g\"\x01-1";
    fixture.call.out_request_id = "u-1";
    assert_body(&fixture, "{\"out_request_id\":\"u-1\",\"mt_generate_id\":\"g\\u0022\\u0001-1\","
                          "\"parameter\":{\"version\":\"a\\\"\\\\\\n\\u0001/\xe4\xba\xac\","
                          "\"px\":295,\"x\":0.5,\"b\":true,\"c\":\"#00A0FF\"}}");
    fixture.call.generate_id = "";
    fixture.call.out_request_id = NULL;
    fixture.call.image_url = slice_text("https://h/a.jpg");
    fixture.params.count = 0;
    assert_body(&fixture, "{\"img_url\":\"https://h/a.jpg\",\"parameter\":{}}");
    close_fixture(&fixture);
}

static void credentials_are_percent_encoded(void **state)
{
    (void)state;
    static const char *const bases[] = {"http://api.test:80/x", "http://api.test:80/x//"};
    for (size_t i = 0; i < N_ELEMENTS(bases); i++) {
        struct fixture fixture;
        struct err err = {.code = 0};
        open_fixture(&fixture, LIST);
        fixture.call.base_url = bases[i];
        fixture.call.access_key = "a&b=c";
        fixture.call.secret_key = "+ /%";
        fixture.call.image = slice_text("a");
        assert_ok(api_request_write(&fixture.request, &fixture.call, &err), &err);
        assert_string_equal((const char *)fixture.request.url.ptr,
                            "http://api.test:80/x/v1/e?api_key=a%26b%3Dc&api_secret=%2B%20%2F%25");
        close_fixture(&fixture);
    }
}

static void inputs_that_do_not_fit_are_refused(void **state)
{
    (void)state;

    static const struct {
        const char *effect;
        const char *image, *url, *id;
        const char *message;
    } wrong[] = {
        {LIST,   "",  "",          "",  "e needs an image"                            },
        {LIST,   "",  "http://h/", "",  "e takes no URL"                              },
        {LIST,   "i", "",          "g", "e takes no generate_id"                      },
        {BY_URL, "i", "",          "",  "u needs image.url or generate_id: it takes n"},
    };

    for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
        struct fixture fixture;
        struct err err = {.code = 0};
        open_fixture(&fixture, wrong[i].effect);
        fixture.call.image = slice_text(wrong[i].image);
        fixture.call.image_url = slice_text(wrong[i].url);
        fixture.call.generate_id = wrong[i].id;
        assert_fails(api_request_write(&fixture.request, &fixture.call, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, wrong[i].message));
        close_fixture(&fixture);
    }
}

static void text_that_is_no_utf8_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct err err = {.code = 0};
    open_fixture(&fixture, LIST PARAMS);
    give(&fixture, "version", "\xff\xfe");
    fixture.call.image = slice_text("abcd");
    assert_fails(api_request_write(&fixture.request, &fixture.call, &err), ERR_INVALID);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_media_list_has_the_documents_shape),
        cmocka_unit_test(a_url_goes_as_it_is),
        cmocka_unit_test(parameters_keep_their_kinds_and_take_the_apis_names),
        cmocka_unit_test(credentials_are_percent_encoded),
        cmocka_unit_test(inputs_that_do_not_fit_are_refused),
        cmocka_unit_test(text_that_is_no_utf8_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
