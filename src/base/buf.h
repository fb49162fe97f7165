/* A growing byte buffer with a maximum. One owner; buf_take moves it. */
#ifndef RETOUCH_BASE_BUF_H
#define RETOUCH_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct buf {
    uint8_t *ptr; /* owned; NULL while empty; malloc'd */
    size_t len;   /* bytes used */
    size_t cap;   /* bytes reserved */
    size_t max;   /* growth past this is ERR_TOO_BIG */
};

void buf_init(struct buf *buf, size_t max_bytes);
/* Frees; the buffer is empty and usable again with the same maximum. Accepts NULL. */
void buf_done(struct buf *buf);
/* Owns a malloc'd block from now on (for instance a string taken from a reply). Frees what was
 * there. */
void buf_adopt(struct buf *buf, void *ptr, size_t len);
/* Moves the contents of source into dest (whose old contents are freed); source is empty
 * afterwards. */
void buf_take(struct buf *dest, struct buf *source);
/* Room for `more` bytes after len, ERR_TOO_BIG, or ERR_NO_MEMORY; the buffer is unchanged on error.
 */
int buf_reserve(struct buf *buf, size_t more) MUST_CHECK;
int buf_append(struct buf *buf, const void *bytes, size_t len) MUST_CHECK;
int buf_append_slice(struct buf *buf, struct slice slice) MUST_CHECK;
int buf_append_text(struct buf *buf, const char *text) MUST_CHECK;
int buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
/* NUL after the last byte (not counted in len). NULL when there is no room for it. */
char *buf_cstr(struct buf *buf);
void buf_clear(struct buf *buf); /* len = 0, memory kept */

static inline struct slice buf_view(const struct buf *buf)
{
    return (struct slice){.ptr = buf->ptr, .len = buf->len};
}

#endif
