#include "client/reply.h"

#include <hiredis/hiredis.h>

#include "base/err.h"
#include "base/text.h"

static const redisReply *inner(const struct reply *reply)
{
    return (const void *)reply;
}

enum reply_kind reply_kind(const struct reply *reply)
{
    if (reply == NULL) {
        return REPLY_NIL;
    }
    switch (inner(reply)->type) {
    case REDIS_REPLY_INTEGER:
        return REPLY_INT;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return REPLY_TEXT;
    case REDIS_REPLY_ARRAY:
        return REPLY_ARRAY;
    case REDIS_REPLY_ERROR:
        return REPLY_ERROR;
    default:
        return REPLY_NIL;
    }
}

int64_t reply_int(const struct reply *reply)
{
    int64_t number = 0;
    if (reply_kind(reply) == REPLY_INT) {
        return inner(reply)->integer;
    }
    return text_parse_i64(reply_text(reply), &number) == 0 ? number : 0;
}

struct slice reply_text(const struct reply *reply)
{
    enum reply_kind kind = reply_kind(reply);
    bool has_text = kind == REPLY_TEXT || kind == REPLY_ERROR;
    return has_text ? slice_of(inner(reply)->str, inner(reply)->len) : slice_of(NULL, 0);
}

size_t reply_count(const struct reply *reply)
{
    return reply_kind(reply) == REPLY_ARRAY ? inner(reply)->elements : 0;
}

const struct reply *reply_at(const struct reply *reply, size_t index)
{
    return index < reply_count(reply) ? (const void *)inner(reply)->element[index] : NULL;
}
