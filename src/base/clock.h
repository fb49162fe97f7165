/* The two clocks. Only shells read them; everything pure gets now_ms as an argument. */
#ifndef RETOUCH_BASE_CLOCK_H
#define RETOUCH_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_at_ms(void);   /* monotonic, for time-outs */
int64_t clock_unix_ms(void); /* wall clock, for logs and Redis */

enum {
    CLOCK_TEXT_MAX = 32
};

/* "2026-03-05T10:00:00.123Z" into text; and "202603051000" (UTC minute). Both return text. */
char *clock_format(int64_t unix_ms, char text[CLOCK_TEXT_MAX]);
char *clock_format_minute(int64_t unix_ms, char text[CLOCK_TEXT_MAX]);

#endif
