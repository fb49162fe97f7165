/* Wakes things up later: a heap of due times and one thread.
 *
 * Happy path: timers_add puts a timer into the heap, the thread sleeps until the earliest is due,
 * takes it out and calls on_due without holding the lock.
 * Failure modes: after timers_stop whatever is or comes into the heap fires at once.
 * The heap borrows its timers; it owns only its array. */
#include "timers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "mem.h"

struct timers {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    struct timer **heap; /* owned array of borrowed timers; the earliest first */
    size_t len;
    size_t cap;
    bool stopping; /* fire all at once */
    bool ended;    /* the thread may leave */
};

static int64_t clock_read_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_at_ms(void)
{
    return clock_read_ms(CLOCK_MONOTONIC);
}

int64_t clock_unix_ms(void)
{
    return clock_read_ms(CLOCK_REALTIME);
}

static void heap_push(struct timers *timers, struct timer *timer)
{
    if (timers->len == timers->cap) {
        timers->cap = timers->cap > 0 ? timers->cap * 2 : 64;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers. */
        timers->heap = mem_realloc(timers->heap, timers->cap * sizeof *timers->heap);
    }
    size_t at = timers->len++;
    while (at > 0 && timers->heap[(at - 1) / 2]->due_at_ms > timer->due_at_ms) {
        timers->heap[at] = timers->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    timers->heap[at] = timer;
}

static struct timer *heap_pop(struct timers *timers)
{
    struct timer *first = timers->heap[0];
    struct timer *last = timers->heap[--timers->len];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= timers->len) {
            break;
        }
        if (child + 1 < timers->len &&
            timers->heap[child + 1]->due_at_ms < timers->heap[child]->due_at_ms) {
            child++;
        }
        if (last->due_at_ms <= timers->heap[child]->due_at_ms) {
            break;
        }
        timers->heap[at] = timers->heap[child];
        at = child;
    }
    timers->heap[at] = last;
    return first;
}

/* Holding the lock: sleeps until something is due (true) or the end has come (false). */
static bool wait_until_due(struct timers *timers)
{
    while (timers->len > 0 || !timers->ended) {
        if (timers->len == 0) {
            pthread_cond_wait(&timers->changed, &timers->lock);
            continue;
        }
        int64_t due_at_ms = timers->heap[0]->due_at_ms;
        if (timers->stopping || due_at_ms <= clock_at_ms()) {
            return true;
        }
        struct timespec until = {.tv_sec = due_at_ms / 1000, .tv_nsec = due_at_ms % 1000 * 1000000};
        pthread_cond_timedwait(&timers->changed, &timers->lock, &until);
    }
    return false;
}

static void *timers_run(void *data)
{
    struct timers *timers = data;
    pthread_mutex_lock(&timers->lock);
    while (wait_until_due(timers)) {
        struct timer *timer = heap_pop(timers);
        pthread_mutex_unlock(&timers->lock);
        timer->on_due(timer);
        pthread_mutex_lock(&timers->lock);
    }
    pthread_mutex_unlock(&timers->lock);
    return NULL;
}

struct timers *timers_new(void)
{
    struct timers *timers = mem_zalloc(1, sizeof *timers);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&timers->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&timers->lock, NULL);
    if (pthread_create(&timers->thread, NULL, timers_run, timers) != 0) {
        mem_free(timers);
        return NULL;
    }
    return timers;
}

void timers_add(struct timers *timers, struct timer *timer)
{
    pthread_mutex_lock(&timers->lock);
    bool earliest = timers->len == 0 || timer->due_at_ms < timers->heap[0]->due_at_ms;
    heap_push(timers, timer);
    if (earliest || timers->stopping) {
        pthread_cond_signal(&timers->changed);
    }
    pthread_mutex_unlock(&timers->lock);
}

void timers_stop(struct timers *timers)
{
    pthread_mutex_lock(&timers->lock);
    timers->stopping = true;
    pthread_cond_signal(&timers->changed);
    pthread_mutex_unlock(&timers->lock);
}

void timers_free(struct timers *timers)
{
    pthread_mutex_lock(&timers->lock);
    timers->stopping = timers->ended = true;
    pthread_cond_signal(&timers->changed);
    pthread_mutex_unlock(&timers->lock);
    pthread_join(timers->thread, NULL);
    pthread_cond_destroy(&timers->changed);
    pthread_mutex_destroy(&timers->lock);
    mem_free(timers->heap);
    mem_free(timers);
}
