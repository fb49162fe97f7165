#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/check.h"
#include "conf/address.h"
#include "lib/unit.h"

static void good_addresses_are_taken_apart(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
        bool v6;
    } cases[] = {
        {"127.0.0.1:9464",  "127.0.0.1",   9464,  false},
        {"0.0.0.0:0",       "0.0.0.0",     0,     false},
        {"localhost:80",    "127.0.0.1",   80,    false},
        {"*:65535",         "0.0.0.0",     65535, false},
        {"[::1]:9464",      "::1",         9464,  true },
        {"[2001:db8::7]:1", "2001:db8::7", 1,     true },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct address address;
        struct err err = {.code = 0};
        assert_ok(address_parse(slice_text(cases[i].text), &address, &err), &err);
        assert_false(address.none);
        assert_string_equal(address.host, cases[i].host);
        assert_int_equal(address.port, cases[i].port);
        assert_int_equal(address.v6, cases[i].v6);
    }
}

static void none_means_do_not_listen(void **state)
{
    (void)state;
    struct address address;
    struct err err = {.code = 0};
    assert_ok(address_parse(slice_text("none"), &address, &err), &err);
    assert_true(address.none);
}

static void bad_addresses_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",           "9464",           ":9464",           "127.0.0.1",     "::1:80",
        "127.0.0.1:", "127.0.0.1:-1",   "127.0.0.1:65536", "[::1]",         "[127.0.0.1]:1",
        "[]:1",       "example.com:80", "1.2.3:4",         "127.0.0.1:80x", "None"};
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct address address = {.port = 7};
        struct err err = {.code = 0};
        assert_fails(address_parse(slice_text(cases[i]), &address, &err), ERR_INVALID);
        assert_int_equal(address.port, 7);
        assert_int_not_equal(strlen(err.msg), 0);
    }
}

static void a_nul_byte_does_not_hide_the_rest(void **state)
{
    (void)state;
    struct address address;
    assert_fails(address_parse(slice_of("127.0.0.1\0x:80", 14), &address, NULL), ERR_INVALID);
}

static void an_address_becomes_a_socket_address(void **state)
{
    (void)state;
    struct address address;
    struct sockaddr_storage storage;
    struct err err = {.code = 0};
    assert_ok(address_parse(slice_text("127.0.0.1:9464"), &address, &err), &err);
    address_to_socket(&address, &storage);
    struct sockaddr_in v4;
    memcpy(&v4, &storage, sizeof v4);
    assert_int_equal(v4.sin_family, AF_INET);
    assert_int_equal(ntohs(v4.sin_port), 9464);
    assert_int_equal(ntohl(v4.sin_addr.s_addr), INADDR_LOOPBACK);

    assert_ok(address_parse(slice_text("[::1]:80"), &address, &err), &err);
    address_to_socket(&address, &storage);
    struct sockaddr_in6 v6;
    memcpy(&v6, &storage, sizeof v6);
    assert_int_equal(v6.sin6_family, AF_INET6);
    assert_int_equal(ntohs(v6.sin6_port), 80);
    assert_memory_equal(&v6.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses_are_taken_apart),
        cmocka_unit_test(none_means_do_not_listen),
        cmocka_unit_test(bad_addresses_are_refused_with_a_reason),
        cmocka_unit_test(a_nul_byte_does_not_hide_the_rest),
        cmocka_unit_test(an_address_becomes_a_socket_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
