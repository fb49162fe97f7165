/* Reads one value out of an undecoded query. */
#include "query.h"

#include <string.h>

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* The byte of "%XX", -1 where it is none. */
static int percent_byte(const char *from, const char *to)
{
    int high = to - from > 2 ? hex_digit(from[1]) : -1;
    int low = high >= 0 ? hex_digit(from[2]) : -1;
    return low >= 0 ? high * 16 + low : -1;
}

static bool decode(const char *from, const char *to, char *value, size_t size)
{
    size_t len = 0;
    for (; from < to; from++) {
        if (len + 1 >= size) {
            return false;
        }
        int c = *from == '+' ? ' ' : (unsigned char)*from;
        if (*from == '%') {
            c = percent_byte(from, to);
            from += 2;
        }
        if (c < 0) {
            return false;
        }
        value[len++] = (char)c;
    }
    value[len] = '\0';
    return true;
}

bool query_get(const char *query, const char *name, char *ret_value, size_t size)
{
    size_t len = strlen(name);
    for (const char *at = query; at != NULL && *at != '\0';) {
        const char *end = strchrnul(at, '&');
        if (strncmp(at, name, len) == 0 && at[len] == '=') {
            return decode(at + len + 1, end, ret_value, size);
        }
        at = *end == '&' ? end + 1 : NULL;
    }
    return false;
}
