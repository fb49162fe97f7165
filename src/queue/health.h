/* What endangers jobs in the Redis server itself: read from INFO, told to operators. */
#ifndef RETOUCH_QUEUE_HEALTH_H
#define RETOUCH_QUEUE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum health_kind {
    HEALTH_POLICY,      /* maxmemory-policy evicts keys: jobs would vanish silently */
    HEALTH_MEMORY,      /* used memory is near maxmemory */
    HEALTH_PERSISTENCE, /* neither AOF nor RDB: a restart loses every job */
    HEALTH_COUNT
};

enum {
    HEALTH_MEMORY_PERCENT = 90, /* of maxmemory: warned from here on */
    HEALTH_DETAIL_MAX = 128
};

struct health {
    bool warn[HEALTH_COUNT];
    char detail[HEALTH_COUNT][HEALTH_DETAIL_MAX]; /* what was found; "" where nothing was */
};

/* info: INFO's text with the sections memory and persistence; save: the value of CONFIG GET save,
 * or empty where the server does not tell. */
void health_read(struct health *health, struct slice info, struct slice save);
const char *health_name(enum health_kind kind);   /* "maxmemory_policy", ... as in the metric */
const char *health_advice(enum health_kind kind); /* one sentence */

#endif
