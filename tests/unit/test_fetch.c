/* fetch, flight and curl_uv against a scripted TCP server: every way a call may end, and what each
 * says about the body. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "io/fetch.h"
#include "io/loop.h"
#include "lib/tcp_script.h"
#include "lib/unit.h"

enum {
    CALLS_MAX = 100,
    PATIENCE_MS = 20000,        /* never reached where a test passes */
    SHORT_MS = 50,              /* for the tests of time-outs */
    BIG_BYTES = 8 * 1024 * 1024 /* more than the sender's kernel buffer may hold (4 MiB) */
};

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

struct call {
    struct fetch fetch;
    struct body body;
    char url[128];
    unsigned done; /* on_done calls */
    struct rig *rig;
};

struct rig {
    struct loop *loop;
    struct fetcher *fetcher;
    struct tcp_server *server;
    unsigned done; /* of all calls */
    bool closed;
    bool close_on_done;
    struct call calls[CALLS_MAX];
};

static uint8_t big[BIG_BYTES];

static void on_closed(void *data)
{
    struct rig *rig = data;
    assert_false(rig->closed);
    rig->closed = true;
}

static void on_done(struct fetch *fetch)
{
    struct call *call = fetch->data;
    call->done++;
    call->rig->done++;
    if (call->rig->close_on_done) {
        call->rig->close_on_done = false;
        fetcher_close(call->rig->fetcher, on_closed, call->rig);
    }
}

static struct rig *rig_open(const tcp_script *scripts, size_t count)
{
    struct err err;
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->loop = loop_new(&err);
    assert_non_null(rig->loop);
    const struct fetcher_options options = {
        .connect_timeout_ms = PATIENCE_MS,
        .connections_max = CALLS_MAX,
        .user_agent = "retouch/test",
    };
    rig->fetcher = fetcher_new(rig->loop, &options, &err);
    assert_non_null(rig->fetcher);
    if (count > 0) {
        rig->server = tcp_server_start(scripts, count);
    }
    return rig;
}

#define RIG(...)                                     \
    static const tcp_script scripts[] = __VA_ARGS__; \
    struct rig *rig = rig_open(scripts, N_ELEMENTS(scripts))

static void rig_close(struct rig *rig)
{
    if (!rig->closed) {
        fetcher_close(rig->fetcher, on_closed, rig);
    }
    loop_run(rig->loop);
    assert_true(rig->closed);
    for (size_t i = 0; i < CALLS_MAX; i++) {
        if (rig->calls[i].fetch.on_done != NULL) {
            fetch_done(&rig->calls[i].fetch);
        }
    }
    if (rig->server != NULL) {
        tcp_server_stop(rig->server);
    }
    loop_free(rig->loop);
    free(rig);
}

static struct call *call_init(struct rig *rig, size_t index, enum fetch_method method)
{
    struct call *call = &rig->calls[index];
    unsigned port = rig->server != NULL ? tcp_server_port(rig->server) : 1;
    fetch_init(&call->fetch);
    (void)snprintf(call->url, sizeof call->url, "http://127.0.0.1:%u/path?secret=s3cr3t", port);
    call->rig = rig;
    call->fetch.data = call;
    call->fetch.on_done = on_done;
    call->fetch.method = method;
    call->fetch.url = call->url;
    call->fetch.answer_max = 1024 * 1024;
    call->fetch.timeout_ms = PATIENCE_MS;
    return call;
}

static struct call *call_post(struct rig *rig, size_t index, size_t bytes)
{
    struct call *call = call_init(rig, index, FETCH_POST);
    call->body = (struct body){
        .prefix = slice_text("{"), .payload = slice_of(big, bytes), .suffix = slice_text("}")};
    call->fetch.request = &call->body;
    call->fetch.content_type = "application/json";
    return call;
}

static void call_start(struct call *call)
{
    struct err err;
    unsigned before = call->done;
    assert_ok(fetch_start(call->rig->fetcher, &call->fetch, &err), &err);
    assert_int_equal(call->done, before);
}

static void rig_run_until(struct rig *rig, unsigned done)
{
    while (rig->done < done) {
        loop_run_once(rig->loop, true);
    }
    assert_int_equal(rig->done, done);
}

static void call_run(struct call *call)
{
    call_start(call);
    rig_run_until(call->rig, call->rig->done + 1);
    assert_int_equal(call->done, 1);
    assert_null(strstr(call->fetch.err.msg, "s3cr3t"));
}

static void assert_answer(const struct call *call, int status, const char *answer)
{
    if (call->fetch.err.code != 0) {
        fail_msg("%s", call->fetch.err.msg);
    }
    assert_int_equal(call->fetch.http_status, status);
    assert_int_equal(call->fetch.answer.len, strlen(answer));
    assert_memory_equal(call->fetch.answer.ptr, answer, strlen(answer));
}

static void assert_failure(const struct call *call, int code, bool body_sent)
{
    if (call->fetch.err.code != code) {
        fail_msg("%s instead of %s: %s", err_name(call->fetch.err.code), err_name(code),
                 call->fetch.err.msg);
    }
    assert_int_equal(call->fetch.body_sent, body_sent);
    assert_int_equal(call->fetch.answer.len, 0);
}

static void assert_big_body(struct rig *rig)
{
    size_t len = 0;
    const uint8_t *body = tcp_server_body(rig->server, &len);
    assert_int_equal(len, BIG_BYTES + 2);
    assert_int_equal(body[0], '{');
    assert_memory_equal(body + 1, big, BIG_BYTES);
    assert_int_equal(body[len - 1], '}');
}

/* Whole calls. */

static void a_post_carries_its_body_and_brings_the_answer(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(AGAIN)}
    });
    struct call *call = call_post(rig, 0, BIG_BYTES);
    call_run(call);
    assert_answer(call, 200, "{}");
    assert_string_equal(call->fetch.answer_type, "application/json");
    assert_true(call->fetch.body_sent);
    assert_int_equal(call->fetch.retry_after_ms, -1);
    assert_big_body(rig);
    rig_close(rig);
}

static void a_connection_is_kept_and_used_again(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(AGAIN)}
    });
    for (size_t i = 0; i < 5; i++) {
        struct call *call = call_post(rig, i, 40000);
        call_run(call);
        assert_answer(call, 200, "{}");
    }
    assert_int_equal(tcp_server_connections(rig->server), 1);
    assert_int_equal(tcp_server_requests(rig->server), 5);
    rig_close(rig);
}

static void a_chunked_answer_is_put_together(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
         TCP_STEP_SEND("3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"), TCP_STEP(STALL)}
    });
    struct call *call = call_init(rig, 0, FETCH_GET);
    call_run(call);
    assert_answer(call, 200, "abcdefg");
    rig_close(rig);
}

static void a_compressed_answer_stays_as_it_is(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST),
         TCP_STEP_SEND(
             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b##"),
         TCP_STEP(STALL)}
    });
    struct call *call = call_init(rig, 0, FETCH_GET);
    call_run(call);
    assert_answer(call, 200, "\x1f\x8b##");
    rig_close(rig);
}

static void retry_after_is_read_in_seconds(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST),
         TCP_STEP_SEND("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"),
         TCP_STEP(STALL)}
    });
    struct call *call = call_post(rig, 0, 10);
    call_run(call);
    assert_answer(call, 429, "");
    assert_int_equal(call->fetch.retry_after_ms, 7000);
    rig_close(rig);
}

static void what_follows_a_declared_length_is_not_taken(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdefgh"),
         TCP_STEP(STALL)}
    });
    struct call *call = call_init(rig, 0, FETCH_GET);
    call_run(call);
    assert_answer(call, 200, "abc");
    rig_close(rig);
}

static void a_hundred_calls_run_at_once(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(AGAIN)}
    });
    for (size_t i = 0; i < CALLS_MAX; i++) {
        call_start(call_post(rig, i, 20000));
    }
    assert_int_equal(fetcher_in_flight(rig->fetcher), CALLS_MAX);
    rig_run_until(rig, CALLS_MAX);
    for (size_t i = 0; i < CALLS_MAX; i++) {
        assert_answer(&rig->calls[i], 200, "{}");
        assert_int_equal(rig->calls[i].done, 1);
    }
    assert_int_equal(fetcher_in_flight(rig->fetcher), 0);
    rig_close(rig);
}

/* No connection. */

static void a_closed_port_is_refused(void **state)
{
    (void)state;
    struct rig *rig = rig_open(NULL, 0);
    struct call *call = call_post(rig, 0, 10);
    call_run(call);
    assert_failure(call, ERR_REFUSED, false);
    assert_non_null(strstr(call->fetch.err.msg, "http://127.0.0.1"));
    rig_close(rig);
}

static void an_unknown_name_is_not_resolved(void **state)
{
    (void)state;
    struct rig *rig = rig_open(NULL, 0);
    struct call *call = call_post(rig, 0, 10);
    call->fetch.url = "http://no-such-host.invalid/x?secret=s3cr3t";
    call_run(call);
    assert_failure(call, ERR_RESOLVE, false);
    rig_close(rig);
}

static void a_cancel_does_not_wait_for_the_resolver(void **state)
{
    (void)state;
    struct rig *rig = rig_open(NULL, 0);
    struct call *call = call_post(rig, 0, 10);
    call->fetch.url = "http://no-such-host.invalid/x";
    call_start(call);
    loop_run_once(rig->loop, false);
    fetch_cancel(&call->fetch);
    rig_run_until(rig, 1);
    assert_failure(call, ERR_CANCELED, false);
    rig_close(rig);
}

static void a_server_that_speaks_no_tls_fails_before_the_body(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP_BYTES(5), TCP_STEP_SEND("HTTP/1.1 400 Bad\r\n\r\n"), TCP_STEP(END)}
    });
    struct call *call = call_post(rig, 0, 10);
    (void)snprintf(call->url, sizeof call->url, "https://127.0.0.1:%u/",
                   tcp_server_port(rig->server));
    call_run(call);
    assert_failure(call, ERR_TLS, false);
    rig_close(rig);
}

static void a_private_address_is_refused_where_asked(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(AGAIN)}
    });
    struct call *call = call_init(rig, 0, FETCH_GET);
    call->fetch.refuse_private = true;
    call_run(call);
    assert_failure(call, ERR_PRIVATE, false);
    assert_int_equal(tcp_server_connections(rig->server), 0);
    rig_close(rig);
}

static void a_kept_connection_to_a_private_address_is_refused_too(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(AGAIN)}
    });
    call_run(call_init(rig, 0, FETCH_GET));
    struct call *call = call_init(rig, 1, FETCH_GET);
    call->fetch.refuse_private = true;
    call_run(call);
    assert_failure(call, ERR_PRIVATE, false);
    assert_int_equal(tcp_server_requests(rig->server), 1);
    rig_close(rig);
}

/* Lost on the way. */

static void a_reset_before_the_body_leaves_it_unsent(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(HEADER), TCP_STEP(RESET)}
    });
    struct call *call = call_post(rig, 0, BIG_BYTES);
    call_run(call);
    assert_failure(call, ERR_RESET, false);
    rig_close(rig);
}

static void a_reset_in_the_middle_of_the_body_leaves_it_unsent(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(HEADER), TCP_STEP_BYTES(100000), TCP_STEP(RESET)}
    });
    struct call *call = call_post(rig, 0, BIG_BYTES);
    call_run(call);
    assert_failure(call, ERR_RESET, false);
    assert_int_equal(tcp_server_connections(rig->server), 1);
    rig_close(rig);
}

/* The first piece may leave, nothing after it. */
static bool one_piece_may_leave(const struct fetch *fetch)
{
    return fetch->request->offset == 0;
}

static void a_body_that_may_leave_no_further_is_withheld(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(AGAIN)}
    });
    struct call *call = call_post(rig, 0, BIG_BYTES);
    call->fetch.may_send = one_piece_may_leave;
    call_run(call);
    assert_failure(call, ERR_CANCELED, false);
    assert_int_equal(tcp_server_requests(rig->server), 0);
    rig_close(rig);
}

static void a_reset_after_the_body_leaves_the_outcome_unknown(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP(RESET)}
    });
    struct call *call = call_post(rig, 0, BIG_BYTES);
    call_run(call);
    assert_failure(call, ERR_RESET, true);
    assert_int_equal(call->fetch.http_status, 0);
    rig_close(rig);
}

static void a_close_without_an_answer_is_a_reset(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP(END)}
    });
    struct call *call = call_post(rig, 0, 1000);
    call_run(call);
    assert_failure(call, ERR_RESET, true);
    rig_close(rig);
}

/* curl repeats a request on a fresh connection when a kept one dies without a byte of answer: that
 * would bill twice. */
static void a_body_that_left_on_a_kept_connection_is_never_sent_again(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 30000, 70000, BIG_BYTES};
    static const tcp_script ends[] = {
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(REQUEST), TCP_STEP(END)  },
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(REQUEST), TCP_STEP(RESET)},
    };
    for (size_t i = 0; i < N_ELEMENTS(sizes) * N_ELEMENTS(ends); i++) {
        struct rig *rig = rig_open(&ends[i % N_ELEMENTS(ends)], 1);
        call_run(call_init(rig, 0, FETCH_GET));
        struct call *call = call_post(rig, 1, sizes[i / N_ELEMENTS(ends)]);
        call_run(call);
        assert_failure(call, ERR_RESET, true);
        assert_int_equal(tcp_server_requests(rig->server), 2);
        rig_close(rig);
    }
}

/* Whether curl repeats depends on what it meets first, the reset when reading (it does) or when
 * sending (it does not). Neither way may a part of the body be lost or the call look billed. */
static void a_body_that_did_not_leave_whole_may_be_sent_again(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(HEADER), TCP_STEP_BYTES(9),
         TCP_STEP(RESET)},
        {TCP_STEP(REQUEST),   TCP_STEP_SEND(OK_ANSWER),                           TCP_STEP(STALL)                          },
    });
    call_run(call_init(rig, 0, FETCH_GET));
    struct call *call = call_post(rig, 1, BIG_BYTES);
    call_run(call);
    if (call->fetch.err.code != 0) {
        assert_failure(call, ERR_RESET, false);
        assert_int_equal(tcp_server_requests(rig->server), 1);
    } else {
        assert_answer(call, 200, "{}");
        assert_true(call->fetch.body_sent);
        assert_big_body(rig);
        assert_int_equal(tcp_server_requests(rig->server), 2);
    }
    rig_close(rig);
}

static void a_get_on_a_dead_kept_connection_is_repeated(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(REQUEST), TCP_STEP(END)},
        {TCP_STEP(REQUEST),                 TCP_STEP_SEND(OK_ANSWER),                         TCP_STEP(STALL) },
    });
    call_run(call_init(rig, 0, FETCH_GET));
    struct call *call = call_init(rig, 1, FETCH_GET);
    call_run(call);
    assert_answer(call, 200, "{}");
    rig_close(rig);
}

static void an_answer_cut_short_is_told(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
         TCP_STEP(END)}
    });
    struct call *call = call_post(rig, 0, 10);
    call_run(call);
    assert_failure(call, ERR_CUT_SHORT, true);
    assert_int_equal(call->fetch.http_status, 200);
    rig_close(rig);
}

static void a_chunked_answer_cut_short_is_told(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST),
         TCP_STEP_SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
         TCP_STEP(END)}
    });
    struct call *call = call_post(rig, 0, 10);
    call_run(call);
    assert_failure(call, ERR_CUT_SHORT, true);
    rig_close(rig);
}

static void an_answer_that_comes_before_the_body_was_read_counts(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(HEADER), TCP_STEP_SEND("HTTP/1.1 413 Too big\r\nContent-Length: 2\r\n\r\nno"),
         TCP_STEP(STALL)}
    });
    struct call *call = call_post(rig, 0, BIG_BYTES);
    call_run(call);
    assert_answer(call, 413, "no");
    rig_close(rig);
}

/* The last transfer must be noticed when nothing but its own time-out happens. */
static void a_silent_server_ends_by_the_time_out(void **state)
{
    (void)state;
    RIG({{TCP_STEP(STALL)}});
    struct call *call = call_post(rig, 0, 10);
    call->fetch.timeout_ms = SHORT_MS;
    call_run(call);
    assert_failure(call, ERR_TIMEOUT, true);
    rig_close(rig);
}

static void a_trickle_ends_by_the_time_out(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"),
         TCP_STEP(STALL)}
    });
    struct call *call = call_init(rig, 0, FETCH_GET);
    call->fetch.timeout_ms = SHORT_MS;
    call_run(call);
    assert_int_equal(call->fetch.err.code, ERR_TIMEOUT);
    rig_close(rig);
}

/* A listening socket whose queue is full answers no SYN. */
static void a_connect_time_out_leaves_the_body_unsent(void **state)
{
    (void)state;
    struct rig *rig = rig_open(NULL, 0);
    int full = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    assert_int_equal(bind(full, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(full, 0), 0);
    assert_int_equal(getsockname(full, (struct sockaddr *)&address, &len), 0);
    int fillers[3];
    for (size_t i = 0; i < N_ELEMENTS(fillers); i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, len);
    }
    struct call *call = call_post(rig, 0, 10);
    (void)snprintf(call->url, sizeof call->url, "http://127.0.0.1:%u/", ntohs(address.sin_port));
    call->fetch.timeout_ms = SHORT_MS;
    call_run(call);
    assert_failure(call, ERR_TIMEOUT, false);
    for (size_t i = 0; i < N_ELEMENTS(fillers); i++) {
        (void)close(fillers[i]);
    }
    (void)close(full);
    rig_close(rig);
}

/* Too much. */

static void a_declared_gigabyte_is_refused_at_once(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"),
         TCP_STEP(STALL)}
    });
    struct call *call = call_post(rig, 0, 10);
    call_run(call);
    assert_failure(call, ERR_TOO_BIG, true);
    assert_int_equal(call->fetch.answer.cap, 0);
    rig_close(rig);
}

static void an_endless_answer_is_stopped_at_its_bound(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND("HTTP/1.1 200 OK\r\n\r\n"),
         TCP_STEP_FLOOD("0123456789abcdef0123456789abcdef0123456789abcdef")}
    });
    struct call *call = call_post(rig, 0, 10);
    call_run(call);
    assert_failure(call, ERR_TOO_BIG, true);
    rig_close(rig);
}

static void an_endless_header_is_stopped(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND("HTTP/1.1 200 OK\r\n"), TCP_STEP_FLOOD("X-A: bcd\r\n")}
    });
    struct call *call = call_post(rig, 0, 10);
    call_run(call);
    assert_failure(call, ERR_TOO_BIG, true);
    rig_close(rig);
}

static void what_is_not_http_is_not_an_answer(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND("+PONG\r\n\r\n"), TCP_STEP(END)}
    });
    struct call *call = call_post(rig, 0, 10);
    call_run(call);
    assert_failure(call, ERR_UNSUPPORTED, true);
    rig_close(rig);
}

/* Redirects. */

#define REDIRECT "HTTP/1.1 302 There\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"

static void a_redirect_is_an_answer_unless_asked_for(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(REDIRECT), TCP_STEP(AGAIN)}
    });
    struct call *call = call_init(rig, 0, FETCH_GET);
    call_run(call);
    assert_answer(call, 302, "");
    rig_close(rig);
}

static void a_redirect_is_followed(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(REDIRECT), TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER),
         TCP_STEP(STALL)}
    });
    struct call *call = call_init(rig, 0, FETCH_GET);
    call->fetch.redirects_max = 3;
    call_run(call);
    assert_answer(call, 200, "{}");
    rig_close(rig);
}

static void a_redirect_loop_ends(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(REDIRECT), TCP_STEP(AGAIN)}
    });
    struct call *call = call_init(rig, 0, FETCH_GET);
    call->fetch.redirects_max = 3;
    call_run(call);
    assert_failure(call, ERR_REDIRECT, true);
    assert_int_equal(tcp_server_requests(rig->server), 4);
    rig_close(rig);
}

static void a_redirect_does_not_leave_http(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST),
         TCP_STEP_SEND(
             "HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"),
         TCP_STEP(STALL)}
    });
    struct call *call = call_init(rig, 0, FETCH_GET);
    call->fetch.redirects_max = 3;
    call_run(call);
    assert_failure(call, ERR_UNSUPPORTED, true);
    rig_close(rig);
}

/* Cancel and close. */

static void a_cancelled_call_ends_once_on_the_next_turn(void **state)
{
    (void)state;
    RIG({{TCP_STEP(STALL)}});
    struct call *call = call_post(rig, 0, BIG_BYTES);
    call_start(call);
    while (tcp_server_connections(rig->server) == 0) {
        loop_run_once(rig->loop, false);
    }
    fetch_cancel(&call->fetch);
    fetch_cancel(&call->fetch);
    assert_int_equal(call->done, 0);
    rig_run_until(rig, 1);
    assert_int_equal(call->fetch.err.code, ERR_CANCELED);
    fetch_cancel(&call->fetch);
    loop_run(rig->loop);
    assert_int_equal(call->done, 1);
    rig_close(rig);
}

static void a_close_ends_what_is_in_flight(void **state)
{
    (void)state;
    RIG({{TCP_STEP(STALL)}});
    for (size_t i = 0; i < 10; i++) {
        call_start(call_post(rig, i, 1000));
    }
    loop_run_once(rig->loop, true);
    fetcher_close(rig->fetcher, on_closed, rig);
    assert_int_equal(rig->done, 0);
    assert_false(rig->closed);
    struct err err;
    struct call *late = call_init(rig, 10, FETCH_GET);
    assert_fails(fetch_start(rig->fetcher, &late->fetch, &err), ERR_CANCELED);
    loop_run(rig->loop);
    assert_int_equal(rig->done, 10);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(rig->calls[i].fetch.err.code, ERR_CANCELED);
    }
    rig_close(rig);
}

static void the_fetcher_may_be_closed_from_a_callback(void **state)
{
    (void)state;
    RIG({
        {TCP_STEP(REQUEST), TCP_STEP_SEND(OK_ANSWER), TCP_STEP(AGAIN)}
    });
    rig->close_on_done = true;
    for (size_t i = 0; i < 10; i++) {
        call_start(call_post(rig, i, 1000));
    }
    loop_run(rig->loop);
    assert_int_equal(rig->done, 10);
    rig_close(rig);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < BIG_BYTES; i++) {
        big[i] = (uint8_t)(i * 31 + i / 251);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_carries_its_body_and_brings_the_answer),
        cmocka_unit_test(a_connection_is_kept_and_used_again),
        cmocka_unit_test(a_chunked_answer_is_put_together),
        cmocka_unit_test(a_compressed_answer_stays_as_it_is),
        cmocka_unit_test(retry_after_is_read_in_seconds),
        cmocka_unit_test(what_follows_a_declared_length_is_not_taken),
        cmocka_unit_test(a_hundred_calls_run_at_once),
        cmocka_unit_test(a_closed_port_is_refused),
        cmocka_unit_test(an_unknown_name_is_not_resolved),
        cmocka_unit_test(a_cancel_does_not_wait_for_the_resolver),
        cmocka_unit_test(a_server_that_speaks_no_tls_fails_before_the_body),
        cmocka_unit_test(a_private_address_is_refused_where_asked),
        cmocka_unit_test(a_kept_connection_to_a_private_address_is_refused_too),
        cmocka_unit_test(a_reset_before_the_body_leaves_it_unsent),
        cmocka_unit_test(a_reset_in_the_middle_of_the_body_leaves_it_unsent),
        cmocka_unit_test(a_body_that_may_leave_no_further_is_withheld),
        cmocka_unit_test(a_reset_after_the_body_leaves_the_outcome_unknown),
        cmocka_unit_test(a_close_without_an_answer_is_a_reset),
        cmocka_unit_test(a_body_that_left_on_a_kept_connection_is_never_sent_again),
        cmocka_unit_test(a_body_that_did_not_leave_whole_may_be_sent_again),
        cmocka_unit_test(a_get_on_a_dead_kept_connection_is_repeated),
        cmocka_unit_test(an_answer_cut_short_is_told),
        cmocka_unit_test(a_chunked_answer_cut_short_is_told),
        cmocka_unit_test(an_answer_that_comes_before_the_body_was_read_counts),
        cmocka_unit_test(a_silent_server_ends_by_the_time_out),
        cmocka_unit_test(a_trickle_ends_by_the_time_out),
        cmocka_unit_test(a_connect_time_out_leaves_the_body_unsent),
        cmocka_unit_test(a_declared_gigabyte_is_refused_at_once),
        cmocka_unit_test(an_endless_answer_is_stopped_at_its_bound),
        cmocka_unit_test(an_endless_header_is_stopped),
        cmocka_unit_test(what_is_not_http_is_not_an_answer),
        cmocka_unit_test(a_redirect_is_an_answer_unless_asked_for),
        cmocka_unit_test(a_redirect_is_followed),
        cmocka_unit_test(a_redirect_loop_ends),
        cmocka_unit_test(a_redirect_does_not_leave_http),
        cmocka_unit_test(a_cancelled_call_ends_once_on_the_next_turn),
        cmocka_unit_test(a_close_ends_what_is_in_flight),
        cmocka_unit_test(the_fetcher_may_be_closed_from_a_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
