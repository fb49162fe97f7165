/* One inbox of one queue: asks it for elements at the worker's own pace.
 *
 * A connection of its own, so that elements arrive in the order in which they were moved to the
 * claim list: begin takes them off in that order. Happy path: WAITING in BLMOVE while the inbox is
 * empty -> READY: asked for as many as fit (LMOVE, pipelined, doubling while it gives) -> empty
 * again -> WAITING. Failure modes: connection lost, pause, lost lease, an unexpected element ->
 * RETURN: what was claimed and not begun goes back to the inbox in its old order, once nothing of
 * it is on its way. */
#ifndef RETOUCH_WORKER_FEED_H
#define RETOUCH_WORKER_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/redis.h"
#include "queue/claim.h"

struct served;
struct worker;

enum {
    WORKER_ID_MAX = 80
};

enum feed_state {
    FEED_DOWN,      /* no connection */
    FEED_RETURN,    /* claimed elements must go back, as soon as none is being begun */
    FEED_RETURNING, /* they are on their way */
    FEED_READY,     /* may have elements */
    FEED_EMPTY,     /* had none; not waited for yet */
    FEED_WAITING    /* in a blocking read */
};

struct feed {
    struct served *served; /* borrowed: the owner */
    struct inbox inbox;
    struct redis *redis;         /* owned */
    char claimer[WORKER_ID_MAX]; /* the worker's id, or its id before it lost its lease: on whose
                                    claim list the elements are */
    enum feed_state state;
    uint32_t batch;         /* how many to ask for at once */
    uint32_t asked;         /* LMOVEs without an answer */
    bool doubtful;          /* a claim had no answer: it may be carried out yet */
    uint32_t unbegun;       /* elements whose begin has no answer */
    bool dry;               /* an answer of this batch was nil */
    bool complained;        /* a refusal of Redis was logged */
    int64_t rest_until_ms;  /* monotonic; after a refusal: asked nothing before */
    struct buf held;        /* owned: an element that came while no slot was free */
    int64_t held_at_ms;     /* monotonic; 0: none is held */
    uint64_t served_at_ask; /* worker->asks when it was asked last */
    struct redis_request wait_request;
    struct redis_request return_request;
    bool returning; /* return_request is out, also when more must go back by now */
    struct redis_request unblock_request;
    bool unblocking; /* unblock_request is out */
};

int feed_open(struct feed *feed, struct served *served, enum priority priority, struct err *err)
    MUST_CHECK;
/* Worth asking now. */
bool feed_may_be_asked(const struct feed *feed);
/* Asks for up to `most` elements, into free slots; returns for how many. */
uint32_t feed_ask(struct feed *feed, uint32_t most);
/* Blocks in the server for the next element. */
void feed_wait(struct feed *feed);
/* Its inbox was seen with elements: worth asking, also for a worker that has no room to wait. */
void feed_wake(struct feed *feed);
/* Ends a blocking read early. */
void feed_unblock(struct feed *feed);
/* What is claimed and not begun must go back. */
void feed_return(struct feed *feed);
/* Sends it back when nothing is on its way; called every turn. */
void feed_settle(struct feed *feed);
/* An element of this feed was begun, rejected or given up. */
void feed_begun(struct feed *feed);

#endif
