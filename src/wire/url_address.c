/* The addresses that no public URL may point to, as one table. */
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/check.h"
#include "wire/url.h"

enum {
    IPV4_BYTES = 4,
    IPV6_BYTES = 16
};

/* What an address of a range is. */
enum range_kind {
    RANGE_PRIVATE,
    RANGE_CARRIES_IPV4 /* IPv4 in IPv6, at `ipv4_at`: that one decides */
};

struct address_range {
    uint8_t prefix[IPV6_BYTES];
    uint8_t bits;
    enum range_kind kind;
    uint8_t ipv4_at;
};

static const struct address_range ranges_ipv4[] = {
    {{0},            8,  RANGE_PRIVATE, 0}, /* this network */
    {{10},           8,  RANGE_PRIVATE, 0}, /* private */
    {{100, 64},      10, RANGE_PRIVATE, 0}, /* carrier NAT */
    {{127},          8,  RANGE_PRIVATE, 0}, /* loopback */
    {{169, 254},     16, RANGE_PRIVATE, 0}, /* link-local, cloud metadata */
    {{172, 16},      12, RANGE_PRIVATE, 0}, /* private */
    {{192, 0, 0},    24, RANGE_PRIVATE, 0}, /* protocol assignments */
    {{192, 0, 2},    24, RANGE_PRIVATE, 0}, /* documentation */
    {{192, 168},     16, RANGE_PRIVATE, 0}, /* private */
    {{198, 18},      15, RANGE_PRIVATE, 0}, /* benchmarking */
    {{198, 51, 100}, 24, RANGE_PRIVATE, 0}, /* documentation */
    {{203, 0, 113},  24, RANGE_PRIVATE, 0}, /* documentation */
    {{224},          3,  RANGE_PRIVATE, 0}, /* multicast, reserved, broadcast */
};

/* First match wins: unspecified and loopback stand before the range that carries IPv4. */
static const struct address_range ranges_ipv6[] = {
    {{0},                                  127, RANGE_PRIVATE,      0 }, /* :: and ::1 */
    {{0},                                  96,  RANGE_CARRIES_IPV4, 12}, /* compatible */
    {{[10] = 0xff, 0xff},                  96,  RANGE_CARRIES_IPV4, 12}, /* mapped */
    {{[8] = 0xff, 0xff},                   96,  RANGE_CARRIES_IPV4, 12}, /* translated */
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48,  RANGE_PRIVATE,      0 }, /* local NAT64 */
    {{0x00, 0x64, 0xff, 0x9b},             96,  RANGE_CARRIES_IPV4, 12}, /* NAT64 */
    {{0x01, 0x00},                         64,  RANGE_PRIVATE,      0 }, /* discard */
    {{0x20, 0x01, 0x00, 0x00},             32,  RANGE_PRIVATE,      0 }, /* Teredo */
    {{0x20, 0x01, 0x0d, 0xb8},             32,  RANGE_PRIVATE,      0 }, /* documentation */
    {{0x20, 0x02},                         16,  RANGE_CARRIES_IPV4, 2 }, /* 6to4 */
    {{0xfc},                               7,   RANGE_PRIVATE,      0 }, /* unique local */
    {{0xfe, 0x80},                         10,  RANGE_PRIVATE,      0 }, /* link-local */
    {{0xfe, 0xc0},                         10,  RANGE_PRIVATE,      0 }, /* site-local */
    {{0xff},                               8,   RANGE_PRIVATE,      0 }, /* multicast */
};

static bool range_holds(const struct address_range *range, const uint8_t *address)
{
    size_t bytes = range->bits / 8;
    unsigned rest = range->bits % 8;
    if (memcmp(range->prefix, address, bytes) != 0) {
        return false;
    }
    return rest == 0 || ((range->prefix[bytes] ^ address[bytes]) >> (8 - rest)) == 0;
}

static const struct address_range *
range_find(const struct address_range *ranges, size_t n, const uint8_t *address)
{
    for (size_t i = 0; i < n; i++) {
        if (range_holds(&ranges[i], address)) {
            return &ranges[i];
        }
    }
    return NULL;
}

bool url_address_is_private(int family, const void *address)
{
    CHECK(family == AF_INET || family == AF_INET6);
    const uint8_t *bytes = address;
    if (family == AF_INET6) {
        const struct address_range *range = range_find(ranges_ipv6, N_ELEMENTS(ranges_ipv6), bytes);
        if (range == NULL || range->kind == RANGE_PRIVATE) {
            return range != NULL;
        }
        bytes += range->ipv4_at;
    }
    return range_find(ranges_ipv4, N_ELEMENTS(ranges_ipv4), bytes) != NULL;
}
