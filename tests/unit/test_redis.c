#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "lib/fake_peer.h"
#include "lib/redis_pair.h"
#include "lib/unit.h"

/* Serving. */

static void a_ready_connection_answers_ping(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked asked;
    redis_pair_open(&pair);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("PING")), 0);
    assert_true(slice_is(buf_view(&asked.text), "PONG"));
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("CLIENT", "GETNAME")), 0);
    assert_true(slice_is(buf_view(&asked.text), "test"));
    asked_done(&asked);
    redis_pair_done(&pair);
}

static void a_thousand_answers_come_in_order(void **state)
{
    (void)state;

    enum {
        MANY = 1000
    };
    struct redis_pair pair;
    redis_pair_open(&pair);
    struct asked *asked = mem_zalloc(MANY, sizeof(*asked));
    assert_non_null(asked);
    for (size_t i = 0; i < MANY; i++) {
        redis_bed_send(&pair.bed, &asked[i], WORDS("INCR", "n"));
    }
    assert_true(redis_backlog_bytes(pair.bed.redis) > MANY);
    redis_bed_wait(&pair.bed, &asked[MANY - 1].answers, 1);
    assert_int_equal(redis_backlog_bytes(pair.bed.redis), 0);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(asked[i].kind, REDIS_INT);
        assert_int_equal(asked[i].number, i + 1);
        asked_done(&asked[i]);
    }
    mem_free(asked);
    redis_pair_done(&pair);
}

static void eight_megabytes_go_there_and_back(void **state)
{
    (void)state;

    enum {
        BIG = 8 * 1024 * 1024
    };
    struct redis_pair pair;
    struct asked set;
    struct asked get;
    struct err err = {.code = 0};
    redis_pair_open(&pair);
    uint8_t *bytes = mem_alloc(BIG);
    assert_non_null(bytes);
    for (size_t i = 0; i < BIG; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    const struct slice args[] = {slice_text("SET"), slice_text("big"), slice_of(bytes, BIG)};
    asked_init(&set);
    assert_ok(redis_send(pair.bed.redis, &set.request, args, 3, &err), &err);
    redis_bed_send(&pair.bed, &get, WORDS("GET", "big"));
    redis_bed_wait(&pair.bed, &get.answers, 1);
    assert_true(slice_is(buf_view(&set.text), "OK"));
    assert_true(slice_equal(buf_view(&get.text), slice_of(bytes, BIG)));
    asked_done(&set);
    asked_done(&get);
    mem_free(bytes);
    redis_pair_done(&pair);
}

static void empty_nil_and_binary_values_are_told_apart(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked asked;
    redis_pair_open(&pair);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("GET", "none")), 0);
    assert_int_equal(asked.kind, REDIS_NIL);
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("SET", "empty", "")), 0);
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("GET", "empty")), 0);
    assert_int_equal(asked.kind, REDIS_TEXT);
    assert_int_equal(asked.text.len, 0);
    asked_done(&asked);
    redis_pair_done(&pair);
}

static void the_database_of_the_url_is_selected(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked asked;
    redis_pair_init(&pair, "?db=3");
    redis_server_start(&pair.server);
    redis_bed_open(&pair.bed);
    redis_bed_wait_ready(&pair.bed);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("CLIENT", "INFO")), 0);
    assert_non_null(memmem(asked.text.ptr, asked.text.len, " db=3 ", 6));
    asked_done(&asked);
    redis_pair_done(&pair);
}

/* Scripts. */

static struct redis_script adder = {
    .name = "adder",
    .source = "return redis.call('INCRBY', KEYS[1], ARGV[1])",
};

static void call_adder(struct redis_pair *pair, struct asked *asked, struct slice by)
{
    struct err err = {.code = 0};
    const struct slice keys[] = {slice_text("sum")};
    asked_init(asked);
    assert_ok(redis_call(pair->bed.redis, &asked->request, &adder, REDIS_ARGS(keys),
                         (struct redis_args){.items = &by, .count = 1}, &err),
              &err);
}

static void pair_open_with_adder(struct redis_pair *pair)
{
    static struct redis_script *const scripts[] = {&adder};
    assert_int_equal(redis_script_init(&adder), 0);
    redis_pair_init(pair, "");
    pair->bed.options.scripts = scripts;
    pair->bed.options.script_count = 1;
    redis_server_start(&pair->server);
    redis_bed_open(&pair->bed);
    redis_bed_wait_ready(&pair->bed);
}

static void a_script_survives_a_flushed_cache(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked before;
    struct asked flush;
    struct asked after[3];
    pair_open_with_adder(&pair);
    call_adder(&pair, &before, slice_text("1"));
    redis_bed_send(&pair.bed, &flush, WORDS("SCRIPT", "FLUSH"));
    for (size_t i = 0; i < N_ELEMENTS(after); i++) {
        call_adder(&pair, &after[i], slice_text("10"));
    }
    redis_bed_wait(&pair.bed, &after[2].answers, 1);
    assert_int_equal(before.number, 1);
    for (size_t i = 0; i < N_ELEMENTS(after); i++) {
        assert_int_equal(after[i].err.code, 0);
        assert_int_equal(after[i].number, 11 + 10 * i); /* in order, each once */
        asked_done(&after[i]);
    }
    asked_done(&before);
    asked_done(&flush);
    redis_pair_done(&pair);
}

static void a_large_call_brings_its_source(void **state)
{
    (void)state;

    enum {
        LARGE = 100 * 1024
    };
    struct redis_pair pair;
    struct asked flush;
    struct asked call;
    pair_open_with_adder(&pair);
    char *padded = mem_alloc(LARGE);
    assert_non_null(padded);
    memset(padded, 'x', LARGE);
    redis_bed_send(&pair.bed, &flush, WORDS("SCRIPT", "FLUSH"));
    call_adder(&pair, &call, slice_of(padded, LARGE));
    redis_bed_wait(&pair.bed, &call.answers, 1);
    assert_int_equal(call.err.code, ERR_REPLY); /* ran, and found the number wanting */
    assert_part(call.err.msg, "not an integer");
    asked_done(&flush);
    asked_done(&call);
    mem_free(padded);
    redis_pair_done(&pair);
}

/* A subscriber, and a second connection beside it. */

static void a_subscriber_hears_messages_and_notices_silence(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct redis_bed ear;
    struct asked asked;
    char url[160];
    redis_pair_open(&pair);
    (void)snprintf(url, sizeof(url), "unix://%s", pair.server.path);
    redis_bed_init(&ear, url);
    ear.options.subscribe = "news";
    ear.options.patience_ms = 600;
    redis_bed_open(&ear);
    redis_bed_wait_ready(&ear);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("PUBLISH", "news", "drain")), 0);
    assert_int_equal(asked.number, 1);
    asked_done(&asked);
    redis_bed_wait(&ear, &ear.messages, 1);
    assert_string_equal(ear.message, "drain");
    for (unsigned beats = 0; beats < 6; beats++) { /* a few heartbeats: it stays */
        loop_run_once(ear.loop, true);
    }
    assert_int_equal(ear.downs, 0);
    assert_int_equal(kill(pair.server.pid, SIGSTOP), 0);
    redis_bed_wait_down(&ear);
    assert_part(ear.reason, "no sign of life");
    assert_int_equal(kill(pair.server.pid, SIGCONT), 0);
    redis_bed_wait_ready(&ear);
    redis_bed_done(&ear);
    redis_pair_done(&pair);
}

static void a_blocked_move_is_unblocked_by_the_client_id(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct redis_bed other;
    struct asked move;
    struct asked unblock;
    char text[160];
    redis_pair_open(&pair);
    (void)snprintf(text, sizeof(text), "unix://%s", pair.server.path);
    redis_bed_init(&other, text);
    redis_bed_open(&other);
    redis_bed_wait_ready(&other);
    redis_bed_send(&pair.bed, &move, WORDS("BLMOVE", "a", "b", "RIGHT", "LEFT", "0"));
    (void)snprintf(text, sizeof(text), "%lld", (long long)redis_client_id(pair.bed.redis));
    do { /* until the move has reached the server */
        loop_run_once(pair.bed.loop, false);
        assert_int_equal(redis_bed_ask(&other, &unblock, WORDS("CLIENT", "UNBLOCK", text)), 0);
        asked_done(&unblock);
    } while (unblock.number == 0);
    redis_bed_wait(&pair.bed, &move.answers, 1);
    assert_int_equal(move.kind, REDIS_NIL);
    asked_done(&move);
    redis_bed_done(&other);
    redis_pair_done(&pair);
}

/* Errors. */

static void out_of_memory_fails_the_request_alone(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked asked;
    redis_pair_open(&pair);
    unsigned downs = pair.bed.downs; /* while the server started */
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("CONFIG", "SET", "maxmemory", "1")), 0);
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("SET", "k", "v")), ERR_UNAVAILABLE);
    assert_part(asked.err.msg, "OOM");
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("PING")), 0);
    asked_done(&asked);
    assert_int_equal(pair.bed.downs, downs);
    redis_pair_done(&pair);
}

static void a_master_turned_replica_is_waited_for(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked asked;
    char port[16];
    redis_pair_open(&pair);
    (void)snprintf(port, sizeof(port), "%u", fake_peer_closed_port());
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("REPLICAOF", "127.0.0.1", port)), 0);
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("SET", "k", "v")), ERR_UNAVAILABLE);
    assert_part(asked.err.msg, "READONLY");
    asked_done(&asked);
    while (strstr(pair.bed.reason, "read-only replica") == NULL) {
        loop_run_once(pair.bed.loop, true);
    }
    assert_int_equal(pair.bed.readies, 1);
    redis_pair_done(&pair);
}

static void any_other_error_is_redis_own_text(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked asked;
    redis_pair_open(&pair);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("NOSUCH")), ERR_REPLY);
    assert_part(asked.err.msg, "unknown command");
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("EVALSHA", "00", "0")), ERR_REPLY);
    asked_done(&asked);
    redis_pair_done(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ready_connection_answers_ping),
        cmocka_unit_test(a_thousand_answers_come_in_order),
        cmocka_unit_test(eight_megabytes_go_there_and_back),
        cmocka_unit_test(empty_nil_and_binary_values_are_told_apart),
        cmocka_unit_test(the_database_of_the_url_is_selected),
        cmocka_unit_test(a_script_survives_a_flushed_cache),
        cmocka_unit_test(a_large_call_brings_its_source),
        cmocka_unit_test(a_subscriber_hears_messages_and_notices_silence),
        cmocka_unit_test(a_blocked_move_is_unblocked_by_the_client_id),
        cmocka_unit_test(out_of_memory_fails_the_request_alone),
        cmocka_unit_test(a_master_turned_replica_is_waited_for),
        cmocka_unit_test(any_other_error_is_redis_own_text),
    };
    return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
