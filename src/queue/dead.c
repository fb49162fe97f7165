#include "queue/dead.h"

#include "base/check.h"
#include "base/text.h"
#include "wire/envelope.h"

int dead_find_overdue(struct call *call,
                      struct redis *redis,
                      struct redis_request *request,
                      const struct dead_bounds *bounds,
                      struct err *err)
{
    call_open(call, SCRIPT_overdue, bounds->queue);
    call_key(call, KEY_DEAD, NULL);
    call_key(call, KEY_UNKNOWN, NULL);
    call_key(call, KEY_DEAD_BYTES, NULL);
    call_arg_int(call, bounds->ttl_ms);
    call_arg_int(call, bounds->bytes_max);
    call_arg_int(call, DEAD_BATCH);
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}

int dead_remove(struct call *call,
                struct redis *redis,
                struct redis_request *request,
                const struct queue_name *queue,
                const struct redis_reply *ids,
                int64_t now_unix_ms,
                struct err *err)
{
    static const enum key_kind kinds[] = {KEY_JOB, KEY_ENV, KEY_RESULT};

    char id[KEY_MAX];
    call_open(call, SCRIPT_remove, queue);
    call_key(call, KEY_DEAD, NULL);
    call_key(call, KEY_DEAD_BYTES, NULL);
    call_key(call, KEY_UNKNOWN, NULL);
    call_stats_keys(call, now_unix_ms);
    for (size_t i = 0; i < redis_reply_count(ids); i++) {
        for (size_t k = 0; k < N_ELEMENTS(kinds); k++) {
            (void)text_copy(id, ENVELOPE_ID_MAX + 1, redis_reply_text(redis_reply_at(ids, i)));
            call_key(call, kinds[k], id);
        }
    }
    call_arg_text(call, "dead_removed_total");
    for (size_t i = 0; i < redis_reply_count(ids); i++) {
        (void)text_copy(id, ENVELOPE_ID_MAX + 1, redis_reply_text(redis_reply_at(ids, i)));
        call_arg_made(call, id);
    }
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}
