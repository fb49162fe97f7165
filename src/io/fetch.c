#include "io/fetch.h"

#include <stddef.h>

#include <curl/curl.h>

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "io/curl_uv.h"
#include "io/flight.h"

/* A flight is in exactly one list: active (curl has it), ended (cancelled, on_done comes with the
 * timer) or spare (kept for the next call). */
struct fetcher {
    struct fetcher_options options;
    struct loop *loop; /* borrowed */
    struct curl_uv *curl_uv;
    struct timer *timer; /* of 0: delivers `ended`, and closes */
    struct list active;
    struct list ended;
    struct list spare;
    fetcher_closed_fn *closed; /* not NULL: closing */
    void *closed_data;         /* borrowed */
};

/* The call is over: its flight is spare before on_done, which may start the next call with it. */
static void flight_deliver(struct flight *flight)
{
    struct fetcher *fetcher = flight->fetcher;
    struct fetch *fetch = flight->fetch;
    fetch->flight = NULL;
    flight_reset(flight);
    if (fetcher->spare.len < fetcher->options.connections_max) {
        list_push_front(&fetcher->spare, &flight->node);
    } else {
        flight_free(flight);
    }
    fetch->on_done(fetch);
}

static void flight_end(struct flight *flight, CURLcode result, int why)
{
    struct fetcher *fetcher = flight->fetcher;
    list_remove(&fetcher->active, &flight->node);
    flight_conclude(flight, result, why);
    flight->fetch->elapsed_ms = loop_at_ms(fetcher->loop) - flight->started_at_ms;
}

static void on_ended(void *data, CURL *easy, CURLcode result)
{
    (void)data;
    char *private = NULL;
    CURLcode code = curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    CHECK(code == CURLE_OK);
    struct flight *flight = (struct flight *)(void *)private;
    CHECK(flight != NULL);
    flight_end(flight, result, 0);
    flight_deliver(flight);
}

static void on_curl_closed(void *data)
{
    struct fetcher *fetcher = data;
    fetcher_closed_fn *closed = fetcher->closed;
    void *closed_data = fetcher->closed_data;
    mem_free(fetcher);
    curl_global_cleanup();
    closed(closed_data);
}

static void fetcher_free_spares(struct fetcher *fetcher)
{
    for (struct list_node *node; (node = list_pop_front(&fetcher->spare)) != NULL;) {
        flight_free(CONTAINER_OF(node, struct flight, node));
    }
}

static void on_timer(void *data)
{
    struct fetcher *fetcher = data;
    for (struct list_node *node; (node = list_pop_front(&fetcher->ended)) != NULL;) {
        flight_deliver(CONTAINER_OF(node, struct flight, node));
    }
    if (fetcher->closed != NULL) {
        fetcher_free_spares(fetcher);
        timer_close(fetcher->timer);
        curl_uv_close(fetcher->curl_uv, on_curl_closed, fetcher);
    }
}

struct fetcher *
fetcher_new(struct loop *loop, const struct fetcher_options *options, struct err *err)
{
    CHECK(options->connections_max > 0);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        err_set(err, ERR_SYSTEM, "curl cannot start");
        return NULL;
    }
    struct fetcher *fetcher = mem_zalloc(1, sizeof *fetcher);
    if (fetcher == NULL) {
        err_set(err, ERR_NO_MEMORY, "HTTP client");
        goto fail;
    }
    fetcher->options = *options;
    fetcher->loop = loop;
    list_init(&fetcher->active);
    list_init(&fetcher->ended);
    list_init(&fetcher->spare);
    fetcher->timer = timer_new(loop, on_timer, fetcher);
    if (fetcher->timer == NULL) {
        err_set(err, ERR_NO_MEMORY, "HTTP client");
        goto fail;
    }
    fetcher->curl_uv = curl_uv_new(loop, options->connections_max, on_ended, fetcher, err);
    if (fetcher->curl_uv == NULL) {
        goto fail;
    }
    return fetcher;
fail:
    if (fetcher != NULL) {
        timer_close(fetcher->timer);
        mem_free(fetcher);
    }
    curl_global_cleanup();
    return NULL;
}

void fetcher_close(struct fetcher *fetcher, fetcher_closed_fn *closed, void *data)
{
    CHECK(fetcher->closed == NULL);
    CHECK(closed != NULL);
    fetcher->closed = closed;
    fetcher->closed_data = data;
    for (struct list_node *node; (node = list_first(&fetcher->active)) != NULL;) {
        fetch_cancel(CONTAINER_OF(node, struct flight, node)->fetch);
    }
    timer_start(fetcher->timer, 0, 0);
}

uint32_t fetcher_in_flight(const struct fetcher *fetcher)
{
    return fetcher->active.len + fetcher->ended.len;
}

void fetch_init(struct fetch *fetch)
{
    *fetch = (struct fetch){.retry_after_ms = -1};
}

void fetch_done(struct fetch *fetch)
{
    CHECK(fetch->flight == NULL);
    buf_done(&fetch->answer);
}

static void fetch_clear_results(struct fetch *fetch)
{
    err_clear(&fetch->err);
    fetch->http_status = 0;
    buf_done(&fetch->answer);
    buf_init(&fetch->answer, fetch->answer_max);
    fetch->answer_type[0] = '\0';
    fetch->retry_after_ms = -1;
    fetch->body_sent = false;
    fetch->elapsed_ms = 0;
}

static struct flight *fetcher_take_flight(struct fetcher *fetcher)
{
    struct list_node *node = list_pop_front(&fetcher->spare);
    return node != NULL ? CONTAINER_OF(node, struct flight, node)
                        : flight_new(fetcher, fetcher->curl_uv);
}

int fetch_start(struct fetcher *fetcher, struct fetch *fetch, struct err *err)
{
    CHECK(fetch->flight == NULL);
    CHECK(fetch->on_done != NULL);
    CHECK(fetch->timeout_ms > 0);
    CHECK((fetch->request != NULL) == (fetch->method == FETCH_POST || fetch->method == FETCH_PUT));
    if (fetcher->closed != NULL) {
        return err_set(err, ERR_CANCELED, "HTTP client is closing");
    }
    fetch_clear_results(fetch);
    struct flight *flight = fetcher_take_flight(fetcher);
    if (flight == NULL) {
        return err_set(err, ERR_NO_MEMORY, "HTTP call");
    }
    int code = flight_prepare(flight, fetch, &fetcher->options, err);
    if (code == 0) {
        code = curl_uv_add(fetcher->curl_uv, flight->easy, err);
    }
    if (code != 0) {
        flight_free(flight);
        return code;
    }
    flight->started_at_ms = loop_at_ms(fetcher->loop);
    fetch->flight = flight;
    list_push_back(&fetcher->active, &flight->node);
    return 0;
}

void fetch_cancel(struct fetch *fetch)
{
    struct flight *flight = fetch->flight;
    if (flight == NULL || flight->canceled) {
        return;
    }
    struct fetcher *fetcher = flight->fetcher;
    flight->canceled = true;
    flight_end(flight, CURLE_OK, ERR_CANCELED);
    curl_uv_remove(fetcher->curl_uv, flight->easy);
    list_push_back(&fetcher->ended, &flight->node);
    timer_start(fetcher->timer, 0, 0);
}
