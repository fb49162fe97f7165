/* Script calls put together: what goes where, and what does not fit. */
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "queue/call.h"
#include "queue/claim.h"
#include "queue/control.h"
#include "queue/health.h"
#include "wire/mpack.h"

static struct scripts scripts;
static struct queue_name queue;
static struct call call;

static int setup(void **state)
{
    (void)state;
    struct err err = {0};
    assert_ok(scripts_init(&scripts, &err), &err);
    assert_ok(queue_name_init(&queue, "rt", "default", &err), &err);
    call_init(&call, &scripts);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    call_done(&call);
    scripts_done(&scripts);
    return 0;
}

/* "key key | argument argument" */
static void assert_call(const char *wanted)
{
    const struct slice *slices;
    size_t keys;
    size_t count;
    struct err err = {0};
    struct buf text;
    buf_init(&text, 1 << 20);
    assert_ok(call_finish(&call, &slices, &keys, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        const char *gap = i == 0 ? "" : i == keys ? " | " : " ";
        assert_int_equal(buf_printf(&text, "%s%.*s", gap, SLICE_ARG(slices[i])), 0);
    }
    assert_string_equal(buf_cstr(&text), wanted);
    buf_done(&text);
}

static void keys_come_first_then_texts_numbers_and_slices(void **state)
{
    (void)state;
    call_open(&call, SCRIPT_sent, &queue);
    call_key(&call, KEY_JOB, "a1");
    call_key(&call, KEY_PAUSED, NULL);
    call_arg_text(&call, "a1");
    call_arg_int(&call, INT64_MIN);
    call_arg_slice(&call, slice_text("bytes"));
    call_field_int(&call, "step", 3);
    assert_call("rt:{default}:job:a1 rt:{default}:paused | a1 -9223372036854775808 bytes step 3");
    call_open(&call, SCRIPT_sent, &queue); /* used again: nothing is left of the first */
    call_key(&call, KEY_ENV, "b");
    assert_call("rt:{default}:env:b");
}

static void counters_go_to_the_total_and_to_the_minute(void **state)
{
    (void)state;
    call_open(&call, SCRIPT_sent, &queue);
    call_stats_keys(&call, INT64_C(1772704800123));
    assert_call("rt:{default}:stats rt:{default}:stats:202603051000");
}

static void made_texts_survive_the_growth_of_their_buffer(void **state)
{
    (void)state;
    const struct slice *slices;
    size_t keys;
    size_t count;
    struct err err = {0};
    call_open(&call, SCRIPT_promote, &queue);
    for (int i = 0; i < 2000; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "job-%d", i);
        call_arg_made(&call, id);
    }
    assert_ok(call_finish(&call, &slices, &keys, &count, &err), &err);
    assert_int_equal(count, 2000);
    assert_true(slice_is(slices[0], "job-0"));
    assert_true(slice_is(slices[1999], "job-1999"));
}

static void a_call_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    static char text[10000];
    const struct slice *slices = NULL;
    size_t keys = 0;
    size_t count = 0;
    struct err err = {0};
    memset(text, 'x', sizeof text - 1);
    call_open(&call, SCRIPT_promote, &queue);
    for (int i = 0; i < 200; i++) {
        call_arg_made(&call, text);
    }
    assert_fails(call_finish(&call, &slices, &keys, &count, &err), ERR_TOO_BIG);
    assert_null(slices);
    assert_string_equal(err.msg, "script promote: call does not fit");
}

/* keys */

static void names_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "A",    "-a",
                                      "a b", "a{b}", "abcdefghijklmnopqrstuvwxyz1234567"};
    struct queue_name name;
    struct err err = {0};
    assert_ok(queue_name_init(&name, "rt", "abcdefghijklmnopqrstuvwxyz123456", &err), &err);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_fails(queue_name_init(&name, "rt", bad[i], &err), ERR_INVALID);
    }
    assert_fails(queue_name_init(&name, "r{t", "a", &err), ERR_INVALID);
    assert_fails(queue_name_init(&name, "abcdefghijklmnopqrstuvwxyz1234567", "a", &err),
                 ERR_INVALID);
}

static void the_longest_key_fits(void **state)
{
    (void)state;
    struct queue_name name;
    struct err err = {0};
    char suffix[129];
    char key[KEY_MAX];
    memset(suffix, 'x', 128);
    suffix[128] = '\0';
    assert_ok(queue_name_init(&name, "abcdefghijklmnopqrstuvwxyz123456",
                              "abcdefghijklmnopqrstuvwxyz123456", &err),
              &err);
    for (int kind = 0; kind < KEY_COUNT; kind++) {
        assert_in_range(key_format(&name, (enum key_kind)kind, suffix, key).len, 1, KEY_MAX - 1);
    }
}

static void priorities_have_their_inboxes_and_claim_lists(void **state)
{
    (void)state;
    enum priority priority;
    struct err err = {0};
    char text[KEY_MAX];
    assert_ok(priority_parse("low", &priority, &err), &err);
    assert_int_equal(priority_inbox(priority), KEY_JOBS_LOW);
    assert_string_equal(priority_claim_suffix(priority, "w", text), "w:low");
    assert_string_equal(priority_claim_suffix(PRIORITY_NORMAL, "w", text), "w");
    assert_fails(priority_parse("urgent", &priority, &err), ERR_INVALID);
}

/* what is rejected */

static void the_head_of_a_rejected_element_is_msgpack_with_it(void **state)
{
    (void)state;
    static const char *const reasons[] = {"no job", "", "quotes \" and\ncontrols"};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        uint8_t entry[CLAIM_HEAD_MAX + 5];
        struct slice value;
        struct err err = {0};
        size_t measured = 0;
        size_t len = claim_rejected_head(entry, INT64_C(1700000000123), reasons[i], 5);
        memcpy(entry + len, "\x00junk", 5);
        struct slice whole = slice_of(entry, len + 5);
        assert_ok(mpack_measure(whole, &measured, &err), &err);
        assert_int_equal(measured, whole.len);
        assert_true(mpack_find_encoded(whole, "element", &value));
        assert_memory_equal(value.ptr + 5, "\x00junk", 5);
        assert_true(mpack_find_encoded(whole, "at_ms", &value));
        assert_memory_equal(value.ptr, "\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x7b", 9);
    }
}

static void a_long_reason_is_cut(void **state)
{
    (void)state;
    char reason[4 * CLAIM_REASON_MAX];
    uint8_t head[CLAIM_HEAD_MAX];
    memset(reason, '"', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    assert_in_range(claim_rejected_head(head, 1, reason, 1), CLAIM_REASON_MAX / 2, CLAIM_HEAD_MAX);
}

/* control */

static void control_messages_are_known_or_ignored(void **state)
{
    (void)state;
    struct control control = control_read(slice_text("cancel a-1.b_2"));
    assert_int_equal(control.kind, CONTROL_CANCEL);
    assert_string_equal(control.id, "a-1.b_2");
    assert_int_equal(control_read(slice_text("pause")).kind, CONTROL_LOOK);
    assert_int_equal(control_read(slice_text("resume")).kind, CONTROL_LOOK);
    static const char *const other[] = {"",           "cancel", "cancel ",
                                        "cancel a b", "PAUSE",  "drain all"};
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        assert_int_equal(control_read(slice_text(other[i])).kind, CONTROL_OTHER);
    }
}

/* health */

static void a_server_fit_for_jobs_has_no_warning(void **state)
{
    (void)state;
    struct health health;
    health_read(&health,
                slice_text("# Memory\r\nused_memory:100\r\nmaxmemory:0\r\n"
                           "maxmemory_policy:noeviction\r\n# Persistence\r\naof_enabled:1\r\n"),
                slice_text(""));
    for (size_t i = 0; i < HEALTH_COUNT; i++) {
        assert_false(health.warn[i]);
    }
}

static void what_endangers_jobs_is_warned_of(void **state)
{
    (void)state;
    struct health health;
    health_read(&health,
                slice_text("used_memory:950\r\nmaxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n"
                           "aof_enabled:0\r\n"),
                slice_text(""));
    assert_true(health.warn[HEALTH_POLICY]);
    assert_string_equal(health.detail[HEALTH_POLICY], "allkeys-lru");
    assert_true(health.warn[HEALTH_MEMORY]);
    assert_true(health.warn[HEALTH_PERSISTENCE]);
    health_read(&health, slice_text("aof_enabled:0"), slice_text("3600 1"));
    assert_false(health.warn[HEALTH_PERSISTENCE]);
    assert_string_equal(health.detail[HEALTH_PERSISTENCE], "snapshots only");
    health_read(&health, slice_of(NULL, 0), slice_text("unknown"));
    assert_false(health.warn[HEALTH_POLICY] || health.warn[HEALTH_MEMORY]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_first_then_texts_numbers_and_slices),
        cmocka_unit_test(counters_go_to_the_total_and_to_the_minute),
        cmocka_unit_test(made_texts_survive_the_growth_of_their_buffer),
        cmocka_unit_test(a_call_that_does_not_fit_is_an_error),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(the_longest_key_fits),
        cmocka_unit_test(priorities_have_their_inboxes_and_claim_lists),
        cmocka_unit_test(the_head_of_a_rejected_element_is_msgpack_with_it),
        cmocka_unit_test(a_long_reason_is_cut),
        cmocka_unit_test(control_messages_are_known_or_ignored),
        cmocka_unit_test(a_server_fit_for_jobs_has_no_warning),
        cmocka_unit_test(what_endangers_jobs_is_warned_of),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
