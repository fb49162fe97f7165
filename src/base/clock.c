#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t clock_read_ms(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_at_ms(void)
{
    return clock_read_ms(CLOCK_MONOTONIC);
}

int64_t clock_unix_ms(void)
{
    return clock_read_ms(CLOCK_REALTIME);
}

static struct tm clock_split(int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts = {0};
    (void)gmtime_r(&seconds, &parts);
    return parts;
}

char *clock_format(int64_t unix_ms, char text[CLOCK_TEXT_MAX])
{
    struct tm parts = clock_split(unix_ms);
    size_t used = strftime(text, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(text + used, CLOCK_TEXT_MAX - used, ".%03dZ", (int)(unix_ms % 1000));
    return text;
}

char *clock_format_minute(int64_t unix_ms, char text[CLOCK_TEXT_MAX])
{
    struct tm parts = clock_split(unix_ms);
    (void)strftime(text, CLOCK_TEXT_MAX, "%Y%m%d%H%M", &parts);
    return text;
}
