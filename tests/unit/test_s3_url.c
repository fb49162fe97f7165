#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/s3_url.h"

/* The example of the signature's own documentation ("Authenticating Requests: Using Query
 * Parameters"). */
static const struct s3_object documented = {
    .endpoint = "https://examplebucket.s3.amazonaws.com",
    .path = "/test.txt",
    .region = "us-east-1",
    .access_key = "AKIAIOSFODNN7EXAMPLE",
    .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

static const int64_t documented_unix_ms = INT64_C(1369353600000); /* 2013-05-24T00:00:00Z */

static void the_documented_example_is_signed_as_documented(void **state)
{
    struct buf url;
    (void)state;
    buf_init(&url, 4096);
    assert_int_equal(s3_url_append(&url, &documented, "GET", documented_unix_ms, 86400), 0);
    assert_string_equal(
        buf_cstr(&url),
        "https://examplebucket.s3.amazonaws.com/test.txt"
        "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    buf_done(&url);
}

static void another_method_has_another_signature(void **state)
{
    struct buf get;
    struct buf put;
    (void)state;
    buf_init(&get, 4096);
    buf_init(&put, 4096);
    assert_int_equal(s3_url_append(&get, &documented, "GET", documented_unix_ms, 60), 0);
    assert_int_equal(s3_url_append(&put, &documented, "PUT", documented_unix_ms, 60), 0);
    assert_int_equal(get.len, put.len);
    assert_memory_not_equal(get.ptr, put.ptr, get.len);
    buf_done(&get);
    buf_done(&put);
}

static void an_endpoint_without_a_scheme_is_refused(void **state)
{
    struct s3_object object = documented;
    struct buf url;
    (void)state;
    object.endpoint = "examplebucket.s3.amazonaws.com";
    buf_init(&url, 4096);
    assert_int_equal(s3_url_append(&url, &object, "GET", documented_unix_ms, 60), ERR_INVALID);
    buf_done(&url);
}

static void a_url_that_does_not_fit_is_an_error(void **state)
{
    struct buf url;
    (void)state;
    buf_init(&url, 64);
    assert_int_equal(s3_url_append(&url, &documented, "GET", documented_unix_ms, 60), ERR_TOO_BIG);
    buf_done(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_example_is_signed_as_documented),
        cmocka_unit_test(another_method_has_another_signature),
        cmocka_unit_test(an_endpoint_without_a_scheme_is_refused),
        cmocka_unit_test(a_url_that_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
