/* Checks and normalises the parameters of a job by the rules of its effect. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/text.h"
#include "wire/effect.h"
#include "wire/effect_into.h"

enum {
    SHOWN_MAX = 64,   /* of a given value, in messages */
    ALLOWED_MAX = 320 /* of what is allowed, in messages */
};

#define WHOLE_MAX 9007199254740992.0 /* 2^53: whole numbers that a double holds */

static const char *const kind_names[PARAM_KIND_COUNT] = {
    [PARAM_TEXT] = "text", [PARAM_INT] = "int",       [PARAM_REAL] = "real",
    [PARAM_BOOL] = "bool", [PARAM_CHOICE] = "choice", [PARAM_COLOR] = "color",
};

const char *param_kind_name(enum param_kind kind)
{
    CHECK(kind < PARAM_KIND_COUNT);
    return kind_names[kind];
}

static struct value value_text(struct slice text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text};
}

static struct value value_int(int64_t integer)
{
    return (struct value){.kind = VALUE_INT, .integer = integer};
}

static bool word_is(const struct param_rule *rule, struct slice given, const char *word)
{
    return slice_is(given, word) || (rule->kind == PARAM_COLOR && given.len == strlen(word) &&
                                     strncasecmp((const char *)given.ptr, word, given.len) == 0);
}

/* The value a word stands for; NULL when the rule does not know the word. Colours are written in
 * either case, their names too. */
static const char *choice_find(const struct param_rule *rule, struct slice name)
{
    for (uint32_t i = 0; i < rule->choice_count; i++) {
        if (word_is(rule, name, rule->choices[i].name)) {
            return rule->choices[i].value;
        }
    }
    return NULL;
}

static bool in_range(const struct param_rule *rule, double number)
{
    return number >= rule->min && number <= rule->max;
}

static bool read_text(const struct param_rule *rule, const struct value *given, struct value *ret)
{
    if (given->kind != VALUE_TEXT || !in_range(rule, (double)given->text.len)) {
        return false;
    }
    *ret = *given;
    return true;
}

static bool read_int(const struct param_rule *rule, const struct value *given, struct value *ret)
{
    int64_t integer = given->integer;
    bool whole = given->kind == VALUE_INT;
    if (given->kind == VALUE_TEXT) {
        whole = text_parse_i64(given->text, &integer) == 0;
    } else if (given->kind == VALUE_REAL) {
        /* 1.0 is what some languages make of 1. NaN is outside as well. */
        bool fits = given->real >= -WHOLE_MAX && given->real <= WHOLE_MAX;
        integer = fits ? (int64_t)given->real : 0;
        whole = fits && !((double)integer < given->real) && !((double)integer > given->real);
    }
    if (!whole || !in_range(rule, (double)integer)) {
        return false;
    }
    *ret = value_int(integer);
    return true;
}

static bool read_real(const struct param_rule *rule, const struct value *given, struct value *ret)
{
    double real = given->real;
    bool number = given->kind == VALUE_REAL;
    if (given->kind == VALUE_TEXT) {
        number = text_parse_double(given->text, &real) == 0;
    } else if (given->kind == VALUE_INT) {
        number = true;
        real = (double)given->integer;
    }
    if (!number || !in_range(rule, real)) { /* NaN is in no range */
        return false;
    }
    *ret = (struct value){.kind = VALUE_REAL, .real = real + 0.0}; /* -0 becomes 0 */
    return true;
}

static bool read_bool(const struct param_rule *rule, const struct value *given, struct value *ret)
{
    (void)rule;
    bool truth = given->truth;
    bool known = given->kind == VALUE_BOOL;
    if (given->kind == VALUE_TEXT) {
        known = text_parse_bool(given->text, &truth) == 0;
    }
    if (!known) {
        return false;
    }
    *ret = (struct value){.kind = VALUE_BOOL, .truth = truth};
    return true;
}

/* Words were replaced before: what comes here must be the value of one of them. */
static bool read_choice(const struct param_rule *rule, const struct value *given, struct value *ret)
{
    char number[24];
    struct slice text = given->text;
    if (given->kind == VALUE_INT) {
        (void)snprintf(number, sizeof number, "%lld", (long long)given->integer);
        text = slice_text(number);
    } else if (given->kind != VALUE_TEXT) {
        return false;
    }
    for (uint32_t i = 0; i < rule->choice_count; i++) {
        if (slice_is(text, rule->choices[i].value)) {
            *ret = value_text(slice_text(rule->choices[i].value));
            return true;
        }
    }
    return false;
}

static int hex_digit(uint8_t c)
{
    uint8_t lower = c | 0x20;
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool read_color(const struct param_rule *rule, const struct value *given, struct value *ret)
{
    (void)rule;

    enum {
        COLOR_LEN = 7
    };

    if (given->kind != VALUE_TEXT || given->text.len != COLOR_LEN || given->text.ptr[0] != '#') {
        return false;
    }
    int64_t color = 0;
    for (size_t i = 1; i < COLOR_LEN; i++) {
        int digit = hex_digit(given->text.ptr[i]);
        if (digit < 0) {
            return false;
        }
        color = color * 16 + digit;
    }
    *ret = value_int(color);
    return true;
}

static bool (*const readers[PARAM_KIND_COUNT])(const struct param_rule *,
                                               const struct value *,
                                               struct value *) = {
    [PARAM_TEXT] = read_text, [PARAM_INT] = read_int,       [PARAM_REAL] = read_real,
    [PARAM_BOOL] = read_bool, [PARAM_CHOICE] = read_choice, [PARAM_COLOR] = read_color,
};

static const char *value_show(const struct value *value, char text[SHOWN_MAX])
{
    char escaped[SHOWN_MAX - 2];
    switch (value->kind) {
    case VALUE_TEXT:
        (void)text_escape(value->text, escaped, sizeof escaped);
        (void)snprintf(text, SHOWN_MAX, "\"%s\"", escaped);
        break;
    case VALUE_INT:
        (void)snprintf(text, SHOWN_MAX, "%lld", (long long)value->integer);
        break;
    case VALUE_REAL:
        (void)snprintf(text, SHOWN_MAX, "%.16g", value->real);
        break;
    case VALUE_BOOL:
    default:
        (void)snprintf(text, SHOWN_MAX, "%s", value->truth ? "true" : "false");
        break;
    }
    return text;
}

/* Appends to text, cut to fit. */
static void add(char text[ALLOWED_MAX], const char *piece)
{
    size_t used = strlen(text);
    (void)text_copy(text + used, ALLOWED_MAX - used, slice_text(piece));
}

static const char *rule_allowed(const struct param_rule *rule, char text[ALLOWED_MAX])
{
    static const struct {
        const char *head, *tail; /* around the range */
    } words[PARAM_KIND_COUNT] = {
        [PARAM_TEXT] = {"text of ",             " bytes"},
          [PARAM_INT] = {"a whole number from ", ""      },
        [PARAM_REAL] = {"a number from ",       ""      },
          [PARAM_BOOL] = {"true, false",          NULL    },
        [PARAM_CHOICE] = {"",                     NULL    },
          [PARAM_COLOR] = {"#RRGGBB",              NULL    },
    };

    text[0] = '\0';
    if (rule->refusal[0] != '\0') {
        add(text, rule->refusal);
        return text;
    }
    add(text, rule->closed ? "" : words[rule->kind].head);
    if (words[rule->kind].tail != NULL && !rule->closed) {
        char range[64];
        (void)snprintf(range, sizeof range, "%.16g to %.16g%s", rule->min, rule->max,
                       words[rule->kind].tail);
        add(text, range);
    }
    for (uint32_t i = 0; i < rule->choice_count; i++) {
        add(text, text[0] != '\0' ? ", " : "");
        add(text, rule->choices[i].name);
    }
    return text;
}

/* Where nothing but the choices is allowed: is it one of them, however it was written? */
static bool is_choice(const struct param_rule *rule, const struct value *read)
{
    for (uint32_t i = 0; i < rule->choice_count; i++) {
        struct value word = value_text(slice_text(rule->choices[i].value));
        struct value choice;
        if (readers[rule->kind](rule, &word, &choice) && value_equal(&choice, read)) {
            return true;
        }
    }
    return false;
}

int param_read(const struct param_rule *rule,
               const struct value *given,
               struct value *ret_value,
               struct err *err)
{
    struct value value = *given;
    if (given->kind == VALUE_TEXT) {
        const char *stands_for = choice_find(rule, given->text);
        value = stands_for != NULL ? value_text(slice_text(stands_for)) : *given;
    }
    struct value read;
    if (readers[rule->kind](rule, &value, &read) && (!rule->closed || is_choice(rule, &read))) {
        *ret_value = read;
        return 0;
    }
    char shown[SHOWN_MAX];
    char allowed[ALLOWED_MAX];
    return err_set(err, ERR_INVALID, "%s: %s is not allowed%s: %s", rule->name,
                   value_show(given, shown), rule->refusal[0] != '\0' ? "" : "; allowed",
                   rule_allowed(rule, allowed));
}

const struct param_rule *effect_rule_find(const struct effect *effect, const char *name)
{
    for (uint32_t i = 0; i < effect->param_count; i++) {
        if (strcmp(effect->params[i].name, name) == 0) {
            return &effect->params[i];
        }
    }
    return NULL;
}

const struct param_rule *effect_rule_of_role(const struct effect *effect, enum param_role role)
{
    CHECK(role != PARAM_ROLE_NONE);
    for (uint32_t i = 0; i < effect->param_count; i++) {
        if (effect->params[i].role == role) {
            return &effect->params[i];
        }
    }
    return NULL;
}

static int fail_unknown(const struct effect *effect, const char *name, struct err *err)
{
    char known[ALLOWED_MAX] = "";
    char shown[SHOWN_MAX];
    struct value given = value_text(slice_text(name));
    const char *nearest = NULL;
    size_t nearest_distance = 4; /* further away is no slip of the finger */
    for (uint32_t i = 0; i < effect->param_count; i++) {
        const char *candidate = effect->params[i].name;
        size_t distance = text_distance(slice_text(name), slice_text(candidate));
        if (distance < nearest_distance) {
            nearest = candidate;
            nearest_distance = distance;
        }
        add(known, i > 0 ? ", " : "");
        add(known, candidate);
    }
    return err_set(err, ERR_INVALID, "%s has no parameter %s%s%s%s; allowed: %s", effect->name,
                   value_show(&given, shown), nearest != NULL ? ", did you mean " : "",
                   nearest != NULL ? nearest : "", nearest != NULL ? "?" : "",
                   known[0] != '\0' ? known : "none");
}

static int fail_missing(const struct effect *effect, const struct param_rule *rule, struct err *err)
{
    const struct param_rule *other = into_find(effect, rule);
    char allowed[ALLOWED_MAX];
    int code = err_set(err, ERR_INVALID, "%s needs the parameter %s: %s", effect->name, rule->name,
                       rule_allowed(rule, allowed));
    if (other == NULL) {
        return code;
    }
    return err_set(err, ERR_INVALID, "%s needs either %s (%s) or both %s and %s", effect->name,
                   other->name, rule_allowed(other, allowed), other->into[0], other->into[1]);
}

/* The value of one rule into params, if there is one. */
static int param_take(const struct effect *effect,
                      const struct param_rule *rule,
                      const struct value *found,
                      struct params *params,
                      struct err *err)
{
    struct value fallback = value_text(slice_text(rule->fallback));
    if (found == NULL && rule->has_default) {
        found = &fallback;
    }
    if (found == NULL) {
        return rule->required ? fail_missing(effect, rule, err) : 0;
    }
    struct param *param = &params->items[params->count];
    memcpy(param->name, rule->name, sizeof param->name);
    int code = param_read(rule, found, &param->value, err);
    if (code != 0) {
        (void)err_wrap(err, "%s", effect->name);
        return code;
    }
    params->count += rule->unsent ? 0 : 1;
    return 0;
}

/* Whatever was given has beside it what it needs. */
static int check_needs(const struct effect *effect,
                       const struct params *given,
                       const struct params *params,
                       struct err *err)
{
    for (uint32_t i = 0; i < given->count; i++) {
        const struct param_rule *rule = effect_rule_find(effect, given->items[i].name);
        CHECK(rule != NULL);
        if (rule->needs[0] != '\0' && params_find(params, rule->needs) == NULL) {
            return err_set(err, ERR_INVALID, "%s: %s needs %s beside it", effect->name, rule->name,
                           rule->needs);
        }
    }
    return 0;
}

int effect_check_params(const struct effect *effect,
                        const struct params *given,
                        struct params *ret_params,
                        struct err *err)
{
    for (uint32_t i = 0; i < given->count; i++) {
        if (effect_rule_find(effect, given->items[i].name) == NULL) {
            return fail_unknown(effect, given->items[i].name, err);
        }
    }
    struct params params = {.count = 0};
    struct params spread = {.count = 0};
    int code = into_spread_all(effect, given, &spread, err);
    for (uint32_t i = 0; i < effect->param_count && code == 0; i++) {
        const struct param_rule *rule = &effect->params[i];
        const struct value *found = params_find(given, rule->name);
        found = found != NULL ? found : params_find(&spread, rule->name);
        if (rule->into_count == 0) {
            code = param_take(effect, rule, found, &params, err);
        }
    }
    code = code != 0 ? code : check_needs(effect, given, &params, err);
    if (code == 0) {
        *ret_params = params;
    }
    return code;
}
