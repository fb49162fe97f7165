/* Puts a hiredis connection on the loop, with an end that is always heard of. */
#ifndef RETOUCH_IO_REDIS_UV_H
#define RETOUCH_IO_REDIS_UV_H

#include <stdbool.h>
#include <stddef.h>

#include <hiredis/async.h>
#include <uv.h>

#include "base/err.h"

struct redis_uv; /* owns the poll handle and, from attach on, the hiredis context */

/* Bytes are about to be read. */
typedef void redis_uv_heard_fn(void *data);
/* The connection has ended by itself; code is hiredis' REDIS_ERR_*. hiredis calls the callbacks
 * of what was pending with a NULL reply before or after this, and frees the context. */
typedef void redis_uv_lost_fn(void *data, int code, const char *text);
/* Everything is freed, after a loss as well as after redis_uv_close. */
typedef void redis_uv_gone_fn(void *data);

struct redis_uv_hooks {
    redis_uv_heard_fn *on_heard;
    redis_uv_lost_fn *on_lost; /* never after redis_uv_close */
    redis_uv_gone_fn *on_gone;
};

enum {
    REDIS_REPLY_MAX_BYTES = 512 * 1024 * 1024, /* Redis' own bound for one value */
    REDIS_REPLY_MAX_ITEMS = 1024 * 1024        /* of one array */
};

/* Takes the context over and sets ac->data = data; ac stays the caller's on error. hooks are
 * borrowed, static. */
struct redis_uv *redis_uv_attach(uv_loop_t *loop,
                                 redisAsyncContext *ac,
                                 const struct redis_uv_hooks *hooks,
                                 void *data,
                                 struct err *err);
/* Ends the connection. ac->data is NULL from now on, by which the callbacks that hiredis still
 * makes (with NULL replies) tell that nobody waits any more. Safe inside such callbacks. */
void redis_uv_close(struct redis_uv *uv);
/* Whether the connection had been established. */
bool redis_uv_connected(const struct redis_uv *uv);

#endif
