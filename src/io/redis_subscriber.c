/* A connection that listens to one channel.
 *
 * Its heartbeat is to unsubscribe from a channel that nobody listens to: any answer shows that the
 * server is there. PING would do as well, but for hiredis 0.14, which keeps a callback for each
 * PING in subscriber mode for ever; an UNSUBSCRIBE it does not keep account of. */
#include "base/check.h"
#include "io/redis_inner.h"

enum {
    SUBSCRIBED_LEN = 3 /* kind, channel, count or message */
};

static struct slice text_at(const redisReply *reply, size_t index)
{
    return redis_reply_text((const struct redis_reply *)(const void *)reply->element[index]);
}

static void on_event(redisAsyncContext *ac, void *answer, void *privdata)
{
    (void)privdata;
    struct redis *redis = ac->data;
    const redisReply *reply = answer;
    if (redis == NULL || reply == NULL) {
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        redis_fail(redis, "SUBSCRIBE: %s", reply->str);
        return;
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != SUBSCRIBED_LEN) {
        return;
    }
    struct slice kind = text_at(reply, 0);
    if (slice_is(kind, "message")) {
        redis->options.on_message(redis->options.data, text_at(reply, 1), text_at(reply, 2));
    } else if (slice_is(kind, "subscribe") && redis->phase == REDIS_DIALING) {
        redis_ready(redis);
        redis_watch_start(redis, redis->options.patience_ms / 2);
    }
}

static int send_channel(struct redis *redis,
                        const char *name,
                        const char *channel,
                        redisCallbackFn *fn,
                        struct err *err)
{
    const struct slice args[] = {slice_text(name), slice_text(channel)};
    struct redis_command command;
    redis_command_prepare(redis, &command, fn, NULL);
    redis_command_begin(&command, N_ELEMENTS(args));
    redis_command_add_all(&command, args, N_ELEMENTS(args));
    return redis_command_send(redis, &command, NULL, err);
}

int redis_subscribe(struct redis *redis, struct err *err)
{
    return send_channel(redis, "SUBSCRIBE", redis->options.subscribe, on_event, err);
}

void redis_subscriber_watch(struct redis *redis)
{
    struct err err;
    int64_t silent_ms = loop_at_ms(redis->loop) - redis->heard_at_ms;
    if (silent_ms >= redis->options.patience_ms && redis->doubted) {
        redis_fail(redis, "no sign of life for %lld ms", (long long)silent_ms);
    } else if (silent_ms >= redis->options.patience_ms) {
        redis->doubted = true;
        redis_watch_start(redis, 1);
    } else if (send_channel(redis, "UNSUBSCRIBE", "retouch-heartbeat", NULL, &err) != 0) {
        redis_fail(redis, "%s", err.msg);
    } else {
        redis->doubted = false;
        redis_watch_start(redis, redis->options.patience_ms / 2);
    }
}
