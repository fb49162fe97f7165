/* Reads one catalogue file line by line, then checks what its keys come to together. */
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/ini_text.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/effect.h"
#include "wire/effect_into.h"
#include "wire/effect_key.h"

enum {
    EFFECT_FILE_MAX = 64 << 10,
    TEXT_PARAM_MAX = 1024, /* bytes of a text parameter, where the file says nothing */
    SHOWN_MAX = 80
};

#define WHOLE_MAX 9007199254740992.0 /* 2^53: whole numbers that a double holds */

/* The file on its way through inih. */
struct reading {
    struct effect *effect; /* borrowed */
    const char *origin;    /* borrowed, for messages */
    struct ini_text ini;
    uint64_t seen; /* rows of [effect], [image] and [answer] that were given */
    uint64_t param_seen[PARAMS_MAX];
    int param_line[PARAMS_MAX]; /* last line of each parameter */
    struct err *err;            /* borrowed; filled by the first mistake */
    int code;                   /* 0, or of the first mistake */
};

static int fail_at(struct reading *reading, int line, const char *what)
{
    if (reading->code == 0) {
        reading->code =
            err_set(reading->err, ERR_INVALID, "%s:%d: %s", reading->origin, line, what);
        reading->ini.stopped = true;
    }
    return reading->code;
}

static struct param_rule *param_open(struct reading *reading, struct slice name)
{
    struct effect *effect = reading->effect;
    for (uint32_t i = 0; i < effect->param_count; i++) {
        if (slice_is(name, effect->params[i].name)) {
            return &effect->params[i];
        }
    }
    if (!text_is_job_id(name) || name.len > PARAM_NAME_MAX) {
        (void)fail_at(reading, reading->ini.line,
                      "[param NAME]: the name must be 1 to 32 of A-Z a-z 0-9 . _ -");
        return NULL;
    }
    if (effect->param_count == PARAMS_MAX) {
        (void)fail_at(reading, reading->ini.line, "more than 24 parameters");
        return NULL;
    }
    struct param_rule *rule = &effect->params[effect->param_count++];
    (void)text_copy(rule->name, sizeof rule->name, name);
    (void)text_copy(rule->field, sizeof rule->field, name);
    rule->kind = PARAM_KIND_COUNT;
    return rule;
}

static int fail_key(struct reading *reading,
                    const char *section,
                    const char *key,
                    const char *what,
                    const char *allowed)
{
    char text[ERR_MSG_MAX];
    (void)snprintf(text, sizeof text, "%s.%s: %s; allowed: %s", section, key, what, allowed);
    return fail_at(reading, reading->ini.line, text);
}

static int
key_unknown(struct reading *reading, const char *section, struct slice family, const char *key)
{
    const struct key_row *nearest = key_row_nearest(family, key);
    char meant[SHOWN_MAX];
    (void)snprintf(meant, sizeof meant, "perhaps %s in [%s%s]", nearest->key, nearest->section,
                   strcmp(nearest->section, "param") == 0 ? " NAME" : "");
    return fail_key(reading, section, key, "no such key", meant);
}

static void key_set(struct reading *reading,
                    const char *section,
                    const struct key_row *row,
                    struct param_rule *rule,
                    const char *value)
{
    uint64_t bit = UINT64_C(1) << key_row_index(row);
    uint64_t *seen = &reading->seen;
    uint8_t *base = (uint8_t *)reading->effect;
    if (rule != NULL) {
        size_t index = (size_t)(rule - reading->effect->params);
        seen = &reading->param_seen[index];
        reading->param_line[index] = reading->ini.line;
        base = (uint8_t *)rule;
    }
    if ((*seen & bit) != 0) {
        (void)fail_key(reading, section, row->key, "given twice", "once");
        return;
    }
    *seen |= bit;
    if (row->set(base + row->offset, row->size, slice_text(value)) != 0) {
        char escaped[SHOWN_MAX];
        char what[SHOWN_MAX + 24];
        (void)text_escape(slice_text(value), escaped, sizeof escaped);
        (void)snprintf(what, sizeof what, "\"%s\" is not allowed", escaped);
        (void)fail_key(reading, section, row->key, what, row->allowed);
    }
}

/* As inih wants it: nonzero is success. */
static int on_value(void *user, const char *section, const char *key, const char *value)
{
    struct reading *reading = user;
    struct slice rest = slice_text(section);
    struct slice family = rest;
    bool named = text_cut(&rest, " ", &family);
    bool is_param = slice_is(family, "param");
    const struct key_row *row = named == is_param ? key_row_find(family, key) : NULL;
    if (row == NULL) {
        (void)key_unknown(reading, section, family, key);
        return 0;
    }
    struct param_rule *rule = is_param ? param_open(reading, text_trimmed(rest)) : NULL;
    if (!is_param || rule != NULL) {
        key_set(reading, section, row, rule, value);
    }
    return reading->code == 0;
}

static bool is_seen(uint64_t mask, const char *section, const char *key)
{
    const struct key_row *row = key_row_find(slice_text(section), key);
    CHECK(row != NULL);
    return (mask & UINT64_C(1) << key_row_index(row)) != 0;
}

/* What a parameter's keys come to together; NULL, or what is wrong. */
static const char *param_finish(uint64_t given, struct param_rule *rule)
{
    bool has_range = is_seen(given, "param", "range");
    bool has_length = is_seen(given, "param", "length");
    bool is_number = rule->kind == PARAM_INT || rule->kind == PARAM_REAL;
    if (rule->kind == PARAM_KIND_COUNT) {
        return "kind is missing; allowed: text, int, real, bool, choice, color";
    }
    if (has_range && !is_number) {
        return "range is for the kinds int and real";
    }
    if (has_length && rule->kind != PARAM_TEXT) {
        return "length is for the kind text";
    }
    if (rule->kind == PARAM_CHOICE && rule->choice_count == 0) {
        return "the kind choice needs choices";
    }
    if (rule->required && rule->has_default) {
        return "required and default exclude each other";
    }
    if (is_number && !has_range) {
        rule->min = -WHOLE_MAX;
        rule->max = WHOLE_MAX;
    } else if (rule->kind == PARAM_TEXT && !has_length) {
        rule->max = TEXT_PARAM_MAX;
    }
    return NULL;
}

/* What a parameter says of others; NULL, or what is wrong. */
static const char *param_relations(const struct effect *effect, const struct param_rule *rule)
{
    if (rule->needs[0] != '\0' && effect_rule_find(effect, rule->needs) == NULL) {
        return "needs names no parameter of this effect";
    }
    if (rule->into_count > 0 && rule->kind != PARAM_CHOICE) {
        return "into is for the kind choice";
    }
    for (uint32_t i = 0; i < rule->into_count; i++) {
        const struct param_rule *target = effect_rule_find(effect, rule->into[i]);
        if (target == NULL || target->into_count > 0 || target->has_default) {
            return "into must name parameters of this effect, without into and default";
        }
    }
    if (rule->into_count > 0 && strcmp(rule->into[0], rule->into[1]) == 0) {
        return "into must name two parameters";
    }
    return rule->closed && rule->choice_count == 0 ? "only_choices needs choices" : NULL;
}

/* The size that each word stands for must be one that its two parameters allow. */
static int
param_check_into(const struct effect *effect, const struct param_rule *rule, struct err *err)
{
    int code = 0;
    for (uint32_t i = 0; i < rule->choice_count && rule->into_count > 0 && code == 0; i++) {
        struct params spread = {.count = 0};
        struct value word = {.kind = VALUE_TEXT, .text = slice_text(rule->choices[i].value)};
        code = into_spread(effect, rule, &word, &spread, err);
    }
    return code;
}

/* Each word and the default must be values of their kind. */
static int param_check_values(const struct param_rule *rule, struct err *err)
{
    struct value ignored;
    int code = 0;
    for (uint32_t i = 0; i < rule->choice_count && code == 0; i++) {
        struct value word = {.kind = VALUE_TEXT, .text = slice_text(rule->choices[i].value)};
        code = param_read(rule, &word, &ignored, err);
    }
    if (code == 0 && rule->has_default) {
        struct value fallback = {.kind = VALUE_TEXT, .text = slice_text(rule->fallback)};
        code = param_read(rule, &fallback, &ignored, err);
    }
    return code;
}

static int params_finish(struct reading *reading)
{
    struct effect *effect = reading->effect;
    for (uint32_t i = 0; i < effect->param_count && reading->code == 0; i++) {
        struct param_rule *rule = &effect->params[i];
        const char *wrong = param_finish(reading->param_seen[i], rule);
        struct err inner = {.code = 0};
        wrong = wrong != NULL ? wrong : param_relations(effect, rule);
        if (wrong == NULL && param_check_values(rule, &inner) != 0) {
            wrong = inner.msg;
        }
        if (wrong != NULL) {
            char text[ERR_MSG_MAX];
            (void)snprintf(text, sizeof text, "[param %s]: %.400s", rule->name, wrong);
            (void)fail_at(reading, reading->param_line[i], text);
        }
    }
    return reading->code;
}

/* Sizes are looked at once every parameter stands as it will be. */
static int sizes_finish(struct reading *reading)
{
    struct effect *effect = reading->effect;
    for (uint32_t i = 0; i < effect->param_count && reading->code == 0; i++) {
        struct err inner = {.code = 0};
        if (param_check_into(effect, &effect->params[i], &inner) != 0) {
            (void)fail_at(reading, reading->param_line[i], inner.msg);
        }
    }
    return reading->code;
}

static int order_finish(struct reading *reading)
{
    struct effect *effect = reading->effect;
    if (effect->order.kind[0] == '\0') {
        memcpy(effect->order.kind, effect->name, sizeof effect->order.kind);
    }
    effect->accepts_url = effect->accepts_url || effect->style == REQUEST_IMG_URL;
    if (effect->order.family[0] == '\0') {
        bool alone = !effect->order.first && !effect->order.on_original;
        return alone ? 0
                     : fail_at(reading, reading->ini.line,
                               "order.first and order.on_original need "
                               "order.family");
    }
    if (effect->order.first && (effect->order.no_picture || effect->order.on_original)) {
        return fail_at(reading, reading->ini.line,
                       "order.first excludes order.picture = no and order.on_original");
    }
    return 0;
}

static int effect_finish(struct reading *reading)
{
    static const char *const needed[] = {"name", "path", "style"};
    for (size_t i = 0; i < N_ELEMENTS(needed); i++) {
        if (!is_seen(reading->seen, "effect", needed[i])) {
            char text[SHOWN_MAX];
            (void)snprintf(text, sizeof text, "effect.%s is missing", needed[i]);
            return fail_at(reading, reading->ini.line, text);
        }
    }
    bool has_result = is_seen(reading->seen, "answer", "result");
    if (has_result == is_seen(reading->seen, "answer", "data")) {
        return fail_at(reading, reading->ini.line,
                       "one of answer.result and answer.data is needed");
    }
    if (params_finish(reading) != 0 || sizes_finish(reading) != 0) {
        return reading->code;
    }
    return order_finish(reading);
}

int effect_parse(struct slice text, const char *origin, struct effect *ret_effect, struct err *err)
{
    struct effect *effect = mem_zalloc(1, sizeof *effect);
    if (effect == NULL) {
        return err_set(err, ERR_NO_MEMORY, "%s: no memory", origin);
    }
    effect->image = (struct image_rules){.formats = (1U << IMAGE_FORMAT_COUNT) - 1,
                                         .side_min = 1,
                                         .side_max = 65535,
                                         .bytes_max = 10 << 20};
    effect->unknown_retries = -1;
    effect->request = (struct request_fields){.image_url = "img_url",
                                              .generate_id = "mt_generate_id",
                                              .out_request_id = "out_request_id",
                                              .parameter = "parameter"};
    (void)text_copy(effect->origin, sizeof effect->origin, slice_text(origin));
    struct reading reading = {.effect = effect, .origin = origin, .err = err};
    reading.ini = (struct ini_text){.rest = text, .too_long = "the line is too long"};
    if (text.len > EFFECT_FILE_MAX) {
        (void)fail_at(&reading, 1, "the file is larger than 64KB");
    }
    ini_text_end(&reading.ini, ini_parse_stream(ini_text_line, &reading.ini, on_value, &reading));
    if (reading.ini.wrong != NULL) {
        (void)fail_at(&reading, reading.ini.line, reading.ini.wrong);
    }
    if (reading.code == 0 && effect_finish(&reading) == 0) {
        *ret_effect = *effect;
    }
    mem_free(effect);
    return reading.code;
}
