/* The virtual clock: stands for src/io/loop.c. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "io/loop.h"
#include "lib/fake_world.h"
#include "lib/unit.h"

enum {
    TURNS_MAX = 5000, /* of one settling: more is a worker that never rests */
    TRACE_MAX = 1 << 20,
    START_MS = 1000 /* a clock at 0 would hide who takes 0 for "never" */
};

#define START_UNIX_MS INT64_C(1700000000000)

struct timer {
    timer_fn *fn;
    void *data;
    int64_t due_at_ms;
    int64_t repeat_ms;
    bool active;
    bool closed;
    struct list_node node;
};

struct loop {
    int64_t at_ms;
    turn_fn *on_turn;
    void *on_turn_data;
    struct list timers;
    struct buf trace;
    struct buf shown;
};

static struct loop world;

int64_t fake_at_ms(void)
{
    return world.at_ms;
}

int64_t world_unix_ms(void)
{
    return START_UNIX_MS + world.at_ms;
}

struct loop *world_open(void)
{
    world = (struct loop){.at_ms = START_MS};
    list_init(&world.timers);
    buf_init(&world.trace, TRACE_MAX);
    buf_init(&world.shown, TRACE_MAX);
    fake_redis_reset();
    fake_fetch_reset();
    return &world;
}

static void timers_sweep(void)
{
    list_foreach_safe(&world.timers, node) {
        struct timer *timer = CONTAINER_OF(node, struct timer, node);
        if (timer->closed) {
            list_remove(&world.timers, node);
            mem_free(timer);
        }
    }
}

void world_close(void)
{
    timers_sweep();
    assert_int_equal(world.timers.len, 0);
    fake_redis_reset();
    fake_fetch_reset();
    buf_done(&world.trace);
    buf_done(&world.shown);
}

void world_tell(const char *fmt, ...)
{
    char line[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    assert_int_equal(buf_printf(&world.trace, "%s\n", line), 0);
}

const char *world_trace(void)
{
    buf_take(&world.shown, &world.trace);
    buf_init(&world.trace, TRACE_MAX);
    return world.shown.len > 0 ? buf_cstr(&world.shown) : "";
}

static bool timers_turn(void)
{
    bool fired = false;
    for (struct list_node *node = world.timers.head.next; node != &world.timers.head;
         node = node->next) {
        struct timer *timer = CONTAINER_OF(node, struct timer, node);
        if (!timer->active || timer->closed || timer->due_at_ms > world.at_ms) {
            continue;
        }
        timer->active = timer->repeat_ms > 0;
        timer->due_at_ms = world.at_ms + timer->repeat_ms;
        timer->fn(timer->data);
        fired = true;
    }
    timers_sweep();
    return fired;
}

void world_settle(void)
{
    bool busy = true;
    for (int i = 0; busy; i++) {
        assert_true(i < TURNS_MAX);
        busy = timers_turn();
        if (world.on_turn != NULL) {
            world.on_turn(world.on_turn_data);
        }
        busy = fake_redis_turn() || busy;
        busy = fake_fetch_turn() || busy;
    }
}

static int64_t world_next_ms(void)
{
    int64_t next = fake_redis_due_ms();
    list_foreach_safe(&world.timers, node) {
        const struct timer *timer = CONTAINER_OF(node, struct timer, node);
        if (timer->active && timer->due_at_ms < next) {
            next = timer->due_at_ms;
        }
    }
    return next;
}

void world_pass(int64_t ms)
{
    int64_t end = world.at_ms + ms;
    world_settle();
    for (int64_t next; (next = world_next_ms()) <= end;) {
        world.at_ms = next > world.at_ms ? next : world.at_ms;
        world_settle();
    }
    world.at_ms = end;
    world_settle();
}

/* io/loop.h */

int64_t loop_at_ms(const struct loop *loop)
{
    return loop->at_ms;
}

void loop_on_turn(struct loop *loop, turn_fn *fn, void *data)
{
    loop->on_turn = fn;
    loop->on_turn_data = data;
}

struct timer *timer_new(struct loop *loop, timer_fn *fn, void *data)
{
    struct timer *timer = mem_zalloc(1, sizeof *timer);
    assert_non_null(timer);
    timer->fn = fn;
    timer->data = data;
    list_push_back(&loop->timers, &timer->node);
    return timer;
}

void timer_start(struct timer *timer, int64_t after_ms, int64_t repeat_ms)
{
    timer->active = true;
    timer->due_at_ms = world.at_ms + after_ms;
    timer->repeat_ms = repeat_ms;
}

void timer_stop(struct timer *timer)
{
    timer->active = false;
}

bool timer_is_active(const struct timer *timer)
{
    return timer->active;
}

void timer_close(struct timer *timer)
{
    if (timer != NULL) {
        timer->active = false;
        timer->closed = true;
    }
}
