/* A seeded random number generator (PCG32), passed to whoever needs chance. Not for secrets. */
#ifndef RETOUCH_BASE_RNG_H
#define RETOUCH_BASE_RNG_H

#include <stdint.h>

#include "base/err.h"

struct rng {
    uint64_t state;
};

void rng_seed(struct rng *rng, uint64_t seed);
uint32_t rng_u32(struct rng *rng);
/* Uniform in [0, bound); 0 when bound is 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
/* `bytes` of unguessable randomness from the system as lower-case hex text (2*bytes + NUL). */
int rng_secret_hex(char *text, unsigned bytes) MUST_CHECK;

#endif
