/* Reads replies. A struct redis_reply is hiredis' redisReply under a name that may leave this
 * folder. */
#include <stddef.h>

#include <hiredis/hiredis.h>

#include "base/text.h"
#include "io/redis.h"

static const struct {
    int type;
    enum redis_kind kind;
} kinds[] = {
    {REDIS_REPLY_STRING,  REDIS_TEXT },
    {REDIS_REPLY_STATUS,  REDIS_TEXT },
    {REDIS_REPLY_INTEGER, REDIS_INT  },
    {REDIS_REPLY_ARRAY,   REDIS_ARRAY},
    {REDIS_REPLY_NIL,     REDIS_NIL  },
    {REDIS_REPLY_ERROR,   REDIS_ERROR},
};

static const redisReply *inner(const struct redis_reply *reply)
{
    return (const redisReply *)(const void *)reply;
}

enum redis_kind redis_reply_kind(const struct redis_reply *reply)
{
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
        if (kinds[i].type == inner(reply)->type) {
            return kinds[i].kind;
        }
    }
    return REDIS_NIL; /* kinds of protocol 3, which is never asked for */
}

struct slice redis_reply_text(const struct redis_reply *reply)
{
    enum redis_kind kind = redis_reply_kind(reply);
    if ((kind != REDIS_TEXT && kind != REDIS_ERROR) || inner(reply)->str == NULL) {
        return slice_of(NULL, 0);
    }
    return slice_of(inner(reply)->str, inner(reply)->len);
}

int64_t redis_reply_int(const struct redis_reply *reply)
{
    if (inner(reply)->type == REDIS_REPLY_INTEGER) {
        return inner(reply)->integer;
    }
    int64_t value = 0;
    return text_parse_i64(redis_reply_text(reply), &value) == 0 ? value : 0;
}

size_t redis_reply_count(const struct redis_reply *reply)
{
    return redis_reply_kind(reply) == REDIS_ARRAY ? inner(reply)->elements : 0;
}

struct redis_reply *redis_reply_at(const struct redis_reply *reply, size_t index)
{
    return index < redis_reply_count(reply)
               ? (struct redis_reply *)(void *)inner(reply)->element[index]
               : NULL;
}

/* hiredis frees str when it frees the reply (free, 0.14; hi_free, 1.x, which is free unless
 * somebody replaced it): NULL is fine for both. */
bool redis_reply_take(struct redis_reply *reply, struct buf *dest)
{
    redisReply *source = (redisReply *)(void *)reply;
    if (redis_reply_kind(reply) != REDIS_TEXT || source->str == NULL) {
        return false;
    }
    buf_adopt(dest, source->str, source->len);
    source->str = NULL;
    source->len = 0;
    return true;
}
