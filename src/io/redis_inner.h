/* What the files redis_*.c share: the connection itself. */
#ifndef RETOUCH_IO_REDIS_INNER_H
#define RETOUCH_IO_REDIS_INNER_H

#include <hiredis/async.h>

#include "base/rng.h"
#include "io/redis.h"
#include "io/redis_command.h"
#include "io/redis_tls.h"
#include "io/redis_uv.h"

enum {
    REDIS_ADDRESSES_MAX = 8,  /* of one host name; more are not tried */
    REDIS_ADDRESS_MAX = 64,   /* "fe80::...%eth0" */
    REDIS_TARGET_MAX = 272,   /* host (255), ':', port (5), NUL */
    REDIS_SCRATCH_MAX = 65536 /* head of a command, see redis_command.c */
};

/* What the connection waits for. */
enum redis_phase {
    REDIS_RESTING, /* the next dial */
    REDIS_DIALING, /* address, connection, answers to the greeting */
    REDIS_SERVING, /* nothing: it is ready */
    REDIS_CLOSING  /* handles to be gone */
};

struct redis_resolve; /* a name being looked up; frees itself */

struct redis {
    struct loop *loop;             /* borrowed */
    struct redis_options options;  /* borrowed texts */
    char target[REDIS_TARGET_MAX]; /* "host:port" or path, for messages */
    enum redis_phase phase;

    /* Dialing. */
    struct redis_resolve *resolve; /* borrowed from libuv; NULL: none */
    char addresses[REDIS_ADDRESSES_MAX][REDIS_ADDRESS_MAX];
    size_t address_count;
    size_t address_next;
    struct redis_tls *tls; /* owned; NULL unless rediss:// */
    size_t greetings_left; /* answers to come */
    struct timer *retry;   /* owned: the next dial */
    unsigned attempts;     /* dials since the connection was last good */
    struct rng rng;        /* for the back-off */

    /* The connection; both NULL while there is none. */
    struct redis_uv *link; /* borrowed: frees itself */
    redisAsyncContext *ac; /* borrowed: link's */
    unsigned links;        /* not gone yet, the given up ones included */
    int64_t client_id;
    int64_t ready_at_ms;
    int64_t heard_at_ms; /* last bytes */

    /* Requests. */
    struct list pending; /* of struct redis_request, in the order of their answers */
    struct list doomed;  /* of struct redis_request: to get on_reply(doom) in the next turn */
    struct err doom;
    struct buf scratch;   /* owned: for redis_command */
    struct timer *watch;  /* owned: dial time-out, patience, a subscriber's heartbeat */
    int64_t watch_at_ms;  /* when it fires */
    bool doubted;         /* a late answer is given one more turn: the late one may be us */
    struct timer *settle; /* owned: tells what happened, in the next turn */

    struct err reason;           /* why it is down; code 0: not known, or ready */
    char announced[ERR_MSG_MAX]; /* the reason that on_state knows; "": none */

    redis_closed_fn *on_closed;
    void *closed_data; /* borrowed */
};

/* redis.c */
/* The connection is lost or given up: pending requests are doomed, the next dial is planned. The
 * message is "redis TARGET: ...". */
void redis_fail(struct redis *redis, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The greeting (and the subscription) is through. */
void redis_ready(struct redis *redis);
/* A link of this connection is freed: see redis_uv_gone_fn. */
void redis_link_gone(void *data);
/* The watch fires after_ms from now. */
void redis_watch_start(struct redis *redis, int64_t after_ms);
void redis_command_prepare(struct redis *redis,
                           struct redis_command *command,
                           redisCallbackFn *fn,
                           void *privdata);
/* Ends the command and enters request, which may be NULL, into the pending list. */
int redis_command_send(struct redis *redis,
                       struct redis_command *command,
                       struct redis_request *request,
                       struct err *err) MUST_CHECK;
/* Makes request new, or says why nothing can be sent now. */
int redis_request_begin(struct redis *redis,
                        struct redis_request *request,
                        struct err *err) MUST_CHECK;
void redis_on_reply(redisAsyncContext *ac, void *reply, void *privdata);

/* redis_dial.c */
void redis_dial(struct redis *redis);
/* The connection that was being made is lost, or took too long. */
void redis_dial_lost(struct redis *redis, bool connected, const char *text);
void redis_dial_late(struct redis *redis);
/* Forgets a name being looked up. */
void redis_dial_stop(struct redis *redis);

/* redis_greeting.c */
/* Sends everything that a new connection has to hear first; redis_ready or redis_fail follows. */
int redis_greet(struct redis *redis, struct err *err) MUST_CHECK;

/* redis_subscriber.c */
int redis_subscribe(struct redis *redis, struct err *err) MUST_CHECK;
void redis_subscriber_watch(struct redis *redis);

/* redis_call.c */
/* Repeats a call that met a flushed cache. */
int redis_call_again(struct redis *redis,
                     struct redis_request *request,
                     struct err *err) MUST_CHECK;

#endif
