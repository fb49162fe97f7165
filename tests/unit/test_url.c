#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/mem.h"
#include "lib/unit.h"
#include "wire/url.h"

static int check(const char *url, bool allow_private)
{
    return url_check(slice_text(url), allow_private, NULL);
}

static void complete_public_urls_are_accepted(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "http://images.example/a.jpg",
        "https://images.example",
        "HTTPS://Images.Example:8443/a?b=c#d",
        "https://images.example./a.jpg",
        "https://8.8.8.8/a.jpg",
        "https://134744072/",
        "https://[2606:4700::1111]:443/x",
        "https://images.example/@user/a.jpg?mail=a@b.c",
        "https://images.example?x=1",
        "https://localhost.example/",
        "https://notlocalhost/",
        "https://a_b-c.example/\xe4\xb8\xad.jpg",
    };
    for (size_t i = 0; i < N_ELEMENTS(urls); i++) {
        struct err err;
        assert_ok(url_check(slice_text(urls[i]), false, &err), &err);
    }
}

static void what_is_no_complete_http_url_is_invalid(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",
        "http://",
        "http:///a.jpg",
        "https:/a.jpg",
        "//images.example/a.jpg",
        "images.example/a.jpg",
        "ftp://images.example/a.jpg",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user:secret@images.example/",
        "https://user@images.example/",
        "https://images.example:0/",
        "https://images.example:65536/",
        "https://images.example:http/",
        "https://images.example:/",
        "https://images.example:-1/",
        "https://images.example/a b",
        "https://images.example/a\nb",
        "https://images.example/a\x7f",
        "https://images..example/",
        "https://.example/",
        "https://./",
        "https://images.example\\@127.0.0.1/",
        "https://127.0.0.1%2f/",
        "https://\xef\xbc\x91\x32\x37.0.0.1/",
        "https://[::1/",
        "https://[::1]x/",
        "https://[fe80::1%25eth0]/",
        "https://[localhost]/",
        "https://1.2.3.4.5/",
        "https://256.256.256.256/",
        "https://4294967296/",
        "https://0x100000000/",
        "https://images.example.1/",
    };
    for (size_t i = 0; i < N_ELEMENTS(urls); i++) {
        assert_int_equal(check(urls[i], true), ERR_INVALID);
    }
}

static void private_hosts_are_seen_through_every_disguise(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "http://localhost/",
        "http://LOCALHOST.:80/",
        "http://a.b.localhost/",
        "http://printer.local/",
        "http://metadata.internal/",
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://127.0.1:8080/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7F.0.0.0x1/",
        "http://017700000001/",
        "http://0177.1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://100.64.0.1/",
        "http://169.254.169.254/",
        "http://172.16.0.1/",
        "http://172.31.255.255/",
        "http://192.168.1.1/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::10.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[fd12::1]:80/",
        "http://[ff02::1]/",
    };
    for (size_t i = 0; i < N_ELEMENTS(urls); i++) {
        assert_int_equal(check(urls[i], false), ERR_PRIVATE);
        assert_int_equal(check(urls[i], true), 0);
    }
}

static void the_borders_of_private_ranges_are_exact(void **state)
{
    (void)state;

    static const struct {
        const char *address;
        bool is_private;
    } rows[] = {
        {"9.255.255.255",    false},
        {"10.0.0.0",         true },
        {"11.0.0.0",         false},
        {"100.63.255.255",   false},
        {"100.127.255.255",  true },
        {"100.128.0.0",      false},
        {"172.15.255.255",   false},
        {"172.32.0.0",       false},
        {"192.167.255.255",  false},
        {"192.169.0.0",      false},
        {"198.17.255.255",   false},
        {"198.20.0.0",       false},
        {"223.255.255.255",  false},
        {"fbff::1",          false},
        {"fdff::1",          true },
        {"fe7f::1",          false},
        {"febf::1",          true },
        {"2001:db8::1",      true },
        {"2001:4860::8888",  false},
        {"64:ff9b::808:808", false},
        {"2002:808:808::",   false},
        {"::ffff:8.8.8.8",   false},
    };

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        uint8_t address[16];
        int family = strchr(rows[i].address, ':') != NULL ? AF_INET6 : AF_INET;
        assert_int_equal(inet_pton(family, rows[i].address, address), 1);
        assert_int_equal(url_address_is_private(family, address), rows[i].is_private);
    }
}

static void a_url_over_the_limit_is_invalid_and_at_the_limit_good(void **state)
{
    (void)state;
    char url[URL_MAX + 2];
    memset(url, 'a', sizeof url);
    memcpy(url, "https://images.example/", strlen("https://images.example/"));
    assert_int_equal(url_check(slice_of(url, URL_MAX), false, NULL), 0);
    assert_int_equal(url_check(slice_of(url, URL_MAX + 1), false, NULL), ERR_INVALID);
}

static void a_message_shows_neither_query_nor_password(void **state)
{
    (void)state;
    struct err err;
    const char *url = "https://me:secret@127.0.0.1/a.jpg?sign=hidden";
    assert_int_equal(url_check(slice_text(url), false, &err), ERR_INVALID);
    assert_null(strstr(err.msg, "secret"));
    assert_null(strstr(err.msg, "hidden"));
    assert_non_null(strstr(err.msg, "user and password"));
}

static void check_append(int (*append)(struct buf *, struct slice), const char *in, const char *out)
{
    struct buf dest;
    buf_init(&dest, 1024);
    assert_int_equal(append(&dest, slice_text(in)), 0);
    assert_string_equal(buf_cstr(&dest), out);
    buf_done(&dest);
}

static void encoding_never_happens_twice(void **state)
{
    (void)state;
    check_append(url_append_encoded, "https://h/a%20b c", "https://h/a%20b%20c");
    check_append(url_append_encoded, "https://h/100%", "https://h/100%25");
    check_append(url_append_encoded, "https://h/%zz", "https://h/%25zz");
    check_append(url_append_encoded, "https://h/\xc3\xa9", "https://h/%C3%A9");
    check_append(url_append_encoded, "\"<>\\^`{|}", "%22%3C%3E%5C%5E%60%7B%7C%7D");
    check_append(url_append_encoded, "https://h/?a=b&c=+#x", "https://h/?a=b&c=+#x");
}

static void only_the_raw_plus_of_a_result_query_changes(void **state)
{
    (void)state;
    check_append(url_append_result, "https://h/a+b.jpg?x=1+2&sign=a%2B+%20/==#f+g",
                 "https://h/a+b.jpg?x=1%2B2&sign=a%2B%2B%20/==#f+g");
    check_append(url_append_result, "https://h/a+b#c?d+e", "https://h/a+b#c?d+e");
}

static void a_query_value_keeps_unreserved_characters_only(void **state)
{
    (void)state;
    check_append(url_append_value, "aZ0-._~", "aZ0-._~");
    check_append(url_append_value, "a+b/c=&%\xff", "a%2Bb%2Fc%3D%26%25%FF");
}

static void appending_tells_when_there_is_no_room_or_memory(void **state)
{
    (void)state;
    struct buf dest;
    buf_init(&dest, 4);
    assert_int_equal(url_append_value(&dest, slice_text("++")), ERR_TOO_BIG);
    buf_done(&dest);
    mem_fail_after(1);
    assert_int_equal(url_append_value(&dest, slice_text("a")), ERR_NO_MEMORY);
    mem_fail_after(0);
}

static void check_mask(const char *url, const char *masked)
{
    char text[64];
    url_mask(slice_text(url), text, sizeof text);
    assert_string_equal(text, masked);
}

static void masking_drops_query_fragment_and_user(void **state)
{
    (void)state;
    check_mask("https://h/a.jpg", "https://h/a.jpg");
    check_mask("https://h/a.jpg?api_key=k", "https://h/a.jpg?...");
    check_mask("https://h?api_key=k", "https://h?...");
    check_mask("https://h/a#token", "https://h/a?...");
    check_mask("https://u:p@h/@x", "https://h/@x");
    check_mask("u:p@h/x", "h/x");
    check_mask("", "");
    check_mask("a\nb", "a\\nb");
}

static void a_masked_url_fits_whatever_room_there_is(void **state)
{
    (void)state;
    for (size_t size = 1; size < 32; size++) {
        char text[33];
        memset(text, 'x', sizeof text);
        url_mask(slice_text("https://images.example/a/b/c?secret"), text, size);
        assert_true(strlen(text) < size);
        assert_int_equal(text[size], 'x');
        assert_null(strstr(text, "secret"));
    }
}

static void hosts_compare_without_case_port_and_path(void **state)
{
    (void)state;
    assert_true(
        url_same_host(slice_text("http://A.example:1/x"), slice_text("https://a.EXAMPLE.")));
    assert_false(url_same_host(slice_text("http://a.example"), slice_text("http://b.example")));
    assert_false(url_same_host(slice_text("http://a.example"), slice_text("http://a.example.b")));
    assert_false(url_same_host(slice_text("a.example"), slice_text("a.example")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_public_urls_are_accepted),
        cmocka_unit_test(what_is_no_complete_http_url_is_invalid),
        cmocka_unit_test(private_hosts_are_seen_through_every_disguise),
        cmocka_unit_test(the_borders_of_private_ranges_are_exact),
        cmocka_unit_test(a_url_over_the_limit_is_invalid_and_at_the_limit_good),
        cmocka_unit_test(a_message_shows_neither_query_nor_password),
        cmocka_unit_test(encoding_never_happens_twice),
        cmocka_unit_test(only_the_raw_plus_of_a_result_query_changes),
        cmocka_unit_test(a_query_value_keeps_unreserved_characters_only),
        cmocka_unit_test(appending_tells_when_there_is_no_room_or_memory),
        cmocka_unit_test(masking_drops_query_fragment_and_user),
        cmocka_unit_test(a_masked_url_fits_whatever_room_there_is),
        cmocka_unit_test(hosts_compare_without_case_port_and_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
