/* Pausing, leaving, canceling; which inbox comes when; how much is taken. */
#include <stdio.h>
#include <string.h>

#include "lib/flow.h"

static const char call[] = "POST /v1/EmojMaterialH5 (timeout 60 s)";

static void a_pause_sends_claims_back_in_their_order(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    flow_push("jobs", "a2", "");
    world_answer("begin a1", "paused");
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: paused", "claim jobs: {a2}", "return jobs: 2");
    assert_int_equal(world_inbox_len("jobs"), 2);
    world_pause(true);
    world_pass(5000);
    assert_story("pause");
    world_pause(false);
    world_pass(3000);
    assert_story("resume", "claim jobs: {a1}", "claim jobs: {a2}", "begin a1: ok", "begin a2: ok",
                 "sent a1 1: yes", call, "sent a2 1: yes", call);
    world_http_image();
    world_http_image();
    flow_close();
}

static void a_drain_finishes_calls_and_hands_the_rest_back(void **state)
{
    (void)state;
    flow_open((const char *const[]){"worker.concurrency=1", NULL});
    flow_push("jobs", "a1", "");
    flow_push("jobs", "a2", "");
    world_settle();
    (void)world_trace();
    flow_drain();
    assert_false(flow_closed());
    world_http_image();
    assert_story("drain", "200 image", "commit a1 done +1: done", "leave");
    assert_true(flow_closed());
    assert_int_equal(world_inbox_len("jobs"), 1);
    flow_close();
}

static void a_drain_takes_the_mark_of_an_unsent_job_back(void **state)
{
    (void)state;
    flow_open(NULL);
    world_answer("sent a1", "lost!");
    flow_push_id("jobs", "a1", "");
    world_settle();
    (void)world_trace();
    flow_drain();
    world_find_redis();
    assert_story("drain", "redis is back", "sent a1 1: yes", "commit a1 back unsent: done",
                 "leave");
    flow_close();
}

static void calls_are_cut_off_when_the_drain_takes_too_long(void **state)
{
    (void)state;
    flow_open((const char *const[]){"worker.drain_timeout=2s", NULL});
    flow_push("jobs", "a1", "");
    world_settle();
    (void)world_trace();
    flow_drain();
    world_pass(2250);
    assert_story("drain", "canceled, body sent", "commit a1 retry retry unknown_outcome +1: done",
                 "leave");
    flow_close();
}

static void a_second_drain_cuts_calls_off_at_once(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    (void)world_trace();
    world_http_unsent();
    flow_drain();
    flow_drain();
    assert_story("drain", "drain", "canceled, body not sent",
                 "commit a1 back retry network unsent: done", "leave");
    flow_close();
}

static void a_drain_lets_a_paid_result_be_fetched(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    world_http_link("https://r.example/a.jpg");
    (void)world_trace();
    flow_drain();
    flow_drain();
    world_http_bytes(world_photo());
    assert_story("drain", "drain", "200 84294 bytes", "commit a1 done +1: done", "leave");
    flow_close();
}

static void a_worker_without_redis_leaves_its_jobs_to_others(void **state)
{
    (void)state;
    flow_open((const char *const[]){"worker.drain_timeout=1s", NULL});
    flow_push("jobs", "a1", "");
    world_settle();
    world_lose_redis();
    (void)world_trace();
    flow_drain();
    world_pass(10000);
    assert_story("drain", "canceled, body sent");
    assert_true(flow_closed());
    flow_close();
}

static void a_cancel_cuts_the_call_off(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    (void)world_trace();
    world_answer("commit a1", "stale");
    world_publish("cancel a1");
    assert_story("cancel a1", "canceled, body sent",
                 "commit a1 retry retry unknown_outcome +1: stale");
    flow_close();
}

static void a_cancel_ends_the_fetching_of_a_result(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    flow_push("jobs", "a2", "");
    world_settle();
    world_http_link("https://r.example/a1.jpg");
    world_http_link("https://r.example/a2.jpg");
    world_http_fail(ERR_RESET, true);
    (void)world_trace();
    world_answer("commit a1", "stale");
    world_answer("commit a2", "stale");
    world_publish("cancel a1"); /* between two tries */
    world_publish("cancel a2"); /* while it is fetched */
    world_pass(60000);
    assert_story("cancel a1", "commit a1 dead network +1: stale", "cancel a2",
                 "canceled, body sent", "commit a2 dead network +1: stale");
    flow_close();
}

static void a_cancel_ends_a_job_that_waits(void **state)
{
    (void)state;
    struct worker *worker = flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    world_answer("begin a2", "lost!");
    flow_push("jobs", "a2", "");
    world_settle();
    world_http(429, ""); /* the credential waits when a2 is begun */
    world_find_redis();
    assert_int_equal(worker->waiting.len, 1);
    (void)world_trace();
    world_answer("commit a2", "stale");
    world_publish("cancel a2");
    assert_story("cancel a2", "commit a2 canceled: stale");
    assert_int_equal(worker->slots_busy.len, 0);
    flow_close();
}

/* Takes jobs one by one and returns the first letters of their ids in the order of their calls. */
static void order_of_calls(char *letters, int jobs)
{
    for (int i = 0; i < jobs; i++) {
        for (const char *at = world_trace(); (at = strstr(at, "begin ")) != NULL; at++) {
            *letters++ = at[6];
        }
        world_http_image();
    }
    *letters = '\0';
}

static void high_goes_first_and_lower_ones_never_starve(void **state)
{
    (void)state;
    char letters[64];
    flow_open((const char *const[]){"worker.concurrency=1", NULL});
    for (int i = 0; i < 24; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "h%d", i);
        flow_push("jobs:high", id, "");
    }
    world_settle();
    flow_push("jobs:low", "l0", "");
    flow_push("jobs", "n0", "");
    world_pass(3000); /* a renewal of the lease sees them */
    order_of_calls(letters, 26);
    assert_int_equal(strlen(letters), 26);
    const char *normal = strchr(letters, 'n');
    const char *low = strchr(letters, 'l');
    assert_non_null(normal);
    assert_non_null(low);
    /* One ask of eight goes to the inbox that was not asked for longest. */
    assert_in_range(normal - letters, 1, 17);
    assert_in_range(low - letters, 1, 17);
    flow_close();
}

static void elements_keep_their_order(void **state)
{
    (void)state;
    char id[8];
    char wanted[80];
    flow_open(NULL);
    for (int i = 0; i < 60; i++) {
        (void)snprintf(id, sizeof id, "a%d", i);
        flow_push("jobs", id, "");
    }
    world_settle();
    const char *at = world_trace();
    for (int i = 0; i < 60; i++) {
        (void)snprintf(wanted, sizeof wanted, "sent a%d 1: yes\n", i);
        at = strstr(at, wanted);
        assert_non_null(at);
    }
    for (int i = 0; i < 60; i++) {
        world_http_image();
    }
    flow_close();
}

static void no_more_is_claimed_than_fits_into_memory(void **state)
{
    (void)state;
    /* Half of it is for answers: elements of some 30 KB, so about four of them. */
    struct worker *worker = flow_open((const char *const[]){"worker.bytes_in_flight=256KB", NULL});
    static char junk[30000];
    static char text[32000];
    memset(junk, 'x', sizeof junk);
    for (int i = 0; i < 20; i++) {
        int len = snprintf(text, sizeof text,
                           "{\"id\":\"a%d\",\"effect\":\"emoji\",\"x-pad\":\"%.*s\","
                           "\"image\":{\"url\":\"https://img.example/a.jpg\"}}",
                           i, (int)sizeof junk, junk);
        world_push("jobs", slice_of(text, (size_t)len));
    }
    world_settle();
    assert_in_range(worker->bytes_held, 60000, 256 << 10);
    assert_in_range(world_inbox_len("jobs"), 12, 17);
    while (world_calls() > 0) {
        world_http_image();
    }
    assert_true(worker->bytes_held == 0);
    assert_int_equal(world_inbox_len("jobs"), 0);
    flow_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_sends_claims_back_in_their_order),
        cmocka_unit_test(a_drain_finishes_calls_and_hands_the_rest_back),
        cmocka_unit_test(a_drain_takes_the_mark_of_an_unsent_job_back),
        cmocka_unit_test(calls_are_cut_off_when_the_drain_takes_too_long),
        cmocka_unit_test(a_second_drain_cuts_calls_off_at_once),
        cmocka_unit_test(a_drain_lets_a_paid_result_be_fetched),
        cmocka_unit_test(a_worker_without_redis_leaves_its_jobs_to_others),
        cmocka_unit_test(a_cancel_cuts_the_call_off),
        cmocka_unit_test(a_cancel_ends_the_fetching_of_a_result),
        cmocka_unit_test(a_cancel_ends_a_job_that_waits),
        cmocka_unit_test(high_goes_first_and_lower_ones_never_starve),
        cmocka_unit_test(elements_keep_their_order),
        cmocka_unit_test(no_more_is_claimed_than_fits_into_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
