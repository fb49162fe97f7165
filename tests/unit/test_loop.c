/* The loop: order within a turn, timers, signals, the turn hook. */
#include <signal.h>
#include <stdlib.h>

#include "io/loop.h"
#include "lib/unit.h"

struct probe {
    struct loop *loop;
    struct timer *timer;
    unsigned fired;
    unsigned turns;
    unsigned stop_at; /* firings */
    int signal_number;
};

static void on_fire(void *data)
{
    struct probe *probe = data;
    if (++probe->fired == probe->stop_at) {
        timer_stop(probe->timer);
    }
}

static void on_fire_again_at_once(void *data)
{
    struct probe *probe = data;
    if (++probe->fired < probe->stop_at) {
        timer_start(probe->timer, 0, 0);
    }
}

static void on_fire_close_itself(void *data)
{
    struct probe *probe = data;
    probe->fired++;
    timer_close(probe->timer);
}

static void on_turn(void *data)
{
    struct probe *probe = data;
    probe->turns++;
    if (probe->turns < 3) {
        loop_wake(probe->loop);
    }
}

static void on_signal(void *data, int signal_number)
{
    struct probe *probe = data;
    probe->signal_number = signal_number;
    timer_stop(probe->timer);
}

static struct probe *probe_open(timer_fn *fn)
{
    struct err err;
    struct probe *probe = calloc(1, sizeof *probe);
    assert_non_null(probe);
    probe->loop = loop_new(&err);
    assert_non_null(probe->loop);
    probe->timer = timer_new(probe->loop, fn, probe);
    assert_non_null(probe->timer);
    return probe;
}

static void probe_close(struct probe *probe)
{
    loop_free(probe->loop);
    free(probe);
}

static void a_timer_fires_once_or_repeats_until_stopped(void **state)
{
    (void)state;
    struct probe *probe = probe_open(on_fire);
    timer_start(probe->timer, 1, 0);
    assert_true(timer_is_active(probe->timer));
    loop_run(probe->loop);
    assert_int_equal(probe->fired, 1);
    assert_false(timer_is_active(probe->timer));
    probe->stop_at = 4;
    timer_start(probe->timer, 0, 1);
    loop_run(probe->loop);
    assert_int_equal(probe->fired, 4);
    timer_close(probe->timer);
    probe_close(probe);
}

static void a_timer_does_not_fire_from_its_start(void **state)
{
    (void)state;
    struct probe *probe = probe_open(on_fire);
    timer_start(probe->timer, 0, 0);
    assert_int_equal(probe->fired, 0);
    timer_stop(probe->timer);
    assert_false(timer_is_active(probe->timer));
    loop_run(probe->loop);
    assert_int_equal(probe->fired, 0);
    timer_start(probe->timer, 0, 0);
    loop_run_once(probe->loop, false);
    assert_int_equal(probe->fired, 1);
    timer_close(probe->timer);
    probe_close(probe);
}

/* libuv 1.44 alone would never leave the first turn. */
static void a_timer_restarted_with_zero_fires_once_per_turn(void **state)
{
    (void)state;
    struct probe *probe = probe_open(on_fire_again_at_once);
    probe->stop_at = 1000;
    timer_start(probe->timer, 0, 0);
    loop_run_once(probe->loop, true);
    assert_int_equal(probe->fired, 1);
    loop_run_once(probe->loop, true);
    assert_int_equal(probe->fired, 2);
    loop_run(probe->loop);
    assert_int_equal(probe->fired, 1000);
    timer_close(probe->timer);
    probe_close(probe);
}

static void a_timer_may_close_itself(void **state)
{
    (void)state;
    struct probe *probe = probe_open(on_fire_close_itself);
    timer_start(probe->timer, 0, 5);
    loop_run(probe->loop);
    assert_int_equal(probe->fired, 1);
    timer_close(NULL);
    probe_close(probe);
}

static void a_closed_timer_fires_no_more(void **state)
{
    (void)state;
    struct probe *probe = probe_open(on_fire);
    timer_start(probe->timer, 0, 0);
    timer_close(probe->timer);
    loop_run(probe->loop);
    assert_int_equal(probe->fired, 0);
    probe_close(probe);
}

static void the_turn_hook_runs_each_turn_and_a_wake_brings_one(void **state)
{
    (void)state;
    struct probe *probe = probe_open(on_fire);
    loop_on_turn(probe->loop, on_turn, probe);
    loop_run(probe->loop);
    assert_int_equal(probe->turns, 0); /* nothing to wait for: no turn */
    loop_wake(probe->loop);
    loop_run(probe->loop);
    assert_int_equal(probe->turns, 3);
    loop_on_turn(probe->loop, NULL, NULL);
    loop_wake(probe->loop);
    loop_run(probe->loop);
    assert_int_equal(probe->turns, 3);
    timer_close(probe->timer);
    probe_close(probe);
}

static void a_signal_arrives_and_does_not_keep_the_loop(void **state)
{
    (void)state;
    struct err err;
    struct probe *probe = probe_open(on_fire);
    assert_ok(loop_on_signal(probe->loop, SIGUSR1, on_signal, probe, &err), &err);
    loop_run(probe->loop); /* returns: a signal alone is nothing to wait for */
    assert_int_equal(raise(SIGUSR1), 0);
    timer_start(probe->timer, 60000, 0);
    loop_run(probe->loop);
    assert_int_equal(probe->signal_number, SIGUSR1);
    assert_int_equal(probe->fired, 0);
    loop_ignore_signals(probe->loop);
    assert_int_equal(raise(SIGUSR1), 0); /* would end the program by default */
    timer_close(probe->timer);
    probe_close(probe);
}

static void a_signal_that_cannot_be_caught_is_an_error(void **state)
{
    (void)state;
    struct err err;
    struct probe *probe = probe_open(on_fire);
    assert_fails(loop_on_signal(probe->loop, SIGKILL, on_signal, probe, &err), ERR_SYSTEM);
    timer_close(probe->timer);
    probe_close(probe);
}

static void time_moves_forward_with_the_turns(void **state)
{
    (void)state;
    struct probe *probe = probe_open(on_fire);
    int64_t before_ms = loop_at_ms(probe->loop);
    timer_start(probe->timer, 2, 0);
    loop_run(probe->loop);
    assert_true(loop_at_ms(probe->loop) >= before_ms + 2);
    timer_close(probe->timer);
    probe_close(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_or_repeats_until_stopped),
        cmocka_unit_test(a_timer_does_not_fire_from_its_start),
        cmocka_unit_test(a_timer_restarted_with_zero_fires_once_per_turn),
        cmocka_unit_test(a_timer_may_close_itself),
        cmocka_unit_test(a_closed_timer_fires_no_more),
        cmocka_unit_test(the_turn_hook_runs_each_turn_and_a_wake_brings_one),
        cmocka_unit_test(a_signal_arrives_and_does_not_keep_the_loop),
        cmocka_unit_test(a_signal_that_cannot_be_caught_is_an_error),
        cmocka_unit_test(time_moves_forward_with_the_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
