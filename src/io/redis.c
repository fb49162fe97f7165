/* The life of a connection: dialing, serving, failing, dialing again, closing.
 *
 * Happy path: redis_open -> retry timer -> redis_dial (redis_dial.c, redis_greeting.c) ->
 * redis_ready -> redis_send, redis_on_reply ... -> redis_close -> the link is gone -> on_closed.
 * Failure modes: whatever goes wrong at any time ends in redis_fail. It gives the link up, moves
 * pending requests to the doomed list and starts two timers: settle, which in the next turn tells
 * the requests and then on_state; and retry, for the next dial.
 *
 * So callbacks of requests come from two places only, an answer and the settle timer, never from
 * inside a function that the caller called. struct redis is freed in `finish` alone, when no link
 * (a libuv handle with a hiredis context) is left that could call back. */
#include "io/redis.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <hiredis/sds.h>

#include "base/mem.h"
#include "base/text.h"
#include "io/redis_error.h"
#include "io/redis_inner.h"

enum {
    RETRY_MIN_MS = 50,
    RETRY_MAX_MS = 5000,
    RETRY_DOUBLINGS_MAX = 7 /* 50 ms x 2^7 > 5 s */
};

/* Failure. */

static void doom_pending(struct redis *redis, int code, const char *msg)
{
    if (redis->doomed.len == 0) {
        redis->doom = (struct err){.code = code};
        (void)text_copy(redis->doom.msg, sizeof(redis->doom.msg), slice_text(msg));
    }
    for (struct list_node *node; (node = list_pop_front(&redis->pending)) != NULL;) {
        list_push_back(&redis->doomed, node);
    }
}

static void drop_link(struct redis *redis)
{
    redis_dial_stop(redis);
    if (redis->link != NULL) {
        redis_uv_close(redis->link);
    }
    redis->link = NULL;
    redis->ac = NULL;
    redis->client_id = 0;
    timer_stop(redis->watch);
}

/* Full jitter between the minimum and a doubling bound. A connection that fails soon after it was
 * ready goes on doubling. */
static int64_t retry_delay_ms(struct redis *redis)
{
    int64_t bound = (int64_t)RETRY_MIN_MS << redis->attempts;
    if (bound > RETRY_MAX_MS) {
        bound = RETRY_MAX_MS;
    }
    if (redis->attempts < RETRY_DOUBLINGS_MAX) {
        redis->attempts++;
    }
    return RETRY_MIN_MS + (int64_t)rng_below(&redis->rng, (uint64_t)(bound - RETRY_MIN_MS) + 1);
}

void redis_fail(struct redis *redis, const char *fmt, ...)
{
    char text[ERR_MSG_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (redis->phase != REDIS_DIALING && redis->phase != REDIS_SERVING) {
        return;
    }
    if (redis->phase == REDIS_SERVING &&
        loop_at_ms(redis->loop) - redis->ready_at_ms >= RETRY_MAX_MS) {
        redis->attempts = 0;
    }
    redis->phase = REDIS_RESTING;
    err_set(&redis->reason, ERR_UNAVAILABLE, "redis %s: %s", redis->target, text);
    drop_link(redis);
    doom_pending(redis, ERR_UNAVAILABLE, redis->reason.msg);
    timer_start(redis->settle, 0, 0);
    timer_start(redis->retry, retry_delay_ms(redis), 0);
}

static void finish(struct redis *redis)
{
    redis_closed_fn *on_closed = redis->on_closed;
    void *data = redis->closed_data;
    timer_close(redis->retry);
    timer_close(redis->watch);
    timer_close(redis->settle);
    buf_done(&redis->scratch);
    redis_tls_free(redis->tls);
    mem_free(redis);
    if (on_closed != NULL) {
        on_closed(data);
    }
}

static void finish_if_quiet(struct redis *redis)
{
    if (redis->phase == REDIS_CLOSING && redis->links == 0 && !timer_is_active(redis->settle)) {
        finish(redis);
    }
}

void redis_link_gone(void *data)
{
    struct redis *redis = data;
    redis->links--;
    finish_if_quiet(redis);
}

static void
end_request(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    buf_done(&request->again);
    request->on_reply(request, reply, err);
}

static void announce_reason(struct redis *redis)
{
    char *known = redis->announced;
    struct slice msg = slice_text(redis->reason.msg);
    if (redis->reason.code != 0 && !slice_is(msg, known)) {
        (void)text_copy(known, sizeof(redis->announced), msg);
        redis->options.on_state(redis->options.data, REDIS_DOWN, &redis->reason);
    }
}

static void on_settle(void *data)
{
    struct redis *redis = data;
    struct err doom = redis->doom;
    for (struct list_node *node; (node = list_pop_front(&redis->doomed)) != NULL;) {
        end_request(CONTAINER_OF(node, struct redis_request, node), NULL, &doom);
    }
    if (redis->phase == REDIS_RESTING) {
        announce_reason(redis);
    }
    finish_if_quiet(redis);
}

static void on_retry(void *data)
{
    redis_dial(data);
}

/* Serving. */

void redis_ready(struct redis *redis)
{
    CHECK(redis->phase == REDIS_DIALING);
    redis->phase = REDIS_SERVING;
    redis->ready_at_ms = loop_at_ms(redis->loop);
    redis->announced[0] = '\0';
    err_clear(&redis->reason);
    redis->doubted = false;
    timer_stop(redis->watch);
    redis->options.on_state(redis->options.data, REDIS_READY, &redis->reason);
}

static struct redis_request *oldest(const struct redis *redis)
{
    struct list_node *node = list_first(&redis->pending);
    return node != NULL ? CONTAINER_OF(node, struct redis_request, node) : NULL;
}

void redis_watch_start(struct redis *redis, int64_t after_ms)
{
    redis->watch_at_ms = loop_at_ms(redis->loop) + after_ms;
    timer_start(redis->watch, after_ms, 0);
}

/* The oldest request's patience begins. A watch that fires too early starts itself again, so that
 * requests that are answered in time cost no timer. */
static void watch_oldest(struct redis *redis)
{
    struct redis_request *request = oldest(redis);
    redis->doubted = false;
    if (request == NULL) {
        return;
    }
    request->late_at_ms = loop_at_ms(redis->loop) + request->patience_ms;
    if (!timer_is_active(redis->watch) || redis->watch_at_ms > request->late_at_ms) {
        redis_watch_start(redis, request->patience_ms);
    }
}

static void watch_answers(struct redis *redis)
{
    const struct redis_request *request = oldest(redis);
    if (request == NULL) {
        return;
    }
    int64_t left_ms = request->late_at_ms - loop_at_ms(redis->loop);
    if (left_ms > 0) {
        redis_watch_start(redis, left_ms);
    } else if (!redis->doubted) {
        redis->doubted = true; /* the answer may lie in the socket, if it was us who stood still */
        redis_watch_start(redis, 1);
    } else {
        redis_fail(redis, "no answer for %lld ms", (long long)request->patience_ms);
    }
}

static void on_watch(void *data)
{
    struct redis *redis = data;
    if (redis->phase == REDIS_DIALING) {
        redis_dial_late(redis);
    } else if (redis->phase == REDIS_SERVING && redis->options.subscribe != NULL) {
        redis_subscriber_watch(redis);
    } else if (redis->phase == REDIS_SERVING) {
        watch_answers(redis);
    }
}

/* Requests. */

void redis_command_prepare(struct redis *redis,
                           struct redis_command *command,
                           redisCallbackFn *fn,
                           void *privdata)
{
    *command = (struct redis_command){
        .ac = redis->ac,
        .fn = fn,
        .privdata = privdata,
        .scratch = &redis->scratch,
    };
}

int redis_command_send(struct redis *redis,
                       struct redis_command *command,
                       struct redis_request *request,
                       struct err *err)
{
    int code = redis_command_end(command);
    if (code != 0) {
        err_set(err, code, "redis %s: no memory for a command", redis->target);
        if (command->begun && request != NULL) {
            redis_fail(redis, "no memory for a command"); /* half of it is written */
        }
        return code;
    }
    if (request != NULL) {
        list_push_back(&redis->pending, &request->node);
        if (redis->pending.len == 1) {
            watch_oldest(redis);
        }
    }
    return 0;
}

int redis_request_begin(struct redis *redis, struct redis_request *request, struct err *err)
{
    CHECK(redis->options.subscribe == NULL);
    CHECK(!list_linked(&request->node));
    CHECK(request->on_reply != NULL);
    if (redis->phase == REDIS_CLOSING) {
        return err_set(err, ERR_CANCELED, "redis %s: closed", redis->target);
    }
    if (redis->phase != REDIS_SERVING) {
        const char *why = redis->reason.code != 0 ? redis->reason.msg : "not connected yet";
        return err_set(err, ERR_UNAVAILABLE, "%s", why);
    }
    if (request->patience_ms <= 0) {
        request->patience_ms = redis->options.patience_ms;
    }
    request->script = NULL;
    request->again = (struct buf){.ptr = NULL};
    return 0;
}

int redis_send(struct redis *redis,
               struct redis_request *request,
               const struct slice *args,
               size_t count,
               struct err *err)
{
    CHECK(count > 0);
    int code = redis_request_begin(redis, request, err);
    if (code != 0) {
        return code;
    }
    struct redis_command command;
    redis_command_prepare(redis, &command, redis_on_reply, NULL);
    redis_command_begin(&command, count);
    redis_command_add_all(&command, args, count);
    return redis_command_send(redis, &command, request, err);
}

static void on_error_reply(struct redis *redis, struct redis_request *request, struct slice text)
{
    struct err err;
    const struct redis_uv *link = redis->link;
    const struct redis_error *row = redis_error_find(text);
    if (row->no_script && request->script != NULL && redis_call_again(redis, request, &err) == 0) {
        return;
    }
    err_set(&err, row->code, "redis: %.*s", SLICE_ARG(text));
    end_request(request, NULL, &err);
    if (row->redial && redis->link == link) {
        redis_fail(redis, "%.*s", SLICE_ARG(text));
    }
}

void redis_on_reply(redisAsyncContext *ac, void *reply, void *privdata)
{
    (void)privdata;
    struct redis *redis = ac->data;
    struct redis_reply *answer = reply;
    if (redis == NULL || answer == NULL) {
        return; /* given up, or lost: the request is doomed already, or soon */
    }
    struct list_node *node = list_pop_front(&redis->pending);
    CHECK(node != NULL);
    struct redis_request *request = CONTAINER_OF(node, struct redis_request, node);
    watch_oldest(redis);
    if (redis_reply_kind(answer) == REDIS_ERROR) {
        on_error_reply(redis, request, redis_reply_text(answer));
    } else {
        struct err none = {.code = 0};
        end_request(request, answer, &none);
    }
}

/* Open, close, questions. */

static void set_target(struct redis *redis, const struct redis_url *url)
{
    if (url->kind == REDIS_URL_UNIX) {
        (void)text_copy(redis->target, sizeof(redis->target), slice_text(url->path));
    } else {
        (void)snprintf(redis->target, sizeof(redis->target), "%s:%u", url->host, url->port);
    }
}

struct redis *redis_open(struct loop *loop, const struct redis_options *options, struct err *err)
{
    CHECK(options->connect_timeout_ms > 0);
    CHECK(options->patience_ms > 0);
    CHECK(options->on_state != NULL);
    CHECK(options->subscribe == NULL || options->on_message != NULL);
    struct redis *redis = mem_zalloc(1, sizeof(*redis));
    if (redis == NULL) {
        err_set(err, ERR_NO_MEMORY, "no memory for a Redis connection");
        return NULL;
    }
    redis->loop = loop;
    redis->options = *options;
    set_target(redis, options->url);
    list_init(&redis->pending);
    list_init(&redis->doomed);
    buf_init(&redis->scratch, REDIS_SCRATCH_MAX);
    rng_seed(&redis->rng, (uint64_t)getpid() ^ (uintptr_t)redis ^ (uint64_t)loop_at_ms(loop));
    redis->retry = timer_new(loop, on_retry, redis);
    redis->watch = timer_new(loop, on_watch, redis);
    redis->settle = timer_new(loop, on_settle, redis);
    int code = 0;
    if (redis->retry == NULL || redis->watch == NULL || redis->settle == NULL) {
        code = err_set(err, ERR_NO_MEMORY, "no memory for a Redis connection");
    } else if (options->url->kind == REDIS_URL_TLS) {
        redis->tls = redis_tls_new(err);
        code = redis->tls == NULL ? err->code : 0;
    }
    if (code != 0) {
        finish(redis);
        return NULL;
    }
    timer_start(redis->retry, 0, 0);
    return redis;
}

void redis_close(struct redis *redis, redis_closed_fn *closed, void *data)
{
    CHECK(redis->phase != REDIS_CLOSING);
    redis->phase = REDIS_CLOSING;
    redis->on_closed = closed;
    redis->closed_data = data;
    timer_stop(redis->retry);
    drop_link(redis);
    doom_pending(redis, ERR_CANCELED, "redis: the connection was closed");
    timer_start(redis->settle, 0, 0);
}

enum redis_state redis_state(const struct redis *redis)
{
    static const enum redis_state states[] = {
        [REDIS_RESTING] = REDIS_DOWN,
        [REDIS_DIALING] = REDIS_DOWN,
        [REDIS_SERVING] = REDIS_READY,
        [REDIS_CLOSING] = REDIS_CLOSED,
    };

    return states[redis->phase];
}

const char *redis_trouble(const struct redis *redis)
{
    return redis->reason.msg;
}

size_t redis_backlog_bytes(const struct redis *redis)
{
    return redis->ac != NULL ? sdslen(redis->ac->c.obuf) : 0;
}

void redis_redial(struct redis *redis)
{
    if (redis->phase == REDIS_SERVING) {
        redis_fail(redis, "given up by this side");
    }
}

int64_t redis_client_id(const struct redis *redis)
{
    return redis->phase == REDIS_SERVING ? redis->client_id : 0;
}
