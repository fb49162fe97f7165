/* Wakes things up later: a heap of due times and one thread. */
#ifndef SANDBOX_TIMERS_H
#define SANDBOX_TIMERS_H

#include <stdint.h>

struct timers;
struct timer;
/* Runs on the timer thread; the timer is no longer in the heap and may be added again or freed. */
typedef void timer_fn(struct timer *timer);

struct timer {
    int64_t due_at_ms; /* monotonic */
    timer_fn *on_due;
    void *data; /* borrowed */
};

int64_t clock_at_ms(void);   /* monotonic */
int64_t clock_unix_ms(void); /* wall clock */

/* NULL when the thread cannot be started. */
struct timers *timers_new(void);
/* The timer is borrowed until it fires. After timers_stop it fires at once. */
void timers_add(struct timers *timers, struct timer *timer);
/* Fires all that are waiting, now. */
void timers_stop(struct timers *timers);
void timers_free(struct timers *timers);

#endif
