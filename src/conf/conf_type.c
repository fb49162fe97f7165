#include "conf/conf_type.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/text.h"
#include "conf/address.h"
#include "conf/conf_table.h"
#include "conf/redis_url.h"

enum {
    SHOWN_MAX = 64, /* bytes of a refused value that an error shows */
    ALLOWED_MAX = 256
};

/* One row per type. parse returns ERR_INVALID, with why in err where that says more than
 * `allowed`; it leaves the field alone on failure. */
struct type_ops {
    const char *allowed; /* of a number: its noun; the range follows */
    int (*parse)(const struct conf_row *row, struct slice value, void *field, struct err *err);
    int (*format)(const struct conf_row *row, const void *field, struct buf *text);
    char *(*format_number)(int64_t number, char *text, size_t size); /* numbers only */
    bool hidden;
};

/* --- texts --- */

static bool is_plain(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < 0x20 || value.ptr[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static int text_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    if (!is_plain(value)) {
        return err_set(err, ERR_INVALID, "it holds a control character");
    }
    if (value.len >= row->size) {
        return err_set(err, ERR_INVALID, "it is longer than %zu bytes", row->size - 1);
    }
    /* Fields compare by memcmp: nothing of an older, longer value may stay. */
    memset(field, 0, row->size);
    (void)text_copy(field, row->size, value);
    return 0;
}

static int text_format(const struct conf_row *row, const void *field, struct buf *text)
{
    (void)row;
    return buf_append_text(text, field);
}

static int name_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    return text_is_reply_name(value) ? text_parse(row, value, field, err) : ERR_INVALID;
}

static int
address_check(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    struct address address;
    int code = address_parse(value, &address, err);
    return code == 0 ? text_parse(row, value, field, err) : code;
}

static int
http_url_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    while (value.len > 0 && value.ptr[value.len - 1] == '/') {
        value.len--;
    }
    if (value.len == 0 && row->initial[0] == '\0') {
        return text_parse(row, value, field, err);
    }
    size_t scheme = slice_starts(value, "https://") ? 8 : slice_starts(value, "http://") ? 7 : 0;
    if (scheme == 0 || value.len == scheme || value.ptr[scheme] == '/') {
        return ERR_INVALID;
    }
    for (size_t i = scheme; i < value.len; i++) {
        if (value.ptr[i] == '\0' || strchr(" ?#@", value.ptr[i]) != NULL) {
            return err_set(err, ERR_INVALID, "it holds a blank, ?, # or @");
        }
    }
    return text_parse(row, value, field, err);
}

static int redis_check(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    struct redis_url url;
    int code = redis_url_parse(value, &url, err);
    explicit_bzero(&url, sizeof url);
    return code == 0 ? text_parse(row, value, field, err) : code;
}

static int redis_format(const struct conf_row *row, const void *field, struct buf *text)
{
    (void)row;
    struct redis_url url;
    char masked[CONF_TEXT_MAX];
    if (redis_url_parse(slice_text(field), &url, NULL) != 0) {
        return buf_append_text(text, "***");
    }
    (void)redis_url_masked(&url, masked, sizeof masked);
    explicit_bzero(&url, sizeof url);
    return buf_append_text(text, masked);
}

static int secret_format(const struct conf_row *row, const void *field, struct buf *text)
{
    (void)row;
    return buf_append_text(text, *(const char *)field != '\0' ? "***" : "");
}

/* --- lists of names --- */

static struct slice trim(struct slice text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text = slice_of(text.ptr + 1, text.len - 1);
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

static int names_add(struct conf_names *names, struct slice name, struct err *err)
{
    if (!text_is_queue_name(name)) {
        return ERR_INVALID;
    }
    if (names->n == CONF_QUEUES_MAX) {
        return err_set(err, ERR_INVALID, "it names more than %d", CONF_QUEUES_MAX);
    }
    for (uint32_t i = 0; i < names->n; i++) {
        if (slice_is(name, names->name[i])) {
            return err_set(err, ERR_INVALID, "it names %s twice", names->name[i]);
        }
    }
    (void)text_copy(names->name[names->n++], CONF_NAME_MAX, name);
    return 0;
}

static int names_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    struct conf_names names;
    CHECK(row->size == sizeof names);
    memset(&names, 0, sizeof names);
    for (bool more = true; more;) {
        const uint8_t *comma = value.len > 0 ? memchr(value.ptr, ',', value.len) : NULL;
        size_t len = comma != NULL ? (size_t)(comma - value.ptr) : value.len;
        int code = names_add(&names, trim(slice_of(value.ptr, len)), err);
        if (code != 0) {
            return code;
        }
        more = comma != NULL;
        value = more ? slice_of(comma + 1, value.len - len - 1) : value;
    }
    memcpy(field, &names, sizeof names);
    return 0;
}

static int names_format(const struct conf_row *row, const void *field, struct buf *text)
{
    (void)row;
    const struct conf_names *names = field;
    int code = 0;
    for (uint32_t i = 0; i < names->n && code == 0; i++) {
        code = buf_printf(text, "%s%s", i > 0 ? "," : "", names->name[i]);
    }
    return code;
}

/* --- numbers --- */

static int in_range(const struct conf_row *row, int64_t number)
{
    return number >= row->min && number <= row->max ? 0 : ERR_INVALID;
}

static char *int_text(int64_t number, char *text, size_t size)
{
    (void)snprintf(text, size, "%" PRId64, number);
    return text;
}

static int int_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    (void)err;
    int64_t number;
    if (text_parse_i64(value, &number) != 0 || in_range(row, number) != 0) {
        return ERR_INVALID;
    }
    CHECK(row->size == sizeof(uint32_t));
    *(uint32_t *)field = (uint32_t)number;
    return 0;
}

static int int_format(const struct conf_row *row, const void *field, struct buf *text)
{
    (void)row;
    return buf_printf(text, "%" PRIu32, *(const uint32_t *)field);
}

static int
duration_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    (void)err;
    int64_t duration_ms;
    if (text_parse_duration(value, &duration_ms) != 0 || in_range(row, duration_ms) != 0) {
        return ERR_INVALID;
    }
    CHECK(row->size == sizeof duration_ms);
    *(int64_t *)field = duration_ms;
    return 0;
}

static int duration_format(const struct conf_row *row, const void *field, struct buf *text)
{
    (void)row;
    char number[32];
    return buf_append_text(text,
                           text_format_duration(*(const int64_t *)field, number, sizeof number));
}

static int size_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    (void)err;
    int64_t bytes;
    if (text_parse_size(value, &bytes) != 0 || in_range(row, bytes) != 0) {
        return ERR_INVALID;
    }
    CHECK(row->size == sizeof(size_t));
    *(size_t *)field = (size_t)bytes;
    return 0;
}

static int size_format(const struct conf_row *row, const void *field, struct buf *text)
{
    (void)row;
    char number[32];
    return buf_append_text(
        text, text_format_size((int64_t) * (const size_t *)field, number, sizeof number));
}

/* --- yes or no, and one of several --- */

static int bool_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    (void)err;
    CHECK(row->size == sizeof(bool));
    return text_parse_bool(value, field) == 0 ? 0 : ERR_INVALID;
}

static int bool_format(const struct conf_row *row, const void *field, struct buf *text)
{
    (void)row;
    return buf_append_text(text, *(const bool *)field ? "yes" : "no");
}

/* The n-th of "a|b|c"; ptr is NULL past the end. */
static struct slice choice_at(const char *choices, int n)
{
    for (; n > 0 && choices != NULL; n--) {
        const char *bar = strchr(choices, '|');
        choices = bar != NULL ? bar + 1 : NULL;
    }
    return slice_of(choices, choices != NULL ? strcspn(choices, "|") : 0);
}

static int
choice_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    (void)err;
    CHECK(row->size == sizeof(int));
    for (int i = 0; choice_at(row->choices, i).ptr != NULL; i++) {
        if (slice_equal(value, choice_at(row->choices, i))) {
            memcpy(field, &i, sizeof i);
            return 0;
        }
    }
    return ERR_INVALID;
}

static int choice_format(const struct conf_row *row, const void *field, struct buf *text)
{
    int choice;
    memcpy(&choice, field, sizeof choice);
    return buf_append_slice(text, choice_at(row->choices, choice));
}

static const struct type_ops types[CONF_TYPE_COUNT] = {
    [CONF_TEXT] = {"a text",                                                      text_parse,     text_format,     NULL,             false},
    [CONF_NAME] = {"1 to 64 of A-Z a-z 0-9 . _ -",                                name_parse,     text_format,     NULL,             false},
    [CONF_NAMES] = {"1 to 16 names of a-z 0-9 _ -, each of at most 32 characters", names_parse,
                   names_format,                                                                                   NULL,             false},
    [CONF_HTTP_URL] = {"http://HOST or https://HOST, with port and path or without",  http_url_parse,
                   text_format,                                                                                    NULL,             false},
    [CONF_REDIS_URL] = {"redis://, rediss:// or unix://",                              redis_check,    redis_format,    NULL,             true },
    [CONF_ADDRESS] = {"ADDR:PORT or none",                                           address_check,  text_format,     NULL,             false},
    [CONF_SECRET] = {"a text",                                                      text_parse,     secret_format,   NULL,             true },
    [CONF_SECRET_FILE] = {"the path of a file",                                          text_parse,     text_format,     NULL,             false},
    [CONF_BOOL] = {"yes or no",                                                   bool_parse,     bool_format,     NULL,             false},
    [CONF_INT] = {"a number",                                                    int_parse,      int_format,      int_text,         false},
    [CONF_DURATION] = {"a duration in ms, s, m, h or d",                              duration_parse, duration_format,
                   text_format_duration,                                                                                             false},
    [CONF_SIZE] = {"a size in bytes, KB, MB or GB",                               size_parse,     size_format,     text_format_size,
                   false                                                                                                                  },
    [CONF_CHOICE] = {"one of",                                                      choice_parse,   choice_format,   NULL,             false},
};

int conf_allowed_format(const struct conf_row *row, struct buf *text)
{
    const struct type_ops *ops = &types[row->type];
    char low[32];
    char high[32];
    if (row->choices != NULL) {
        return buf_printf(text, "%s %s", ops->allowed, row->choices);
    }
    if (ops->format_number == NULL) {
        return buf_append_text(text, ops->allowed);
    }
    return buf_printf(text, "%s from %s to %s", ops->allowed,
                      ops->format_number(row->min, low, sizeof low),
                      ops->format_number(row->max, high, sizeof high));
}

bool conf_value_hidden(const struct conf_row *row)
{
    return types[row->type].hidden;
}

int conf_value_format(const struct conf_row *row, const void *field, struct buf *text)
{
    return types[row->type].format(row, field, text);
}

int conf_value_parse(const struct conf_row *row, struct slice value, void *field, struct err *err)
{
    struct err why = {.code = 0};
    int code = types[row->type].parse(row, value, field, &why);
    if (code == 0) {
        return 0;
    }
    char shown[SHOWN_MAX] = "(not shown)";
    if (!conf_value_hidden(row)) {
        (void)text_escape(value, shown, sizeof shown);
    }
    struct buf allowed;
    buf_init(&allowed, ALLOWED_MAX);
    err_ignore(conf_allowed_format(row, &allowed)); /* the message is then shorter */
    const char *want = buf_cstr(&allowed);
    bool quote = !conf_value_hidden(row);
    (void)err_set(err, ERR_INVALID, "%s: %s%s%s is not allowed%s%s; want %s", row->name,
                  quote ? "\"" : "the value ", shown, quote ? "\"" : "", why.code != 0 ? ", " : "",
                  why.msg, want != NULL ? want : "another");
    buf_done(&allowed);
    return ERR_INVALID;
}
