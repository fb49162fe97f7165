/* One request on its way through the server. */
#ifndef SANDBOX_EXCHANGE_H
#define SANDBOX_EXCHANGE_H

#include <microhttpd.h>
#include <stdbool.h>

#include "pool.h"
#include "timers.h"
#include "visit.h"

struct route;

enum phase {
    PHASE_NEW,     /* headers not seen yet */
    PHASE_READING, /* waits for the body */
    PHASE_WORKING, /* suspended: on the pool or in the timers */
    PHASE_READY    /* the answer may go */
};

/* Owned by the connection from the request line to the completed callback; while it is suspended
 * the pool or the timers hold it. */
struct exchange {
    struct server *server; /* borrowed */
    struct MHD_Connection *connection;
    const struct route *route; /* static */
    char *uri;                 /* owned: path and undecoded query, as sent */
    struct visit visit;
    struct bytes body; /* owned */
    struct call_ref call_ref;
    enum phase phase;
    bool listed;         /* is in the list of calls */
    bool too_big;        /* the body is; the rest of it is dropped */
    bool throttled;      /* over --qps */
    bool gone;           /* give the connection up */
    int64_t body_length; /* as declared; -1 where it is not */
    int64_t body_seen;   /* bytes so far, also dropped ones */
    int64_t delay_ms;    /* how long the call lasts */
    struct timer timer;
    struct task task;
};

/* Suspends the connection for a while; false when the server stops. Only on the server's thread, in
 * one of its callbacks. */
bool exchange_rest(struct exchange *exchange, int64_t ms);

#endif
