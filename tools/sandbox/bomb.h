/* A gzip file of any number of zeros, made piece by piece. */
#ifndef SANDBOX_BOMB_H
#define SANDBOX_BOMB_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the file that expands to `zeros` zeros. */
uint64_t bomb_bytes(uint64_t zeros);

struct bomb {
    uint64_t zeros;
    uint8_t trailer[8]; /* checksum and length */
};

void bomb_init(struct bomb *bomb, uint64_t zeros);
/* Copies at most `max` bytes of the file from `at`; returns how many. */
size_t bomb_read(const struct bomb *bomb, uint64_t at, char *out, size_t max);

#endif
