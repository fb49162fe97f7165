/* Reads files of tests/data into a buffer. */
#ifndef RETOUCH_LIB_DATA_H
#define RETOUCH_LIB_DATA_H

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"

/* `path` is relative to tests/data. The buffer is initialised here, with this maximum. */
static inline void data_read(const char *path, size_t max_bytes, struct buf *ret_bytes)
{
    char name[4096];
    const char *source = getenv("RETOUCH_SOURCE");
    CHECK(source != NULL);
    (void)snprintf(name, sizeof name, "%s/tests/data/%s", source, path);
    FILE *file = fopen(name, "rb");
    CHECK(file != NULL);
    buf_init(ret_bytes, max_bytes);
    for (;;) {
        uint8_t piece[8192];
        size_t len = fread(piece, 1, sizeof piece, file);
        if (len == 0) {
            break;
        }
        int code = buf_append(ret_bytes, piece, len);
        CHECK(code == 0);
    }
    CHECK(ferror(file) == 0);
    (void)fclose(file);
}

#endif
