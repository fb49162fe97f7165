/* Parameters: each kind accepts its values, refuses others with a message, and is normalised. */
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/unit.h"
#include "wire/effect.h"

static const char effect_text[] =
    "[effect]\nname = e\npath = /e\nstyle = media-list\n[answer]\nresult = /x\n"
    "[param text]\nkind = text\nlength = 1..4\ndefault = abc\n"
    "[param int]\nkind = int\nrange = 0..100\nchoices = half:50\n"
    "[param real]\nkind = real\nrange = 0..1\n"
    "[param bool]\nkind = bool\n"
    "[param choice]\nkind = choice\nchoices = jpg, url, three:3\n"
    "[param color]\nkind = color\nchoices = blue:#438EDB\n"
    "[param must]\nkind = int\nrequired = yes\n";

#define GIVEN_TEXT(t)                                                      \
    {                                                                      \
        .kind = VALUE_TEXT, .text = {(const uint8_t *)(t), sizeof(t) - 1 } \
    }
#define GIVEN_INT(n)                      \
    {                                     \
        .kind = VALUE_INT, .integer = (n) \
    }
#define GIVEN_REAL(x)                   \
    {                                   \
        .kind = VALUE_REAL, .real = (x) \
    }
#define GIVEN_BOOL(b)                    \
    {                                    \
        .kind = VALUE_BOOL, .truth = (b) \
    }

static int set_up(void **state)
{
    struct err err = {.code = 0};
    struct effect *effect = mem_zalloc(1, sizeof *effect);
    assert_ok(effect_parse(slice_text(effect_text), "e.ini", effect, &err), &err);
    *state = effect;
    return 0;
}

static int tear_down(void **state)
{
    mem_free(*state);
    return 0;
}

static void give(struct params *params, const char *name, struct value value)
{
    struct param *param = &params->items[params->count++];
    (void)text_copy(param->name, sizeof param->name, slice_text(name));
    param->value = value;
}

static int check(const struct effect *effect,
                 const char *name,
                 struct value value,
                 struct params *params,
                 struct err *err)
{
    struct params given = {.count = 0};
    give(&given, "must", (struct value)GIVEN_INT(1));
    give(&given, name, value);
    return effect_check_params(effect, &given, params, err);
}

static void good_values_are_normalised(void **state)
{
    static const struct {
        const char *name;
        struct value given, wanted;
    } cases[] = {
        {"text",   GIVEN_TEXT("a"),       GIVEN_TEXT("a")    },
        {"int",    GIVEN_INT(0),          GIVEN_INT(0)       },
        {"int",    GIVEN_TEXT("100"),     GIVEN_INT(100)     },
        {"int",    GIVEN_TEXT("half"),    GIVEN_INT(50)      },
        {"int",    GIVEN_REAL(7.0),       GIVEN_INT(7)       },
        {"real",   GIVEN_REAL(0.25),      GIVEN_REAL(0.25)   },
        {"real",   GIVEN_INT(1),          GIVEN_REAL(1)      },
        {"real",   GIVEN_TEXT("0.5"),     GIVEN_REAL(0.5)    },
        {"bool",   GIVEN_BOOL(true),      GIVEN_BOOL(true)   },
        {"bool",   GIVEN_TEXT("no"),      GIVEN_BOOL(false)  },
        {"choice", GIVEN_TEXT("url"),     GIVEN_TEXT("url")  },
        {"choice", GIVEN_TEXT("three"),   GIVEN_TEXT("3")    },
        {"choice", GIVEN_INT(3),          GIVEN_TEXT("3")    },
        {"color",  GIVEN_TEXT("#438edb"), GIVEN_INT(0x438edb)},
        {"color",  GIVEN_TEXT("blue"),    GIVEN_INT(0x438edb)},
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct params params;
        struct err err = {.code = 0};
        assert_ok(check(*state, cases[i].name, cases[i].given, &params, &err), &err);
        const struct value *value = params_find(&params, cases[i].name);
        assert_non_null(value);
        assert_int_equal(value->kind, cases[i].wanted.kind);
        assert_true(slice_equal(value->text, cases[i].wanted.text));
        assert_int_equal(value->integer, cases[i].wanted.integer);
        assert_true(fabs(value->real - cases[i].wanted.real) < 1e-12);
        assert_int_equal(value->truth, cases[i].wanted.truth);
    }
}

static void bad_values_are_refused_with_what_is_allowed(void **state)
{
    static const struct {
        const char *name;
        struct value given;
        const char *message;
    } cases[] = {
        {"text",   GIVEN_TEXT(""),               "e: text: \"\" is not allowed; allowed: text of 1 to 4 b" },
        {"text",   GIVEN_TEXT("12345"),          "1 to 4 bytes"                                            },
        {"text",   GIVEN_INT(5),                 "e: text: 5 is not allowed"                               },
        {"int",    GIVEN_INT(101),               "int: 101 is not allowed; allowed: a whole number from 0 "},
        {"int",    GIVEN_INT(-1),                "0 to 100, half"                                          },
        {"int",    GIVEN_TEXT("1x"),             "\"1x\""                                                  },
        {"int",    GIVEN_REAL(0.5),              "0.5"                                                     },
        {"int",    GIVEN_REAL((double)NAN),      "nan"                                                     },
        {"int",    GIVEN_REAL((double)INFINITY), "inf"                                                     },
        {"int",    GIVEN_BOOL(true),             "true"                                                    },
        {"real",   GIVEN_REAL(1.5),              "a number from 0 to 1"                                    },
        {"real",   GIVEN_REAL((double)NAN),      "nan"                                                     },
        {"real",   GIVEN_TEXT("nan"),            "nan"                                                     },
        {"bool",   GIVEN_INT(1),                 "true, false"                                             },
        {"choice", GIVEN_TEXT("png"),            "allowed: jpg, url, three"                                },
        {"choice", GIVEN_REAL(3),                "3 is not allowed"                                        },
        {"color",  GIVEN_TEXT("red"),            "allowed: #RRGGBB, blue"                                  },
        {"color",  GIVEN_TEXT("#12345g"),        "#RRGGBB"                                                 },
        {"color",  GIVEN_TEXT("#1234567"),       "#RRGGBB"                                                 },
        {"color",  GIVEN_INT(5),                 "#RRGGBB"                                                 },
        {"colour", GIVEN_TEXT("#123456"),        "e has no parameter \"colour\", did you mean color?"      },
        {"zzzzzz", GIVEN_TEXT("#123456"),        "allowed: text, int, real, bool, choice, color, must"     },
        {"choice", GIVEN_TEXT("a\n\"\x01"),      "\"a\\n\\\"\\x01\""                                       },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct params params = {.count = 77};
        struct err err = {.code = 0};
        int code = check(*state, cases[i].name, cases[i].given, &params, &err);
        assert_int_equal(code, ERR_INVALID);
        assert_int_equal(params.count, 77);
        if (strstr(err.msg, cases[i].message) == NULL) {
            fail_msg("wanted \"%s\", got \"%s\"", cases[i].message, err.msg);
        }
    }
}

static void defaults_and_required_ones(void **state)
{
    const struct effect *effect = *state;
    struct params given = {.count = 0};
    struct params params;
    struct err err = {.code = 0};
    assert_fails(effect_check_params(effect, &given, &params, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "e needs the parameter must: a whole number"));
    give(&given, "must", (struct value)GIVEN_TEXT("-3"));
    assert_ok(effect_check_params(effect, &given, &params, &err), &err);
    assert_int_equal(params.count, 2);
    assert_string_equal(params.items[0].name, "text");
    assert_true(slice_is(params.items[0].value.text, "abc"));
    assert_int_equal(params_find(&params, "must")->integer, -3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_values_are_normalised, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_values_are_refused_with_what_is_allowed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(defaults_and_required_ones, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
