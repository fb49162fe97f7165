#include "base/hist.h"

/* 1-2-5 steps from 5 ms to 2 min: a queue wait of nothing and a slow call are both told apart. */
const int64_t hist_bounds_ms[HIST_BUCKETS - 1] = {
    5, 10, 25, 50, 100, 250, 500, 1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000};

void hist_add(struct hist *hist, int64_t value_ms)
{
    if (value_ms < 0) {
        value_ms = 0;
    }
    size_t i = 0;
    while (i < HIST_BUCKETS - 1 && value_ms > hist_bounds_ms[i]) {
        i++;
    }
    hist->buckets[i]++;
    hist->count++;
    hist->sum_ms += (uint64_t)value_ms;
}
