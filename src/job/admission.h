/* Lets calls go: slots and bytes in flight, the credential's state, and a pace.
 *
 * A throttled credential waits as a whole: first 1-2 s, doubling up to 60-120 s while throttling
 * goes on, back to the start after a success that was begun later than the last throttle. Refusals
 * of calls begun before the last throttle was noted are one burst and count once.
 *
 * From its first throttle on a credential has a pace (calls begun per second): a throttle makes it
 * 4/5 of what it was, a success lets it grow while the pace is what holds calls back: it doubles at
 * most once per round trip below the pace that was refused last, and creeps beyond. An account of
 * 1 call/s and 64 slots so makes steady progress instead of bursts of 63 refusals. An API that
 * refuses a share of all calls at any pace would be slowed for nothing: calls refused at a pace
 * below what the account gave of late, waits included, cannot be refused for their speed. The pace
 * then grows freely, and no throttle cuts it, for a minute. After two bursts without a success
 * between them a single call feels the way.
 *
 * A blocked credential stops; one probe call is let go after a minute, then after 2, 4 ... 10.
 * Pure: time and chance are arguments. */
#ifndef RETOUCH_JOB_ADMISSION_H
#define RETOUCH_JOB_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "job/verdict.h"

enum credential_state {
    CREDENTIAL_OPEN,
    CREDENTIAL_THROTTLED,
    CREDENTIAL_BLOCKED
};

struct admission {
    uint32_t calls_max; /* worker.concurrency; may be changed at any time */
    uint64_t bytes_max; /* worker.bytes_in_flight; may be changed at any time */
    uint32_t calls;     /* let go and not yet ended */
    uint64_t bytes;     /* of these */
    enum credential_state state;
    int64_t open_at_ms;   /* monotonic; throttled or blocked: no call before this */
    int64_t noted_at_ms;  /* monotonic; when the last throttle or block was noted */
    uint32_t refusals;    /* bursts of throttles, or blocks, in a row */
    bool probing;         /* one call is out to see whether the credential works again */
    double pace_per_s;    /* calls begun per second; 0: as fast as slots allow */
    double ceiling_per_s; /* the pace that was refused last; 0: none yet */
    double next_at_ms;    /* monotonic; the pace allows the next call then */
    uint32_t given;       /* successes since given_since_ms, older ones left out */
    int64_t given_since_ms;
    int64_t uncut_until_ms; /* monotonic; cuts were in vain: none before this */
};

void admission_init(struct admission *admission, uint32_t calls_max, uint64_t bytes_max);
/* True: the call may go now and is counted; it must be ended by admission_end. A call larger than
 * bytes_max goes when it is alone. */
bool admission_try(struct admission *admission, int64_t now_ms, uint64_t bytes);

/* A call that was let go and is over. */
struct admission_call {
    uint64_t bytes;        /* as given to admission_try */
    int64_t started_at_ms; /* monotonic; when admission_try let it go */
    enum verdict verdict;
    int64_t retry_after_ms; /* < 0: the answer had none */
};

void admission_end(struct admission *admission,
                   const struct admission_call *call,
                   int64_t now_ms,
                   struct rng *rng);
/* Monotonic time at which it is worth trying again; a time that has passed, or 0, is now.
 * INT64_MAX: not before the probe that is out has ended. */
int64_t admission_open_at_ms(const struct admission *admission);
/* How many new jobs it is worth asking the queue for now (backpressure is not asking): what may go
 * within the next tenth of a second, less the `waiting` that are here and not yet let go. */
uint32_t admission_room(const struct admission *admission, int64_t now_ms, uint32_t waiting);
/* Other credentials are in place: throttles, blocks and pace are forgotten; calls stay counted. */
void admission_reopen(struct admission *admission, int64_t now_ms);
const char *credential_state_reason(enum credential_state state); /* "limit", "credential", "" */

#endif
