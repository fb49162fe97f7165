#include <limits.h>

#include "base/buf.h"
#include "base/check.h"
#include "lib/unit.h"
#include "stats/exposition.h"

static void milliseconds_become_exact_seconds(void **state)
{
    (void)state;

    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0,         "0"                    },
        {1,         "0.001"                },
        {10,        "0.01"                 },
        {2500,      "2.5"                  },
        {120000,    "120"                  },
        {-1500,     "-1.5"                 },
        {INT64_MAX, "9223372036854775.807" },
        {INT64_MIN, "-9223372036854775.808"},
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char text[EXPOSITION_VALUE_MAX];
        assert_string_equal(exposition_seconds(cases[i].ms, text), cases[i].text);
    }
}

static void a_sample_may_have_no_labels(void **state)
{
    (void)state;
    struct buf buf;
    const struct exposition_label none[] = {
        {NULL, NULL}
    };
    buf_init(&buf, 100);
    assert_int_equal(exposition_sample(&buf, "a", NULL, "1"), 0);
    assert_int_equal(exposition_sample(&buf, "b", none, "2"), 0);
    assert_string_equal(buf_cstr(&buf), "a 1\nb 2\n");
    buf_done(&buf);
}

static void quotes_backslashes_and_line_ends_in_a_label_are_escaped(void **state)
{
    (void)state;
    struct buf buf;
    const struct exposition_label labels[] = {
        {"a",  "x\"y\\z\n\t"},
        {"b",  ""           },
        {NULL, NULL         }
    };
    buf_init(&buf, 100);
    assert_int_equal(exposition_sample(&buf, "n", labels, "1"), 0);
    assert_string_equal(buf_cstr(&buf), "n{a=\"x\\\"y\\\\z\\n\t\",b=\"\"} 1\n");
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(milliseconds_become_exact_seconds),
        cmocka_unit_test(a_sample_may_have_no_labels),
        cmocka_unit_test(quotes_backslashes_and_line_ends_in_a_label_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
