#include "conf/conf_file.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
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

/* The file on its way through inih, line by line. */
struct reading {
    struct conf *conf; /* borrowed */
    const char *path;  /* borrowed, for messages */
    struct slice rest; /* what is not read yet */
    int line;          /* of the line inih has now, from 1 */
    struct err *err;   /* borrowed; filled by the first mistake */
    int code;          /* 0, or of the first mistake */
};

static int reading_fail(struct reading *reading, const char *what)
{
    reading->code =
        err_set(reading->err, ERR_INVALID, "%s:%d: %s", reading->path, reading->line, what);
    return reading->code;
}

static struct slice line_take(struct slice *rest)
{
    const uint8_t *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end != NULL ? (size_t)(end - rest->ptr) + 1 : rest->len;
    struct slice line = slice_of(rest->ptr, len);
    *rest = slice_of(rest->ptr + len, rest->len - len);
    return line;
}

/* As fgets for inih. Blanks before a key are dropped, since inih would add such a line to the value
 * of the line before; comments are dropped, so that they may be longer than its lines. */
static char *reading_on_line(char *text, int size, void *stream)
{
    struct reading *reading = stream;
    if (reading->rest.len == 0 || reading->code != 0) {
        return NULL;
    }
    struct slice line = line_take(&reading->rest);
    reading->line++;
    while (line.len > 1 && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) {
        line = slice_of(line.ptr + 1, line.len - 1);
    }
    if (line.ptr[0] == '#' || line.ptr[0] == ';') {
        line = slice_text("\n");
    }
    if (line.len >= (size_t)size) {
        (void)reading_fail(reading, "the line is too long; a long value can be given by --set, the "
                                    "environment or a _file key");
        return NULL;
    }
    if (memchr(line.ptr, '\0', line.len) != NULL) {
        (void)reading_fail(reading, "the line holds a NUL byte");
        return NULL;
    }
    memcpy(text, line.ptr, line.len);
    text[line.len] = '\0';
    return text;
}

/* As inih wants it: nonzero is success. */
static int reading_on_value(void *user, const char *section, const char *key, const char *value)
{
    struct reading *reading = user;
    if (reading->code != 0) {
        return 0;
    }
    char name[NAME_BYTES_MAX];
    (void)snprintf(name, sizeof name, "%s%s%s", section, section[0] != '\0' ? "." : "", key);
    reading->code = conf_set(reading->conf, name, value, reading->err);
    if (reading->code != 0) {
        (void)err_wrap(reading->err, "%s:%d", reading->path, reading->line);
    }
    return reading->code == 0;
}

int conf_file_load(struct conf *conf, const char *path, struct err *err)
{
    struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    int code = file_read(path, &text, err);
    if (code == 0) {
        struct reading reading = {
            .conf = conf, .path = path, .rest = buf_view(&text), .line = 0, .err = err};
        int wrong_line = ini_parse_stream(reading_on_line, &reading, reading_on_value, &reading);
        code = reading.code;
        /* inih reads on after a line that is no "key = value", so an earlier one wins. */
        if (wrong_line > 0 && (code == 0 || wrong_line < reading.line)) {
            reading.line = wrong_line;
            code = reading_fail(&reading, "neither \"[section]\" nor \"key = value\"");
        }
    }
    if (text.ptr != NULL) {
        explicit_bzero(text.ptr, text.len);
    }
    buf_done(&text);
    return code;
}
