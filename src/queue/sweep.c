#include "queue/sweep.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "queue/lease.h"

int sweep_send(struct call *call,
               struct redis *redis,
               struct redis_request *request,
               const struct queue_name *queue,
               struct err *err)
{
    call_open(call, SCRIPT_sweep, queue);
    call_key(call, KEY_WORKERS, NULL);
    call_key(call, KEY_SCHEDULED, NULL);
    call_arg_int(call, SWEEP_WORKERS);
    call_arg_int(call, SWEEP_JOBS);
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}

int64_t sweep_next_in_ms(const struct redis_reply *reply)
{
    const struct redis_reply *next = redis_reply_at(reply, 1);
    return next != NULL ? redis_reply_int(next) : -1;
}

const struct redis_reply *sweep_workers(const struct redis_reply *reply)
{
    return redis_reply_at(reply, 2);
}

const struct redis_reply *sweep_due(const struct redis_reply *reply)
{
    return redis_reply_at(reply, 3);
}

/* False: not ours, left where it is. */
static bool promote_id(const struct redis_reply *due, size_t index, char id[KEY_MAX])
{
    struct slice text = redis_reply_text(redis_reply_at(due, index));
    (void)text_copy(id, KEY_MAX, text);
    return text_is_job_id(text);
}

int sweep_promote(struct call *call,
                  struct redis *redis,
                  struct redis_request *request,
                  const struct queue_name *queue,
                  const struct redis_reply *due,
                  struct err *err)
{
    size_t count = redis_reply_count(due);
    call_open(call, SCRIPT_promote, queue);
    call_key(call, KEY_SCHEDULED, NULL);
    lease_inbox_keys(call);
    call_key(call, KEY_EVENTS, NULL);
    /* The latest due first: each goes to the very front, so the longest due ends up there. */
    char id[KEY_MAX];
    for (size_t i = count; i > 0; i--) {
        if (promote_id(due, i - 1, id)) {
            call_key(call, KEY_JOB, id);
        }
    }
    for (size_t i = count; i > 0; i--) {
        if (promote_id(due, i - 1, id)) {
            call_arg_made(call, id);
        }
    }
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}

int sweep_list(struct redis *redis,
               struct redis_request *request,
               const struct queue_name *queue,
               const char *worker,
               struct err *err)
{
    char key[KEY_MAX];
    struct slice args[] = {slice_text("HGETALL"), key_format(queue, KEY_ACTIVE, worker, key)};
    request->patience_ms = 0;
    return redis_send(redis, request, args, N_ELEMENTS(args), err);
}

struct reap_entry {
    struct slice id;    /* borrowed from the reply */
    struct slice entry; /* SEQUENCE:FENCE:CALLS */
    int64_t sequence;
};

static int reap_newest_first(const void *a, const void *b)
{
    int64_t x = ((const struct reap_entry *)a)->sequence;
    int64_t y = ((const struct reap_entry *)b)->sequence;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The jobs in flight, the newest first; the caller frees. */
static struct reap_entry *reap_entries(const struct redis_reply *active, size_t *ret_count)
{
    size_t pairs = redis_reply_count(active) / 2;
    struct reap_entry *entries = mem_zalloc(pairs, sizeof *entries);
    size_t count = 0;
    for (size_t i = 0; entries != NULL && i < pairs; i++) {
        struct slice id = redis_reply_text(redis_reply_at(active, 2 * i));
        struct slice entry = redis_reply_text(redis_reply_at(active, 2 * i + 1));
        const uint8_t *colon = entry.len > 0 ? memchr(entry.ptr, ':', entry.len) : NULL;
        int64_t sequence = 0;
        if (colon != NULL) {
            err_ignore(text_parse_i64(slice_of(entry.ptr, (size_t)(colon - entry.ptr)), &sequence));
        }
        if (text_is_job_id(id)) {
            entries[count++] = (struct reap_entry){.id = id, .entry = entry, .sequence = sequence};
        }
    }
    if (count > 0) {
        qsort(entries, count, sizeof *entries, reap_newest_first);
    }
    *ret_count = count;
    return entries;
}

static void reap_keys(struct call *call, const struct reap *reap)
{
    call_key(call, KEY_WORKERS, NULL);
    call_key(call, KEY_WORKER, reap->worker);
    call_key(call, KEY_ACTIVE, reap->worker);
    lease_claim_keys(call, reap->worker);
    lease_inbox_keys(call);
    call_key(call, KEY_EVENTS, NULL);
    call_stats_keys(call, reap->now_unix_ms);
}

int sweep_reap(struct call *call,
               struct redis *redis,
               struct redis_request *request,
               const struct reap *reap,
               const struct redis_reply *active,
               struct err *err)
{
    size_t count = 0;
    struct reap_entry *entries = reap_entries(active, &count);
    if (entries == NULL) {
        return err_set(err, ERR_NO_MEMORY, "reap: no memory");
    }
    if (count > SWEEP_REAP_JOBS) {
        count = SWEEP_REAP_JOBS;
    }
    call_open(call, SCRIPT_reap, reap->queue);
    reap_keys(call, reap);
    for (size_t i = 0; i < count; i++) {
        char id[KEY_MAX];
        (void)text_copy(id, sizeof id, entries[i].id);
        call_key(call, KEY_JOB, id);
    }
    call_arg_text(call, reap->worker);
    for (size_t i = 0; i < count; i++) {
        call_arg_slice(call, entries[i].id);
        call_arg_slice(call, entries[i].entry);
    }
    request->patience_ms = 0;
    int code = call_send(call, redis, request, err);
    mem_free(entries);
    return code;
}

int sweep_reaped_read(const struct redis_reply *reply, struct reaped *ret_reaped, struct err *err)
{
    if (redis_reply_count(reply) != 2) {
        return err_set(err, ERR_REPLY, "reap: unexpected answer");
    }
    *ret_reaped = (struct reaped){
        .done = (int)redis_reply_int(redis_reply_at(reply, 0)),
        .requeued = redis_reply_int(redis_reply_at(reply, 1)),
    };
    return 0;
}
