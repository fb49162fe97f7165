/* One worker: a loop, its connections, its slots. Owns everything below it.
 *
 * Happy path: worker_open dials Redis; the keeper registers the worker in every queue; the pump
 * claims elements into slots; slots call the API and commit; the sweeper promotes and reaps.
 * Failure modes: Redis away -> nothing new starts, finished jobs wait in their slots and are
 * committed when it is back. Lease lost -> a fresh id, and the slots' jobs are settled by their
 * fences. */
#ifndef RETOUCH_WORKER_WORKER_H
#define RETOUCH_WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/rng.h"
#include "conf/conf.h"
#include "conf/redis_url.h"
#include "io/fetch.h"
#include "io/loop.h"
#include "io/redis.h"
#include "job/admission.h"
#include "job/phase.h"
#include "queue/call.h"
#include "queue/keys.h"
#include "queue/lease.h"
#include "queue/scripts.h"
#include "stats/stats.h"
#include "wire/effect.h"
#include "worker/feed.h"
#include "worker/upkeep.h"

enum {
    /* hiredis moves the rest of its output buffer at every partial write: keep it short. */
    WORKER_BACKLOG_MAX = 512 << 10
};

enum worker_phase {
    WORKER_RUNNING,  /* takes jobs */
    WORKER_DRAINING, /* finishes what is in flight */
    WORKER_LEAVING,  /* hands back the rest and says goodbye */
    WORKER_CLOSING,  /* lets go of handles */
    WORKER_CLOSED
};

/* One queue this worker serves. */
struct served {
    struct worker *worker; /* borrowed: the owner */
    struct queue_name name;
    struct feed feeds[PRIORITY_COUNT];
    struct lease_answer figures; /* of the last renewal */
    bool registered;             /* under the worker's present id */
    bool renewing;               /* lease_request is out */
    bool renew_again;            /* another renewal is wanted behind it */
    bool sweeping;               /* sweep_request is out */
    bool left;                   /* said goodbye */
    struct redis_request lease_request;
    struct redis_request sweep_request;
    struct redis_request promote_request;
    struct redis_request reap_request;
    struct redis_request leave_request;
    struct redis_request bury_request;
    bool burying;           /* bury_request is out */
    struct redis *listener; /* owned: hears the control channel */
    char channel[KEY_MAX];
    char lease_id[WORKER_ID_MAX]; /* whose lease lease_request is about */
    int64_t lease_sent_at_ms;     /* monotonic: when it was asked */
    struct err refusal;           /* why Redis did not renew it the last time; code 0: it did */
    int64_t held_until_at_ms; /* monotonic: until then nobody else can have this worker's jobs */
    bool promoting;
    char reaping[WORKER_ID_MAX]; /* the lapsed worker that is being looked at, "" for none */
    int64_t sweep_due_at_ms;     /* monotonic: not later than this */
};

typedef void worker_closed_fn(void *data);

struct worker {
    struct loop *loop; /* borrowed */
    struct conf conf;
    struct redis_url redis_url;
    const struct catalogue *catalogue; /* borrowed */
    struct scripts scripts;
    struct call call; /* scratch: one script call at a time is put together */
    struct rng rng;
    struct stats stats;
    struct stats told;    /* what P:stats has been told already */
    struct stats telling; /* what the renewal that is out tells it */
    struct admission admission;
    struct fetcher *fetcher;     /* owned */
    struct publisher *publisher; /* owned */
    struct redis *control;       /* owned: small commands */
    struct redis *bulk;          /* owned: envelopes and results */
    struct timer *tick;          /* owned: every quarter second */
    struct served *served;       /* owned array */
    uint32_t served_count;
    struct list slots_free; /* struct slot, by node */
    struct list slots_busy; /* by node, in the order of their elements */
    struct list waiting;    /* by wait_node: for admission */
    uint32_t slots_max;
    uint32_t slots_made;
    uint32_t phases[PHASE_COUNT]; /* slots in each */
    uint64_t bytes_held;          /* elements in slots */
    int64_t sequence;             /* last one given */
    uint64_t asks;                /* inboxes asked so far: decides whose turn it is */
    char id[WORKER_ID_MAX];       /* fresh at each start and after a lost lease */
    int64_t clock_offset_ms;      /* Redis's unix clock minus the loop's */
    int64_t drain_by_at_ms;       /* monotonic */
    int64_t lease_at_ms;          /* monotonic: of the last renewal that was sent */
    enum worker_phase phase;
    struct upkeep upkeep;
    bool commits_held; /* some wait for the bulk connection to take what it has */
    uint32_t closing;  /* handles that are still open */
    worker_closed_fn *on_closed;
    void *on_closed_data;
};

/* conf is copied; catalogue is borrowed for the worker's life. */
int worker_open(struct worker *worker,
                struct loop *loop,
                const struct conf *conf,
                const struct catalogue *catalogue,
                struct err *err) MUST_CHECK;
/* Takes no more jobs, finishes what is in flight within the drain time-out, hands the rest back and
 * closes; on_closed once. Called again: at once, still handing back. */
void worker_drain(struct worker *worker, worker_closed_fn *on_closed, void *data);
/* Frees what a closed worker owns. */
void worker_done(struct worker *worker);
/* The reloadable part of a new configuration. */
void worker_reload(struct worker *worker, const struct conf *conf);

/* Reachable, registered, not draining. */
bool worker_is_ready(const struct worker *worker);
/* Why it is not ready, for people; "" when it is. */
const char *worker_trouble(const struct worker *worker);
/* Redis's clock as far as known. */
int64_t worker_unix_ms(const struct worker *worker);
void worker_saw_clock(struct worker *worker, int64_t redis_unix_ms);
/* By its own clock the worker's jobs of that queue are its own. After a stop it may be mistaken in
 * everything else, and must neither claim nor call before its lease was renewed. */
bool worker_holds_lease(const struct served *served);
/* The lease had lapsed: a fresh id, registration anew. */
void worker_lose_lease(struct worker *worker);
/* How long the credential still waits; 0 when it is open. */
int64_t worker_credential_opens_in_ms(const struct worker *worker);
/* A tick is wanted at that monotonic time. */
void worker_expect_tick(struct worker *worker, int64_t at_ms);
/* Lets go of connections and timers; phase CLOSED and on_closed when the last is gone. */
void worker_close_handles(struct worker *worker);
/* Both connections for scripts are up. */
bool worker_has_redis(const struct worker *worker);

#endif
