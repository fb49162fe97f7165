/* Capped exponential back-off with full jitter: uniform between 0 and min(cap, base x 2^n). */
#ifndef RETOUCH_JOB_BACKOFF_H
#define RETOUCH_JOB_BACKOFF_H

#include <stdint.h>

#include "base/rng.h"

/* n counts from 0. Never overflows. */
int64_t backoff_ceiling_ms(int64_t base_ms, int64_t cap_ms, uint32_t n);
int64_t backoff_draw_ms(struct rng *rng, int64_t base_ms, int64_t cap_ms, uint32_t n);

#endif
