/* The keys of a catalogue file, one row each, and how their values are read. */
#include "wire/effect_key.h"

#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "wire/effect.h"

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

/* For fields that say the contrary of their key, so that zero is what most files want. */
static int set_not(void *field, size_t size, struct slice value)
{
    bool truth;
    CHECK(size == sizeof truth);
    if (text_parse_bool(value, &truth) != 0) {
        return ERR_MALFORMED;
    }
    *(bool *)field = !truth;
    return 0;
}

struct slice text_trimmed(struct slice text)
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
bool text_cut(struct slice *rest, const char *mark, struct slice *ret_part)
{
    const uint8_t *at = rest->len > 0 ? memmem(rest->ptr, rest->len, mark, strlen(mark)) : NULL;
    if (at == NULL) {
        return false;
    }
    size_t before = (size_t)(at - rest->ptr);
    size_t skip = before + strlen(mark);
    *ret_part = text_trimmed(slice_of(rest->ptr, before));
    *rest = slice_of(rest->ptr + skip, rest->len - skip);
    return true;
}

/* "a, b, c" item by item; false at the end. */
static bool next_item(struct slice *rest, struct slice *ret_item)
{
    if (rest->len == 0) {
        return false;
    }
    if (!text_cut(rest, ",", ret_item)) {
        *ret_item = text_trimmed(*rest);
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
    if (!text_cut(&value, "..", &low) || text_parse_double(low, &min) != 0 ||
        text_parse_double(text_trimmed(value), &max) != 0 || min > max) {
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
        if (text_cut(&item, ":", &name)) {
            item = text_trimmed(item);
        }
        if (name.len == 0 || item.len == 0 || !text_copy(choice->name, sizeof choice->name, name) ||
            !text_copy(choice->value, sizeof choice->value, item)) {
            return ERR_MALFORMED;
        }
    }
    return 0;
}

static int set_role(void *field, size_t size, struct slice value)
{
    static const char *const names[] = {
        [PARAM_ROLE_WIDTH] = "width",
        [PARAM_ROLE_HEIGHT] = "height",
        [PARAM_ROLE_CHECK_ID] = "check_id",
    };

    CHECK(size == sizeof(enum param_role));
    for (unsigned role = PARAM_ROLE_WIDTH; role < N_ELEMENTS(names); role++) {
        if (slice_is(value, names[role])) {
            *(enum param_role *)field = (enum param_role)role;
            return 0;
        }
    }
    return ERR_MALFORMED;
}

/* "width, height" */
static int set_into(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(struct param_rule));
    struct param_rule *rule = field;
    struct slice item;
    while (next_item(&value, &item)) {
        if (rule->into_count == PARAM_INTO_MAX ||
            set_name(rule->into[rule->into_count++], sizeof rule->into[0], item) != 0) {
            return ERR_MALFORMED;
        }
    }
    return rule->into_count == PARAM_INTO_MAX ? 0 : ERR_MALFORMED;
}

static int set_pixels(void *field, size_t size, struct slice value)
{
    int64_t pixels;
    CHECK(size == sizeof(uint32_t));
    if (text_parse_i64(value, &pixels) != 0 || pixels < 1 || pixels > 65535) {
        return ERR_MALFORMED;
    }
    *(uint32_t *)field = (uint32_t)pixels;
    return 0;
}

static int set_codes(void *field, size_t size, struct slice value)
{
    CHECK(size == sizeof(struct code_list));
    struct code_list *list = field;
    struct slice item;
    while (next_item(&value, &item)) {
        if (list->count == EFFECT_CODES_MAX ||
            text_parse_i64(item, &list->codes[list->count++]) != 0) {
            return ERR_MALFORMED;
        }
    }
    return list->count > 0 ? 0 : ERR_MALFORMED;
}

#define IN_EFFECT(field) offsetof(struct effect, field), sizeof(((struct effect *)0)->field)
#define IN_PARAM(field)  offsetof(struct param_rule, field), sizeof(((struct param_rule *)0)->field)
#define WHOLE_PARAM      0, sizeof(struct param_rule)
#define POINTER_ALLOWED  "a JSON pointer such as /data/image"
#define NAME_ALLOWED     "1 to 32 of A-Z a-z 0-9 . _ -"

static const struct key_row rows[] = {
    {"effect",  "name",                IN_EFFECT(name),                   set_name,     NAME_ALLOWED                                },
    {"effect",  "title",               IN_EFFECT(title),                  set_text,     "1 to 127 bytes"                            },
    {"effect",  "path",                IN_EFFECT(path),                   set_path,     "a path with its leading /, without ? and #"},
    {"effect",  "style",               IN_EFFECT(style),                  set_style,    "media-list, img-url"                       },
    {"effect",  "timeout",             IN_EFFECT(timeout_ms),             set_duration, "a duration such as 60s"                    },
    {"effect",  "unknown_retries",     IN_EFFECT(unknown_retries),        set_retries,  "0 to 100"                                  },
    {"image",   "formats",             IN_EFFECT(image.formats),          set_formats,  "jpeg, png"                                 },
    {"image",   "side",                IN_EFFECT(image),                  set_side,     "a range such as 48..4096, in 1..65535"     },
    {"image",   "bytes_max",           IN_EFFECT(image.bytes_max),        set_bytes,
     "a size such as 2MB, at most 64MB"                                                                                             },
    {"image",   "url",                 IN_EFFECT(accepts_url),            set_bool,     "yes, no"                                   },
    {"param",   "field",               IN_PARAM(field),                   set_name,     NAME_ALLOWED                                },
    {"param",   "kind",                IN_PARAM(kind),                    set_kind,     "text, int, real, bool, choice, color"      },
    {"param",   "required",            IN_PARAM(required),                set_bool,     "yes, no"                                   },
    {"param",   "default",             WHOLE_PARAM,                       set_default,  "1 to 127 bytes"                            },
    {"param",   "range",               WHOLE_PARAM,                       set_range,    "a range such as 0..100"                    },
    {"param",   "length",              WHOLE_PARAM,                       set_length,   "a range of bytes such as 1..64"            },
    {"param",   "choices",             WHOLE_PARAM,                       set_choices,  "1 to 16 of WORD or WORD:VALUE, with commas"},
    {"param",   "only_choices",        IN_PARAM(closed),                  set_bool,     "yes, no"                                   },
    {"param",   "sent",                IN_PARAM(unsent),                  set_not,      "yes, no"                                   },
    {"param",   "needs",               IN_PARAM(needs),                   set_name,     NAME_ALLOWED                                },
    {"param",   "refusal",             IN_PARAM(refusal),                 set_text,     "1 to 127 bytes"                            },
    {"param",   "into",                WHOLE_PARAM,                       set_into,     "two parameters such as width, height"      },
    {"param",   "role",                IN_PARAM(role),                    set_role,     "width, height, check_id"                   },
    {"request", "image_url",           IN_EFFECT(request.image_url),      set_name,     NAME_ALLOWED                                },
    {"request", "image_data",          IN_EFFECT(request.image_data),     set_name,     NAME_ALLOWED                                },
    {"request", "generate_id",         IN_EFFECT(request.generate_id),    set_name,     NAME_ALLOWED                                },
    {"request", "out_request_id",      IN_EFFECT(request.out_request_id), set_name,     NAME_ALLOWED                                },
    {"request", "parameter",           IN_EFFECT(request.parameter),      set_name,     NAME_ALLOWED                                },
    {"order",   "family",              IN_EFFECT(order.family),           set_name,     NAME_ALLOWED                                },
    {"order",   "kind",                IN_EFFECT(order.kind),             set_name,     NAME_ALLOWED                                },
    {"order",   "first",               IN_EFFECT(order.first),            set_bool,     "yes, no"                                   },
    {"order",   "on_original",         IN_EFFECT(order.on_original),      set_bool,     "yes, no"                                   },
    {"order",   "picture",             IN_EFFECT(order.no_picture),       set_not,      "yes, no"                                   },
    {"order",   "single_person",       IN_EFFECT(order.single_person),    set_bool,     "yes, no"                                   },
    {"order",   "side_above",          IN_EFFECT(order.side_above),       set_pixels,   "px, 1 to 65535"                            },
    {"answer",  "result",              IN_EFFECT(result_pointer),         set_pointer,  POINTER_ALLOWED                             },
    {"answer",  "list",                IN_EFFECT(result_list),            set_pointer,  POINTER_ALLOWED                             },
    {"answer",  "data",                IN_EFFECT(data_pointer),           set_pointer,  POINTER_ALLOWED                             },
    {"answer",  "check_id",            IN_EFFECT(check_id_pointer),       set_pointer,  POINTER_ALLOWED                             },
    {"answer",  "generate_id",         IN_EFFECT(generate_id_pointer),    set_pointer,  POINTER_ALLOWED                             },
    {"answer",  "width",               IN_EFFECT(width_pointer),          set_pointer,  POINTER_ALLOWED                             },
    {"answer",  "height",              IN_EFFECT(height_pointer),         set_pointer,  POINTER_ALLOWED                             },
    {"answer",  "unknown_generate_id", IN_EFFECT(unknown_generate_id),    set_codes,    "1 to 4 numbers"                            },
    {"answer",  "unknown_check_id",    IN_EFFECT(unknown_check_id),       set_codes,    "1 to 4 numbers"                            },
    {"answer",  "time",                IN_EFFECT(time_pointer),           set_pointer,  POINTER_ALLOWED                             },
};

_Static_assert(N_ELEMENTS(rows) <= KEY_ROWS_MAX, "each row has a bit");

const struct key_row *key_row_find(struct slice section, const char *key)
{
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        if (slice_is(section, rows[i].section) && strcmp(key, rows[i].key) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

const struct key_row *key_row_nearest(struct slice section, const char *key)
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

unsigned key_row_index(const struct key_row *row)
{
    CHECK(row >= rows);
    CHECK(row < rows + N_ELEMENTS(rows));
    return (unsigned)(row - rows);
}
