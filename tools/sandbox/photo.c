/* Photos from a folder: /_sandbox/photo/NAME, whatever the query says. */
#include "photo.h"

#include <stdio.h>
#include <string.h>

#include "flags.h"
#include "picture.h"
#include "visit.h"

static const char prefix[] = "/_sandbox/photo/";

enum {
    PATH_BYTES = 4096,
    PIECE_BYTES = 65536,
    FILE_MAX_BYTES = 32 * 1024 * 1024
};

/* A plain name: neither a path nor hidden. */
static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    return name[0] != '\0' && name[0] != '.' && strspn(name, letters) == strlen(name);
}

static bool read_file(const char *path, struct bytes *out)
{
    FILE *file = fopen(path, "re");
    bool ok = file != NULL;
    size_t got = 1;
    out->max = FILE_MAX_BYTES;
    while (ok && got > 0) {
        ok = bytes_reserve(out, PIECE_BYTES);
        got = ok ? fread(out->ptr + out->len, 1, PIECE_BYTES, file) : 0;
        out->len += got;
    }
    ok = ok && ferror(file) == 0;
    if (file != NULL) {
        fclose(file);
    }
    return ok;
}

void photo_serve(struct visit *visit)
{
    char path[PATH_BYTES];
    const char *folder = visit->sandbox->flags->photos;
    const char *name = visit->path + strlen(prefix);
    int len = folder != NULL ? snprintf(path, sizeof path, "%s/%s", folder, name) : 0;
    struct bytes *body = &visit->answer.body;
    answer_set(&visit->answer, 200, "image/jpeg", "");
    if (!is_name(name) || len <= 0 || (size_t)len >= sizeof path || !read_file(path, body)) {
        answer_set(&visit->answer, 404, "text/plain", "no such photo\n");
        return;
    }
    if (picture_format_of(body->ptr, body->len) == PICTURE_PNG) {
        visit->answer.content_type = "image/png";
    }
}
