/* A growing byte buffer with a maximum; one owner. */
#ifndef SANDBOX_BYTES_H
#define SANDBOX_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *ptr; /* owned; NULL while nothing was reserved */
    size_t len;   /* bytes used */
    size_t cap;   /* bytes reserved */
    size_t max;   /* growth past this is refused; 0 means no limit */
};

/* Frees; usable again with the same maximum. */
void bytes_done(struct bytes *bytes);
/* Room for `more` bytes after len (and 8 spare ones). False, and unchanged, past the maximum. */
bool bytes_reserve(struct bytes *bytes, size_t more);
bool bytes_append(struct bytes *bytes, const void *data, size_t len);
bool bytes_printf(struct bytes *bytes, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
