/* Slow housekeeping: dead letters within their bounds, and is the Redis server fit for jobs. */
#ifndef RETOUCH_WORKER_UPKEEP_H
#define RETOUCH_WORKER_UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/redis.h"
#include "queue/health.h"

struct worker;

struct upkeep {
    struct health health;     /* of the last look */
    bool looked;              /* there was one */
    struct buf info;          /* owned: INFO's text between two answers */
    bool busy;                /* health_request is out */
    int64_t health_due_at_ms; /* monotonic */
    int64_t dead_due_at_ms;   /* monotonic */
    struct redis_request health_request;
};

void upkeep_tick(struct worker *worker);
/* A connection came up: the server may be another one now. */
void upkeep_look(struct worker *worker);

#endif
