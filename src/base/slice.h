/* A borrowed view of bytes. Must not outlive the owner of the bytes. */
#ifndef RETOUCH_BASE_SLICE_H
#define RETOUCH_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *ptr; /* borrowed; may be NULL when len is 0 */
    size_t len;         /* bytes */
};

static inline struct slice slice_of(const void *ptr, size_t len)
{
    return (struct slice){.ptr = ptr, .len = len};
}

static inline struct slice slice_text(const char *text)
{
    return (struct slice){.ptr = (const uint8_t *)text, .len = text != NULL ? strlen(text) : 0};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_text(text));
}

static inline bool slice_starts(struct slice a, const char *text)
{
    size_t len = strlen(text);
    return a.len >= len && memcmp(a.ptr, text, len) == 0;
}

/* For printf's "%.*s": SLICE_ARG(s) gives length and pointer. */
#define SLICE_ARG(s) (int)(s).len, (s).ptr != NULL ? (const char *)(s).ptr : ""

#endif
