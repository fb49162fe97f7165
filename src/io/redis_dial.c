/* Finds the server's addresses and makes a connection to one of them.
 *
 * Happy path: redis_dial -> (uv_getaddrinfo) -> the first address -> connection and greeting at
 * once, since hiredis keeps what is written until the connection stands -> redis_ready.
 * Failure modes: no such name; every address in turn refused or silent -> redis_fail with what was
 * wrong with the last one.
 *
 * hiredis is only ever given addresses: its own look-up of names blocks. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/loop_uv.h"
#include "io/redis_inner.h"

struct redis_resolve {
    uv_getaddrinfo_t request;
    struct redis *redis; /* borrowed; NULL: nobody waits for the answer any more */
};

static void on_heard(void *data)
{
    struct redis *redis = data;
    redis->heard_at_ms = loop_at_ms(redis->loop);
}

static void on_lost(void *data, int code, const char *text)
{
    struct redis *redis = data;
    bool connected = (redis->ac->c.flags & REDIS_CONNECTED) != 0;
    redis->link = NULL;
    redis->ac = NULL;
    if (redis->tls != NULL && strcmp(text, "Success") == 0) {
        text = "TLS: the certificate is for another host, or the handshake failed";
    }
    if (redis->phase != REDIS_DIALING) {
        redis_fail(redis, "%s", text);
    } else if (code == REDIS_ERR_PROTOCOL) {
        redis_fail(redis, "not a Redis server: %s", text);
    } else {
        redis_dial_lost(redis, connected, text);
    }
}

static const struct redis_uv_hooks hooks = {
    .on_heard = on_heard,
    .on_lost = on_lost,
    .on_gone = redis_link_gone,
};

/* Connecting. */

static redisAsyncContext *connect_context(struct redis *redis)
{
    const struct redis_url *url = redis->options.url;
    if (url->kind == REDIS_URL_UNIX) {
        return redisAsyncConnectUnix(url->path);
    }
    return redisAsyncConnect(redis->addresses[redis->address_next - 1], url->port);
}

/* What hiredis does not do by itself. */
static int set_up_context(struct redis *redis, redisAsyncContext *ac, struct err *err)
{
    const struct redis_url *url = redis->options.url;
    if (ac->err != 0) {
        return err_set(err, ERR_UNAVAILABLE, "%s", ac->errstr);
    }
    (void)fcntl(ac->c.fd, F_SETFD, FD_CLOEXEC); /* cannot fail on an open descriptor */
    if (url->kind != REDIS_URL_UNIX && redisEnableKeepAlive(&ac->c) != REDIS_OK) {
        return err_set(err, ERR_SYSTEM, "keep-alive: %s", ac->c.errstr);
    }
    return redis->tls != NULL ? redis_tls_start(redis->tls, &ac->c, url->host, err) : 0;
}

static int connect_one(struct redis *redis, struct err *err)
{
    redisAsyncContext *ac = connect_context(redis);
    if (ac == NULL) {
        return err_set(err, ERR_NO_MEMORY, "no memory for a connection");
    }
    struct redis_uv *link = NULL;
    if (set_up_context(redis, ac, err) == 0) {
        link = redis_uv_attach(loop_uv(redis->loop), ac, &hooks, redis, err);
    }
    if (link == NULL) {
        redisAsyncFree(ac);
        return err->code;
    }
    redis->links++;
    redis->link = link;
    redis->ac = ac;
    return 0;
}

/* Tries addresses until one can at least be waited for. `last` is why the one before failed. */
static void connect_next(struct redis *redis, const char *last)
{
    struct err err = {.code = ERR_UNAVAILABLE};
    (void)text_copy(err.msg, sizeof(err.msg), slice_text(last));
    while (redis->address_next < redis->address_count) {
        redis->address_next++;
        if (connect_one(redis, &err) == 0) {
            redis_watch_start(redis, redis->options.connect_timeout_ms);
            if (redis_greet(redis, &err) != 0) {
                redis_fail(redis, "%s", err.msg);
            }
            return;
        }
    }
    redis_fail(redis, "%s", err.msg);
}

void redis_dial_lost(struct redis *redis, bool connected, const char *text)
{
    if (connected) {
        redis_fail(redis, "%s, before it had greeted", text);
    } else {
        connect_next(redis, text);
    }
}

void redis_dial_late(struct redis *redis)
{
    if (redis->link == NULL) {
        redis_fail(redis, "the name could not be looked up in time");
        return;
    }
    if (redis_uv_connected(redis->link)) {
        redis_fail(redis, "connected, but no answer in time");
        return;
    }
    redis_uv_close(redis->link);
    redis->link = NULL;
    redis->ac = NULL;
    connect_next(redis, "no connection in time");
}

/* Addresses. */

static void add_address(struct redis *redis, const struct addrinfo *info)
{
    if (redis->address_count == REDIS_ADDRESSES_MAX) {
        return;
    }
    char *text = redis->addresses[redis->address_count];
    if (getnameinfo(info->ai_addr, info->ai_addrlen, text, REDIS_ADDRESS_MAX, NULL, 0,
                    NI_NUMERICHOST) == 0) {
        redis->address_count++;
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct redis_resolve *resolve = request->data;
    struct redis *redis = resolve->redis;
    mem_free(resolve);
    if (redis != NULL) {
        redis->resolve = NULL;
        for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
            add_address(redis, info);
        }
        connect_next(redis, status != 0 ? uv_strerror(status) : "the name has no address");
    }
    uv_freeaddrinfo(list);
}

static void resolve_host(struct redis *redis)
{
    static const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_ADDRCONFIG,
    };
    struct redis_resolve *resolve = mem_zalloc(1, sizeof(*resolve));
    if (resolve == NULL) {
        redis_fail(redis, "no memory to look the name up");
        return;
    }
    resolve->request.data = resolve;
    resolve->redis = redis;
    int status = uv_getaddrinfo(loop_uv(redis->loop), &resolve->request, on_resolved,
                                redis->options.url->host, NULL, &hints);
    if (status != 0) {
        mem_free(resolve);
        redis_fail(redis, "%s", uv_strerror(status));
        return;
    }
    redis->resolve = resolve;
    redis_watch_start(redis, redis->options.connect_timeout_ms);
}

void redis_dial_stop(struct redis *redis)
{
    if (redis->resolve != NULL) {
        redis->resolve->redis = NULL;
        (void)uv_cancel(
            (uv_req_t *)&redis->resolve->request); /* a running look-up ends by itself */
        redis->resolve = NULL;
    }
}

static bool is_address(const char *host)
{
    struct in6_addr any;
    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

void redis_dial(struct redis *redis)
{
    const struct redis_url *url = redis->options.url;
    CHECK(redis->link == NULL);
    redis->phase = REDIS_DIALING;
    redis->address_next = 0;
    redis->address_count = 0;
    if (url->kind != REDIS_URL_UNIX && !is_address(url->host)) {
        resolve_host(redis);
        return;
    }
    redis->address_count = 1;
    (void)text_copy(redis->addresses[0], REDIS_ADDRESS_MAX, slice_text(url->host));
    connect_next(redis, "");
}
