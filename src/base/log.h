/* Structured log: one key=value line per event, to standard error. Never an image, a secret or a
 * full URL. */
#ifndef RETOUCH_BASE_LOG_H
#define RETOUCH_BASE_LOG_H

#include <stdint.h>

#include "base/err.h"

enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG,
    LOG_LEVEL_COUNT
};

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* "error" "warn" "info" "debug"; ERR_MALFORMED otherwise. */
int log_parse_level(const char *name, enum log_level *ret_level) MUST_CHECK;

/* A field is a key and a text or a number; LOG_END closes the list. */
struct log_field {
    const char *key;  /* borrowed; NULL ends the list */
    const char *text; /* borrowed; NULL: the number counts */
    int64_t number;
};

#define LOG_TEXT(k, t) ((struct log_field){.key = (k), .text = (t) != NULL ? (t) : ""})
#define LOG_NUM(k, n)  ((struct log_field){.key = (k), .number = (int64_t)(n)})

/* ts=... lvl=info ev=job_done job=a1 ms=1800 */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define log_event(level, event, ...) \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__, {.key = NULL}})

#endif
