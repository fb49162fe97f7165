#include "base/ini_text.h"

#include <string.h>

static struct slice line_take(struct slice *rest)
{
    const uint8_t *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end != NULL ? (size_t)(end - rest->ptr) + 1 : rest->len;
    struct slice line = slice_of(rest->ptr, len);
    *rest = slice_of(rest->ptr + len, rest->len - len);
    return line;
}

static const char *line_wrong(const struct ini_text *ini, struct slice line, size_t size)
{
    if (line.len >= size) {
        return ini->too_long;
    }
    return memchr(line.ptr, '\0', line.len) != NULL ? "the line holds a NUL byte" : NULL;
}

char *ini_text_line(char *text, int size, void *ini_text)
{
    struct ini_text *ini = ini_text;
    if (ini->rest.len == 0 || ini->wrong != NULL || ini->stopped) {
        return NULL;
    }
    struct slice line = line_take(&ini->rest);
    ini->line++;
    while (line.len > 1 && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) {
        line = slice_of(line.ptr + 1, line.len - 1);
    }
    if (line.ptr[0] == '#' || line.ptr[0] == ';') {
        line = slice_text("\n");
    }
    ini->wrong = line_wrong(ini, line, (size_t)size);
    if (ini->wrong != NULL) {
        return NULL;
    }
    memcpy(text, line.ptr, line.len);
    text[line.len] = '\0';
    return text;
}

void ini_text_end(struct ini_text *ini, int wrong_line)
{
    bool callers = ini->stopped && wrong_line == ini->line;
    if (wrong_line > 0 && !callers) {
        ini->line = wrong_line;
        ini->wrong = "neither \"[section]\" nor \"key = value\"";
    }
}
