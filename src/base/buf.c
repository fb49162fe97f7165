#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    BUF_FIRST_BYTES = 64
};

void buf_init(struct buf *buf, size_t max_bytes)
{
    CHECK(max_bytes > 0);
    *buf = (struct buf){.ptr = NULL, .len = 0, .cap = 0, .max = max_bytes};
}

void buf_done(struct buf *buf)
{
    if (buf != NULL) {
        mem_free(buf->ptr);
        buf->ptr = NULL;
        buf->len = buf->cap = 0;
    }
}

void buf_adopt(struct buf *buf, void *ptr, size_t len)
{
    mem_free(buf->ptr);
    buf->ptr = ptr;
    buf->len = buf->cap = len;
}

void buf_take(struct buf *dest, struct buf *source)
{
    CHECK(dest != source);
    mem_free(dest->ptr);
    *dest = *source;
    source->ptr = NULL;
    source->len = source->cap = 0;
}

int buf_reserve(struct buf *buf, size_t more)
{
    if (more > buf->max || buf->len > buf->max - more) {
        return ERR_TOO_BIG;
    }
    size_t need = buf->len + more;
    if (need <= buf->cap) {
        return 0;
    }
    size_t cap = buf->cap > 0 ? buf->cap + buf->cap / 2 : BUF_FIRST_BYTES;
    if (cap < need) {
        cap = need;
    }
    if (cap > buf->max) {
        cap = buf->max;
    }
    uint8_t *ptr = mem_realloc(buf->ptr, cap);
    if (ptr == NULL) {
        return ERR_NO_MEMORY;
    }
    buf->ptr = ptr;
    buf->cap = cap;
    return 0;
}

int buf_append(struct buf *buf, const void *bytes, size_t len)
{
    int code = buf_reserve(buf, len);
    if (code == 0 && len > 0) {
        memcpy(buf->ptr + buf->len, bytes, len);
        buf->len += len;
    }
    return code;
}

int buf_append_slice(struct buf *buf, struct slice slice)
{
    return buf_append(buf, slice.ptr, slice.len);
}

int buf_append_text(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

int buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0) {
        return ERR_BUG;
    }
    size_t with_nul = (size_t)len + 1;
    int code = buf_reserve(buf, with_nul);
    if (code != 0) {
        return code;
    }
    va_start(args, fmt);
    (void)vsnprintf((char *)buf->ptr + buf->len, with_nul, fmt, args);
    va_end(args);
    buf->len += (size_t)len;
    return 0;
}

char *buf_cstr(struct buf *buf)
{
    if (buf_reserve(buf, 1) != 0) {
        return NULL;
    }
    buf->ptr[buf->len] = '\0';
    return (char *)buf->ptr;
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
}
