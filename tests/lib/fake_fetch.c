/* The API as the test plays it: stands for src/io/fetch.c. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "io/fetch.h"
#include "lib/fake_world.h"
#include "lib/unit.h"
#include "wire/base64.h"

struct flight {
    struct fetch *fetch;
    bool canceled;
    struct list_node node; /* in flights */
};

struct fetcher {
    fetcher_closed_fn *closed;
    void *closed_data;
};

static struct {
    struct fetcher fetcher;
    struct list flights;
    struct buf photo;
    bool unsent;
} api;

void fake_fetch_reset(void)
{
    api.fetcher = (struct fetcher){.closed = NULL};
    api.unsent = false;
    list_init(&api.flights);
    buf_done(&api.photo);
    buf_init(&api.photo, SIZE_MAX);
}

struct slice world_photo(void)
{
    if (api.photo.len == 0) {
        char path[512];
        uint8_t part[4096];
        (void)snprintf(path, sizeof path, "%s/tests/data/photos/portrait.jpg",
                       getenv("RETOUCH_SOURCE"));
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        for (size_t len; (len = fread(part, 1, sizeof part, file)) > 0;) {
            assert_int_equal(buf_append(&api.photo, part, len), 0);
        }
        (void)fclose(file);
    }
    return buf_view(&api.photo);
}

uint32_t world_calls(void)
{
    return api.flights.len;
}

static struct fetch *api_take(void)
{
    struct list_node *node = list_pop_front(&api.flights);
    if (node == NULL) {
        fail_msg("no call is in flight");
        abort();
    }
    struct flight *flight = CONTAINER_OF(node, struct flight, node);
    struct fetch *fetch = flight->fetch;
    fetch->flight = NULL;
    mem_free(flight);
    return fetch;
}

static void api_answer(int status, struct slice body)
{
    struct fetch *fetch = api_take();
    fetch->http_status = status;
    fetch->body_sent = true;
    fetch->elapsed_ms = 1800;
    buf_init(&fetch->answer, SIZE_MAX);
    assert_int_equal(buf_append_slice(&fetch->answer, body), 0);
    fetch->on_done(fetch);
    world_settle();
}

void world_http(int status, const char *body)
{
    world_tell("%d %.60s", status, body);
    api_answer(status, slice_text(body));
}

void world_http_link(const char *url)
{
    char body[256];
    int len = snprintf(body, sizeof body, "{\"media_info_list\":[{\"media_data\":\"%s\"}]}", url);
    assert_true(len > 0 && (size_t)len < sizeof body);
    world_tell("200 link");
    api_answer(200, slice_text(body));
}

void world_http_bytes(struct slice bytes)
{
    world_tell("200 %zu bytes", bytes.len);
    api_answer(200, bytes);
}

void world_http_image(void)
{
    static const char head[] = "{\"media_info_list\":[{\"media_data\":\"";
    static const char tail[] = "\",\"media_profiles\":{\"media_data_type\":\"jpg\"}}]}";
    struct slice photo = world_photo();
    struct buf body;
    buf_init(&body, SIZE_MAX);
    assert_int_equal(buf_append_text(&body, head), 0);
    assert_int_equal(buf_reserve(&body, base64_encoded_len(photo.len)), 0);
    body.len += base64_encode(photo, body.ptr + body.len);
    assert_int_equal(buf_append_text(&body, tail), 0);
    world_tell("200 image");
    api_answer(200, buf_view(&body));
    buf_done(&body);
}

static void api_fail(struct fetch *fetch, int code, bool body_sent)
{
    world_tell("%s, body %s", err_name(code), body_sent ? "sent" : "not sent");
    err_set(&fetch->err, code, "%s", err_name(code));
    fetch->body_sent = body_sent;
    fetch->on_done(fetch);
}

void world_http_fail(int code, bool body_sent)
{
    api_fail(api_take(), code, body_sent);
    world_settle();
}

void world_http_unsent(void)
{
    api.unsent = true;
}

bool fake_fetch_turn(void)
{
    bool did = false;
    list_foreach_safe(&api.flights, node) {
        struct flight *flight = CONTAINER_OF(node, struct flight, node);
        if (flight->canceled) {
            struct fetch *fetch = flight->fetch;
            list_remove(&api.flights, node);
            mem_free(flight);
            fetch->flight = NULL;
            api_fail(fetch, ERR_CANCELED, !api.unsent);
            did = true;
        }
    }
    if (api.fetcher.closed != NULL && api.flights.len == 0) {
        fetcher_closed_fn *closed = api.fetcher.closed;
        api.fetcher.closed = NULL;
        closed(api.fetcher.closed_data); /* it was closed once */
        did = true;
    }
    return did;
}

/* io/fetch.h */

struct fetcher *
fetcher_new(struct loop *loop, const struct fetcher_options *options, struct err *err)
{
    (void)loop;
    (void)options;
    (void)err;
    return &api.fetcher;
}

void fetcher_close(struct fetcher *fetcher, fetcher_closed_fn *closed, void *data)
{
    fetcher->closed = closed;
    fetcher->closed_data = data;
    list_foreach_safe(&api.flights, node) {
        CONTAINER_OF(node, struct flight, node)->canceled = true;
    }
}

void fetch_init(struct fetch *fetch)
{
    *fetch = (struct fetch){.retry_after_ms = -1};
}

void fetch_done(struct fetch *fetch)
{
    assert_null(fetch->flight);
    buf_done(&fetch->answer);
}

/* The path and no more: the query holds the secret. */
static int url_path_len(const char *url, const char **ret_path)
{
    const char *host = strstr(url, "://");
    const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
    *ret_path = path != NULL ? path : url;
    return (int)strcspn(*ret_path, "?");
}

int fetch_start(struct fetcher *fetcher, struct fetch *fetch, struct err *err)
{
    const char *path;
    assert_null(fetch->flight);
    if (fetcher->closed != NULL) {
        return err_set(err, ERR_CANCELED, "closing");
    }
    int len = url_path_len(fetch->url, &path);
    world_tell("%s %.*s (timeout %" PRId64 " s)", fetch->method == FETCH_POST ? "POST" : "GET", len,
               path, fetch->timeout_ms / 1000);
    err_clear(&fetch->err);
    fetch->http_status = 0;
    fetch->retry_after_ms = -1;
    buf_done(&fetch->answer);
    struct flight *flight = mem_zalloc(1, sizeof *flight);
    assert_non_null(flight);
    flight->fetch = fetch;
    fetch->flight = flight;
    list_push_back(&api.flights, &flight->node);
    return 0;
}

void fetch_cancel(struct fetch *fetch)
{
    if (fetch->flight != NULL) {
        fetch->flight->canceled = true;
    }
}
