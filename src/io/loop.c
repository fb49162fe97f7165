/* The event loop on libuv: one prepare handle carries the turn hook, one idle handle keeps a turn
 * from blocking while there is a wake or a timer started with 0.
 *
 * Why timers of 0 have a list of their own: libuv 1.44 fires a timer that is restarted with 0 from
 * a timer callback again in the same pass, for ever, before it looks at any descriptor. */
#include "io/loop.h"

#include <signal.h>
#include <stddef.h>

#include <uv.h>

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "io/loop_uv.h"

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare; /* runs the turn hook; not counted as alive */
    uv_idle_t idle;       /* active while the next poll must not block */
    turn_fn *on_turn;     /* NULL: none */
    void *turn_data;      /* borrowed */
    struct list soon;     /* of struct timer by soon_node: started with 0 */
    struct list signals;  /* of struct signal_watch, owned */
};

struct timer {
    uv_timer_t handle;
    struct loop *loop; /* borrowed */
    timer_fn *fn;
    void *data;                 /* borrowed */
    int64_t repeat_ms;          /* for after the first firing of a timer of 0 */
    struct list_node soon_node; /* member of loop->soon */
};

struct signal_watch {
    uv_signal_t handle;
    signal_fn *fn;
    void *data;            /* borrowed */
    struct list_node node; /* member of loop->signals */
};

/* The turn. */

static void on_nothing(uv_idle_t *idle)
{
    (void)idle; /* being active is its whole work */
}

static void timer_fire_soon(struct timer *timer)
{
    if (timer->repeat_ms > 0) {
        timer_start(timer, timer->repeat_ms, timer->repeat_ms);
    }
    timer->fn(timer->data);
}

/* Fires those that wait now; what they start anew waits for the next turn. */
static void loop_fire_soon(struct loop *loop)
{
    for (uint32_t n = loop->soon.len; n > 0; n--) {
        struct list_node *node = list_pop_front(&loop->soon);
        if (node == NULL) {
            return;
        }
        timer_fire_soon(CONTAINER_OF(node, struct timer, soon_node));
    }
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;
    (void)uv_idle_stop(&loop->idle);
    loop_fire_soon(loop);
    if (loop->on_turn != NULL) {
        loop->on_turn(loop->turn_data);
    }
    if (loop->soon.len > 0) {
        loop_wake(loop);
    }
}

struct loop *loop_new(struct err *err)
{
    struct loop *loop = mem_zalloc(1, sizeof *loop);
    if (loop == NULL) {
        err_set(err, ERR_NO_MEMORY, "event loop");
        return NULL;
    }
    int status = uv_loop_init(&loop->uv);
    if (status != 0) {
        err_set(err, ERR_SYSTEM, "event loop: %s", uv_strerror(status));
        mem_free(loop);
        return NULL;
    }
    list_init(&loop->soon);
    list_init(&loop->signals);
    /* These three cannot fail: they only set fields. */
    (void)uv_prepare_init(&loop->uv, &loop->prepare);
    (void)uv_idle_init(&loop->uv, &loop->idle);
    loop->prepare.data = loop;
    (void)uv_prepare_start(&loop->prepare, on_prepare);
    uv_unref((uv_handle_t *)&loop->prepare);
    return loop;
}

void loop_run(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_run_once(struct loop *loop, bool wait)
{
    (void)uv_run(&loop->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

static void check_is_closing(uv_handle_t *handle, void *data)
{
    (void)data;
    CHECK(uv_is_closing(handle));
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    loop->on_turn = NULL;
    loop_ignore_signals(loop);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    uv_walk(&loop->uv, check_is_closing, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    int status = uv_loop_close(&loop->uv);
    CHECK(status == 0);
    mem_free(loop);
}

int64_t loop_at_ms(const struct loop *loop)
{
    return (int64_t)uv_now(&loop->uv);
}

void loop_on_turn(struct loop *loop, turn_fn *fn, void *data)
{
    loop->on_turn = fn;
    loop->turn_data = data;
}

void loop_wake(struct loop *loop)
{
    (void)uv_idle_start(&loop->idle, on_nothing); /* fails only without a callback */
}

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

/* Signals. */

static void signal_on_arrival(uv_signal_t *handle, int signal_number)
{
    struct signal_watch *watch = handle->data;
    watch->fn(watch->data, signal_number);
}

static void signal_on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

int loop_on_signal(struct loop *loop, int signal_number, signal_fn *fn, void *data, struct err *err)
{
    struct signal_watch *watch = mem_zalloc(1, sizeof *watch);
    if (watch == NULL) {
        return err_set(err, ERR_NO_MEMORY, "signal %d", signal_number);
    }
    watch->fn = fn;
    watch->data = data;
    int status = uv_signal_init(&loop->uv, &watch->handle);
    if (status != 0) {
        mem_free(watch); /* not yet known to the loop */
        return err_set(err, ERR_SYSTEM, "signal %d: %s", signal_number, uv_strerror(status));
    }
    watch->handle.data = watch;
    status = uv_signal_start(&watch->handle, signal_on_arrival, signal_number);
    if (status != 0) {
        uv_close((uv_handle_t *)&watch->handle, signal_on_closed);
        return err_set(err, ERR_SYSTEM, "signal %d: %s", signal_number, uv_strerror(status));
    }
    uv_unref((uv_handle_t *)&watch->handle);
    list_push_back(&loop->signals, &watch->node);
    return 0;
}

void loop_ignore_signals(struct loop *loop)
{
    for (struct list_node *node; (node = list_pop_front(&loop->signals)) != NULL;) {
        struct signal_watch *watch = CONTAINER_OF(node, struct signal_watch, node);
        int signal_number = watch->handle.signum; /* closing sets the default action again */
        uv_close((uv_handle_t *)&watch->handle, signal_on_closed);
        (void)signal(signal_number, SIG_IGN);
    }
}

/* Timers. */

static void timer_on_due(uv_timer_t *handle)
{
    struct timer *timer = handle->data;
    timer->fn(timer->data);
}

static void timer_on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

struct timer *timer_new(struct loop *loop, timer_fn *fn, void *data)
{
    struct timer *timer = mem_zalloc(1, sizeof *timer);
    if (timer == NULL) {
        return NULL;
    }
    timer->loop = loop;
    timer->fn = fn;
    timer->data = data;
    (void)uv_timer_init(&loop->uv, &timer->handle); /* cannot fail: only sets fields */
    timer->handle.data = timer;
    return timer;
}

void timer_start(struct timer *timer, int64_t after_ms, int64_t repeat_ms)
{
    CHECK(!uv_is_closing((const uv_handle_t *)&timer->handle));
    CHECK(repeat_ms >= 0);
    timer_stop(timer);
    if (after_ms <= 0) {
        timer->repeat_ms = repeat_ms;
        list_push_back(&timer->loop->soon, &timer->soon_node);
        loop_wake(timer->loop);
        return;
    }
    (void)uv_timer_start(&timer->handle, timer_on_due, (uint64_t)after_ms, (uint64_t)repeat_ms);
}

void timer_stop(struct timer *timer)
{
    if (list_linked(&timer->soon_node)) {
        list_remove(&timer->loop->soon, &timer->soon_node);
    }
    (void)uv_timer_stop(&timer->handle);
}

bool timer_is_active(const struct timer *timer)
{
    return list_linked(&timer->soon_node) || uv_is_active((const uv_handle_t *)&timer->handle) != 0;
}

void timer_close(struct timer *timer)
{
    if (timer == NULL) {
        return;
    }
    timer_stop(timer);
    uv_close((uv_handle_t *)&timer->handle, timer_on_closed);
}
