/* What the scripts are asked: keys and arguments, as one line each. */
#include <string.h>

#include "lib/unit.h"
#include "queue/begin.h"
#include "queue/claim.h"
#include "queue/commit.h"
#include "queue/lease.h"
#include "queue/sweep.h"

static struct scripts scripts;
static struct queue_name queue;
static struct call call;
static struct buf asked;
static struct redis_request request;

/* Stand for src/io/redis_command.c: the question is written down. */

static void write_down(const struct slice *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *gap = asked.len > 0 ? " " : "";
        struct slice item = items[i];
        if (slice_starts(item, "rt:{q}:")) {
            item = slice_of(item.ptr + 7, item.len - 7);
        }
        const char *mark = item.len == 0 ? "''" : "";
        if (item.len > 0 && memchr(item.ptr, '\0', item.len) != NULL) {
            item = slice_text("(binary)");
        }
        assert_int_equal(buf_printf(&asked, "%s%s%.*s", gap, mark, SLICE_ARG(item)), 0);
    }
}

int redis_send(struct redis *redis,
               struct redis_request *sent,
               const struct slice *args,
               size_t count,
               struct err *err)
{
    (void)redis;
    (void)sent;
    (void)err;
    write_down(args, count);
    return 0;
}

int redis_call(struct redis *redis,
               struct redis_request *sent,
               const struct redis_script *script,
               struct redis_args keys,
               struct redis_args args,
               struct err *err)
{
    (void)redis;
    (void)sent;
    (void)err;
    assert_int_equal(buf_append_text(&asked, script->name), 0);
    write_down(keys.items, keys.count);
    assert_int_equal(buf_append_text(&asked, " |"), 0);
    write_down(args.items, args.count);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    struct err err = {0};
    assert_ok(scripts_init(&scripts, &err), &err);
    assert_ok(queue_name_init(&queue, "rt", "q", &err), &err);
    call_init(&call, &scripts);
    buf_init(&asked, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_done(&asked);
    call_done(&call);
    scripts_done(&scripts);
    return 0;
}

static void assert_asked(const char *wanted)
{
    assert_string_equal(buf_cstr(&asked), wanted);
    buf_clear(&asked);
}

static const struct inbox high = {.queue = &queue, .priority = PRIORITY_HIGH};

static void claims_move_from_right_to_left(void **state)
{
    (void)state;
    struct err err = {0};
    assert_ok(claim_ask(NULL, &request, &high, "w", &err), &err);
    assert_asked("LMOVE jobs:high claim:w:high RIGHT LEFT");
    assert_ok(claim_wait(NULL, &request, &high, "w", 1500, 5000, &err), &err);
    assert_asked("BLMOVE jobs:high claim:w:high RIGHT LEFT 1.500");
    assert_int_equal(request.patience_ms, 6500);
    assert_ok(claim_return(&call, NULL, &request, &high, "w", &err), &err);
    assert_asked("unclaim claim:w:high jobs:high |");
}

static void the_sent_mark_names_job_fence_sequence_and_call(void **state)
{
    (void)state;
    struct err err = {0};
    struct sent sent = {
        .queue = &queue, .worker = "w", .id = "a1", .fence = 2, .sequence = 7, .call_number = 3};
    assert_ok(sent_send(&call, NULL, &request, &sent, &err), &err);
    assert_asked("sent job:a1 active:w | a1 2 7 3");
}

static void a_lease_brings_counters_before_fields(void **state)
{
    (void)state;
    struct err err = {0};
    struct lease lease = {
        .queue = &queue,
        .worker = "w",
        .lease_ms = 10000,
        .register_worker = true,
        .fields = {{"host", "h"}},
        .field_count = 1,
        .counters = {{"calls_ok", 5}},
        .counter_count = 1,
        .now_unix_ms = INT64_C(1772704800123),
    };
    assert_ok(lease_send(&call, NULL, &request, &lease, &err), &err);
    assert_asked("lease workers worker:w paused stats stats:202603051000 jobs jobs:high jobs:low "
                 "scheduled dead unknown | w 10000 1 1 calls_ok 5 host h");
    struct leave leave = {.queue = &queue, .worker = "w"};
    assert_ok(lease_leave(&call, NULL, &request, &leave, &err), &err);
    assert_asked("leave workers worker:w active:w claim:w claim:w:high claim:w:low jobs jobs:high "
                 "jobs:low | w 1");
}

static void a_sweep_is_bounded(void **state)
{
    (void)state;
    struct err err = {0};
    assert_ok(sweep_send(&call, NULL, &request, &queue, &err), &err);
    assert_asked("sweep workers scheduled | 4 500");
    assert_ok(sweep_list(NULL, &request, &queue, "w", &err), &err);
    assert_asked("HGETALL active:w");
}

/* The words of the question in order, whatever stands between them. */
static void assert_in_order(const char *const *words)
{
    const char *at = buf_cstr(&asked);
    for (; *words != NULL; words++) {
        const char *found = strstr(at, *words);
        if (found == NULL) {
            fail_msg("no \"%s\" after \"%s\"", *words, at);
        }
        at = found + strlen(*words);
    }
    buf_clear(&asked);
}

static void a_commit_has_results_before_fields(void **state)
{
    (void)state;
    struct err err = {0};
    struct commit commit = {
        .queue = &queue,
        .worker = "w",
        .id = "a1",
        .fence = 2,
        .action = OUTCOME_DONE,
        .attempts_add = 1,
        .ttl_ms = 1000,
        .reply_to = "backend",
        .results = {slice_text("IMAGE0"), slice_text("IMAGE1")},
        .result_count = 2,
        .now_unix_ms = INT64_C(1772704800123),
    };
    commit_number(&commit, "step", 1);
    commit_text(&commit, "generate_id", ""); /* left out */
    commit_text(&commit, "meta", "m");
    assert_ok(commit_send(&call, NULL, &request, &commit, &err), &err);
    assert_in_order((const char *const[]){
        "commit job:a1 env:a1 active:w scheduled dead dead:bytes unknown events stats "
        "stats:202603051000 jobs jobs:high jobs:low reply:backend",
        " result:a1 result:a1:1", " | a1 2 done 0 '' 1 0 0 1000 0 1", " 2 IMAGE0 IMAGE1",
        " step 1 meta m", NULL});
}

static void begin_brings_the_entry_for_an_id_that_is_not_stored(void **state)
{
    (void)state;
    struct err err = {0};
    struct begin begin = {
        .inbox = &high,
        .worker = "w",
        .id = "a1",
        .sequence = 7,
        .effect = "",
        .steps = 0,
        .dead_ttl_ms = 5000,
        .reply_to = "",
        .now_unix_ms = INT64_C(1772704800123),
    };
    assert_ok(begin_send(&call, NULL, &request, &begin, &err), &err);
    assert_in_order((const char *const[]){
        "begin claim:w:high job:a1 env:a1 active:w workers paused rejected events stats "
        "stats:202603051000",
        " | w a1 7 0 '' 0 high (binary) 5000 ''", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_move_from_right_to_left),
        cmocka_unit_test(the_sent_mark_names_job_fence_sequence_and_call),
        cmocka_unit_test(a_lease_brings_counters_before_fields),
        cmocka_unit_test(a_sweep_is_bounded),
        cmocka_unit_test(a_commit_has_results_before_fields),
        cmocka_unit_test(begin_brings_the_entry_for_an_id_that_is_not_stored),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
