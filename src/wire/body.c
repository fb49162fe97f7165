#include "wire/body.h"

#include <string.h>

#include "base/check.h"
#include "wire/base64.h"

enum {
    GROUP_BYTES = 3,
    GROUP_CHARS = 4
};

static size_t payload_length(const struct body *body)
{
    return body->payload_base64 ? base64_encoded_len(body->payload.len) : body->payload.len;
}

size_t body_length(const struct body *body)
{
    return body->prefix.len + payload_length(body) + body->suffix.len;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t copy_from(struct slice source, size_t at, uint8_t *dest, size_t room)
{
    size_t len = smaller(source.len - at, room);
    if (len > 0) {
        memcpy(dest, source.ptr + at, len);
    }
    return len;
}

/* `count` groups from group `first` on, as far as the payload reaches. */
static struct slice payload_groups(const struct body *body, size_t first, size_t count)
{
    size_t start = first * GROUP_BYTES;
    size_t rest = body->payload.len - start;
    return slice_of(body->payload.ptr + start, smaller(rest, count * GROUP_BYTES));
}

/* Encoded characters from `at` on. Whole groups go straight to dest; where a reader's border cuts a
 * group, that one is encoded aside and given out in parts. */
static size_t copy_base64(const struct body *body, size_t at, uint8_t *dest, size_t room)
{
    size_t first = at / GROUP_CHARS;
    size_t skip = at % GROUP_CHARS;
    if (skip == 0 && room >= GROUP_CHARS) {
        return base64_encode(payload_groups(body, first, room / GROUP_CHARS), dest);
    }
    uint8_t group[GROUP_CHARS];
    size_t len = base64_encode(payload_groups(body, first, 1), group);
    return copy_from(slice_of(group, len), skip, dest, room);
}

/* One piece from the section that the offset stands in; 0 at the end. */
static size_t read_piece(const struct body *body, uint8_t *dest, size_t room)
{
    size_t at = body->offset;
    if (at < body->prefix.len) {
        return copy_from(body->prefix, at, dest, room);
    }
    at -= body->prefix.len;
    size_t payload = payload_length(body);
    if (at < payload) {
        return body->payload_base64 ? copy_base64(body, at, dest, room)
                                    : copy_from(body->payload, at, dest, room);
    }
    return copy_from(body->suffix, at - payload, dest, room);
}

size_t body_read(struct body *body, uint8_t *dest, size_t room)
{
    CHECK(body->offset <= body_length(body));
    size_t used = 0;
    while (used < room) {
        size_t len = read_piece(body, dest + used, room - used);
        if (len == 0) {
            break;
        }
        used += len;
        body->offset += len;
    }
    return used;
}

void body_rewind(struct body *body)
{
    body->offset = 0;
}
