#include "base/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

enum {
    LOG_LINE_MAX = 2048 /* longer lines are cut */
};

static const char *const level_names[LOG_LEVEL_COUNT] = {"error", "warn", "info", "debug"};
static enum log_level level_now = LOG_INFO;

void log_set_level(enum log_level level)
{
    level_now = level;
}

enum log_level log_get_level(void)
{
    return level_now;
}

int log_parse_level(const char *name, enum log_level *ret_level)
{
    for (int i = 0; i < LOG_LEVEL_COUNT; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return 0;
        }
    }
    return ERR_MALFORMED;
}

static bool log_needs_quotes(const char *text)
{
    if (*text == '\0') {
        return true;
    }
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == '"' || *text == '=' || *text == '\\' ||
            (unsigned char)*text >= 0x7f) {
            return true;
        }
    }
    return false;
}

static size_t log_field_format(const struct log_field *field, char *line, size_t size)
{
    int len;
    if (field->text == NULL) {
        len = snprintf(line, size, " %s=%lld", field->key, (long long)field->number);
    } else if (!log_needs_quotes(field->text)) {
        len = snprintf(line, size, " %s=%s", field->key, field->text);
    } else {
        char escaped[LOG_LINE_MAX / 2];
        (void)text_escape(slice_text(field->text), escaped, sizeof escaped);
        len = snprintf(line, size, " %s=\"%s\"", field->key, escaped);
    }
    return len < 0 ? 0 : (size_t)len < size ? (size_t)len : size - 1;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if (level > level_now) {
        return;
    }
    char line[LOG_LINE_MAX];
    char now[CLOCK_TEXT_MAX];
    size_t room = sizeof line - 1; /* for the newline */
    int head = snprintf(line, room, "ts=%s lvl=%s ev=%s", clock_format(clock_unix_ms(), now),
                        level_names[level], event);
    size_t used = head > 0 ? (size_t)head : 0;
    for (; fields->key != NULL && used < room - 1; fields++) {
        used += log_field_format(fields, line + used, room - used);
    }
    line[used++] = '\n';
    (void)fwrite(line, 1, used, stderr);
}
