/* The list of calls: a ring of the newest CALLS_KEPT. */
#include "calls.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "mem.h"
#include "timers.h"

struct calls {
    pthread_mutex_t lock;
    struct call *ring; /* owned; grows up to CALLS_KEPT */
    size_t cap;
    uint64_t count; /* since the last reset; the newest number */
    uint64_t epoch;
    int64_t in_flight;
    int64_t in_flight_max;
};

struct calls *calls_new(void)
{
    struct calls *calls = mem_zalloc(1, sizeof *calls);
    pthread_mutex_init(&calls->lock, NULL);
    return calls;
}

static void call_done(struct call *call)
{
    mem_free(call->path);
    mem_free(call->content_type);
    mem_free(call->parameter);
    mem_free(call->request_id);
    mem_free(call->traceparent);
    mem_free(call->out_request_id);
    mem_free(call->from);
    mem_free(call->generate_id);
    *call = (struct call){0};
}

static void forget_all(struct calls *calls)
{
    for (size_t i = 0; i < calls->cap; i++) {
        call_done(&calls->ring[i]);
    }
    mem_free(calls->ring);
    calls->ring = NULL;
    calls->cap = 0;
    calls->count = 0;
}

void calls_free(struct calls *calls)
{
    forget_all(calls);
    pthread_mutex_destroy(&calls->lock);
    mem_free(calls);
}

/* Room for one more: doubled while below CALLS_KEPT, so that slots never move once it is full. */
static void grow(struct calls *calls)
{
    if (calls->count < calls->cap || calls->cap == CALLS_KEPT) {
        return;
    }
    size_t cap = calls->cap > 0 ? calls->cap * 2 : 1024;
    cap = cap < CALLS_KEPT ? cap : CALLS_KEPT;
    calls->ring = mem_realloc(calls->ring, cap * sizeof *calls->ring);
    memset(calls->ring + calls->cap, 0, (cap - calls->cap) * sizeof *calls->ring);
    calls->cap = cap;
}

static struct call *slot_of(struct calls *calls, uint64_t number)
{
    return &calls->ring[(number - 1) % CALLS_KEPT];
}

struct call_ref calls_begin(struct calls *calls, const struct call *call)
{
    pthread_mutex_lock(&calls->lock);
    grow(calls);
    struct call_ref ref = {.number = ++calls->count, .epoch = calls->epoch};
    struct call *slot = slot_of(calls, ref.number);
    call_done(slot);
    slot->at_unix_ms = call->at_unix_ms;
    slot->path = mem_copy_text(call->path, SIZE_MAX);
    slot->fault = call->fault;
    if (++calls->in_flight > calls->in_flight_max) {
        calls->in_flight_max = calls->in_flight;
    }
    pthread_mutex_unlock(&calls->lock);
    return ref;
}

/* Holding the lock: the slot, or NULL when the call is no longer listed. */
static struct call *find(struct calls *calls, struct call_ref ref)
{
    if (ref.epoch != calls->epoch || ref.number + CALLS_KEPT <= calls->count) {
        return NULL;
    }
    return slot_of(calls, ref.number);
}

void calls_update(struct calls *calls, struct call_ref ref, struct call *call)
{
    pthread_mutex_lock(&calls->lock);
    struct call *slot = find(calls, ref);
    if (slot != NULL) {
        call_done(slot);
        *slot = *call;
        *call = (struct call){0};
    }
    pthread_mutex_unlock(&calls->lock);
    call_done(call);
}

void calls_end(struct calls *calls, struct call_ref ref, bool answered)
{
    pthread_mutex_lock(&calls->lock);
    calls->in_flight--;
    struct call *slot = find(calls, ref);
    if (slot != NULL) {
        slot->end_unix_ms = clock_unix_ms();
        slot->answered = answered;
    }
    pthread_mutex_unlock(&calls->lock);
}

void calls_reset(struct calls *calls)
{
    pthread_mutex_lock(&calls->lock);
    forget_all(calls);
    calls->epoch++;
    calls->in_flight_max = calls->in_flight;
    pthread_mutex_unlock(&calls->lock);
}

/* The text is copied; null where there is none. */
static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *at, const char *key, const char *text)
{
    if (text != NULL) {
        yyjson_mut_obj_add_strcpy(doc, at, key, text);
    } else {
        yyjson_mut_obj_add_null(doc, at, key);
    }
}

static void add_digest(
    yyjson_mut_doc *doc, yyjson_mut_val *at, const char *key, bool known, const uint8_t *digest)
{
    char hex[DIGEST_HEX];
    add_text(doc, at, key, known ? digest_format(digest, hex) : NULL);
}

static void add_idphoto(yyjson_mut_doc *doc, yyjson_mut_val *at, const struct call *call)
{
    if (call->effect == NULL) {
        return;
    }
    yyjson_mut_obj_add_str(doc, at, "effect", call->effect);
    add_text(doc, at, "out_request_id", call->out_request_id);
    add_text(doc, at, "from", call->from);
    add_text(doc, at, "generate_id", call->generate_id);
    yyjson_mut_obj_add_bool(doc, at, "stacked", call->stacked);
}

static bool format_call(const struct call *call, uint64_t number, struct bytes *out)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *at = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, at);
    yyjson_mut_obj_add_uint(doc, at, "n", number);
    yyjson_mut_obj_add_int(doc, at, "at_ms", call->at_unix_ms);
    if (call->end_unix_ms > 0) {
        yyjson_mut_obj_add_int(doc, at, "end_ms", call->end_unix_ms);
    } else {
        yyjson_mut_obj_add_null(doc, at, "end_ms");
    }
    add_text(doc, at, "path", call->path);
    yyjson_mut_obj_add_int(doc, at, "status", call->status);
    yyjson_mut_obj_add_int(doc, at, "code", call->code);
    add_digest(doc, at, "image_sha256", call->image_known, call->image_digest);
    add_digest(doc, at, "result_sha256", call->result_known, call->result_digest);
    yyjson_mut_obj_add_int(doc, at, "bytes", call->body_bytes);
    add_text(doc, at, "fault", call->fault);
    yyjson_mut_obj_add_bool(doc, at, "answered", call->answered);
    yyjson_mut_obj_add_bool(doc, at, "billed", call->billed);
    yyjson_mut_obj_add_bool(doc, at, "body_received", call->body_received);
    add_text(doc, at, "content_type", call->content_type);
    add_text(doc, at, "request_id", call->request_id);
    add_text(doc, at, "traceparent", call->traceparent);
    add_text(doc, at, "key_digest", call->key_digest[0] != '\0' ? call->key_digest : NULL);
    add_idphoto(doc, at, call);
    if (call->parameter != NULL) {
        yyjson_mut_obj_add(at, yyjson_mut_str(doc, "parameter"),
                           yyjson_mut_raw(doc, call->parameter));
    } else {
        yyjson_mut_obj_add_null(doc, at, "parameter");
    }
    size_t len = 0;
    char *text = yyjson_mut_write(doc, 0, &len);
    bool ok = text != NULL && bytes_append(out, text, len);
    mem_free(text);
    yyjson_mut_doc_free(doc);
    return ok;
}

bool calls_format(struct calls *calls, uint64_t since, uint64_t limit, struct bytes *out)
{
    pthread_mutex_lock(&calls->lock);
    bool ok = bytes_printf(out,
                           "{\"count\":%" PRIu64 ",\"in_flight\":%" PRId64
                           ",\"in_flight_max\":%" PRId64 ",\"calls\":[",
                           calls->count, calls->in_flight, calls->in_flight_max);
    uint64_t oldest = calls->count > CALLS_KEPT ? calls->count - CALLS_KEPT : 0;
    uint64_t after = since > oldest ? since : oldest;
    for (uint64_t n = after + 1; ok && n <= calls->count && n - after <= limit; n++) {
        ok =
            (n == after + 1 || bytes_append(out, ",", 1)) && format_call(slot_of(calls, n), n, out);
    }
    pthread_mutex_unlock(&calls->lock);
    return ok && bytes_append(out, "]}\n", 3);
}
