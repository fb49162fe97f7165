/* What happens to jobs when Redis, an answer of it, or the lease is lost. */
#include <stdio.h>
#include <string.h>

#include "lib/flow.h"

static const char call[] = "POST /v1/EmojMaterialH5 (timeout 60 s)";

static void a_lost_answer_of_begin_is_asked_for_again_in_order(void **state)
{
    (void)state;
    flow_open(NULL);
    world_answer("begin a1", "lost!");
    flow_push("jobs", "a1", "");
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: ok, and redis is lost");
    flow_push("jobs", "a2", "");
    world_find_redis();
    assert_story("redis is back", "begin a1: ok", "sent a1 1: yes", call, "claim jobs: {a2}",
                 "begin a2: ok", "sent a2 1: yes", call);
    world_http_image();
    world_http_image();
    flow_close();
}

static void a_lost_claim_goes_back_before_anything_else_is_claimed(void **state)
{
    (void)state;
    flow_open(NULL);
    world_answer("claim jobs", "lost!");
    flow_push("jobs", "a1", "");
    flow_push("jobs", "a2", "");
    world_settle();
    world_find_redis();
    world_settle();
    assert_story("claim jobs: {a1}, and redis is lost", "redis is back", "return jobs: 1",
                 "claim jobs: {a1}", "begin a1: ok", "claim jobs: {a2}", "begin a2: ok",
                 "sent a1 1: yes", call, "sent a2 1: yes", call);
    world_http_image();
    world_http_image();
    flow_close();
}

static void no_call_is_made_before_its_mark_is_acknowledged(void **state)
{
    (void)state;
    flow_open(NULL);
    world_answer("sent a1", "lost!");
    flow_push("jobs", "a1", "");
    world_settle();
    assert_int_equal(world_calls(), 0);
    world_find_redis();
    assert_story("claim jobs: {a1}", "begin a1: ok", "sent a1 1: yes, and redis is lost",
                 "redis is back", "sent a1 1: yes", call);
    world_http_image();
    flow_close();
}

static void a_result_waits_for_redis_and_is_committed_once(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    (void)world_trace();
    world_lose_redis();
    world_http_image();
    flow_push("jobs", "a2", "");
    world_pass(60000);
    assert_int_equal(world_calls(), 0); /* nothing new while Redis is away */
    world_answer("commit a1", "lost!");
    world_find_redis();
    world_pass(1000);
    assert_story("redis is lost", "200 image", "redis is back",
                 "commit a1 done +1: done, and redis is lost");
    world_find_redis();
    assert_story("redis is back", "commit a1 done +1: repeated", "claim jobs: {a2}", "begin a2: ok",
                 "sent a2 1: yes", call);
    world_http_image();
    flow_close();
}

static void a_deadline_that_passes_while_the_mark_is_asked_is_kept(void **state)
{
    (void)state;
    char fields[64];
    flow_open(NULL);
    (void)snprintf(fields, sizeof fields, ",\"deadline_ms\":%lld",
                   (long long)world_unix_ms() + 5000);
    world_answer("sent a1", "lost!");
    flow_push("jobs", "a1", fields);
    world_settle();
    world_pass(10000);
    world_find_redis();
    assert_story("claim jobs: {a1}", "begin a1: ok", "sent a1 1: yes, and redis is lost",
                 "redis is back", "sent a1 1: yes", "commit a1 expired unsent: done");
    flow_close();
}

static void a_mark_that_is_refused_frees_the_slot(void **state)
{
    (void)state;
    struct worker *worker = flow_open(NULL);
    world_answer("sent a1", "no");
    world_answer("commit a1", "stale");
    flow_push("jobs", "a1", "");
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: ok", "sent a1 1: no", "commit a1 back: stale");
    assert_int_equal(worker->slots_busy.len, 0);
    assert_int_equal(worker->admission.calls, 0);
    flow_close();
}

static void a_lapsed_lease_is_followed_by_a_fresh_one(void **state)
{
    (void)state;
    struct worker *worker = flow_open(NULL);
    char old_id[WORKER_ID_MAX];
    (void)snprintf(old_id, sizeof old_id, "%s", worker->id);
    flow_push("jobs", "a1", "");
    flow_push("jobs", "a2", "");
    world_settle();
    (void)world_trace();
    world_answer("lease", "lapsed");
    world_pass(3000);
    assert_story("lease: lapsed", "register: ok");
    assert_string_not_equal(worker->id, old_id);
    world_answer("commit a1", "late");
    world_http_image();
    world_answer("commit a2", "stale");
    world_http(502, "");
    assert_story("200 image", "commit a1 done +1: late", "502 ",
                 "commit a2 retry retry transient +1: stale");
    assert_int_equal(worker->stats.late_successes, 1);
    assert_int_equal(worker->stats.late_failures, 1);
    assert_int_equal(worker->stats.retries, 0);
    flow_close();
}

static void a_lease_that_begin_finds_lost_is_renewed_at_once(void **state)
{
    (void)state;
    flow_open(NULL);
    world_answer("begin a1", "lost");
    flow_push("jobs", "a1", "");
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: lost", "register: ok", "return jobs: 1",
                 "claim jobs: {a1}", "begin a1: ok", "sent a1 1: yes", call);
    world_http_image();
    flow_close();
}

static void two_queues_lose_their_lease_once(void **state)
{
    (void)state;
    struct worker *worker = flow_open((const char *const[]){"queue.names=first,second", NULL});
    world_answer("lease", "lapsed");
    world_answer("lease", "lapsed");
    world_pass(2600);
    assert_story("lease: lapsed", "lease: lapsed", "register: ok", "register: ok");
    assert_true(worker->served[0].registered && worker->served[1].registered);
    flow_close();
}

static void an_unexpected_element_sends_the_claims_back(void **state)
{
    (void)state;
    flow_open(NULL);
    world_answer("begin a1", "mismatch");
    flow_push("jobs", "a1", "");
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: mismatch", "return jobs: 1", "claim jobs: {a1}",
                 "begin a1: ok", "sent a1 1: yes", call);
    world_http_image();
    flow_close();
}

static void a_refused_claim_is_asked_for_once_a_second(void **state)
{
    (void)state;
    struct worker *worker = flow_open(NULL);
    world_refuse("jobs:low", "WRONGTYPE Operation against a key holding the wrong kind of value");
    world_pass(10000);
    assert_in_range(worker->stats.redis_errors, 1, 20);
    flow_push("jobs", "a1", "");
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: ok", "sent a1 1: yes", call);
    world_http_image();
    flow_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_answer_of_begin_is_asked_for_again_in_order),
        cmocka_unit_test(a_lost_claim_goes_back_before_anything_else_is_claimed),
        cmocka_unit_test(no_call_is_made_before_its_mark_is_acknowledged),
        cmocka_unit_test(a_result_waits_for_redis_and_is_committed_once),
        cmocka_unit_test(a_deadline_that_passes_while_the_mark_is_asked_is_kept),
        cmocka_unit_test(a_mark_that_is_refused_frees_the_slot),
        cmocka_unit_test(a_lapsed_lease_is_followed_by_a_fresh_one),
        cmocka_unit_test(a_lease_that_begin_finds_lost_is_renewed_at_once),
        cmocka_unit_test(two_queues_lose_their_lease_once),
        cmocka_unit_test(an_unexpected_element_sends_the_claims_back),
        cmocka_unit_test(a_refused_claim_is_asked_for_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
