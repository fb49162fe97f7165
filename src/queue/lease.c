#include "queue/lease.h"

#include "base/check.h"

/* The order in which scripts take the three inboxes. */
static const enum priority script_order[PRIORITY_COUNT] = {PRIORITY_NORMAL, PRIORITY_HIGH,
                                                           PRIORITY_LOW};

void lease_claim_keys(struct call *call, const char *worker)
{
    for (size_t i = 0; i < PRIORITY_COUNT; i++) {
        char suffix[KEY_MAX];
        call_key(call, KEY_CLAIM, priority_claim_suffix(script_order[i], worker, suffix));
    }
}

void lease_inbox_keys(struct call *call)
{
    for (size_t i = 0; i < PRIORITY_COUNT; i++) {
        call_key(call, priority_inbox(script_order[i]), NULL);
    }
}

int lease_send(struct call *call,
               struct redis *redis,
               struct redis_request *request,
               const struct lease *lease,
               struct err *err)
{
    call_open(call, SCRIPT_lease, lease->queue);
    call_key(call, KEY_WORKERS, NULL);
    call_key(call, KEY_WORKER, lease->worker);
    call_key(call, KEY_PAUSED, NULL);
    call_stats_keys(call, lease->now_unix_ms);
    lease_inbox_keys(call);
    call_key(call, KEY_SCHEDULED, NULL);
    call_key(call, KEY_DEAD, NULL);
    call_key(call, KEY_UNKNOWN, NULL);
    call_arg_text(call, lease->worker);
    call_arg_int(call, lease->lease_ms);
    call_arg_int(call, lease->register_worker ? 1 : 0);
    call_arg_int(call, lease->counter_count);
    for (uint32_t i = 0; i < lease->counter_count; i++) {
        call_field_int(call, lease->counters[i].name, lease->counters[i].increment);
    }
    for (uint32_t i = 0; i < lease->field_count; i++) {
        call_field_text(call, lease->fields[i].name, lease->fields[i].text);
    }
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}

int lease_read(const struct redis_reply *reply, struct lease_answer *ret_answer, struct err *err)
{
    int64_t numbers[9];
    if (redis_reply_count(reply) != N_ELEMENTS(numbers)) {
        return err_set(err, ERR_REPLY, "lease: unexpected answer");
    }
    for (size_t i = 0; i < N_ELEMENTS(numbers); i++) {
        numbers[i] = redis_reply_int(redis_reply_at(reply, i));
    }
    *ret_answer = (struct lease_answer){
        .held = numbers[0] == 1,
        .now_unix_ms = numbers[1],
        .paused = numbers[2] == 1,
        .scheduled = numbers[6],
        .dead = numbers[7],
        .unknown = numbers[8],
    };
    for (size_t i = 0; i < PRIORITY_COUNT; i++) {
        ret_answer->depth[script_order[i]] = numbers[3 + i];
    }
    return 0;
}

int lease_leave(struct call *call,
                struct redis *redis,
                struct redis_request *request,
                const struct leave *leave,
                struct err *err)
{
    call_open(call, SCRIPT_leave, leave->queue);
    call_key(call, KEY_WORKERS, NULL);
    call_key(call, KEY_WORKER, leave->worker);
    call_key(call, KEY_ACTIVE, leave->worker);
    lease_claim_keys(call, leave->worker);
    lease_inbox_keys(call);
    call_arg_text(call, leave->worker);
    call_arg_int(call, leave->quiet ? 0 : 1);
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}
