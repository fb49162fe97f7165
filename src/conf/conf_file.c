#include "conf/conf_file.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/ini_text.h"
#include "base/slice.h"
#include "conf/conf.h"

enum {
    FILE_BYTES_MAX = 1 << 20, /* a configuration is some kilobytes */
    READ_BYTES = 4096,
    NAME_BYTES_MAX = 128 /* inih cuts section and key at 50 each */
};

/* Reads the whole file; text keeps it below its maximum. */
static int file_read(const char *path, struct buf *text, struct err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return err_set_sys(err, ERR_INVALID, errno, "cannot open %s", path);
    }
    int code = 0;
    size_t got = 1;
    while (code == 0 && got > 0) {
        char piece[READ_BYTES];
        got = fread(piece, 1, sizeof piece, file);
        code = buf_append(text, piece, got);
        explicit_bzero(piece, sizeof piece);
    }
    if (code != 0) {
        (void)err_set(err, ERR_INVALID, "%s is too big, %zu bytes are allowed", path, text->max);
    } else if (ferror(file) != 0) {
        code = err_set_sys(err, ERR_INVALID, errno, "cannot read %s", path);
    }
    (void)fclose(file);
    return code != 0 ? ERR_INVALID : 0;
}

int conf_file_read_secret(const char *path, struct buf *text, struct err *err)
{
    int code = file_read(path, text, err);
    while (text->len > 0 &&
           (text->ptr[text->len - 1] == '\n' || text->ptr[text->len - 1] == '\r')) {
        text->len--;
    }
    if (code == 0 && text->len == 0) {
        code = err_set(err, ERR_INVALID, "%s is empty", path);
    }
    return code;
}

/* The file on its way through inih. */
struct reading {
    struct conf *conf; /* borrowed */
    const char *path;  /* borrowed, for messages */
    struct ini_text ini;
    struct err *err; /* borrowed; filled by the first mistake */
    int code;        /* 0, or of the first mistake */
};

/* As inih wants it: nonzero is success. */
static int reading_on_value(void *user, const char *section, const char *key, const char *value)
{
    struct reading *reading = user;
    char name[NAME_BYTES_MAX];
    (void)snprintf(name, sizeof name, "%s%s%s", section, section[0] != '\0' ? "." : "", key);
    reading->code = conf_set(reading->conf, name, value, reading->err);
    if (reading->code != 0) {
        (void)err_wrap(reading->err, "%s:%d", reading->path, reading->ini.line);
        reading->ini.stopped = true;
    }
    return reading->code == 0;
}

static int text_read(struct conf *conf, const char *path, struct slice text, struct err *err)
{
    struct reading reading = {.conf = conf, .path = path, .err = err};
    reading.ini = (struct ini_text){
        .rest = text,
        .too_long = "the line is too long; a long value can be given by --set, the environment or "
                    "a _file key"};
    ini_text_end(&reading.ini,
                 ini_parse_stream(ini_text_line, &reading.ini, reading_on_value, &reading));
    if (reading.ini.wrong != NULL) {
        return err_set(err, ERR_INVALID, "%s:%d: %s", path, reading.ini.line, reading.ini.wrong);
    }
    return reading.code;
}

int conf_file_load(struct conf *conf, const char *path, struct err *err)
{
    struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    int code = file_read(path, &text, err);
    if (code == 0) {
        code = text_read(conf, path, buf_view(&text), err);
    }
    if (text.ptr != NULL) {
        explicit_bzero(text.ptr, text.len);
    }
    buf_done(&text);
    return code;
}
