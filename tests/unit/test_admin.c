/* The pages of the operators, asked without a socket. */
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "base/buf.h"
#include "base/text.h"
#include "io/http_server.h"
#include "lib/unit.h"

/* Stands for src/io/http_server.c: hands the handler to the test. */
static struct {
    http_handler_fn *handler;
    void *data;
} server;

struct http_server *http_server_open(struct loop *loop,
                                     const char *host,
                                     uint16_t port,
                                     http_handler_fn *handler,
                                     void *data,
                                     struct err *err)
{
    (void)loop;
    (void)host;
    (void)port;
    (void)err;
    server.handler = handler;
    server.data = data;
    return (struct http_server *)(void *)&server;
}

uint16_t http_server_port(const struct http_server *unused)
{
    (void)unused;
    return 9464;
}

void http_server_close(struct http_server *unused)
{
    (void)unused;
}

static struct stats stats;
static struct admin_view shown;
static struct admin *admin;
static struct http_reply reply;

static void show(void *data, struct admin_view *ret_view)
{
    (void)data;
    *ret_view = shown;
}

static bool no_image(void *data, const char *token, struct admin_image *ret_image)
{
    (void)data;
    (void)token;
    (void)ret_image;
    return false;
}

static int setup(void **state)
{
    (void)state;
    struct err err = {0};
    struct admin_sources sources = {.view = show, .image = no_image};
    shown = (struct admin_view){
        .worker = "host-1-abc",
        .stats = &stats,
        .ready = true,
        .trouble = "",
        .credential = "open",
        .queues = {{.name = "default", .depth = {1, 2, 3}, .dead = 4}, {.name = "other"}},
        .queue_count = 2,
        .warnings = {{.kind = "persistence", .on = true}                                                 },
        .warning_count = 1,
    };
    admin = admin_open(NULL, "127.0.0.1", 0, &sources, &err);
    assert_non_null(admin);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_done(&reply.body);
    admin_close(admin);
    return 0;
}

static const char *ask(const char *path)
{
    struct http_question question = {.method = "GET", .path = path, .query = ""};
    buf_done(&reply.body);
    reply = (struct http_reply){.status = 404};
    buf_init(&reply.body, HTTP_REPLY_MAX);
    server.handler(server.data, &question, &reply);
    return buf_cstr(&reply.body);
}

/* NAME{LABELS} VALUE of a family that HELP and TYPE have named. */
static void check_sample(const char *line, size_t len, const char *family)
{
    double value;
    const char *gap = memrchr(line, ' ', len);
    assert_non_null(gap);
    struct slice number = slice_of(gap + 1, len - (size_t)(gap + 1 - line));
    assert_int_equal(text_parse_double(number, &value), 0);
    assert_memory_equal(line, family, strlen(family));
    char next = line[strlen(family)];
    assert_true(next == ' ' || next == '{' || next == '_');
}

static void metrics_follow_the_rules_of_the_format(void **state)
{
    (void)state;
    char family[128] = "";
    const char *line = ask("/metrics");
    size_t samples = 0;
    assert_int_equal(reply.status, 200);
    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        size_t len = (size_t)(end - line);
        if (strncmp(line, "# HELP ", 7) == 0) {
            size_t name = strcspn(line + 7, " ");
            assert_true(name < sizeof family);
            memcpy(family, line + 7, name);
            family[name] = '\0';
        } else if (line[0] != '#') {
            check_sample(line, len, family);
            samples++;
        }
    }
    assert_int_equal(*line, '\0'); /* the last line ends */
    assert_true(samples > 20);
}

static void the_queues_and_warnings_are_in_the_metrics(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "queue=\"default\",priority=\"high\"} 1\n",
        "queue=\"default\",priority=\"low\"} 3\n",
        "queue=\"other\",priority=\"normal\"} 0\n",
        "kind=\"persistence\"} 1\n",
    };
    const char *text = ask("/metrics");
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (strstr(text, wanted[i]) == NULL) {
            fail_msg("no %s in\n%s", wanted[i], text);
        }
    }
}

static void ready_says_why_not(void **state)
{
    (void)state;
    assert_string_equal(ask("/readyz"), "ready\n");
    assert_int_equal(reply.status, 200);
    shown.ready = false;
    shown.trouble = "draining";
    assert_string_equal(ask("/readyz"), "not ready: draining\n");
    assert_int_equal(reply.status, 503);
    assert_string_equal(ask("/healthz"), "ok\n"); /* alive all the same */
    assert_int_equal(reply.status, 200);
}

static void the_page_names_the_worker_and_its_queues(void **state)
{
    (void)state;
    const char *html = ask("/");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.content_type, "text/html; charset=utf-8");
    assert_non_null(strstr(html, "host-1-abc"));
    assert_non_null(strstr(html, "default"));
}

static void other_paths_are_not_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"/metrics/", "/i/", "/i/none", "/favicon.ico", ""};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        (void)ask(paths[i]);
        assert_int_equal(reply.status, 404);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(metrics_follow_the_rules_of_the_format, setup, teardown),
        cmocka_unit_test_setup_teardown(the_queues_and_warnings_are_in_the_metrics, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(ready_says_why_not, setup, teardown),
        cmocka_unit_test_setup_teardown(the_page_names_the_worker_and_its_queues, setup, teardown),
        cmocka_unit_test_setup_teardown(other_paths_are_not_found, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
