/* The event loop, its timers and signals. libuv's types stay behind this header.
 *
 * A turn: timers that are due, timers started with 0, the turn hook, then waiting for descriptors
 * and serving them, then close callbacks. */
#ifndef RETOUCH_IO_LOOP_H
#define RETOUCH_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;  /* owns the uv_loop_t */
struct timer; /* owned by its creator until timer_close */

typedef void timer_fn(void *data);
typedef void signal_fn(void *data, int signal_number);
typedef void turn_fn(void *data);

struct loop *loop_new(struct err *err);
/* Runs until nothing is left to wait for: no active timer, no descriptor, no close under way, no
 * wake. Signals and the turn hook do not count. */
void loop_run(struct loop *loop);
/* One turn: waits for at most one event if `wait`. For tests. */
void loop_run_once(struct loop *loop, bool wait);
/* Everything on the loop must have been closed (CHECKed); the loop is run until the last close
 * callback is through. NULL is fine. */
void loop_free(struct loop *loop);
/* Monotonic milliseconds of this turn. */
int64_t loop_at_ms(const struct loop *loop);
/* Called once per turn before the loop blocks. One hook per loop; NULL takes it off. */
void loop_on_turn(struct loop *loop, turn_fn *fn, void *data);
/* Makes the next turn come without waiting (safe only on the loop's thread). */
void loop_wake(struct loop *loop);
/* fn for each arrival of the signal, until loop_ignore_signals or loop_free. Does not keep the loop
 * running by itself. */
int loop_on_signal(struct loop *loop, int signal_number, signal_fn *fn, void *data, struct err *err)
    MUST_CHECK;
/* From here on those signals do nothing: a late one does not end a process that is ending. */
void loop_ignore_signals(struct loop *loop);

/* NULL when there is no memory. */
struct timer *timer_new(struct loop *loop, timer_fn *fn, void *data);
/* Fires after after_ms (0: in this turn or the next) and then every repeat_ms
 * (0: once). Restarts a running timer. */
void timer_start(struct timer *timer, int64_t after_ms, int64_t repeat_ms);
void timer_stop(struct timer *timer);
bool timer_is_active(const struct timer *timer);
/* The timer fires no more and is freed when the loop has let go of it. May be called from its own
 * fn. NULL is fine. */
void timer_close(struct timer *timer);

#endif
