/* A growing byte buffer with a maximum. */
#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"

enum {
    BYTES_SPARE = 8 /* JSON is parsed in place and wants zeros after the end */
};

void bytes_done(struct bytes *bytes)
{
    mem_free(bytes->ptr);
    bytes->ptr = NULL;
    bytes->len = bytes->cap = 0;
}

bool bytes_reserve(struct bytes *bytes, size_t more)
{
    size_t limit = bytes->max > 0 ? bytes->max : SIZE_MAX / 4;
    if (bytes->len > limit || more > limit - bytes->len) {
        return false;
    }
    size_t needed = bytes->len + more + BYTES_SPARE;
    if (needed > bytes->cap) {
        size_t doubled = bytes->cap * 2;
        bytes->cap = needed > doubled ? needed : doubled;
        bytes->ptr = mem_realloc(bytes->ptr, bytes->cap);
    }
    return true;
}

bool bytes_append(struct bytes *bytes, const void *data, size_t len)
{
    if (!bytes_reserve(bytes, len)) {
        return false;
    }
    if (len > 0) {
        memcpy(bytes->ptr + bytes->len, data, len);
        bytes->len += len;
    }
    return true;
}

bool bytes_printf(struct bytes *bytes, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    bool fits = len >= 0 && bytes_reserve(bytes, (size_t)len);
    if (fits) {
        vsnprintf((char *)bytes->ptr + bytes->len, (size_t)len + 1, fmt, again);
        bytes->len += (size_t)len;
    }
    va_end(again);
    return fits;
}
