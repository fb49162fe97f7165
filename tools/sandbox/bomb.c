/* A gzip file of zeros.
 *
 * One deflate block with the fixed code. A match of 258 bytes, one back, takes 13 bits; so 8 of
 * them are 13 bytes that stand for 2064 zeros. The block's 3 bits of header, one zero (8 bits) and
 * one match (13) fill 3 bytes; single zeros take one byte each; the end mark and its padding one.
 */
#include "bomb.h"

enum {
    HEAD_BYTES = 10 + 3,
    HEAD_ZEROS = 1 + 258,
    GROUP_BYTES = 13,
    GROUP_ZEROS = 8 * 258,
    TAIL_BYTES = 1,
    TRAILER_BYTES = 8,
    ZERO_LITERAL = 0x0c /* code 00110000, its first bit lowest */
};

/* gzip header, then 1 01 (last block, fixed code), 00110000, 11000101 00000. */
static const uint8_t head[HEAD_BYTES] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 0x63, 0x18, 0x05};

/* Lowest bit first: 8 times 1100 0101, 00000. */
static void make_group(uint8_t group[GROUP_BYTES])
{
    static const uint8_t bits[13] = {1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0};
    for (unsigned i = 0; i < GROUP_BYTES; i++) {
        group[i] = 0;
    }
    for (unsigned i = 0; i < 8 * GROUP_BYTES; i++) {
        group[i / 8] = (uint8_t)(group[i / 8] | bits[i % 13] << (i % 8));
    }
}

static uint64_t groups_of(uint64_t zeros)
{
    return zeros > HEAD_ZEROS ? (zeros - HEAD_ZEROS) / GROUP_ZEROS : 0;
}

static uint64_t literals_of(uint64_t zeros)
{
    return zeros > HEAD_ZEROS ? (zeros - HEAD_ZEROS) % GROUP_ZEROS : 0;
}

uint64_t bomb_bytes(uint64_t zeros)
{
    return HEAD_BYTES + groups_of(zeros) * GROUP_BYTES + literals_of(zeros) + TAIL_BYTES +
           TRAILER_BYTES;
}

/* A zero byte through the CRC-32 register. */
static uint32_t crc_zero_byte(uint32_t crc)
{
    for (int bit = 0; bit < 8; bit++) {
        crc = (crc >> 1) ^ (0xedb88320U & (0U - (crc & 1U)));
    }
    return crc;
}

/* A step through the register is linear: 32 columns say what it does to each bit. */
static uint32_t crc_apply(const uint32_t columns[32], uint32_t crc)
{
    uint32_t result = 0;
    for (unsigned i = 0; i < 32; i++) {
        result ^= columns[i] & (0U - (crc >> i & 1U));
    }
    return result;
}

/* By squaring the step of one byte. */
static uint32_t crc_of_zeros(uint64_t zeros)
{
    uint32_t columns[32];
    uint32_t squared[32];
    uint32_t crc = 0xffffffffU;
    for (unsigned i = 0; i < 32; i++) {
        columns[i] = crc_zero_byte(1U << i);
    }
    for (; zeros > 0; zeros >>= 1) {
        if ((zeros & 1) != 0) {
            crc = crc_apply(columns, crc);
        }
        for (unsigned i = 0; i < 32; i++) {
            squared[i] = crc_apply(columns, columns[i]);
        }
        for (unsigned i = 0; i < 32; i++) {
            columns[i] = squared[i];
        }
    }
    return ~crc;
}

void bomb_init(struct bomb *bomb, uint64_t zeros)
{
    bomb->zeros = zeros > HEAD_ZEROS ? zeros : HEAD_ZEROS;
    uint32_t crc = crc_of_zeros(bomb->zeros);
    for (unsigned i = 0; i < 4; i++) {
        bomb->trailer[i] = (uint8_t)(crc >> (8 * i));
        bomb->trailer[4 + i] = (uint8_t)(bomb->zeros >> (8 * i));
    }
}

size_t bomb_read(const struct bomb *bomb, uint64_t at, char *out, size_t max)
{
    uint8_t group[GROUP_BYTES];
    make_group(group);
    const uint64_t groups_end = HEAD_BYTES + groups_of(bomb->zeros) * GROUP_BYTES;
    const uint64_t literals_end = groups_end + literals_of(bomb->zeros);
    const uint64_t end = literals_end + TAIL_BYTES + TRAILER_BYTES;
    size_t n = 0;
    for (; n < max && at < end; n++, at++) {
        uint8_t byte = 0;
        if (at < HEAD_BYTES) {
            byte = head[at];
        } else if (at < groups_end) {
            byte = group[(at - HEAD_BYTES) % GROUP_BYTES];
        } else if (at < literals_end) {
            byte = ZERO_LITERAL;
        } else if (at > literals_end) {
            byte = bomb->trailer[at - literals_end - 1];
        }
        out[n] = (char)byte;
    }
    return n;
}
