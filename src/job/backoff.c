/* Capped exponential back-off with full jitter. */
#include "job/backoff.h"

int64_t backoff_ceiling_ms(int64_t base_ms, int64_t cap_ms, uint32_t n)
{
    if (base_ms <= 0 || cap_ms <= 0) {
        return 0;
    }
    /* base << n would pass cap (or overflow) exactly when base > cap >> n. */
    if (n > 62 || base_ms > cap_ms >> n) {
        return cap_ms;
    }
    return base_ms << n;
}

int64_t backoff_draw_ms(struct rng *rng, int64_t base_ms, int64_t cap_ms, uint32_t n)
{
    int64_t ceiling_ms = backoff_ceiling_ms(base_ms, cap_ms, n);
    return (int64_t)rng_below(rng, (uint64_t)ceiling_ms + 1);
}
