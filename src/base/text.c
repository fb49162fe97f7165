#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* Ascending, so that formatting can look for the largest exact one from the end. */
static const struct unit duration_units[] = {
    {"ms", 1       },
    {"s",  1000    },
    {"m",  60000   },
    {"h",  3600000 },
    {"d",  86400000}
};
static const struct unit size_units[] = {
    {"",   1      },
    {"KB", 1 << 10},
    {"MB", 1 << 20},
    {"GB", 1 << 30}
};

int text_parse_i64(struct slice text, int64_t *ret_value)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == text.len) {
        return ERR_MALFORMED;
    }
    int64_t value = 0;
    for (; i < text.len; i++) {
        unsigned digit = (unsigned)text.ptr[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, (int64_t)digit, &value)) {
            return ERR_MALFORMED;
        }
    }
    /* Counted downwards, since -INT64_MIN does not exist. */
    if (!negative && value == INT64_MIN) {
        return ERR_MALFORMED;
    }
    *ret_value = negative ? value : -value;
    return 0;
}

int text_parse_double(struct slice text, double *ret_value)
{
    char copy[64];
    if (text.len == 0 || text.len >= sizeof copy || !text_copy(copy, sizeof copy, text)) {
        return ERR_MALFORMED;
    }
    char *end = NULL;
    errno = 0;
    double value = strtod(copy, &end);
    if (errno != 0 || end != copy + text.len || !(value > -1e300 && value < 1e300)) {
        return ERR_MALFORMED;
    }
    *ret_value = value;
    return 0;
}

static int
text_parse_unit(struct slice text, const struct unit *units, size_t n, int64_t *ret_value)
{
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9') {
        digits++;
    }
    int64_t value;
    if (text_parse_i64(slice_of(text.ptr, digits), &value) != 0) {
        return ERR_MALFORMED;
    }
    struct slice unit = slice_of(text.ptr + digits, text.len - digits);
    for (size_t i = 0; i < n; i++) {
        if (slice_is(unit, units[i].name)) {
            int64_t product;
            if (__builtin_mul_overflow(value, units[i].factor, &product)) {
                return ERR_MALFORMED;
            }
            *ret_value = product;
            return 0;
        }
    }
    if (value == 0 && unit.len == 0) {
        *ret_value = 0;
        return 0;
    }
    return ERR_MALFORMED;
}

int text_parse_duration(struct slice text, int64_t *ret_ms)
{
    return text_parse_unit(text, duration_units, N_ELEMENTS(duration_units), ret_ms);
}

int text_parse_size(struct slice text, int64_t *ret_bytes)
{
    return text_parse_unit(text, size_units, N_ELEMENTS(size_units), ret_bytes);
}

int text_parse_bool(struct slice text, bool *ret_value)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < N_ELEMENTS(words); i++) {
        if (slice_is(text, words[i])) {
            *ret_value = i % 2 == 1;
            return 0;
        }
    }
    return ERR_MALFORMED;
}

static char *
text_format_unit(int64_t value, const struct unit *units, size_t n, char *text, size_t size)
{
    size_t i = n - 1;
    while (i > 0 && (value == 0 || value % units[i].factor != 0)) {
        i--;
    }
    (void)snprintf(text, size, "%" PRId64 "%s", value / units[i].factor, units[i].name);
    return text;
}

char *text_format_duration(int64_t ms, char *text, size_t size)
{
    return text_format_unit(ms, duration_units, N_ELEMENTS(duration_units), text, size);
}

char *text_format_size(int64_t bytes, char *text, size_t size)
{
    return text_format_unit(bytes, size_units, N_ELEMENTS(size_units), text, size);
}

/* Length of the well-formed UTF-8 sequence at the start of source; 0 when there is none. */
static size_t text_utf8_len(struct slice source)
{
    static const struct {
        uint8_t mask, lead;
        size_t len;
        uint32_t least;
    } forms[] = {
        {0xe0, 0xc0, 2, 0x80   },
        {0xf0, 0xe0, 3, 0x800  },
        {0xf8, 0xf0, 4, 0x10000}
    };

    for (size_t f = 0; f < N_ELEMENTS(forms); f++) {
        if ((source.ptr[0] & forms[f].mask) != forms[f].lead || source.len < forms[f].len) {
            continue;
        }
        uint32_t point = source.ptr[0] & (uint8_t)~forms[f].mask;
        for (size_t i = 1; i < forms[f].len; i++) {
            if ((source.ptr[i] & 0xc0) != 0x80) {
                return 0;
            }
            point = point << 6 | (source.ptr[i] & 0x3f);
        }
        bool surrogate = point >= 0xd800 && point < 0xe000;
        return point >= forms[f].least && point <= 0x10ffff && !surrogate ? forms[f].len : 0;
    }
    return 0;
}

bool text_is_utf8(struct slice text)
{
    for (size_t at = 0; at < text.len;) {
        struct slice rest = slice_of(text.ptr + at, text.len - at);
        size_t len = rest.ptr[0] < 0x80 ? 1 : text_utf8_len(rest);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

/* The escaped form of what stands at the start of source, into piece; *ret_used bytes are consumed.
 */
static size_t text_escape_one(struct slice source, char piece[8], size_t *ret_used)
{
    uint8_t c = source.ptr[0];
    *ret_used = 1;
    const char *known = "\n\"\\\t\r";
    const char *letters = "n\"\\tr";
    const char *at = c != '\0' ? strchr(known, c) : NULL;
    if (at != NULL) {
        piece[0] = '\\';
        piece[1] = letters[at - known];
        return 2;
    }
    if (c >= 0x20 && c < 0x7f) {
        piece[0] = (char)c;
        return 1;
    }
    size_t len = c >= 0x80 ? text_utf8_len(source) : 0;
    if (len > 0) {
        memcpy(piece, source.ptr, len);
        *ret_used = len;
        return len;
    }
    return (size_t)snprintf(piece, 8, "\\x%02x", c);
}

size_t text_escape(struct slice source, char *dest, size_t size)
{
    CHECK(size > 0);
    size_t used = 0;
    while (source.len > 0) {
        char piece[8];
        size_t consumed;
        size_t len = text_escape_one(source, piece, &consumed);
        if (used + len >= size) {
            break;
        }
        memcpy(dest + used, piece, len);
        used += len;
        source = slice_of(source.ptr + consumed, source.len - consumed);
    }
    dest[used] = '\0';
    return used;
}

bool text_copy(char *dest, size_t size, struct slice source)
{
    CHECK(size > 0);
    size_t len = source.len < size ? source.len : size - 1;
    if (len > 0) {
        memcpy(dest, source.ptr, len);
    }
    dest[len] = '\0';
    return len == source.len;
}

static size_t text_least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* One line of the matrix at a time. */
size_t text_distance(struct slice a, struct slice b)
{
    size_t line[TEXT_DISTANCE_MAX + 1];
    if (a.len > TEXT_DISTANCE_MAX || b.len > TEXT_DISTANCE_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b.len; j++) {
        line[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = line[0];
        line[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1);
            diagonal = line[j];
            line[j] = text_least(change, line[j] + 1, line[j - 1] + 1);
        }
    }
    return line[b.len];
}

static bool text_is_alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool text_is_reply_name(struct slice text)
{
    if (text.len < 1 || text.len > 64) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (!text_is_alnum(c) && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

bool text_is_job_id(struct slice text)
{
    return text_is_reply_name(text) && text_is_alnum(text.ptr[0]);
}

bool text_is_queue_name(struct slice text)
{
    if (text.len > 32 || !text_is_job_id(text)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '.' || (c >= 'A' && c <= 'Z')) {
            return false;
        }
    }
    return true;
}
