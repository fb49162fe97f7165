#include <string.h>

#include "base/check.h"
#include "conf/redis_url.h"
#include "lib/unit.h"

static struct redis_url parse(const char *text)
{
    struct redis_url url = {.db = 99};
    struct err err = {.code = 0};
    assert_ok(redis_url_parse(slice_text(text), &url, &err), &err);
    return url;
}

static void a_host_alone_gets_port_6379_and_database_0(void **state)
{
    (void)state;
    struct redis_url url = parse("redis://cache.example");
    assert_int_equal(url.kind, REDIS_URL_TCP);
    assert_string_equal(url.host, "cache.example");
    assert_int_equal(url.port, 6379);
    assert_int_equal(url.db, 0);
    assert_string_equal(url.user, "");
    assert_string_equal(url.password, "");
}

static void all_parts_are_found(void **state)
{
    (void)state;
    struct redis_url url = parse("rediss://bob:s3cret@10.0.0.7:6380/12");
    assert_int_equal(url.kind, REDIS_URL_TLS);
    assert_string_equal(url.user, "bob");
    assert_string_equal(url.password, "s3cret");
    assert_string_equal(url.host, "10.0.0.7");
    assert_int_equal(url.port, 6380);
    assert_int_equal(url.db, 12);
}

static void a_slash_at_the_end_is_no_database(void **state)
{
    (void)state;
    assert_int_equal(parse("redis://h:1/").db, 0);
}

static void user_and_password_are_percent_decoded(void **state)
{
    (void)state;
    struct redis_url url = parse("redis://a%40b:p%2Fw%3a%25@h");
    assert_string_equal(url.user, "a@b");
    assert_string_equal(url.password, "p/w:%");
    assert_string_equal(url.host, "h");
}

static void a_password_may_stand_without_a_user(void **state)
{
    (void)state;
    struct redis_url url = parse("redis://:pw@h:7");
    assert_string_equal(url.user, "");
    assert_string_equal(url.password, "pw");
}

static void brackets_hold_an_ipv6_address(void **state)
{
    (void)state;
    struct redis_url url = parse("redis://[::1]:7000/3");
    assert_string_equal(url.host, "::1");
    assert_int_equal(url.port, 7000);
    assert_int_equal(url.db, 3);
    assert_int_equal(parse("redis://[fe80::2]").port, 6379);
}

static void a_unix_socket_has_a_path_and_a_database(void **state)
{
    (void)state;
    struct redis_url url = parse("unix:///run/redis/redis%20a.sock?db=4");
    assert_int_equal(url.kind, REDIS_URL_UNIX);
    assert_string_equal(url.path, "/run/redis/redis a.sock");
    assert_int_equal(url.db, 4);
    assert_string_equal(parse("unix://u:p@/s").password, "p");
}

static void bad_urls_are_refused_without_showing_the_password(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "localhost:6379",
        "http://hunter2@h",
        "redis://",
        "redis://:6379",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:port",
        "redis://h:",
        "redis://h/one",
        "redis://h/-1",
        "redis://h/65536",
        "redis://h/1/2",
        "redis://hunter2@h",
        "redis://u:hunter2%@h",
        "redis://u:hunter2%4@h",
        "redis://u:hunter2%zz@h",
        "redis://u:hunter2%00@h",
        "redis://u:hunter2@",
        "redis://[::1",
        "redis://[]:1",
        "redis://[::1]x",
        "unix://relative.sock",
        "unix://",
        "unix:///",
        "unix:///s?database=1",
        "unix:///s?db=",
        "unix:///s?db=x",
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct redis_url url = {.db = 99};
        struct err err = {.code = 0};
        if (redis_url_parse(slice_text(cases[i]), &url, &err) != ERR_INVALID) {
            fail_msg("%s was taken", cases[i]);
        }
        assert_int_equal(url.db, 99);
        assert_int_not_equal(strlen(err.msg), 0);
        assert_null(strstr(err.msg, "hunter2"));
    }
}

static void parts_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    char text[512] = "redis://";
    memset(text + 8, 'h', 256);
    assert_fails(redis_url_parse(slice_of(text, 8 + 256), &(struct redis_url){.db = 0}, NULL),
                 ERR_INVALID);
    assert_int_equal(redis_url_parse(slice_of(text, 8 + 255), &(struct redis_url){.db = 0}, NULL),
                     0);
    memcpy(text, "unix:///", 8);
    assert_int_equal(redis_url_parse(slice_of(text, 7 + 107), &(struct redis_url){.db = 0}, NULL),
                     0);
    assert_fails(redis_url_parse(slice_of(text, 7 + 108), &(struct redis_url){.db = 0}, NULL),
                 ERR_INVALID);
}

static void the_masked_form_shows_everything_but_the_password(void **state)
{
    (void)state;

    static const struct {
        const char *url;
        const char *masked;
    } cases[] = {
        {"redis://h",                 "redis://h:6379/0"       },
        {"redis://bob:hunter2@h:1/2", "redis://bob:***@h:1/2"  },
        {"rediss://:hunter2@[::1]:1", "rediss://:***@[::1]:1/0"},
        {"unix:///s?db=3",            "unix:///s?db=3"         },
        {"unix://u:hunter2@/s",       "unix://u:***@/s?db=0"   },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct redis_url url = parse(cases[i].url);
        char text[512];
        assert_string_equal(redis_url_masked(&url, text, sizeof text), cases[i].masked);
    }
}

static void the_masked_form_is_cut_to_fit(void **state)
{
    (void)state;
    struct redis_url url = parse("redis://host");
    char text[10];
    assert_string_equal(redis_url_masked(&url, text, sizeof text), "redis://h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_alone_gets_port_6379_and_database_0),
        cmocka_unit_test(all_parts_are_found),
        cmocka_unit_test(a_slash_at_the_end_is_no_database),
        cmocka_unit_test(user_and_password_are_percent_decoded),
        cmocka_unit_test(a_password_may_stand_without_a_user),
        cmocka_unit_test(brackets_hold_an_ipv6_address),
        cmocka_unit_test(a_unix_socket_has_a_path_and_a_database),
        cmocka_unit_test(bad_urls_are_refused_without_showing_the_password),
        cmocka_unit_test(parts_that_do_not_fit_are_refused),
        cmocka_unit_test(the_masked_form_shows_everything_but_the_password),
        cmocka_unit_test(the_masked_form_is_cut_to_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
