/* The HTTP server, asked by our own fetch and by raw bytes. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "io/fetch.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "lib/unit.h"

enum {
    CALLS = 20,
    BIG_BYTES = 1024 * 1024
};

struct rig {
    struct loop *loop;
    struct fetcher *fetcher;
    struct http_server *server;
    struct fetch fetches[CALLS];
    char url[128];
    unsigned done;
    unsigned asked; /* handler calls */
    char seen[128]; /* "METHOD PATH QUERY" of the last one */
};

static void on_question(void *data, const struct http_question *question, struct http_reply *reply)
{
    struct rig *rig = data;
    rig->asked++;
    (void)snprintf(rig->seen, sizeof rig->seen, "%s %s %s", question->method, question->path,
                   question->query);
    if (strcmp(question->path, "/metrics") == 0) {
        reply->status = 200;
        reply->content_type = "text/plain; version=0.0.4";
        err_ignore(buf_append_text(&reply->body, "up 1\n")); /* the test sees it missing */
    }
    if (strcmp(question->path, "/big") == 0) {
        reply->status = 200;
        err_ignore(buf_reserve(&reply->body, BIG_BYTES)); /* the test sees it missing */
        memset(reply->body.ptr, 'x', BIG_BYTES);
        reply->body.len = BIG_BYTES;
    }
}

static void on_done(struct fetch *fetch)
{
    struct rig *rig = fetch->data;
    rig->done++;
}

static void on_closed(void *data)
{
    (void)data;
}

static struct rig *rig_open(const char *host)
{
    struct err err;
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->loop = loop_new(&err);
    assert_non_null(rig->loop);
    const struct fetcher_options options = {.connect_timeout_ms = 20000, .connections_max = CALLS};
    rig->fetcher = fetcher_new(rig->loop, &options, &err);
    assert_non_null(rig->fetcher);
    rig->server = http_server_open(rig->loop, host, 0, on_question, rig, &err);
    if (rig->server == NULL) {
        fail_msg("%s", err.msg);
    }
    return rig;
}

static void rig_close(struct rig *rig)
{
    http_server_close(rig->server);
    fetcher_close(rig->fetcher, on_closed, NULL);
    for (size_t i = 0; i < CALLS; i++) {
        if (rig->fetches[i].on_done != NULL) {
            loop_run(rig->loop);
            fetch_done(&rig->fetches[i]);
        }
    }
    loop_run(rig->loop);
    loop_free(rig->loop);
    free(rig);
}

static struct fetch *
rig_ask(struct rig *rig, size_t index, const char *host, enum fetch_method method, const char *path)
{
    struct err err;
    struct fetch *fetch = &rig->fetches[index];
    fetch_init(fetch);
    (void)snprintf(rig->url, sizeof rig->url, "http://%s:%u%s", host, http_server_port(rig->server),
                   path);
    fetch->data = rig;
    fetch->on_done = on_done;
    fetch->method = method;
    fetch->url = rig->url;
    fetch->answer_max = HTTP_REPLY_MAX;
    fetch->timeout_ms = 20000;
    assert_ok(fetch_start(rig->fetcher, fetch, &err), &err);
    return fetch;
}

static void rig_run_until(struct rig *rig, unsigned done)
{
    while (rig->done < done) {
        loop_run_once(rig->loop, true);
    }
}

static void a_page_is_served_with_its_type(void **state)
{
    (void)state;
    struct rig *rig = rig_open("127.0.0.1");
    struct fetch *fetch = rig_ask(rig, 0, "127.0.0.1", FETCH_GET, "/metrics?a=1+2&b=%20");
    rig_run_until(rig, 1);
    assert_int_equal(fetch->http_status, 200);
    assert_string_equal(fetch->answer_type, "text/plain; version=0.0.4");
    assert_true(slice_is(buf_view(&fetch->answer), "up 1\n"));
    assert_string_equal(rig->seen, "GET /metrics a=1+2&b=%20");
    rig_close(rig);
}

static void an_ipv6_address_serves_as_well(void **state)
{
    (void)state;
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool has_ipv6 = probe >= 0 && bind(probe, (struct sockaddr *)&address, sizeof address) == 0;
    if (probe >= 0) {
        (void)close(probe);
    }
    if (!has_ipv6) {
        skip();
    }
    struct rig *rig = rig_open("::1");
    struct fetch *fetch = rig_ask(rig, 0, "[::1]", FETCH_GET, "/metrics");
    rig_run_until(rig, 1);
    assert_int_equal(fetch->http_status, 200);
    rig_close(rig);
}

static void an_unknown_page_is_404(void **state)
{
    (void)state;
    struct rig *rig = rig_open("127.0.0.1");
    struct fetch *fetch = rig_ask(rig, 0, "127.0.0.1", FETCH_GET, "/nothing");
    rig_run_until(rig, 1);
    assert_int_equal(fetch->http_status, 404);
    assert_int_equal(fetch->answer.len, 0);
    rig_close(rig);
}

static void other_methods_are_405_and_reach_no_handler(void **state)
{
    (void)state;
    struct rig *rig = rig_open("127.0.0.1");
    struct fetch *fetch = rig_ask(rig, 0, "127.0.0.1", FETCH_DELETE, "/metrics");
    rig_run_until(rig, 1);
    assert_int_equal(fetch->http_status, 405);
    assert_int_equal(rig->asked, 0);
    rig_close(rig);
}

static void a_large_page_arrives_whole(void **state)
{
    (void)state;
    struct rig *rig = rig_open("127.0.0.1");
    struct fetch *fetch = rig_ask(rig, 0, "127.0.0.1", FETCH_GET, "/big");
    rig_run_until(rig, 1);
    assert_int_equal(fetch->http_status, 200);
    assert_int_equal(fetch->answer.len, BIG_BYTES);
    rig_close(rig);
}

static void many_ask_at_once(void **state)
{
    (void)state;
    struct rig *rig = rig_open("127.0.0.1");
    for (size_t i = 0; i < CALLS; i++) {
        (void)rig_ask(rig, i, "127.0.0.1", FETCH_GET, "/big");
    }
    rig_run_until(rig, CALLS);
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(rig->fetches[i].http_status, 200);
        assert_int_equal(rig->fetches[i].answer.len, BIG_BYTES);
    }
    rig_close(rig);
}

/* Sends raw bytes and returns what comes back until the server closes. */
static void rig_talk(struct rig *rig, const char *request, char *reply, size_t size)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(rig->server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    size_t len = 0;
    for (ssize_t n = -1; n != 0 && len < size - 1;) {
        loop_run_once(rig->loop, false);
        n = recv(fd, reply + len, size - 1 - len, MSG_DONTWAIT);
        len += n > 0 ? (size_t)n : 0;
    }
    reply[len] = '\0';
    (void)close(fd);
}

static void head_gets_the_length_and_no_body(void **state)
{
    (void)state;
    struct rig *rig = rig_open("127.0.0.1");
    char reply[1024];
    rig_talk(rig, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", reply,
             sizeof reply);
    assert_non_null(strstr(reply, "HTTP/1.1 200"));
    assert_non_null(strstr(reply, "Content-Length: 5\r\n"));
    assert_null(strstr(reply, "up 1"));
    assert_string_equal(rig->seen, "HEAD /metrics ");
    rig_close(rig);
}

static void a_post_with_a_body_is_405_at_once(void **state)
{
    (void)state;
    struct rig *rig = rig_open("127.0.0.1");
    char reply[1024];
    rig_talk(rig, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", reply,
             sizeof reply);
    assert_non_null(strstr(reply, "HTTP/1.1 405"));
    assert_non_null(strstr(reply, "Allow: GET, HEAD\r\n"));
    assert_int_equal(rig->asked, 0);
    rig_close(rig);
}

static void a_header_over_the_memory_bound_is_refused(void **state)
{
    (void)state;
    struct rig *rig = rig_open("127.0.0.1");
    static char request[64 * 1024];
    char reply[2048];
    int len = snprintf(request, sizeof request, "GET /metrics HTTP/1.1\r\nHost: x\r\nX: ");
    memset(request + len, 'a', 40000);
    (void)snprintf(request + len + 40000, sizeof request - (size_t)len - 40000, "\r\n\r\n");
    rig_talk(rig, request, reply, sizeof reply);
    assert_null(strstr(reply, "HTTP/1.1 200"));
    assert_int_equal(rig->asked, 0);
    rig_close(rig);
}

static void an_address_in_use_is_named(void **state)
{
    (void)state;
    struct err err;
    struct rig *rig = rig_open("127.0.0.1");
    uint16_t port = http_server_port(rig->server);
    char expected[64];
    (void)snprintf(expected, sizeof expected, "listen on 127.0.0.1 port %u: ", port);
    assert_null(http_server_open(rig->loop, "127.0.0.1", port, on_question, rig, &err));
    assert_int_equal(err.code, ERR_SYSTEM);
    assert_non_null(strstr(err.msg, expected));
    assert_non_null(strstr(err.msg, "Address already in use"));
    rig_close(rig);
}

static void what_is_not_an_address_is_invalid(void **state)
{
    (void)state;
    struct err err;
    struct rig *rig = rig_open("127.0.0.1");
    assert_null(http_server_open(rig->loop, "localhost", 0, on_question, rig, &err));
    assert_int_equal(err.code, ERR_INVALID);
    http_server_close(NULL);
    rig_close(rig);
}

static void a_close_cuts_what_is_being_served(void **state)
{
    (void)state;
    struct rig *rig = rig_open("127.0.0.1");
    (void)rig_ask(rig, 0, "127.0.0.1", FETCH_GET, "/big");
    while (rig->asked == 0) {
        loop_run_once(rig->loop, true);
    }
    rig_close(rig);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_served_with_its_type),
        cmocka_unit_test(an_ipv6_address_serves_as_well),
        cmocka_unit_test(an_unknown_page_is_404),
        cmocka_unit_test(other_methods_are_405_and_reach_no_handler),
        cmocka_unit_test(a_large_page_arrives_whole),
        cmocka_unit_test(many_ask_at_once),
        cmocka_unit_test(head_gets_the_length_and_no_body),
        cmocka_unit_test(a_post_with_a_body_is_405_at_once),
        cmocka_unit_test(a_header_over_the_memory_bound_is_refused),
        cmocka_unit_test(an_address_in_use_is_named),
        cmocka_unit_test(what_is_not_an_address_is_invalid),
        cmocka_unit_test(a_close_cuts_what_is_being_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
