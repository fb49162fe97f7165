/* Reads one catalogue file: a table of keys, each with its place in struct effect. */
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/effect.h"

enum {
    EFFECT_FILE_MAX = 64 << 10,
    TEXT_PARAM_MAX = 1024, /* bytes of a text parameter, where the file says nothing */
    SHOWN_MAX = 80
};

#define WHOLE_MAX 9007199254740992.0 /* 2^53: whole numbers that a double holds */

/* A section's key: `set` reads its value into the field. */
typedef int key_set_fn(void *field, size_t size, struct slice value);

struct key_row {
    const char *section;
    const char *key;
    size_t offset; /* in struct effect; in struct param_rule for [param NAME] */
    size_t size;
    key_set_fn *set;
    const char *allowed;
};

/* The file on its way through inih, line by line. */
struct reading {
    struct effect *effect; /* borrowed */
    const char *origin;    /* borrowed, for messages */
    struct slice rest;     /* what is not read yet */
    int line;              /* of the line inih has now, from 1 */
    uint64_t seen;         /* rows of [effect], [image] and [answer] that were given */
    uint64_t param_seen[PARAMS_MAX];
    int param_line[PARAMS_MAX]; /* last line of each parameter */
    struct err *err;            /* borrowed; filled by the first mistake */
    int code;                   /* 0, or of the first mistake */
};

static int set_text(void *field, size_t size, struct slice value)
{
    return value.len > 0 && text_copy(field, size, value) ? 0 : ERR_MALFORMED;
}

static int set_name(void *field, size_t size, struct slice value)
{
    return text_is_job_id(value) ? set_text(field, size, value) : ERR_MALFORMED;
}

static int set_path(void *field, size_t size, struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] <= ' ' || value.ptr[i] >= 0x7f || strchr("?#\"\\", value.ptr[i]) != NULL) {
            return ERR_MALFORMED;
        }
    }
    return slice_starts(value, "/") ? set_text(field, size, value) : ERR_MALFORMED;
}

/* RFC 6901. */
static int set_pointer(void *field, size_t size, struct slice value)
{
    return slice_starts(value, "/") ? set_text(field, size, value) : ERR_MALFORMED;
}

static int set_style(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(enum request_style));
    bool list = slice_is(value, "media-list");
    if (!list && !slice_is(value, "img-url")) {
        return ERR_MALFORMED;
    }
    *(enum request_style *)field = list ? REQUEST_MEDIA_LIST : REQUEST_IMG_URL;
    return 0;
}

static int set_duration(void *field, size_t size, struct slice value)
{
    int64_t ms;
    CHECK(size == sizeof ms);
    if (text_parse_duration(value, &ms) != 0 || ms < 1) {
        return ERR_MALFORMED;
    }
    *(int64_t *)field = ms;
    return 0;
}

static int set_retries(void *field, size_t size, struct slice value)
{
    int64_t count;
    CHECK(size == sizeof count);
    if (text_parse_i64(value, &count) != 0 || count < 0 || count > 100) {
        return ERR_MALFORMED;
    }
    *(int64_t *)field = count;
    return 0;
}

static int set_bytes(void *field, size_t size, struct slice value)
{
    int64_t bytes;
    CHECK(size == sizeof(uint64_t));
    if (text_parse_size(value, &bytes) != 0 || bytes < 1 || bytes > 64 << 20) {
        return ERR_MALFORMED;
    }
    *(uint64_t *)field = (uint64_t)bytes;
    return 0;
}

static int set_bool(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(bool));
    return text_parse_bool(value, field);
}

static struct slice trimmed(struct slice text)
{
    while (text.len > 0 && text.ptr[0] == ' ') {
        text = slice_of(text.ptr + 1, text.len - 1);
    }
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

/* The part of *rest before the first `mark`; *rest becomes what follows it. False: there is none.
 */
static bool cut(struct slice *rest, const char *mark, struct slice *ret_part)
{
    const uint8_t *at = rest->len > 0 ? memmem(rest->ptr, rest->len, mark, strlen(mark)) : NULL;
    if (at == NULL) {
        return false;
    }
    size_t before = (size_t)(at - rest->ptr);
    size_t skip = before + strlen(mark);
    *ret_part = trimmed(slice_of(rest->ptr, before));
    *rest = slice_of(rest->ptr + skip, rest->len - skip);
    return true;
}

/* "a, b, c" item by item; false at the end. */
static bool next_item(struct slice *rest, struct slice *ret_item)
{
    if (rest->len == 0) {
        return false;
    }
    if (!cut(rest, ",", ret_item)) {
        *ret_item = trimmed(*rest);
        *rest = slice_of(NULL, 0);
    }
    return true;
}

static int set_formats(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(uint32_t));
    uint32_t formats = 0;
    struct slice item;
    while (next_item(&value, &item)) {
        unsigned f = 0;
        while (f < IMAGE_FORMAT_COUNT && !slice_is(item, image_format_name((enum image_format)f))) {
            f++;
        }
        if (f == IMAGE_FORMAT_COUNT) {
            return ERR_MALFORMED;
        }
        formats |= 1U << f;
    }
    *(uint32_t *)field = formats;
    return formats != 0 ? 0 : ERR_MALFORMED;
}

static int range_parse(struct slice value, double *ret_min, double *ret_max)
{
    struct slice low;
    double min;
    double max;
    if (!cut(&value, "..", &low) || text_parse_double(low, &min) != 0 ||
        text_parse_double(trimmed(value), &max) != 0 || min > max) {
        return ERR_MALFORMED;
    }
    *ret_min = min;
    *ret_max = max;
    return 0;
}

static int set_side(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(struct image_rules));
    struct image_rules *rules = field;
    double min;
    double max;
    if (range_parse(value, &min, &max) != 0 || min < 1 || max > 65535) {
        return ERR_MALFORMED;
    }
    rules->side_min = (uint32_t)min;
    rules->side_max = (uint32_t)max;
    return 0;
}

static int set_range(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(struct param_rule));
    struct param_rule *rule = field;
    return range_parse(value, &rule->min, &rule->max);
}

static int set_length(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(struct param_rule));
    struct param_rule *rule = field;
    int code = range_parse(value, &rule->min, &rule->max);
    return code == 0 && rule->min >= 0 && rule->max <= 65536 ? 0 : ERR_MALFORMED;
}

static int set_kind(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(enum param_kind));
    for (unsigned kind = 0; kind < PARAM_KIND_COUNT; kind++) {
        if (slice_is(value, param_kind_name((enum param_kind)kind))) {
            *(enum param_kind *)field = (enum param_kind)kind;
            return 0;
        }
    }
    return ERR_MALFORMED;
}

static int set_default(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(struct param_rule));
    struct param_rule *rule = field;
    rule->has_default = true;
    return set_text(rule->fallback, sizeof rule->fallback, value);
}

/* "a, b:B": the word a stands for itself, b for B. */
static int set_choices(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(struct param_rule));
    struct param_rule *rule = field;
    struct slice item;
    while (next_item(&value, &item)) {
        if (rule->choice_count == EFFECT_CHOICES_MAX) {
            return ERR_MALFORMED;
        }
        struct param_choice *choice = &rule->choices[rule->choice_count++];
        struct slice name = item;
        if (cut(&item, ":", &name)) {
            item = trimmed(item);
        }
        if (name.len == 0 || item.len == 0 || !text_copy(choice->name, sizeof choice->name, name) ||
            !text_copy(choice->value, sizeof choice->value, item)) {
            return ERR_MALFORMED;
        }
    }
    return 0;
}

#define IN_EFFECT(field) offsetof(struct effect, field), sizeof(((struct effect *)0)->field)
#define IN_PARAM(field)  offsetof(struct param_rule, field), sizeof(((struct param_rule *)0)->field)
#define WHOLE_PARAM      0, sizeof(struct param_rule)
#define POINTER_ALLOWED  "a JSON pointer such as /data/image"

static const struct key_row rows[] = {
    {"effect", "name",            IN_EFFECT(name),                set_name,     "1 to 32 of A-Z a-z 0-9 . _ -"              },
    {"effect", "title",           IN_EFFECT(title),               set_text,     "1 to 127 bytes"                            },
    {"effect", "path",            IN_EFFECT(path),                set_path,     "a path with its leading /, without ? and #"},
    {"effect", "style",           IN_EFFECT(style),               set_style,    "media-list, img-url"                       },
    {"effect", "timeout",         IN_EFFECT(timeout_ms),          set_duration, "a duration such as 60s"                    },
    {"effect", "unknown_retries", IN_EFFECT(unknown_retries),     set_retries,  "0 to 100"                                  },
    {"image",  "formats",         IN_EFFECT(image.formats),       set_formats,  "jpeg, png"                                 },
    {"image",  "side",            IN_EFFECT(image),               set_side,     "a range such as 48..4096, in 1..65535"     },
    {"image",  "bytes_max",       IN_EFFECT(image.bytes_max),     set_bytes,
     "a size such as 2MB, at most 64MB"                                                                                     },
    {"image",  "url",             IN_EFFECT(accepts_url),         set_bool,     "yes, no"                                   },
    {"param",  "field",           IN_PARAM(field),                set_name,     "1 to 32 of A-Z a-z 0-9 . _ -"              },
    {"param",  "kind",            IN_PARAM(kind),                 set_kind,     "text, int, real, bool, choice, color"      },
    {"param",  "required",        IN_PARAM(required),             set_bool,     "yes, no"                                   },
    {"param",  "default",         WHOLE_PARAM,                    set_default,  "1 to 127 bytes"                            },
    {"param",  "range",           WHOLE_PARAM,                    set_range,    "a range such as 0..100"                    },
    {"param",  "length",          WHOLE_PARAM,                    set_length,   "a range of bytes such as 1..64"            },
    {"param",  "choices",         WHOLE_PARAM,                    set_choices,  "1 to 16 of WORD or WORD:VALUE, with commas"},
    {"answer", "result",          IN_EFFECT(result_pointer),      set_pointer,  POINTER_ALLOWED                             },
    {"answer", "list",            IN_EFFECT(result_list),         set_pointer,  POINTER_ALLOWED                             },
    {"answer", "data",            IN_EFFECT(data_pointer),        set_pointer,  POINTER_ALLOWED                             },
    {"answer", "check_id",        IN_EFFECT(check_id_pointer),    set_pointer,  POINTER_ALLOWED                             },
    {"answer", "generate_id",     IN_EFFECT(generate_id_pointer), set_pointer,  POINTER_ALLOWED                             },
    {"answer", "time",            IN_EFFECT(time_pointer),        set_pointer,  POINTER_ALLOWED                             },
};

_Static_assert(N_ELEMENTS(rows) <= 64, "struct reading has a bit for each row");

static int fail_at(struct reading *reading, int line, const char *what)
{
    if (reading->code == 0) {
        reading->code =
            err_set(reading->err, ERR_INVALID, "%s:%d: %s", reading->origin, line, what);
    }
    return reading->code;
}

static struct slice line_take(struct slice *rest)
{
    const uint8_t *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end != NULL ? (size_t)(end - rest->ptr) + 1 : rest->len;
    struct slice line = slice_of(rest->ptr, len);
    *rest = slice_of(rest->ptr + len, rest->len - len);
    return line;
}

/* As fgets for inih. Blanks before a key are dropped, since inih would add such a line to the value
 * of the line before. */
static char *on_line(char *text, int size, void *stream)
{
    struct reading *reading = stream;
    if (reading->rest.len == 0 || reading->code != 0) {
        return NULL;
    }
    struct slice line = line_take(&reading->rest);
    reading->line++;
    while (line.len > 1 && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) {
        line = slice_of(line.ptr + 1, line.len - 1);
    }
    if (line.ptr[0] == '#' || line.ptr[0] == ';') {
        line = slice_text("\n");
    }
    if (line.len >= (size_t)size || memchr(line.ptr, '\0', line.len) != NULL) {
        (void)fail_at(reading, reading->line, "the line is too long, or holds a NUL byte");
        return NULL;
    }
    memcpy(text, line.ptr, line.len);
    text[line.len] = '\0';
    return text;
}

static const struct key_row *row_find(struct slice section, const char *key)
{
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        if (slice_is(section, rows[i].section) && strcmp(key, rows[i].key) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* The key that may have been meant: the least edits, those of the section counted too. */
static const struct key_row *row_nearest(struct slice section, const char *key)
{
    const struct key_row *nearest = &rows[0];
    size_t nearest_distance = SIZE_MAX;
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        size_t distance = text_distance(slice_text(key), slice_text(rows[i].key));
        if (distance != SIZE_MAX && !slice_is(section, rows[i].section)) {
            distance++;
        }
        if (distance < nearest_distance) {
            nearest = &rows[i];
            nearest_distance = distance;
        }
    }
    return nearest;
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
        (void)fail_at(reading, reading->line,
                      "[param NAME]: the name must be 1 to 32 of A-Z a-z 0-9 . _ -");
        return NULL;
    }
    if (effect->param_count == PARAMS_MAX) {
        (void)fail_at(reading, reading->line, "more than 24 parameters");
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
    return fail_at(reading, reading->line, text);
}

static int
key_unknown(struct reading *reading, const char *section, struct slice family, const char *key)
{
    const struct key_row *nearest = row_nearest(family, key);
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
    uint64_t bit = UINT64_C(1) << (row - rows);
    uint64_t *seen = &reading->seen;
    uint8_t *base = (uint8_t *)reading->effect;
    if (rule != NULL) {
        size_t index = (size_t)(rule - reading->effect->params);
        seen = &reading->param_seen[index];
        reading->param_line[index] = reading->line;
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
    if (reading->code != 0) {
        return 0;
    }
    struct slice rest = slice_text(section);
    struct slice family = rest;
    bool named = cut(&rest, " ", &family);
    bool is_param = slice_is(family, "param");
    const struct key_row *row = named == is_param ? row_find(family, key) : NULL;
    if (row == NULL) {
        (void)key_unknown(reading, section, family, key);
        return 0;
    }
    struct param_rule *rule = is_param ? param_open(reading, trimmed(rest)) : NULL;
    if (!is_param || rule != NULL) {
        key_set(reading, section, row, rule, value);
    }
    return reading->code == 0;
}

static bool is_seen(uint64_t mask, const char *section, const char *key)
{
    const struct key_row *row = row_find(slice_text(section), key);
    CHECK(row != NULL);
    return (mask & UINT64_C(1) << (row - rows)) != 0;
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

static int effect_finish(struct reading *reading)
{
    static const char *const needed[] = {"name", "path", "style"};
    for (size_t i = 0; i < N_ELEMENTS(needed); i++) {
        if (!is_seen(reading->seen, "effect", needed[i])) {
            char text[SHOWN_MAX];
            (void)snprintf(text, sizeof text, "effect.%s is missing", needed[i]);
            return fail_at(reading, reading->line, text);
        }
    }
    bool has_result = is_seen(reading->seen, "answer", "result");
    if (has_result == is_seen(reading->seen, "answer", "data")) {
        return fail_at(reading, reading->line, "one of answer.result and answer.data is needed");
    }
    return params_finish(reading);
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
    (void)text_copy(effect->origin, sizeof effect->origin, slice_text(origin));
    struct reading reading = {.effect = effect, .origin = origin, .rest = text, .err = err};
    if (text.len > EFFECT_FILE_MAX) {
        (void)fail_at(&reading, 1, "the file is larger than 64KB");
    }
    int wrong_line = ini_parse_stream(on_line, &reading, on_value, &reading);
    if (wrong_line > 0 && reading.code == 0) {
        (void)fail_at(&reading, wrong_line, "neither \"[section]\" nor \"key = value\"");
    }
    if (reading.code == 0 && effect_finish(&reading) == 0) {
        *ret_effect = *effect;
    }
    mem_free(effect);
    return reading.code;
}
