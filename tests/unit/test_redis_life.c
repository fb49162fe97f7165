#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "lib/fake_peer.h"
#include "lib/redis_pair.h"
#include "lib/unit.h"

/* Passwords. */

static void a_right_password_is_let_in(void **state)
{
    (void)state;
    struct redis_pair pair;
    redis_pair_init(&pair, "");
    pair.server.flags[0] = "--requirepass";
    pair.server.flags[1] = "sesame";
    (void)snprintf(pair.bed.url.password, sizeof(pair.bed.url.password), "sesame");
    redis_server_start(&pair.server);
    redis_bed_open(&pair.bed);
    redis_bed_wait_ready(&pair.bed);
    redis_pair_done(&pair);
}

static void a_wrong_password_is_named_but_not_shown(void **state)
{
    (void)state;
    struct redis_pair pair;
    redis_pair_init(&pair, "");
    pair.server.flags[0] = "--requirepass";
    pair.server.flags[1] = "sesame";
    (void)snprintf(pair.bed.url.password, sizeof(pair.bed.url.password), "swordfish");
    redis_server_start(&pair.server);
    redis_bed_open(&pair.bed);
    while (strstr(pair.bed.reason, "AUTH") == NULL) {
        loop_run_once(pair.bed.loop, true);
    }
    assert_part(pair.bed.reason, "WRONGPASS");
    assert_null(strstr(pair.bed.reason, "swordfish"));
    assert_int_equal(redis_state(pair.bed.redis), REDIS_DOWN);
    redis_pair_done(&pair);
}

/* Coming and going. */

static void a_restarted_server_is_found_again(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked asked;
    struct asked pending[3];
    struct err err = {.code = 0};
    const struct slice ping = slice_text("PING");
    redis_pair_open(&pair);
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
    assert_part(err.msg, pair.server.path);
    assert_int_equal(redis_client_id(pair.bed.redis), 0);
    redis_server_start(&pair.server);
    redis_bed_wait_ready(&pair.bed);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("PING")), 0);
    asked_done(&asked);
    redis_pair_done(&pair);
}

static void a_reason_is_told_once(void **state)
{
    (void)state;
    struct redis_pair pair;
    redis_pair_init(&pair, "");
    redis_bed_open(&pair.bed);
    redis_bed_wait_down(&pair.bed);
    assert_part(pair.bed.reason, "No such file");
    redis_server_start(&pair.server);
    redis_bed_wait_ready(&pair.bed);
    assert_true(pair.bed.downs <= 2); /* the socket may be there before the server listens */
    redis_pair_done(&pair);
}

static void redial_is_a_failure_on_purpose(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked asked;
    redis_pair_open(&pair);
    int64_t id = redis_client_id(pair.bed.redis);
    redis_bed_send(&pair.bed, &asked, WORDS("PING"));
    redis_redial(pair.bed.redis);
    assert_int_equal(asked.answers, 0);
    redis_bed_wait_ready(&pair.bed);
    assert_int_equal(asked.err.code, ERR_UNAVAILABLE);
    assert_true(redis_client_id(pair.bed.redis) > id);
    asked_done(&asked);
    redis_pair_done(&pair);
}

static void closing_cancels_what_is_pending(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked pending[2];
    redis_pair_open(&pair);
    redis_bed_send(&pair.bed, &pending[0], WORDS("BLPOP", "none", "0"));
    redis_bed_send(&pair.bed, &pending[1], WORDS("PING"));
    redis_pair_done(&pair);
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
    (void)snprintf(url, sizeof(url), "redis://127.0.0.1:%u", peer.port);
    for (unsigned turns = 0; turns < 64; turns += 7) { /* looking up, connecting, greeting */
        redis_bed_init(&bed, url);
        redis_bed_open(&bed);
        for (unsigned i = 0; i < turns; i++) {
            loop_run_once(bed.loop, false);
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
    assert_part(bed.reason, reason);
    redis_bed_done(&bed);
}

static void a_refused_port_is_heard_of(void **state)
{
    (void)state;
    char url[64];
    (void)snprintf(url, sizeof(url), "redis://127.0.0.1:%u", fake_peer_closed_port());
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
    assert_part(bed.reason, "no answer in time");
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
    struct redis_pair pair;
    struct asked asked;
    redis_pair_init(&pair, "");
    pair.bed.options.patience_ms = 300;
    redis_server_start(&pair.server);
    redis_bed_open(&pair.bed);
    redis_bed_wait_ready(&pair.bed);
    assert_int_equal(kill(pair.server.pid, SIGSTOP), 0);
    assert_int_equal(redis_bed_ask(&pair.bed, &asked, WORDS("PING")), ERR_UNAVAILABLE);
    assert_part(asked.err.msg, "no answer for 300 ms");
    asked_done(&asked);
    assert_int_equal(kill(pair.server.pid, SIGCONT), 0);
    redis_bed_wait_ready(&pair.bed);
    redis_pair_done(&pair);
}

static void a_blocking_read_has_patience_of_its_own(void **state)
{
    (void)state;
    struct redis_pair pair;
    struct asked asked;
    struct err err = {.code = 0};
    redis_pair_init(&pair, "");
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
    redis_pair_done(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests_name("redis_life", tests, NULL, NULL);
}
