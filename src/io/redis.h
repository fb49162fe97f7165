/* One Redis connection that keeps itself alive: dials, authenticates, checks the version, loads the
 * scripts, redials with back-off. hiredis' types stay behind this header.
 *
 * Happy path: redis_open -> on_state(REDIS_READY); redis_send pipelines; on_reply for each in
 * order. Failure modes: refused, silent, reset, LOADING, wrong password, not Redis, too old ->
 * every pending request gets on_reply with ERR_UNAVAILABLE (its effect is then unknown unless it
 * was never written), on_state(REDIS_DOWN) says why once per change of reason, and the next dial
 * comes by itself. A request unanswered for longer than its patience closes the connection in the
 * same way. Requests are the caller's memory, untouched until on_reply has been called, exactly
 * once, never from inside redis_send. */
#ifndef RETOUCH_IO_REDIS_H
#define RETOUCH_IO_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
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
    const char *subscribe;        /* channel: makes this a subscriber; NULL: none. Borrowed */
    redis_message_fn *on_message; /* for a subscriber */
    redis_state_fn *on_state;
    void *data; /* for on_state and on_message */
};

struct redis_request {
    redis_reply_fn *on_reply;          /* the caller's */
    void *data;                        /* the caller's */
    int64_t patience_ms;               /* 0: the connection's; a blocking read gives its own */
    int64_t late_at_ms;                /* redis.c's: monotonic */
    struct redis *redis;               /* redis.c's */
    const struct redis_script *script; /* redis.c's: for reloading */
    struct buf again;      /* redis.c's: the script call, kept while it may have to be repeated */
    struct list_node node; /* redis.c's: pending, in order */
};

int redis_script_init(struct redis_script *script) MUST_CHECK;

struct redis *redis_open(struct loop *loop, const struct redis_options *options, struct err *err);
/* Pending requests get ERR_CANCELED; closed is called when the last handle is gone, and the
 * connection is freed then. */
void redis_close(struct redis *redis, redis_closed_fn *closed, void *data);
enum redis_state redis_state(const struct redis *redis);
/* Why it is down; "" when it is not. */
const char *redis_trouble(const struct redis *redis);
/* Bytes written to the connection and not yet taken by the kernel: for backpressure. */
size_t redis_backlog_bytes(const struct redis *redis);
/* Tears the connection down as if it had failed, and dials again. */
void redis_redial(struct redis *redis);
/* The server's id of this connection (CLIENT ID), 0 while down: for CLIENT UNBLOCK. */
int64_t redis_client_id(const struct redis *redis);

/* ERR_UNAVAILABLE while down (no callback comes then). */
int redis_send(struct redis *redis,
               struct redis_request *request,
               const struct slice *args,
               size_t count,
               struct err *err) MUST_CHECK;
/* EVALSHA of a registered script; keys first, then arguments. */
int redis_call(struct redis *redis,
               struct redis_request *request,
               const struct redis_script *script,
               const struct slice *keys,
               size_t key_count,
               const struct slice *args,
               size_t arg_count,
               struct err *err) MUST_CHECK;

/* Replies. An error reply arrives as err (ERR_REPLY; ERR_UNAVAILABLE for LOADING, READONLY,
 * MASTERDOWN, NOAUTH, OOM, MISCONF, BUSY: Redis cannot serve now), never as a reply. */
enum redis_kind {
    REDIS_NIL,
    REDIS_INT,
    REDIS_TEXT,
    REDIS_ARRAY
};
enum redis_kind redis_reply_kind(const struct redis_reply *reply);
int64_t redis_reply_int(const struct redis_reply *reply); /* 0 unless REDIS_INT or numeric text */
struct slice redis_reply_text(const struct redis_reply *reply); /* empty unless REDIS_TEXT */
size_t redis_reply_count(const struct redis_reply *reply);      /* elements; 0 unless REDIS_ARRAY */
struct redis_reply *redis_reply_at(const struct redis_reply *reply,
                                   size_t index); /* NULL past the end */
/* Moves the text's bytes out of the reply without copying; false unless REDIS_TEXT. */
bool redis_reply_take(struct redis_reply *reply, struct buf *dest);

#endif
