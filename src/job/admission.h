/* Lets calls go: slots and bytes in flight, and the credential's state.
 *
 * A throttled credential waits as a whole: first 1-2 s, doubling up to 60-120 s while throttling
 * goes on, back to the start after a success that was sent later than the last throttle. A blocked
 * credential stops until it is tried again by one probe call (every blocked_probe_ms). Pure: time
 * is an argument. */
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
    uint32_t calls_max; /* worker.concurrency */
    uint64_t bytes_max; /* worker.bytes_in_flight */
    uint32_t calls;     /* let go and not yet ended */
    uint64_t bytes;
    enum credential_state state;
    int64_t open_at_ms;      /* monotonic; when throttled or blocked: not before this */
    uint32_t throttles;      /* in a row */
    int64_t throttled_at_ms; /* monotonic; when the last throttle was noted */
    bool probing;            /* blocked, and one call is out to see whether it still is */
};

void admission_init(struct admission *admission, uint32_t calls_max, uint64_t bytes_max);
/* True: the call may go now and is counted; it must be ended by admission_end. */
bool admission_try(struct admission *admission, int64_t now_ms, uint64_t bytes);
/* The call started at started_at_ms is over. retry_after_ms < 0: the answer had none. */
void admission_end(struct admission *admission,
                   int64_t now_ms,
                   uint64_t bytes,
                   int64_t started_at_ms,
                   enum verdict verdict,
                   int64_t retry_after_ms,
                   struct rng *rng);
/* Monotonic time at which it is worth trying again; 0: at once (state open). */
int64_t admission_open_at_ms(const struct admission *admission);
/* How many new jobs it is worth asking the queue for now: backpressure is not asking. */
uint32_t admission_room(const struct admission *admission, int64_t now_ms, uint32_t slots_free);
const char *credential_state_reason(enum credential_state state); /* "limit", "credential", "" */

#endif
