/* One Redis connection that keeps itself alive: dials, authenticates, checks the version, loads the
 * scripts, redials with back-off. hiredis' types stay behind this header.
 *
 * Happy path: redis_open -> on_state(REDIS_READY); redis_send pipelines; on_reply for each in
 * order (but for a script call that has to be repeated: see redis_call).
 * Failure modes: refused, silent, reset, LOADING, wrong password, not Redis, too old, a read-only
 * replica -> every pending request gets on_reply with ERR_UNAVAILABLE (its effect is then unknown),
 * on_state(REDIS_DOWN) says why once per change of reason, and the next dial comes by itself, after
 * 50 ms to 5 s. So does a silent server: the oldest pending request is waited for no longer than
 * its patience, counted from when it was sent or became the oldest.
 * Requests are the caller's memory, untouched until on_reply has been called, exactly once, never
 * from inside redis_send, redis_close or redis_redial. Callbacks may call every function here. The
 * process must ignore SIGPIPE, since hiredis writes without care for it. */
#ifndef RETOUCH_IO_REDIS_H
#define RETOUCH_IO_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/err.h"
#include "base/list.h"
#include "base/slice.h"
#include "conf/redis_url.h"
#include "io/loop.h"

struct redis;       /* a connection */
struct redis_reply; /* borrowed from the connection for the time of on_reply */
struct redis_request;

enum redis_state {
    REDIS_DOWN,
    REDIS_READY,
    REDIS_CLOSED
};

/* A Lua script: registered at connect by SCRIPT LOAD, called by its SHA1; a flushed script cache is
 * answered by loading it again, unseen by the caller. */
struct redis_script {
    const char *name;   /* for messages */
    const char *source; /* borrowed, static */
    char sha1[41];      /* filled by redis_script_init */
};

typedef void
redis_reply_fn(struct redis_request *request, struct redis_reply *reply, const struct err *err);
typedef void redis_state_fn(void *data, enum redis_state state, const struct err *err);
typedef void redis_closed_fn(void *data);
/* A message of a subscribed channel. */
typedef void redis_message_fn(void *data, struct slice channel, struct slice message);

struct redis_options {
    const struct redis_url *url; /* borrowed for the connection's life */
    int64_t connect_timeout_ms;
    int64_t patience_ms;                 /* for a request that says nothing else */
    const char *name;                    /* CLIENT SETNAME; borrowed; NULL: none */
    struct redis_script *const *scripts; /* borrowed; loaded at each connect */
    size_t script_count;
    const char *subscribe;        /* channel: makes this a subscriber, on which nothing can be sent;
                                     NULL: none. Borrowed */
    redis_message_fn *on_message; /* for a subscriber */
    redis_state_fn *on_state;
    void *data; /* for on_state and on_message */
};

/* Zeroed before its first use; free to be sent again from on_reply on. */
struct redis_request {
    redis_reply_fn *on_reply;          /* the caller's */
    void *data;                        /* the caller's */
    int64_t patience_ms;               /* 0: the connection's; a blocking read gives its own */
    int64_t late_at_ms;                /* redis.c's: monotonic */
    const struct redis_script *script; /* redis.c's: to be repeated if the cache was flushed */
    struct buf again;                  /* redis.c's: arguments of that call, while it is pending */
    size_t again_count;                /* redis.c's: how many they are */
    struct list_node node;             /* redis.c's: pending, in order */
};

/* Borrowed for the time of the call. */
struct redis_args {
    const struct slice *items;
    size_t count;
};

#define REDIS_ARGS(array) ((struct redis_args){.items = (array), .count = N_ELEMENTS(array)})

/* Fills sha1. */
int redis_script_init(struct redis_script *script) MUST_CHECK;

/* The first dial begins with the loop's next turn. ERR_UNSUPPORTED: rediss:// without TLS in
 * hiredis. Redis being away is no error here. */
struct redis *redis_open(struct loop *loop, const struct redis_options *options, struct err *err);
/* Pending requests get ERR_CANCELED, on_state comes no more; closed is called when the last handle
 * is gone, and the connection is freed then. */
void redis_close(struct redis *redis, redis_closed_fn *closed, void *data);
enum redis_state redis_state(const struct redis *redis);
/* Why it is down; "" when it is not, or while the first dial is under way. */
const char *redis_trouble(const struct redis *redis);
/* Bytes written to the connection and not yet taken by the kernel: for backpressure. */
size_t redis_backlog_bytes(const struct redis *redis);
/* Tears a ready connection down as if it had failed, and dials again. */
void redis_redial(struct redis *redis);
/* The server's id of this connection (CLIENT ID), 0 while down: for CLIENT UNBLOCK. */
int64_t redis_client_id(const struct redis *redis);

/* args[0] is the command's name. ERR_UNAVAILABLE while down (no callback comes after an error). The
 * arguments' bytes are copied. */
int redis_send(struct redis *redis,
               struct redis_request *request,
               const struct slice *args,
               size_t count,
               struct err *err) MUST_CHECK;
/* A call of a registered script; keys first, then arguments. Small calls go by SHA1; where the
 * server's cache was flushed meanwhile, the call is repeated with its source, and then runs and is
 * answered after requests that were sent behind it (calls among themselves keep their order).
 * Large calls bring their source along. */
int redis_call(struct redis *redis,
               struct redis_request *request,
               const struct redis_script *script,
               struct redis_args keys,
               struct redis_args args,
               struct err *err) MUST_CHECK;

/* Replies. An error reply arrives as err (ERR_REPLY with Redis' text; ERR_UNAVAILABLE where Redis
 * cannot serve now, such as LOADING, READONLY or OOM: see redis_error.c), never as a reply. */
enum redis_kind {
    REDIS_NIL,
    REDIS_INT,
    REDIS_TEXT,
    REDIS_ARRAY,
    REDIS_ERROR /* only inside an array, such as EXEC's */
};
enum redis_kind redis_reply_kind(const struct redis_reply *reply);
int64_t redis_reply_int(const struct redis_reply *reply); /* 0 unless REDIS_INT or numeric text */
struct slice
redis_reply_text(const struct redis_reply *reply); /* empty unless REDIS_TEXT or REDIS_ERROR */
size_t redis_reply_count(const struct redis_reply *reply); /* elements; 0 unless REDIS_ARRAY */
struct redis_reply *redis_reply_at(const struct redis_reply *reply,
                                   size_t index); /* NULL past the end */
/* Moves the text's bytes out of the reply without copying, whatever dest's maximum; false unless
 * REDIS_TEXT, or when they were taken before. */
bool redis_reply_take(struct redis_reply *reply, struct buf *dest);

#endif
