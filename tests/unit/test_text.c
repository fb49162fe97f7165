#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "lib/unit.h"

static void whole_numbers_are_read_to_their_limits(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0",                    0        },
        {"-0",                   0        },
        {"007",                  7        },
        {"-12",                  -12      },
        {"9223372036854775807",  INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        int64_t value = 99;
        assert_int_equal(text_parse_i64(slice_text(cases[i].text), &value), 0);
        assert_true(value == cases[i].value);
    }
}

static void what_is_no_whole_number_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "-",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.0",
                                        "0x1",
                                        "--1",
                                        "1e3",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999",
                                        "\xd9\xa1"};
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        int64_t value = 99;
        assert_fails(text_parse_i64(slice_text(cases[i]), &value), ERR_MALFORMED);
        assert_int_equal(value, 99);
    }
}

static void fractions_are_read(void **state)
{
    (void)state;
    double value = 0;
    assert_int_equal(text_parse_double(slice_text("0.5"), &value), 0);
    assert_true(value > 0.4999 && value < 0.5001);
    assert_int_equal(text_parse_double(slice_text("-3"), &value), 0);
    assert_true(value > -3.001 && value < -2.999);
    static const char *const bad[] = {"", "x", "1x", "nan", "inf", "1e999", "0.5.5"};
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        assert_fails(text_parse_double(slice_text(bad[i]), &value), ERR_MALFORMED);
    }
}

static void durations_need_a_unit_except_zero(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"0",     0        },
        {"250ms", 250      },
        {"10s",   10000    },
        {"5m",    300000   },
        {"24h",   86400000 },
        {"7d",    604800000},
    };

    int64_t ms = 0;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        assert_int_equal(text_parse_duration(slice_text(cases[i].text), &ms), 0);
        assert_int_equal(ms, cases[i].ms);
    }
    static const char *const bad[] = {
        "", "10", "s", "-1s", "1 s", "1.5s", "10S", "1w", "1sx", "1m30s", "200000000000000d"};
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        assert_fails(text_parse_duration(slice_text(bad[i]), &ms), ERR_MALFORMED);
    }
}

static void sizes_count_in_powers_of_1024(void **state)
{
    (void)state;
    int64_t bytes = 0;
    assert_int_equal(text_parse_size(slice_text("4096"), &bytes), 0);
    assert_int_equal(bytes, 4096);
    assert_int_equal(text_parse_size(slice_text("64KB"), &bytes), 0);
    assert_int_equal(bytes, 65536);
    assert_int_equal(text_parse_size(slice_text("3GB"), &bytes), 0);
    assert_int_equal(bytes, INT64_C(3) << 30);
    static const char *const bad[] = {"", "KB", "1K", "1kb", "1TB", "-1KB", "9999999999999GB"};
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        assert_fails(text_parse_size(slice_text(bad[i]), &bytes), ERR_MALFORMED);
    }
}

static void durations_and_sizes_print_in_their_largest_exact_unit(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(text_format_duration(300000, text, sizeof text), "5m");
    assert_string_equal(text_format_duration(1500, text, sizeof text), "1500ms");
    assert_string_equal(text_format_duration(86400000, text, sizeof text), "1d");
    assert_string_equal(text_format_size(2097152, text, sizeof text), "2MB");
    assert_string_equal(text_format_size(1000, text, sizeof text), "1000");
    assert_string_equal(text_format_size(0, text, sizeof text), "0");
}

static void yes_and_no_have_four_spellings_each(void **state)
{
    (void)state;
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    static const char *const bad[] = {"", "Yes", "y", "2", "yes "};
    bool value;
    for (size_t i = 0; i < N_ELEMENTS(yes); i++) {
        value = false;
        assert_int_equal(text_parse_bool(slice_text(yes[i]), &value), 0);
        assert_true(value);
        assert_int_equal(text_parse_bool(slice_text(no[i]), &value), 0);
        assert_false(value);
    }
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        assert_fails(text_parse_bool(slice_text(bad[i]), &value), ERR_MALFORMED);
    }
}

static void escapes_keep_good_utf8_and_show_everything_else(void **state)
{
    (void)state;

    static const struct {
        const char *source;
        const char *escaped;
    } cases[] = {
        {"plain text",       "plain text"          },
        {"a\nb\tc\rd",       "a\\nb\\tc\\rd"       },
        {"\"\\",             "\\\"\\\\"            },
        {"\x01\x7f",         "\\x01\\x7f"          },
        {"\xe7\xbe\x8e",     "\xe7\xbe\x8e"        },
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"    },
        {"\xff\xc3",         "\\xff\\xc3"          },
        {"\xc0\xaf",         "\\xc0\\xaf"          }, /* overlong */
        {"\xed\xa0\x80",     "\\xed\\xa0\\x80"     }, /* surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* past U+10FFFF */
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char text[64];
        size_t len = text_escape(slice_text(cases[i].source), text, sizeof text);
        assert_string_equal(text, cases[i].escaped);
        assert_int_equal(len, strlen(text));
    }
    char text[8];
    assert_int_equal(text_escape(slice_of("\0", 1), text, sizeof text), 4);
    assert_string_equal(text, "\\x00");
}

static void an_escape_is_never_cut_in_two(void **state)
{
    (void)state;
    char text[6];
    assert_int_equal(text_escape(slice_text("abc\x01"), text, sizeof text), 3);
    assert_string_equal(text, "abc");
    assert_int_equal(text_escape(slice_text("abc\xe7\xbe\x8e"), text, sizeof text), 3);
    assert_int_equal(text_escape(slice_text("abcdefgh"), text, sizeof text), 5);
    assert_int_equal(text_escape(slice_text("x"), text, 1), 0);
    assert_string_equal(text, "");
}

static void copies_say_when_they_had_to_cut(void **state)
{
    (void)state;
    char text[4] = "zzz";
    assert_true(text_copy(text, sizeof text, slice_text("abc")));
    assert_string_equal(text, "abc");
    assert_false(text_copy(text, sizeof text, slice_text("wxyz")));
    assert_string_equal(text, "wxy");
    assert_true(text_copy(text, sizeof text, slice_of(NULL, 0)));
    assert_string_equal(text, "");
}

static void names_keep_to_their_alphabets_and_lengths(void **state)
{
    (void)state;
    char longest[66];
    memset(longest, 'a', sizeof longest);
    assert_true(text_is_job_id(slice_text("A1._-z")));
    assert_true(text_is_job_id(slice_of(longest, 64)));
    assert_false(text_is_job_id(slice_of(longest, 65)));
    assert_false(text_is_job_id(slice_text("")));
    assert_false(text_is_job_id(slice_text("-a")));
    assert_false(text_is_job_id(slice_text("a b")));
    assert_false(text_is_job_id(slice_of("a\0", 2)));
    assert_true(text_is_reply_name(slice_text("-a")));
    assert_false(text_is_reply_name(slice_text("a:b")));
    assert_true(text_is_queue_name(slice_text("q_1-x")));
    assert_true(text_is_queue_name(slice_of(longest, 32)));
    assert_false(text_is_queue_name(slice_of(longest, 33)));
    assert_false(text_is_queue_name(slice_text("Q")));
    assert_false(text_is_queue_name(slice_text("a.b")));
    assert_false(text_is_queue_name(slice_text("_a")));
    assert_false(text_is_queue_name(slice_text("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_read_to_their_limits),
        cmocka_unit_test(what_is_no_whole_number_is_refused),
        cmocka_unit_test(fractions_are_read),
        cmocka_unit_test(durations_need_a_unit_except_zero),
        cmocka_unit_test(sizes_count_in_powers_of_1024),
        cmocka_unit_test(durations_and_sizes_print_in_their_largest_exact_unit),
        cmocka_unit_test(yes_and_no_have_four_spellings_each),
        cmocka_unit_test(escapes_keep_good_utf8_and_show_everything_else),
        cmocka_unit_test(an_escape_is_never_cut_in_two),
        cmocka_unit_test(copies_say_when_they_had_to_cut),
        cmocka_unit_test(names_keep_to_their_alphabets_and_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
