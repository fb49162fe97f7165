/* A histogram with fixed bucket bounds, as Prometheus wants it. */
#ifndef RETOUCH_BASE_HIST_H
#define RETOUCH_BASE_HIST_H

#include <stddef.h>
#include <stdint.h>

enum {
    HIST_BUCKETS = 16
};

/* Upper bounds in milliseconds, ascending; the last bucket is +Inf and has no bound. */
extern const int64_t hist_bounds_ms[HIST_BUCKETS - 1];

struct hist {
    uint64_t buckets[HIST_BUCKETS]; /* not cumulative */
    uint64_t count;
    uint64_t sum_ms;
};

void hist_add(struct hist *hist, int64_t value_ms);

#endif
