/* Puts a hiredis connection on the loop.
 *
 * Happy path: attach -> hiredis asks for read and write events as it needs them -> on_heard for
 * each arrival of bytes -> redis_uv_close -> on_gone.
 * Failure modes: refused or broken (libuv reports a bad status and stops polling), end of file,
 * protocol error, a reply that is too large -> on_lost, on_gone.
 *
 * Why not the adapter that comes with hiredis 0.14: it returns on a bad status, by which a refused
 * connection is never heard of, and leaks when the handle cannot be made.
 *
 * Who frees: hiredis frees its context by itself on an error, and says so by the cleanup hook
 * alone in every case; redis_uv_close has it freed on the way out of hiredis' callback, or in the
 * close callback of the handle, where no function of hiredis is on the stack. */
#include "io/redis_uv.h"

#include <stdint.h>
#include <sys/ioctl.h>

#include "base/check.h"
#include "base/mem.h"

#if HIREDIS_MAJOR >= 1
typedef size_t array_count;
#else
typedef int array_count;
#endif

typedef void *create_array_fn(const redisReadTask *task, array_count count);

struct redis_uv {
    uv_poll_t poll;
    redisAsyncContext *ac;              /* owned; NULL once hiredis frees it */
    const struct redis_uv_hooks *hooks; /* borrowed */
    void *data;                         /* borrowed: the hooks' */
    int events;                         /* what the handle polls for */
    bool closing;                       /* nobody waits for on_lost any more */
    redisReplyObjectFunctions create;   /* hiredis' own, but for bounded arrays */
    create_array_fn *create_array;      /* hiredis' own */
};

/* Bounds of a reply. */

static void *create_bounded_array(const redisReadTask *task, array_count count)
{
    const struct redis_uv *uv = task->privdata;
    if (count > REDIS_REPLY_MAX_ITEMS) {
        return NULL; /* hiredis ends the connection */
    }
    return uv->create_array(task, count);
}

static void bound_replies(struct redis_uv *uv, redisReader *reader)
{
    uv->create = *reader->fn;
    uv->create_array = uv->create.createArray;
    uv->create.createArray = create_bounded_array;
    reader->fn = &uv->create;
    reader->privdata = uv;
    reader->maxbuf = 1024 * 1024; /* an idle buffer of a few images is kept, not freed each time */
}

/* The end. */

static void on_closed(uv_handle_t *handle)
{
    struct redis_uv *uv = handle->data;
    if (uv->ac != NULL) {
        redisAsyncFree(uv->ac);
    }
    const struct redis_uv_hooks *hooks = uv->hooks;
    void *data = uv->data;
    mem_free(uv);
    hooks->on_gone(data);
}

static void close_handle(struct redis_uv *uv)
{
    if (!uv_is_closing((uv_handle_t *)&uv->poll)) {
        uv_close((uv_handle_t *)&uv->poll, on_closed);
    }
}

/* hiredis is about to free its context. */
static void on_cleanup(void *privdata)
{
    struct redis_uv *uv = privdata;
    redisAsyncContext *ac = uv->ac;
    if (ac == NULL) {
        return;
    }
    uv->ac = NULL;
    close_handle(uv);
    if (!uv->closing) {
        uv->closing = true;
        const char *text = ac->c.err != 0 ? ac->c.errstr : "connection ended";
        uv->hooks->on_lost(uv->data, ac->c.err, text);
        ac->data = NULL; /* hiredis 1.x calls the pending callbacks after this */
    }
}

void redis_uv_close(struct redis_uv *uv)
{
    if (uv->closing) {
        return;
    }
    CHECK(uv->ac != NULL);
    uv->closing = true;
    uv->ac->data = NULL;
    if ((uv->ac->c.flags & REDIS_IN_CALLBACK) != 0) {
        redisAsyncFree(uv->ac); /* takes effect when the callback has returned */
    } else {
        close_handle(uv);
    }
}

static void give_up(struct redis_uv *uv, const char *text)
{
    redis_uv_close(uv);
    uv->hooks->on_lost(uv->data, REDIS_ERR_OTHER, text);
}

bool redis_uv_connected(const struct redis_uv *uv)
{
    return uv->ac != NULL && (uv->ac->c.flags & REDIS_CONNECTED) != 0;
}

/* Events. */

/* libuv has stopped polling: the socket itself tells hiredis why. */
static void on_broken(struct redis_uv *uv)
{
    uv->events = 0;
    if (redis_uv_connected(uv)) {
        redisAsyncHandleRead(uv->ac);
    } else {
        redisAsyncHandleWrite(uv->ac);
    }
    if (!uv->closing) {
        give_up(uv,
                "connection broken"); /* UNTESTED: a bad status without an error on the socket */
    }
}

/* hiredis reads 16 KiB at a time: an image that has come is read in one turn, not in one for each
 * piece; but no more of them, so that other connections have their turn. */
static void read_more(struct redis_uv *uv)
{
    enum {
        READS_MAX = 32,
        WORTH_A_READ = 4096
    };

    for (int reads = 1; reads < READS_MAX && !uv->closing; reads++) {
        int waiting = 0;
        if (ioctl(uv->ac->c.fd, FIONREAD, &waiting) != 0 || waiting < WORTH_A_READ) {
            return;
        }
        redisAsyncHandleRead(uv->ac);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct redis_uv *uv = poll->data;
    if (status < 0) {
        on_broken(uv);
        return;
    }
    if ((events & UV_READABLE) != 0) {
        uv->hooks->on_heard(uv->data);
        redisAsyncHandleRead(uv->ac);
        read_more(uv);
        if (!uv->closing && uv->ac->c.reader->len > REDIS_REPLY_MAX_BYTES) {
            give_up(uv, "reply of more than 512 MB");
        }
    }
    if (!uv->closing && (events & UV_WRITABLE) != 0) {
        redisAsyncHandleWrite(uv->ac);
    }
}

/* hiredis repeats itself; only a change costs a call. */
static void poll_for(struct redis_uv *uv, int events)
{
    if (uv->closing || events == uv->events) {
        return;
    }
    uv->events = events;
    if (events != 0) {
        (void)uv_poll_start(&uv->poll, events, on_poll); /* fails only while closing */
    } else {
        (void)uv_poll_stop(&uv->poll);
    }
}

static void on_add_read(void *privdata)
{
    struct redis_uv *uv = privdata;
    poll_for(uv, uv->events | UV_READABLE);
}

static void on_del_read(void *privdata)
{
    struct redis_uv *uv = privdata;
    poll_for(uv, uv->events & ~UV_READABLE);
}

static void on_add_write(void *privdata)
{
    struct redis_uv *uv = privdata;
    poll_for(uv, uv->events | UV_WRITABLE);
}

static void on_del_write(void *privdata)
{
    struct redis_uv *uv = privdata;
    poll_for(uv, uv->events & ~UV_WRITABLE);
}

struct redis_uv *redis_uv_attach(uv_loop_t *loop,
                                 redisAsyncContext *ac,
                                 const struct redis_uv_hooks *hooks,
                                 void *data,
                                 struct err *err)
{
    CHECK(ac->ev.data == NULL);
    struct redis_uv *uv = mem_zalloc(1, sizeof(*uv));
    if (uv == NULL) {
        err_set(err, ERR_NO_MEMORY, "no memory for a connection");
        return NULL;
    }
    int code = uv_poll_init(loop, &uv->poll, ac->c.fd);
    if (code != 0) {
        mem_free(uv); /* a handle that was not made needs no closing */
        err_set(err, ERR_SYSTEM, "cannot poll the socket: %s", uv_strerror(code));
        return NULL;
    }
    uv->poll.data = uv;
    uv->ac = ac;
    uv->hooks = hooks;
    uv->data = data;
    bound_replies(uv, ac->c.reader);
    ac->data = data;
    ac->ev.data = uv;
    ac->ev.addRead = on_add_read;
    ac->ev.delRead = on_del_read;
    ac->ev.addWrite = on_add_write;
    ac->ev.delWrite = on_del_write;
    ac->ev.cleanup = on_cleanup;
    on_add_write(uv); /* the first write event tells that the connection stands, or why not */
    return uv;
}
