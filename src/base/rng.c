#include "base/rng.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/check.h"

enum {
    RNG_SECRET_MAX = 64 /* bytes in one call */
};

void rng_seed(struct rng *rng, uint64_t seed)
{
    rng->state = seed + UINT64_C(0x9e3779b97f4a7c15);
    (void)rng_u32(rng);
}

/* PCG-XSH-RR: a 64-bit LCG step, then 32 permuted bits of the old state. */
uint32_t rng_u32(struct rng *rng)
{
    uint64_t old = rng->state;
    rng->state = old * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint32_t shifted = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t rotation = (uint32_t)(old >> 59);
    return (shifted >> rotation) | (shifted << ((32 - rotation) & 31));
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    if (bound == 0) {
        return 0;
    }
    uint64_t high = rng_u32(rng);
    return ((high << 32) | rng_u32(rng)) % bound;
}

int rng_secret_hex(char *text, unsigned bytes)
{
    unsigned char raw[RNG_SECRET_MAX];
    CHECK(bytes <= RNG_SECRET_MAX);
    if (getrandom(raw, bytes, 0) != (ssize_t)bytes) {
        return ERR_SYSTEM;
    }
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < bytes; i++) {
        text[2 * i] = digits[raw[i] >> 4];
        text[2 * i + 1] = digits[raw[i] & 15];
    }
    text[2 * bytes] = '\0';
    return 0;
}
