#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/rng.h"
#include "wire/base64.h"

enum {
    SAMPLE_MAX = 30000
};

static void fill(uint8_t *bytes, size_t len)
{
    struct rng rng;
    rng_seed(&rng, 7);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)rng_below(&rng, 256);
    }
}

static int decode(const char *text, char *ret_text)
{
    uint8_t copy[128];
    size_t len = strlen(text);
    memcpy(copy, text, len + 1);
    size_t decoded = 0;
    int code = base64_decode_in_place(copy, len, &decoded);
    if (code == 0) {
        memcpy(ret_text, copy, decoded);
        ret_text[decoded] = '\0';
    }
    return code;
}

static void the_vectors_of_rfc_4648_hold_both_ways(void **state)
{
    (void)state;

    static const struct {
        const char *plain, *encoded;
    } rows[] = {
        {"",       ""        },
        {"f",      "Zg=="    },
        {"fo",     "Zm8="    },
        {"foo",    "Zm9v"    },
        {"foob",   "Zm9vYg=="},
        {"fooba",  "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        uint8_t encoded[16];
        size_t len = base64_encode(slice_text(rows[i].plain), encoded);
        assert_true(slice_is(slice_of(encoded, len), rows[i].encoded));
        char plain[128];
        assert_int_equal(decode(rows[i].encoded, plain), 0);
        assert_string_equal(plain, rows[i].plain);
    }
}

static void encoding_writes_not_one_byte_too_many(void **state)
{
    (void)state;
    uint8_t bytes[64];
    fill(bytes, sizeof bytes);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        uint8_t dest[128];
        memset(dest, 0xee, sizeof dest);
        size_t used = base64_encode(slice_of(bytes, len), dest);
        assert_int_equal(used, base64_encoded_len(len));
        assert_int_equal(dest[used], 0xee);
    }
}

static void what_was_encoded_decodes_to_itself_at_every_length_near_a_piece(void **state)
{
    (void)state;
    uint8_t *bytes = mem_alloc(SAMPLE_MAX);
    uint8_t *text = mem_alloc(base64_encoded_len(SAMPLE_MAX));
    assert_non_null(bytes);
    assert_non_null(text);
    fill(bytes, SAMPLE_MAX);
    for (size_t len = 6130; len < 6160; len++) {
        size_t encoded = base64_encode(slice_of(bytes, len), text);
        size_t decoded = 0;
        assert_int_equal(base64_decode_in_place(text, encoded, &decoded), 0);
        assert_int_equal(decoded, len);
        assert_memory_equal(text, bytes, len);
    }
    mem_free(bytes);
    mem_free(text);
}

static void missing_padding_and_line_breaks_are_accepted(void **state)
{
    (void)state;
    char plain[128];
    assert_int_equal(decode("Zm9vYg", plain), 0);
    assert_string_equal(plain, "foob");
    assert_int_equal(decode("Zm9v\r\nYmE", plain), 0);
    assert_string_equal(plain, "fooba");
    assert_int_equal(decode("\nZ\nm\n9\nv\n", plain), 0);
    assert_string_equal(plain, "foo");
    assert_int_equal(decode("\r\n", plain), 0);
    assert_string_equal(plain, "");
}

static void anything_that_is_no_base64_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Z",    "Zm9vY",    "Zg=",      "Zg===",    "=",         "====",
        "Z===", "Zm=v",     "Zg==Zm9v", " Zm9",     "Zm9v    ",  "    Zm9v",
        "Zm9-", "Zm9v----", "Zm9v_w==", "Zm9v\tZm", "Zm9v\x01Z", "Zm9v\xff\xff\xff\xff",
        "-mmm", "mmm-",     "mm-",
    };
    for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
        char plain[128];
        assert_int_equal(decode(texts[i], plain), ERR_MALFORMED);
    }
}

static void a_flaw_in_any_place_of_a_long_text_is_found(void **state)
{
    (void)state;
    static const char flaws[] = {' ', '\t', '-', '=', '\0', '*', '\x7f', '\x80'};

    enum {
        LEN = 16384 + 64
    };

    uint8_t *text = mem_alloc(LEN);
    assert_non_null(text);
    for (size_t f = 0; f < sizeof flaws; f++) {
        for (size_t at = 0; at < LEN - 2; at += 127) {
            memset(text, 'A', LEN);
            text[at] = (uint8_t)flaws[f];
            size_t decoded = 0;
            assert_int_equal(base64_decode_in_place(text, LEN, &decoded), ERR_MALFORMED);
        }
    }
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_rfc_4648_hold_both_ways),
        cmocka_unit_test(encoding_writes_not_one_byte_too_many),
        cmocka_unit_test(what_was_encoded_decodes_to_itself_at_every_length_near_a_piece),
        cmocka_unit_test(missing_padding_and_line_breaks_are_accepted),
        cmocka_unit_test(anything_that_is_no_base64_is_refused),
        cmocka_unit_test(a_flaw_in_any_place_of_a_long_text_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
