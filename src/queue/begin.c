#include "queue/begin.h"

#include "base/check.h"

static const char *const answer_names[] = {
    [BEGIN_OK] = "ok",
    [BEGIN_DUPLICATE] = "duplicate",
    [BEGIN_GONE] = "gone",
    [BEGIN_MISSING] = "missing",
    [BEGIN_PAUSED] = "paused",
    [BEGIN_LOST] = "lost",
    [BEGIN_MISMATCH] = "mismatch",
};

int begin_send(struct call *call,
               struct redis *redis,
               struct redis_request *request,
               const struct begin *begin,
               struct err *err)
{
    const struct inbox *inbox = begin->inbox;
    uint8_t head[CLAIM_HEAD_MAX];
    size_t head_len = 0;
    char suffix[KEY_MAX];
    if (begin->element_len == 0) {
        head_len = claim_rejected_head(head, begin->now_unix_ms,
                                       "the id of a job that is not stored", strlen(begin->id));
    }
    call_open(call, SCRIPT_begin, inbox->queue);
    call_key(call, KEY_CLAIM, priority_claim_suffix(inbox->priority, begin->worker, suffix));
    call_key(call, KEY_JOB, begin->id);
    call_key(call, KEY_ENV, begin->id);
    call_key(call, KEY_ACTIVE, begin->worker);
    call_key(call, KEY_WORKERS, NULL);
    call_key(call, KEY_PAUSED, NULL);
    call_key(call, KEY_REJECTED, NULL);
    call_key(call, KEY_EVENTS, NULL);
    call_stats_keys(call, begin->now_unix_ms);
    call_arg_text(call, begin->worker);
    call_arg_text(call, begin->id);
    call_arg_int(call, begin->sequence);
    call_arg_int(call, (int64_t)begin->element_len);
    call_arg_text(call, begin->effect);
    call_arg_int(call, begin->steps);
    call_arg_text(call, inbox->priority == PRIORITY_NORMAL ? "" : priority_name(inbox->priority));
    call_arg_slice(call, slice_of(head, head_len));
    call_arg_int(call, begin->dead_ttl_ms);
    call_arg_text(call, begin->reply_to);
    call_arg_int(call, (int64_t)begin->id_at);
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}

int begin_read(struct redis_reply *reply, struct begun *ret_begun, struct err *err)
{
    const struct redis_reply *answer = redis_reply_at(reply, 0);
    for (size_t i = 0; answer != NULL && i < N_ELEMENTS(answer_names); i++) {
        if (!slice_is(redis_reply_text(answer), answer_names[i])) {
            continue;
        }
        *ret_begun = (struct begun){.answer = (enum begin_answer)i};
        int64_t *numbers[] = {&ret_begun->now_unix_ms,  &ret_begun->fence,    &ret_begun->attempts,
                              &ret_begun->sent,         &ret_begun->unknowns, &ret_begun->waits,
                              &ret_begun->step_attempts};
        for (size_t n = 0; n < N_ELEMENTS(numbers) && redis_reply_at(reply, n + 1) != NULL; n++) {
            *numbers[n] = redis_reply_int(redis_reply_at(reply, n + 1));
        }
        buf_init(&ret_begun->envelope, SIZE_MAX);
        struct redis_reply *envelope = redis_reply_at(reply, 8);
        if (envelope != NULL) {
            (void)redis_reply_take(envelope, &ret_begun->envelope);
        }
        return 0;
    }
    return err_set(err, ERR_REPLY, "begin: unexpected answer");
}

int sent_send(struct call *call,
              struct redis *redis,
              struct redis_request *request,
              const struct sent *sent,
              struct err *err)
{
    call_open(call, SCRIPT_sent, sent->queue);
    call_key(call, KEY_JOB, sent->id);
    call_key(call, KEY_ACTIVE, sent->worker);
    call_arg_text(call, sent->id);
    call_arg_int(call, sent->fence);
    call_arg_int(call, sent->sequence);
    call_arg_int(call, sent->call_number);
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}

bool sent_read(const struct redis_reply *reply, int64_t *ret_now_unix_ms)
{
    const struct redis_reply *ours = redis_reply_at(reply, 0);
    const struct redis_reply *now = redis_reply_at(reply, 1);
    *ret_now_unix_ms = now != NULL ? redis_reply_int(now) : 0;
    return ours != NULL && redis_reply_int(ours) == 1;
}
