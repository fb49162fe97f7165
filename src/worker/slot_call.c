/* The call of the API and what its answer links to: translates between the slot and the fetcher. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "wire/url.h"
#include "worker/slot.h"

enum {
    LINK_TRIES = 5, /* a result that was paid for is worth asking for again */
    LINK_REDIRECTS_MAX = 3,
    LINK_TIMEOUT_MS = 60000
};

/* Between the mark and the last byte the process may have been stopped for longer than its lease;
 * the job is another worker's then, and what has not left yet must not leave. */
static bool call_may_leave(const struct fetch *fetch)
{
    const struct slot *slot = fetch->data;
    return strcmp(slot->worker_id, slot->worker->id) == 0 &&
           clock_at_ms() < slot->feed->served->held_until_at_ms;
}

/* The producer's trace context goes on to the API. */
static void call_trace(struct slot *slot)
{
    slot->headers[0] = slot->headers[1] = NULL;
    slot->fetch.headers = NULL;
    if (slot->envelope.traceparent[0] != '\0') {
        (void)snprintf(slot->trace_header, sizeof slot->trace_header, "traceparent: %s",
                       slot->envelope.traceparent);
        slot->headers[0] = slot->trace_header;
        slot->fetch.headers = slot->headers;
    }
}

int slot_call(struct slot *slot, struct err *err)
{
    const struct conf *conf = &slot->worker->conf;
    const struct envelope *envelope = &slot->envelope;
    const struct plan_step *step = plan_next(&slot->plan);
    const char *generate_id = plan_start_of(&slot->plan);
    bool by_image = generate_id == NULL;
    bool by_url = by_image && slot->image_url.len > 0;
    struct api_call call = {
        .effect = step->effect,
        .params = &step->params,
        .base_url = conf->api.base_url,
        .access_key = conf->api.access_key,
        .secret_key = conf->api.secret_key,
        .image = by_image && !by_url ? slot->image : slice_of(NULL, 0),
        .image_url = by_url ? slot->image_url : slice_of(NULL, 0),
        .generate_id = generate_id,
        .out_request_id = slot->plan.records ? slot->photo_id : envelope->out_request_id,
    };
    int code = api_request_write(&slot->api_request, &call, err);
    if (code != 0) {
        return code;
    }
    struct fetch *fetch = &slot->fetch;
    call_trace(slot);
    fetch->data = slot;
    fetch->method = FETCH_POST;
    fetch->may_send = call_may_leave;
    fetch->url = (const char *)slot->api_request.url.ptr;
    fetch->content_type = "application/json";
    fetch->request = &slot->api_request.body;
    fetch->answer_max = conf->api.max_answer_bytes;
    fetch->timeout_ms = envelope->timeout_ms > 0       ? envelope->timeout_ms
                        : slot->effect->timeout_ms > 0 ? slot->effect->timeout_ms
                                                       : conf->api.timeout_ms;
    fetch->refuse_private = false; /* the base URL is the operator's word */
    fetch->redirects_max = 0;
    return fetch_start(slot->worker->fetcher, fetch, err);
}

static void call_count(struct slot *slot, enum verdict verdict)
{
    struct stats *stats = &slot->worker->stats;
    uint64_t *counters[VERDICT_COUNT] = {
        [VERDICT_OK] = &stats->calls_ok,
        [VERDICT_REJECTED] = &stats->calls_rejected,
        [VERDICT_NOT_SENT] = &stats->calls_not_sent,
        [VERDICT_TRANSIENT] = &stats->calls_transient,
        [VERDICT_THROTTLED] = &stats->calls_throttled,
        [VERDICT_BLOCKED] = &stats->calls_blocked,
        [VERDICT_UNKNOWN] = &stats->calls_unknown_outcome,
    };
    (*counters[verdict])++;
    hist_add(&stats->call, slot->api_ms);
    if (slot->fetch.body_sent) {
        stats->calls_sent++;
        stats->call_sent_bytes += body_length(&slot->api_request.body);
    }
}

void slot_read_answer(struct slot *slot, struct attempt *ret_attempt, struct ruling *ret_ruling)
{
    struct fetch *fetch = &slot->fetch;
    struct api_response *response = &slot->response;
    struct err err = {0};
    *ret_attempt = (struct attempt){
        .error = fetch->err.code,
        .body_sent = fetch->body_sent,
        .http_status = fetch->http_status,
        .message = fetch->err.msg,
    };
    slot->api_ms = fetch->elapsed_ms;
    if (fetch->err.code == 0) {
        int code =
            api_response_read(response, slot->effect, fetch->http_status, &fetch->answer, &err);
        ret_attempt->error = code;
        ret_attempt->readable = response->readable;
        ret_attempt->has_result = response->has_result;
        ret_attempt->has_code = response->has_code;
        ret_attempt->code = response->code;
        ret_attempt->message = code != 0 ? "no memory to read the answer" : response->message;
    }
    *ret_ruling = verdict_of(ret_attempt);
    call_count(slot, ret_ruling->verdict);
}

void slot_forget_answer(struct slot *slot)
{
    api_request_done(&slot->api_request);
    api_request_init(&slot->api_request);
    api_response_done(&slot->response);
    api_response_init(&slot->response);
    fetch_done(&slot->fetch);
    fetch_init(&slot->fetch);
    slot->link_next = slot->fetch_tries = 0;
}

bool slot_wants_link(struct slot *slot)
{
    if (slot->envelope.store == STORE_URL) {
        return false;
    }
    while (slot->link_next < slot->response.result_count &&
           slot->response.results[slot->link_next].kind != API_RESULT_URL) {
        slot->link_next++;
    }
    return slot->link_next < slot->response.result_count;
}

int slot_fetch_result(struct slot *slot, struct err *err)
{
    const struct conf *conf = &slot->worker->conf;
    struct slice link = slot->response.results[slot->link_next].bytes;
    int code = url_check(link, true, err);
    if (code != 0) {
        return err_wrap(err, "the answer's link");
    }
    buf_clear(&slot->link_url);
    code = url_append_result(&slot->link_url, link);
    if (code != 0 || buf_cstr(&slot->link_url) == NULL) {
        return err_set(err, ERR_TOO_BIG, "the answer's link is too long");
    }
    struct fetch *fetch = &slot->fetch;
    fetch->data = slot;
    fetch->method = FETCH_GET;
    fetch->may_send = NULL;
    fetch->headers = NULL; /* the link is another host's: no trace of the producer's */
    fetch->url = (const char *)slot->link_url.ptr;
    fetch->content_type = NULL;
    fetch->request = NULL;
    fetch->answer_max = conf->api.max_answer_bytes;
    fetch->timeout_ms = LINK_TIMEOUT_MS;
    fetch->refuse_private =
        !conf->api.allow_private && !url_same_host(link, slice_text(conf->api.base_url));
    fetch->redirects_max = LINK_REDIRECTS_MAX;
    return fetch_start(slot->worker->fetcher, fetch, err);
}

void slot_result_lost(struct slot *slot, const char *why)
{
    struct outcome *outcome = &slot->outcome;
    outcome->action = OUTCOME_DEAD;
    outcome->error_class = "network";
    (void)snprintf(outcome->message, sizeof outcome->message,
                   "the API made the picture, but its link cannot be fetched: %.400s", why);
}

/* Why the fetched result is none; 0 when it is a picture. */
static int link_check(struct slot *slot, struct image_info *ret_info, struct err *err)
{
    const struct fetch *fetch = &slot->fetch;
    if (fetch->err.code != 0) {
        *err = fetch->err;
        return fetch->err.code;
    }
    if (fetch->http_status != 200) {
        return err_set(err, ERR_NOT_FOUND, "HTTP status %d", fetch->http_status);
    }
    return image_inspect(buf_view(&fetch->answer), ret_info, err);
}

enum slot_fetched slot_read_result(struct slot *slot)
{
    struct fetch *fetch = &slot->fetch;
    struct api_result *result = &slot->response.results[slot->link_next];
    struct image_info info;
    struct err err = {0};
    if (link_check(slot, &info, &err) != 0) {
        slot->fetch_tries++;
        if (slot->fetch_tries < LINK_TRIES && err.code != ERR_PRIVATE && err.code != ERR_CANCELED) {
            buf_done(&fetch->answer);
            return SLOT_FETCH_AGAIN;
        }
        slot_result_lost(slot, err.msg);
        return SLOT_FETCH_FAILED;
    }
    buf_take(&slot->links[slot->link_next], &fetch->answer);
    result->info = info;
    slot->fetch_tries = 0;
    slot->link_next++;
    return slot_wants_link(slot) ? SLOT_FETCH_NEXT : SLOT_FETCHED_ALL;
}
