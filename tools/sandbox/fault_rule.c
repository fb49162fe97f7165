/* One fault from its JSON: a table of kinds and a table of fields. */
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "fault.h"
#include "mem.h"

struct kind_row {
    const char *name;
    enum fault_kind kind;
    bool billed; /* unless the rule says otherwise */
};

static const struct kind_row kind_rows[] = {
    {"status",              FAULT_STATUS,              false},
    {"latency",             FAULT_LATENCY,             true },
    {"reset_before_body",   FAULT_RESET_BEFORE_BODY,   false},
    {"reset_mid_body",      FAULT_RESET_MID_BODY,      false},
    {"reset_after_body",    FAULT_RESET_AFTER_BODY,    true },
    {"truncate",            FAULT_TRUNCATE,            true },
    {"wrong_length",        FAULT_WRONG_LENGTH,        true },
    {"not_json",            FAULT_NOT_JSON,            true },
    {"empty",               FAULT_EMPTY,               true },
    {"wrong_types",         FAULT_WRONG_TYPES,         true },
    {"html",                FAULT_HTML,                false},
    {"never",               FAULT_NEVER,               true },
    {"hold",                FAULT_HOLD,                true },
    {"slow_answer",         FAULT_SLOW_ANSWER,         true },
    {"slow_read",           FAULT_SLOW_READ,           true },
    {"huge",                FAULT_HUGE,                false},
    {"gzip_bomb",           FAULT_GZIP_BOMB,           false},
    {"redirect",            FAULT_REDIRECT,            false},
    {"answer_as",           FAULT_ANSWER_AS,           true },
    {"result_url_status",   FAULT_RESULT_URL_STATUS,   true },
    {"result_url_html",     FAULT_RESULT_URL_HTML,     true },
    {"check_items",         FAULT_CHECK_ITEMS,         true },
    {"forget_generate_ids", FAULT_FORGET_GENERATE_IDS, true },
};

static const char *const form_names[] = {"as_asked", "url", "base64", "png", NULL};

enum field_type {
    FIELD_TEXT,
    FIELD_NUMBER, /* whole, within the bounds */
    FIELD_SHARE,  /* 0 to 1 */
    FIELD_BOOL,
    FIELD_SHAPE,
    FIELD_FORM,
    FIELD_HEADERS,
    FIELD_ITEMS,
    FIELD_KIND
};

struct field_row {
    const char *name;
    enum field_type type;
    size_t offset; /* in struct fault */
    int64_t min;
    int64_t max;
};

#define AT(member) offsetof(struct fault, member)
#define HOUR_MS    ((int64_t)3600 * 1000)
#define TERABYTE   ((int64_t)1 << 40)

/* Numbers are int64_t, but for the status. */
static const struct field_row field_rows[] = {
    {"kind",             FIELD_KIND,    0,                    0,   0        },
    {"path",             FIELD_TEXT,    AT(path),             0,   0        },
    {"rate",             FIELD_SHARE,   AT(rate),             0,   0        },
    {"times",            FIELD_NUMBER,  AT(times),            0,   INT32_MAX},
    {"after",            FIELD_NUMBER,  AT(after),            0,   INT32_MAX},
    {"latency_ms",       FIELD_NUMBER,  AT(latency_ms),       0,   HOUR_MS  },
    {"ms",               FIELD_NUMBER,  AT(latency_ms),       0,   HOUR_MS  },
    {"bytes",            FIELD_NUMBER,  AT(bytes),            0,   TERABYTE },
    {"bytes_per_second", FIELD_NUMBER,  AT(bytes_per_second), 1,   TERABYTE },
    {"code",             FIELD_NUMBER,  AT(code),             0,   INT32_MAX},
    {"status",           FIELD_NUMBER,  AT(status),           200, 999      },
    {"billed",           FIELD_BOOL,    AT(billed),           0,   0        },
    {"shape",            FIELD_SHAPE,   AT(shape),            0,   0        },
    {"form",             FIELD_FORM,    AT(form),             0,   0        },
    {"as",               FIELD_FORM,    AT(form),             0,   0        },
    {"message",          FIELD_TEXT,    AT(message),          0,   0        },
    {"body",             FIELD_TEXT,    AT(body),             0,   0        },
    {"content_type",     FIELD_TEXT,    AT(content_type),     0,   0        },
    {"items",            FIELD_ITEMS,   0,                    0,   0        },
    {"headers",          FIELD_HEADERS, 0,                    0,   0        },
};

/* Appends "a, b, c". */
static void list_names(char *why, size_t size, const char *name)
{
    size_t len = strlen(why);
    const char *gap = len > 0 && why[len - 1] != ' ' ? ", " : "";
    snprintf(why + len, size - len, "%s%s", gap, name);
}

static int name_index(const char *const *names, const char *name)
{
    for (int i = 0; name != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static bool set_kind(struct fault *fault, const char *name, char *why, size_t size)
{
    for (size_t i = 0; name != NULL && i < sizeof kind_rows / sizeof kind_rows[0]; i++) {
        if (strcmp(kind_rows[i].name, name) == 0) {
            fault->kind = kind_rows[i].kind;
            fault->name = kind_rows[i].name;
            fault->billed = kind_rows[i].billed;
            fault->times = fault->kind == FAULT_FORGET_GENERATE_IDS ? 1 : -1;
            return true;
        }
    }
    snprintf(why, size, "kind must be one of ");
    for (size_t i = 0; i < sizeof kind_rows / sizeof kind_rows[0]; i++) {
        list_names(why, size, kind_rows[i].name);
    }
    return false;
}

static bool set_text(char **at, yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    if (text == NULL) {
        return false;
    }
    mem_free(*at);
    *at = mem_copy_text(text, yyjson_get_len(value));
    return true;
}

static bool set_number(struct fault *fault, const struct field_row *row, yyjson_val *value)
{
    int64_t number = yyjson_get_sint(value);
    if (!yyjson_is_int(value) || number < row->min || number > row->max) {
        return false;
    }
    void *at = (char *)fault + row->offset;
    if (at == &fault->status) {
        fault->status = (int)number;
    } else {
        memcpy(at, &number, sizeof number);
    }
    return true;
}

static bool set_headers(struct fault *fault, yyjson_val *value)
{
    size_t i;
    size_t n;
    yyjson_val *name;
    yyjson_val *text;
    if (!yyjson_is_obj(value) || yyjson_obj_size(value) > FAULT_HEADERS_MAX) {
        return false;
    }
    yyjson_obj_foreach(value, i, n, name, text)
    {
        struct fault_header *header = &fault->headers[fault->n_headers];
        if (!yyjson_is_str(text)) {
            return false;
        }
        mem_free(header->name);
        header->name = mem_copy_text(yyjson_get_str(name), yyjson_get_len(name));
        set_text(&header->value, text);
        fault->n_headers++;
    }
    return true;
}

/* A list of names becomes "|a|b|". */
static bool set_items(struct fault *fault, yyjson_val *value)
{
    struct bytes text = {.max = 1024};
    size_t i;
    size_t n;
    yyjson_val *name;
    bool ok = yyjson_is_arr(value) && bytes_append(&text, "|", 1);
    yyjson_arr_foreach(value, i, n, name)
    {
        ok = ok && yyjson_is_str(name) && bytes_printf(&text, "%s|", yyjson_get_str(name));
    }
    if (ok) {
        mem_free(fault->items);
        fault->items = mem_copy_text((char *)text.ptr, text.len);
    }
    bytes_done(&text);
    return ok;
}

static bool set_choice(void *at, const char *const *names, yyjson_val *value)
{
    int index = name_index(names, yyjson_get_str(value));
    if (index < 0) {
        return false;
    }
    memcpy(at, &index, sizeof index);
    return true;
}

static bool set_share(double *at, yyjson_val *value)
{
    double share = yyjson_get_num(value);
    if (!yyjson_is_num(value) || share < 0.0 || share > 1.0) {
        return false;
    }
    *at = share;
    return true;
}

static bool set_field(struct fault *fault, const struct field_row *row, yyjson_val *value)
{
    void *at = (char *)fault + row->offset;
    switch (row->type) {
    case FIELD_KIND: /* was read first */
        return true;
    case FIELD_TEXT:
        return set_text(at, value);
    case FIELD_NUMBER:
        return set_number(fault, row, value);
    case FIELD_SHARE:
        return set_share(&fault->rate, value);
    case FIELD_BOOL:
        fault->billed = yyjson_is_true(value);
        return yyjson_is_bool(value);
    case FIELD_SHAPE:
        return set_choice(at, shape_names, value);
    case FIELD_FORM:
        return set_choice(at, form_names, value);
    case FIELD_HEADERS:
        return set_headers(fault, value);
    case FIELD_ITEMS:
        return set_items(fault, value);
    default:
        return false;
    }
}

static const struct field_row *field_find(const char *name)
{
    for (size_t i = 0; i < sizeof field_rows / sizeof field_rows[0]; i++) {
        if (strcmp(field_rows[i].name, name) == 0) {
            return &field_rows[i];
        }
    }
    return NULL;
}

static void describe_fields(char *why, size_t size, const char *name)
{
    snprintf(why, size, "no such field: %.40s; there are ", name);
    for (size_t i = 0; i < sizeof field_rows / sizeof field_rows[0]; i++) {
        list_names(why, size, field_rows[i].name);
    }
}

bool fault_parse(struct yyjson_val *rule, struct fault *fault, char *why, size_t why_size)
{
    size_t i;
    size_t n;
    yyjson_val *name;
    yyjson_val *value;
    *fault =
        (struct fault){.rate = 1.0, .times = -1, .code = -1, .bytes = -1, .bytes_per_second = 4096};
    if (!yyjson_is_obj(rule)) {
        snprintf(why, why_size, "a fault is an object");
        return false;
    }
    const char *kind = yyjson_get_str(yyjson_obj_get(rule, "kind"));
    if (!set_kind(fault, kind, why, why_size)) {
        return false;
    }
    yyjson_obj_foreach(rule, i, n, name, value)
    {
        const struct field_row *row = field_find(yyjson_get_str(name));
        if (row == NULL) {
            describe_fields(why, why_size, yyjson_get_str(name));
            return false;
        }
        if (!set_field(fault, row, value)) {
            snprintf(why, why_size, "%s: wrong type or out of range", row->name);
            return false;
        }
    }
    fault->rule = yyjson_val_write(rule, 0, NULL);
    return true;
}

void fault_done(struct fault *fault)
{
    for (size_t i = 0; i < FAULT_HEADERS_MAX; i++) {
        mem_free(fault->headers[i].name);
        mem_free(fault->headers[i].value);
    }
    mem_free(fault->rule);
    mem_free(fault->path);
    mem_free(fault->message);
    mem_free(fault->body);
    mem_free(fault->content_type);
    mem_free(fault->items);
}
