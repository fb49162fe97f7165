/* The story of one job, from its element to its commit. */
#include <stdio.h>
#include <string.h>

#include "lib/flow.h"

static void a_raw_envelope_is_called_and_committed(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: ok", "sent a1 1: yes",
                 "POST /v1/EmojMaterialH5 (timeout 60 s)");
    world_http_image();
    assert_story("200 image", "commit a1 done +1: done");
    flow_close();
}

static void a_bare_id_brings_its_envelope_from_redis(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push_id("jobs", "a1", ",\"timeout_ms\":5000");
    world_settle();
    assert_story("claim jobs: a1", "begin a1: ok", "sent a1 1: yes",
                 "POST /v1/EmojMaterialH5 (timeout 5 s)");
    world_http_image();
    assert_story("200 image", "commit a1 done +1: done");
    flow_close();
}

static void an_element_that_is_no_job_is_rejected(void **state)
{
    (void)state;
    flow_open(NULL);
    world_push("jobs", slice_text("~~~"));
    world_push("jobs", slice_text("{\"id\":7}"));
    world_settle();
    assert_story("claim jobs: 3 bytes", "reject 3 bytes: done", "claim jobs: 8 bytes",
                 "reject 8 bytes: done");
    flow_close();
}

static void a_duplicate_is_dropped(void **state)
{
    (void)state;
    flow_open(NULL);
    world_answer("begin a1", "duplicate");
    flow_push("jobs", "a1", "");
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: duplicate");
    flow_close();
}

static void an_id_without_an_envelope_is_no_job(void **state)
{
    (void)state;
    struct worker *worker = flow_open(NULL);
    world_answer("begin a1", "missing");
    world_push("jobs", slice_text("a1"));
    world_settle();
    assert_story("claim jobs: a1", "begin a1: missing");
    assert_int_equal(worker->stats.rejected, 1);
    flow_close();
}

static void what_is_not_allowed_is_dead_before_any_call(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", ",\"colour\":1");
    flow_push_id("jobs", "a2", ",\"params\":{\"version\":\"\"}");
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: ok", "claim jobs: a2",
                 "commit a1 dead invalid: done", "begin a2: ok", "commit a2 dead invalid: done");
    flow_close();
}

static void an_image_behind_a_key_is_loaded_after_begin(void **state)
{
    (void)state;
    struct worker *worker = flow_open(NULL);
    world_store("photo:1", world_photo());
    world_push("jobs", slice_text("{\"id\":\"a1\",\"effect\":\"emoji\","
                                  "\"image\":{\"key\":\"photo:1\"}}"));
    world_push("jobs", slice_text("{\"id\":\"a2\",\"effect\":\"emoji\","
                                  "\"image\":{\"key\":\"photo:2\"}}"));
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: ok", "claim jobs: {a2}", "GET photo:1: 84294 bytes",
                 "begin a2: ok", "GET photo:2: nothing", "sent a1 1: yes",
                 "POST /v1/EmojMaterialH5 (timeout 60 s)", "commit a2 dead invalid: done");
    world_http_image();
    assert_story("200 image", "commit a1 done +1: done");
    assert_true(worker->bytes_held == 0);
    flow_close();
}

static void a_result_behind_a_url_is_fetched(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    (void)world_trace();
    world_http_link("https://r.example/a.jpg?s=a+b");
    world_http_fail(ERR_RESET, true);
    world_pass(1000);
    world_http_bytes(world_photo());
    assert_story("200 link", "GET /a.jpg (timeout 60 s)", "reset, body sent",
                 "GET /a.jpg (timeout 60 s)", "200 84294 bytes", "commit a1 done +1: done");
    flow_close();
}

static void a_result_that_cannot_be_had_is_not_paid_for_again(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    world_http_link("https://r.example/a.jpg");
    (void)world_trace();
    for (int i = 0; i < 5; i++) {
        world_http(404, "gone");
        world_pass(10000);
    }
    assert_story("404 gone", "GET /a.jpg (timeout 60 s)", "404 gone", "GET /a.jpg (timeout 60 s)",
                 "404 gone", "GET /a.jpg (timeout 60 s)", "404 gone", "GET /a.jpg (timeout 60 s)",
                 "404 gone", "commit a1 dead network +1: done");
    flow_close();
}

static void only_the_url_is_kept_where_the_job_says_so(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", ",\"store\":\"url\"");
    world_settle();
    (void)world_trace();
    world_http_link("https://r.example/a.jpg");
    assert_story("200 link", "commit a1 done +1: done");
    flow_close();
}

static void a_failure_that_may_pass_is_scheduled_with_back_off(void **state)
{
    (void)state;
    flow_open(NULL);
    world_answer("begin a1", "ok 3 3 0 0");
    flow_push("jobs", "a1", "");
    world_settle();
    (void)world_trace();
    world_http(502, "");
    assert_story("502 ", "commit a1 retry retry transient +1: done");
    assert_in_range(world_delay_ms(), 0, 8000);
    flow_close();
}

static void the_last_attempt_ends_the_job(void **state)
{
    (void)state;
    flow_open(NULL);
    world_answer("begin a1", "ok 7 7 0 0");
    flow_push("jobs", "a1", "");
    world_settle();
    (void)world_trace();
    world_http(502, "");
    assert_story("502 ", "commit a1 dead transient +1: done");
    flow_close();
}

static void what_was_not_sent_uses_no_attempt(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    (void)world_trace();
    world_http_fail(ERR_REFUSED, false);
    assert_story("refused, body not sent", "commit a1 retry retry network unsent: done");
    flow_close();
}

static void an_unknown_outcome_is_repeated_once(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    world_http_fail(ERR_RESET, true);
    world_answer("begin a2", "ok 1 1 1 0");
    flow_push("jobs", "a2", "");
    world_settle();
    world_http_fail(ERR_TIMEOUT, true);
    assert_story("claim jobs: {a1}", "begin a1: ok", "sent a1 1: yes",
                 "POST /v1/EmojMaterialH5 (timeout 60 s)", "reset, body sent",
                 "commit a1 retry retry unknown_outcome +1: done", "claim jobs: {a2}",
                 "begin a2: ok 1 1 1 0", "sent a2 1: yes", "POST /v1/EmojMaterialH5 (timeout 60 s)",
                 "timeout, body sent", "commit a2 unknown timeout +1: done");
    flow_close();
}

static void a_lost_worker_s_request_counts_as_unknown(void **state)
{
    (void)state;
    flow_open(NULL);
    world_answer("begin a1", "ok 2 2 2 0");
    flow_push_id("jobs", "a1", "");
    world_settle();
    assert_story("claim jobs: a1", "begin a1: ok 2 2 2 0", "commit a1 unknown lost_worker: done");
    flow_close();
}

static void a_throttle_makes_the_whole_credential_wait(void **state)
{
    (void)state;
    flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    (void)world_trace();
    world_http(429, "");
    flow_push("jobs", "a2", "");
    world_pass(400);
    assert_story("429 ", "commit a1 retry limit throttled: done", "claim jobs: {a2}");
    assert_in_range(world_delay_ms(), 500, 3000);
    world_pass(2000);
    world_http_image();
    assert_story("return jobs: 1", "claim jobs: {a2}", "begin a2: ok", "sent a2 1: yes",
                 "POST /v1/EmojMaterialH5 (timeout 60 s)", "200 image", "commit a2 done +1: done");
    flow_close();
}

static void a_block_parks_what_waits(void **state)
{
    (void)state;
    flow_open((const char *const[]){"worker.concurrency=2", NULL});
    flow_push("jobs", "a1", "");
    flow_push("jobs", "a2", "");
    flow_push("jobs", "a3", "");
    world_settle();
    (void)world_trace();
    assert_int_equal(world_calls(), 2);
    world_http(403, "{\"ErrorCode\":90002,\"ErrorMsg\":\"no such key\"}");
    world_http(403, "{\"ErrorCode\":90002,\"ErrorMsg\":\"no such key\"}");
    assert_story("403 {\"ErrorCode\":90002,\"ErrorMsg\":\"no such key\"}",
                 "commit a1 retry credential blocked: done",
                 "403 {\"ErrorCode\":90002,\"ErrorMsg\":\"no such key\"}",
                 "commit a2 retry credential blocked: done");
    assert_true(world_delay_ms() >= 60000 - 1);
    world_pass(59000);
    assert_int_equal(world_calls(), 0);
    world_pass(2000);
    assert_int_equal(world_calls(), 1); /* the probe */
    world_http_image();
    flow_close();
}

static void a_job_that_is_not_due_is_parked(void **state)
{
    (void)state;
    char fields[64];
    flow_open(NULL);
    (void)snprintf(fields, sizeof fields, ",\"not_before_ms\":%lld",
                   (long long)world_unix_ms() + 90000);
    flow_push("jobs", "a1", fields);
    world_settle();
    assert_story("claim jobs: {a1}", "begin a1: ok", "commit a1 retry delay: done");
    assert_in_range(world_delay_ms(), 90000, 90010); /* never too early */
    flow_close();
}

static void a_deadline_ends_a_job_that_waits(void **state)
{
    (void)state;
    char fields[64];
    struct worker *worker = flow_open(NULL);
    flow_push("jobs", "a1", "");
    world_settle();
    world_answer("begin a2", "lost!");
    (void)snprintf(fields, sizeof fields, ",\"deadline_ms\":%lld",
                   (long long)world_unix_ms() + 200);
    flow_push("jobs", "a2", fields);
    world_settle();
    world_http(429, ""); /* the credential waits when a2 is begun */
    world_find_redis();
    assert_int_equal(worker->waiting.len, 1);
    (void)world_trace();
    world_pass(500);
    assert_story("commit a2 expired: done");
    flow_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_raw_envelope_is_called_and_committed),
        cmocka_unit_test(a_bare_id_brings_its_envelope_from_redis),
        cmocka_unit_test(an_element_that_is_no_job_is_rejected),
        cmocka_unit_test(a_duplicate_is_dropped),
        cmocka_unit_test(an_id_without_an_envelope_is_no_job),
        cmocka_unit_test(what_is_not_allowed_is_dead_before_any_call),
        cmocka_unit_test(an_image_behind_a_key_is_loaded_after_begin),
        cmocka_unit_test(a_result_behind_a_url_is_fetched),
        cmocka_unit_test(a_result_that_cannot_be_had_is_not_paid_for_again),
        cmocka_unit_test(only_the_url_is_kept_where_the_job_says_so),
        cmocka_unit_test(a_failure_that_may_pass_is_scheduled_with_back_off),
        cmocka_unit_test(the_last_attempt_ends_the_job),
        cmocka_unit_test(what_was_not_sent_uses_no_attempt),
        cmocka_unit_test(an_unknown_outcome_is_repeated_once),
        cmocka_unit_test(a_lost_worker_s_request_counts_as_unknown),
        cmocka_unit_test(a_throttle_makes_the_whole_credential_wait),
        cmocka_unit_test(a_block_parks_what_waits),
        cmocka_unit_test(a_job_that_is_not_due_is_parked),
        cmocka_unit_test(a_deadline_ends_a_job_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
