#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/check.h"
#include "base/mem.h"
#include "lib/fake_peer.h"
#include "lib/redis_bed.h"
#include "lib/redis_server.h"
#include "lib/unit.h"

/* A server that runs and a bed that is set up for it, not open yet. */
struct pair {
    struct redis_server server;
    struct redis_bed bed;
};

static void pair_init(struct pair *pair, const char *query)
{
    char url[160];
    redis_server_init(&pair->server);
    (void)snprintf(url, sizeof(url), "unix://%s%s", pair->server.path, query);
    redis_bed_init(&pair->bed, url);
}

static void pair_open(struct pair *pair)
{
    pair_init(pair, "");
    redis_server_start(&pair->server);
    redis_bed_open(&pair->bed);
    redis_bed_wait_ready(&pair->bed);
}

static void pair_done(struct pair *pair)
{
    redis_bed_done(&pair->bed);
    redis_server_done(&pair->server);
}

static bool has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        print_error("\"%s\" is not in \"%s\"\n", part, text);
    }
    return strstr(text, part) != NULL;
}

/* Serving. */

static void a_ready_connection_answers_ping(void **state)
{
    (void)state;
    struct pair pair;
    struct asked asked;
    pair_open(&pair);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("PING")), 0);
    assert_true(slice_is(buf_view(&asked.text), "PONG"));
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("CLIENT", "GETNAME")), 0);
    assert_true(slice_is(buf_view(&asked.text), "test"));
    asked_done(&asked);
    pair_done(&pair);
}

static void a_thousand_answers_come_in_order(void **state)
{
    (void)state;

    enum {
        MANY = 1000
    };
    struct pair pair;
    pair_open(&pair);
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
    pair_done(&pair);
}

static void eight_megabytes_go_there_and_back(void **state)
{
    (void)state;

    enum {
        BIG = 8 * 1024 * 1024
    };
    struct pair pair;
    struct asked set;
    struct asked get;
    struct err err = {.code = 0};
    pair_open(&pair);
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
    pair_done(&pair);
}

static void empty_nil_and_binary_values_are_told_apart(void **state)
{
    (void)state;
    struct pair pair;
    struct asked asked;
    pair_open(&pair);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("GET", "none")), 0);
    assert_int_equal(asked.kind, REDIS_NIL);
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("SET", "empty", "")), 0);
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("GET", "empty")), 0);
    assert_int_equal(asked.kind, REDIS_TEXT);
    assert_int_equal(asked.text.len, 0);
    asked_done(&asked);
    pair_done(&pair);
}

static void the_database_of_the_url_is_selected(void **state)
{
    (void)state;
    struct pair pair;
    struct asked asked;
    pair_init(&pair, "?db=3");
    redis_server_start(&pair.server);
    redis_bed_open(&pair.bed);
    redis_bed_wait_ready(&pair.bed);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("CLIENT", "INFO")), 0);
    assert_non_null(memmem(asked.text.ptr, asked.text.len, " db=3 ", 6));
    asked_done(&asked);
    pair_done(&pair);
}

/* Scripts. */

static struct redis_script adder = {
    .name = "adder",
    .source = "return redis.call('INCRBY', KEYS[1], ARGV[1])",
};

static void call_adder(struct pair *pair, struct asked *asked, struct slice by)
{
    struct err err = {.code = 0};
    const struct slice keys[] = {slice_text("sum")};
    asked_init(asked);
    assert_ok(redis_call(pair->bed.redis, &asked->request, &adder, REDIS_ARGS(keys),
                         (struct redis_args){.items = &by, .count = 1}, &err),
              &err);
}

static void pair_open_with_adder(struct pair *pair)
{
    static struct redis_script *const scripts[] = {&adder};
    assert_int_equal(redis_script_init(&adder), 0);
    pair_init(pair, "");
    pair->bed.options.scripts = scripts;
    pair->bed.options.script_count = 1;
    redis_server_start(&pair->server);
    redis_bed_open(&pair->bed);
    redis_bed_wait_ready(&pair->bed);
}

static void a_script_survives_a_flushed_cache(void **state)
{
    (void)state;
    struct pair pair;
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
    pair_done(&pair);
}

static void a_large_call_brings_its_source(void **state)
{
    (void)state;

    enum {
        LARGE = 100 * 1024
    };
    struct pair pair;
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
    assert_true(has(call.err.msg, "not an integer"));
    asked_done(&flush);
    asked_done(&call);
    mem_free(padded);
    pair_done(&pair);
}

/* Passwords. */

static void a_right_password_is_let_in(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair, "");
    pair.server.flags[0] = "--requirepass";
    pair.server.flags[1] = "sesame";
    (void)snprintf(pair.bed.url.password, sizeof(pair.bed.url.password), "sesame");
    redis_server_start(&pair.server);
    redis_bed_open(&pair.bed);
    redis_bed_wait_ready(&pair.bed);
    pair_done(&pair);
}

static void a_wrong_password_is_named_but_not_shown(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair, "");
    pair.server.flags[0] = "--requirepass";
    pair.server.flags[1] = "sesame";
    (void)snprintf(pair.bed.url.password, sizeof(pair.bed.url.password), "swordfish");
    redis_server_start(&pair.server);
    redis_bed_open(&pair.bed);
    while (strstr(pair.bed.reason, "AUTH") == NULL) {
        loop_run_once(pair.bed.loop, true);
    }
    assert_true(has(pair.bed.reason, "WRONGPASS"));
    assert_null(strstr(pair.bed.reason, "swordfish"));
    assert_int_equal(redis_state(pair.bed.redis), REDIS_DOWN);
    pair_done(&pair);
}

/* Coming and going. */

static void a_restarted_server_is_found_again(void **state)
{
    (void)state;
    struct pair pair;
    struct asked asked;
    struct asked pending[3];
    struct err err = {.code = 0};
    const struct slice ping = slice_text("PING");
    pair_open(&pair);
    for (size_t i = 0; i < N_ELEMENTS(pending); i++) {
        redis_bed_send(&pair.bed, &pending[i], WORDS("BLPOP", "none", "0"));
    }
    redis_server_stop(&pair.server);
    redis_bed_wait_down(&pair.bed);
    for (size_t i = 0; i < N_ELEMENTS(pending); i++) {
        assert_int_equal(pending[i].err.code, ERR_UNAVAILABLE);
        asked_done(&pending[i]);
    }
    asked_init(&asked);
    assert_fails(redis_send(pair.bed.redis, &asked.request, &ping, 1, &err), ERR_UNAVAILABLE);
    assert_true(has(err.msg, pair.server.path));
    assert_int_equal(redis_client_id(pair.bed.redis), 0);
    redis_server_start(&pair.server);
    redis_bed_wait_ready(&pair.bed);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("PING")), 0);
    asked_done(&asked);
    pair_done(&pair);
}

static void a_reason_is_told_once(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair, "");
    redis_bed_open(&pair.bed);
    redis_bed_wait_down(&pair.bed);
    assert_true(has(pair.bed.reason, "No such file"));
    redis_server_start(&pair.server);
    redis_bed_wait_ready(&pair.bed);
    assert_true(pair.bed.downs <= 2); /* the socket may be there before the server listens */
    pair_done(&pair);
}

static void redial_is_a_failure_on_purpose(void **state)
{
    (void)state;
    struct pair pair;
    struct asked asked;
    pair_open(&pair);
    int64_t id = redis_client_id(pair.bed.redis);
    redis_bed_send(&pair.bed, &asked, WORDS("PING"));
    redis_redial(pair.bed.redis);
    assert_int_equal(asked.answers, 0);
    redis_bed_wait_ready(&pair.bed);
    assert_int_equal(asked.err.code, ERR_UNAVAILABLE);
    assert_true(redis_client_id(pair.bed.redis) > id);
    asked_done(&asked);
    pair_done(&pair);
}

static void closing_cancels_what_is_pending(void **state)
{
    (void)state;
    struct pair pair;
    struct asked pending[2];
    pair_open(&pair);
    redis_bed_send(&pair.bed, &pending[0], WORDS("BLPOP", "none", "0"));
    redis_bed_send(&pair.bed, &pending[1], WORDS("PING"));
    pair_done(&pair);
    for (size_t i = 0; i < N_ELEMENTS(pending); i++) {
        assert_int_equal(pending[i].err.code, ERR_CANCELED);
        asked_done(&pending[i]);
    }
}

static void closing_while_dialing_is_quiet(void **state)
{
    (void)state;
    struct fake_peer peer;
    struct redis_bed bed;
    char url[64];
    fake_peer_start(&peer, NULL);
    (void)snprintf(url, sizeof(url), "redis://localhost:%u", peer.port);
    for (unsigned turns = 0; turns < 4; turns++) {
        redis_bed_init(&bed, url);
        redis_bed_open(&bed);
        for (unsigned i = 0; i < turns; i++) {
            loop_run_once(bed.loop, true);
        }
        redis_bed_done(&bed);
        assert_int_equal(bed.downs, 0);
    }
    fake_peer_stop(&peer);
}

/* Servers that are not what they should be. */

static void refused(const char *url, const char *reason)
{
    struct redis_bed bed;
    redis_bed_init(&bed, url);
    redis_bed_open(&bed);
    redis_bed_wait_down(&bed);
    assert_true(has(bed.reason, reason));
    redis_bed_done(&bed);
}

static void a_refused_port_is_heard_of(void **state)
{
    (void)state;
    char url[64];
    (void)snprintf(url, sizeof(url), "redis://127.0.0.1:%u", fake_peer_closed_port());
    refused(url, "Connection refused");
    (void)snprintf(url, sizeof(url), "redis://localhost:%u", fake_peer_closed_port());
    refused(url, "Connection refused");
}

static void an_unknown_host_is_heard_of(void **state)
{
    (void)state;
    refused("redis://no-such-host.invalid", "redis no-such-host.invalid:6379: ");
}

static void a_dead_socket_is_heard_of(void **state)
{
    (void)state;
    struct redis_server server;
    char url[160];
    redis_server_init(&server);
    redis_server_start(&server);
    (void)snprintf(url, sizeof(url), "unix://%s", server.path);
    struct redis_bed bed;
    redis_bed_init(&bed, url);
    redis_bed_open(&bed);
    redis_bed_wait_ready(&bed);
    redis_bed_done(&bed);
    redis_server_stop(&server); /* killed: the socket's file stays */
    refused(url, "Connection refused");
    redis_server_done(&server);
}

static void talk_to(const char *answer, const char *reason)
{
    struct fake_peer peer;
    char url[64];
    fake_peer_start(&peer, answer);
    (void)snprintf(url, sizeof(url), "redis://127.0.0.1:%u", peer.port);
    refused(url, reason);
    fake_peer_stop(&peer);
}

static void what_is_not_redis_is_told_so(void **state)
{
    (void)state;
    talk_to("HTTP/1.1 400 Bad Request\r\n\r\n", "not a Redis server: ");
    talk_to("220 mail.example ESMTP\r\n", "not a Redis server: ");
    talk_to("+OK ready\r\n", "not a Redis server: ");
}

static void an_old_redis_is_told_so(void **state)
{
    (void)state;
    talk_to("$21\r\nredis_version:5.0.7\r\n\r\n", "Redis 5.0.7 is too old: 6.2 or newer is needed");
    talk_to("$22\r\nredis_version:6.0.16\r\n\r\n", "6.0.16 is too old");
}

static void what_redis_says_at_the_door_is_passed_on(void **state)
{
    (void)state;
    talk_to("-LOADING Redis is loading the dataset in memory\r\n", "LOADING Redis");
    talk_to("-NOAUTH Authentication required.\r\n", "NOAUTH");
    talk_to("*2000000\r\n", "redis 127.0.0.1:");
}

static void a_connect_that_takes_too_long_is_given_up(void **state)
{
    (void)state;
    struct fake_peer peer;
    struct redis_bed bed;
    char url[64];
    fake_peer_start(&peer, NULL);
    (void)snprintf(url, sizeof(url), "redis://127.0.0.1:%u", peer.port);
    redis_bed_init(&bed, url);
    bed.options.connect_timeout_ms = 20;
    redis_bed_open(&bed);
    redis_bed_wait_down(&bed);
    assert_true(has(bed.reason, "no answer in time"));
    redis_bed_done(&bed);
    fake_peer_stop(&peer);
}

static void tls_is_refused_where_hiredis_has_none(void **state)
{
    (void)state;
    struct redis_bed bed;
    struct err err = {.code = 0};
    redis_bed_init(&bed, "rediss://127.0.0.1:1");
    bed.redis = redis_open(bed.loop, &bed.options, &err);
    if (bed.redis == NULL) {
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        assert_string_equal(err.msg, "rediss:// needs hiredis 1.0 or newer built with TLS");
    }
    redis_bed_done(&bed);
}

/* Silence. */

static void a_silent_server_is_noticed(void **state)
{
    (void)state;
    struct pair pair;
    struct asked asked;
    pair_init(&pair, "");
    pair.bed.options.patience_ms = 300;
    redis_server_start(&pair.server);
    redis_bed_open(&pair.bed);
    redis_bed_wait_ready(&pair.bed);
    assert_int_equal(kill(pair.server.pid, SIGSTOP), 0);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("PING")), ERR_UNAVAILABLE);
    assert_true(has(asked.err.msg, "no answer for 300 ms"));
    asked_done(&asked);
    assert_int_equal(kill(pair.server.pid, SIGCONT), 0);
    redis_bed_wait_ready(&pair.bed);
    pair_done(&pair);
}

static void a_blocking_read_has_patience_of_its_own(void **state)
{
    (void)state;
    struct pair pair;
    struct asked asked;
    struct err err = {.code = 0};
    pair_init(&pair, "");
    pair.bed.options.patience_ms = 100;
    redis_server_start(&pair.server);
    redis_bed_open(&pair.bed);
    redis_bed_wait_ready(&pair.bed);
    const struct slice args[] = {slice_text("BLPOP"), slice_text("none"), slice_text("0.5")};
    asked_init(&asked);
    asked.request.patience_ms = 20000;
    assert_ok(redis_send(pair.bed.redis, &asked.request, args, 3, &err), &err);
    redis_bed_wait(&pair.bed, &asked.answers, 1);
    assert_int_equal(asked.err.code, 0);
    assert_int_equal(asked.kind, REDIS_NIL);
    asked_done(&asked);
    pair_done(&pair);
}

/* A subscriber, and a second connection beside it. */

static void a_subscriber_hears_messages_and_notices_silence(void **state)
{
    (void)state;
    struct pair pair;
    struct redis_bed ear;
    struct asked asked;
    char url[160];
    pair_open(&pair);
    (void)snprintf(url, sizeof(url), "unix://%s", pair.server.path);
    redis_bed_init(&ear, url);
    ear.options.subscribe = "news";
    ear.options.patience_ms = 200;
    redis_bed_open(&ear);
    redis_bed_wait_ready(&ear);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("PUBLISH", "news", "drain")), 0);
    assert_int_equal(asked.number, 1);
    asked_done(&asked);
    redis_bed_wait(&ear, &ear.messages, 1);
    assert_string_equal(ear.message, "drain");
    for (unsigned beats = 0; beats < 12; beats++) { /* a few heartbeats: it stays */
        loop_run_once(ear.loop, true);
    }
    assert_int_equal(ear.downs, 0);
    assert_int_equal(kill(pair.server.pid, SIGSTOP), 0);
    redis_bed_wait_down(&ear);
    assert_true(has(ear.reason, "no sign of life"));
    assert_int_equal(kill(pair.server.pid, SIGCONT), 0);
    redis_bed_wait_ready(&ear);
    redis_bed_done(&ear);
    pair_done(&pair);
}

static void a_blocked_move_is_unblocked_by_the_client_id(void **state)
{
    (void)state;
    struct pair pair;
    struct redis_bed other;
    struct asked move;
    struct asked unblock;
    char text[160];
    pair_open(&pair);
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
    pair_done(&pair);
}

/* Errors. */

static void out_of_memory_fails_the_request_alone(void **state)
{
    (void)state;
    struct pair pair;
    struct asked asked;
    pair_open(&pair);
    unsigned downs = pair.bed.downs; /* while the server started */
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("CONFIG", "SET", "maxmemory", "1")), 0);
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("SET", "k", "v")), ERR_UNAVAILABLE);
    assert_true(has(asked.err.msg, "OOM"));
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("PING")), 0);
    asked_done(&asked);
    assert_int_equal(pair.bed.downs, downs);
    pair_done(&pair);
}

static void a_master_turned_replica_is_waited_for(void **state)
{
    (void)state;
    struct pair pair;
    struct asked asked;
    char port[16];
    pair_open(&pair);
    (void)snprintf(port, sizeof(port), "%u", fake_peer_closed_port());
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("REPLICAOF", "127.0.0.1", port)), 0);
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("SET", "k", "v")), ERR_UNAVAILABLE);
    assert_true(has(asked.err.msg, "READONLY"));
    asked_done(&asked);
    while (strstr(pair.bed.reason, "read-only replica") == NULL) {
        loop_run_once(pair.bed.loop, true);
    }
    assert_int_equal(pair.bed.readies, 1);
    pair_done(&pair);
}

static void any_other_error_is_redis_own_text(void **state)
{
    (void)state;
    struct pair pair;
    struct asked asked;
    pair_open(&pair);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("NOSUCH")), ERR_REPLY);
    assert_true(has(asked.err.msg, "unknown command"));
    asked_done(&asked);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("EVALSHA", "00", "0")), ERR_REPLY);
    asked_done(&asked);
    pair_done(&pair);
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
        cmocka_unit_test(a_right_password_is_let_in),
        cmocka_unit_test(a_wrong_password_is_named_but_not_shown),
        cmocka_unit_test(a_restarted_server_is_found_again),
        cmocka_unit_test(a_reason_is_told_once),
        cmocka_unit_test(redial_is_a_failure_on_purpose),
        cmocka_unit_test(closing_cancels_what_is_pending),
        cmocka_unit_test(closing_while_dialing_is_quiet),
        cmocka_unit_test(a_refused_port_is_heard_of),
        cmocka_unit_test(an_unknown_host_is_heard_of),
        cmocka_unit_test(a_dead_socket_is_heard_of),
        cmocka_unit_test(what_is_not_redis_is_told_so),
        cmocka_unit_test(an_old_redis_is_told_so),
        cmocka_unit_test(what_redis_says_at_the_door_is_passed_on),
        cmocka_unit_test(a_connect_that_takes_too_long_is_given_up),
        cmocka_unit_test(tls_is_refused_where_hiredis_has_none),
        cmocka_unit_test(a_silent_server_is_noticed),
        cmocka_unit_test(a_blocking_read_has_patience_of_its_own),
        cmocka_unit_test(a_subscriber_hears_messages_and_notices_silence),
        cmocka_unit_test(a_blocked_move_is_unblocked_by_the_client_id),
        cmocka_unit_test(out_of_memory_fails_the_request_alone),
        cmocka_unit_test(a_master_turned_replica_is_waited_for),
        cmocka_unit_test(any_other_error_is_redis_own_text),
    };
    return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
