/* Text to values and back: numbers, durations, sizes, escaping. Nothing here allocates. */
#ifndef RETOUCH_BASE_TEXT_H
#define RETOUCH_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* Decimal, whole text, optional '-'. ERR_MALFORMED for anything else or overflow. */
int text_parse_i64(struct slice text, int64_t *ret_value) MUST_CHECK;
/* Decimal fraction such as "0.5". */
int text_parse_double(struct slice text, double *ret_value) MUST_CHECK;
/* "250ms", "10s", "5m", "24h", "7d"; a bare number is ERR_MALFORMED except 0. */
int text_parse_duration(struct slice text, int64_t *ret_ms) MUST_CHECK;
/* "4096", "64KB", "2MB", "1GB": powers of 1024. */
int text_parse_size(struct slice text, int64_t *ret_bytes) MUST_CHECK;
/* yes no true false on off 1 0 */
int text_parse_bool(struct slice text, bool *ret_value) MUST_CHECK;

/* Shortest exact form: 300000 -> "5m", 2097152 -> "2MB". Returns text. */
char *text_format_duration(int64_t ms, char *text, size_t size);
char *text_format_size(int64_t bytes, char *text, size_t size);

/* Well-formed UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF. */
bool text_is_utf8(struct slice text);

/* Copies the slice into dest with control characters, quotes, backslashes and invalid UTF-8 escaped
 * (\n, \", \\, \x1f); cut to fit at an escape boundary, always NUL-terminated. Returns the length.
 */
size_t text_escape(struct slice source, char *dest, size_t size);

/* Copies, cut to fit, always NUL-terminated. Returns false when it had to cut. */
bool text_copy(char *dest, size_t size, struct slice source);

enum {
    TEXT_DISTANCE_MAX = 64 /* bytes of a text whose distance can be told */
};

/* Levenshtein's distance of two texts, to say what may have been meant; SIZE_MAX when one of them
 * is longer than TEXT_DISTANCE_MAX. */
size_t text_distance(struct slice a, struct slice b);

/* Names of jobs and queues: see include/PROTOCOL.md, section 1. */
bool text_is_job_id(struct slice text);
bool text_is_queue_name(struct slice text);
/* [A-Za-z0-9._-]{1,64} */
bool text_is_reply_name(struct slice text);

#endif
