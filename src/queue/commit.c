#include "queue/commit.h"

#include <stdio.h>

#include "base/check.h"
#include "queue/photo.h"

static const char *const answer_names[] = {
    [COMMIT_RECORDED] = "done",
    [COMMIT_LATE] = "late",
    [COMMIT_REPEATED] = "repeated",
    [COMMIT_STALE] = "stale",
};

static void commit_field(struct commit *commit, struct commit_field field)
{
    CHECK(commit->field_count < COMMIT_FIELDS_MAX);
    commit->fields[commit->field_count++] = field;
}

void commit_slice(struct commit *commit, const char *name, struct slice text)
{
    if (text.len > 0) {
        commit_field(commit, (struct commit_field){.name = name, .text = text, .is_text = true});
    }
}

void commit_text(struct commit *commit, const char *name, const char *text)
{
    commit_slice(commit, name, slice_text(text));
}

void commit_number(struct commit *commit, const char *name, int64_t number)
{
    commit_field(commit, (struct commit_field){.name = name, .number = number});
}

static void commit_keys(struct call *call, const struct commit *commit, bool reply)
{
    call_key(call, KEY_JOB, commit->id);
    call_key(call, KEY_ENV, commit->id);
    call_key(call, KEY_ACTIVE, commit->worker);
    call_key(call, KEY_SCHEDULED, NULL);
    call_key(call, KEY_DEAD, NULL);
    call_key(call, KEY_DEAD_BYTES, NULL);
    call_key(call, KEY_UNKNOWN, NULL);
    call_key(call, KEY_EVENTS, NULL);
    call_stats_keys(call, commit->now_unix_ms);
    call_key(call, KEY_JOBS, NULL);
    call_key(call, KEY_JOBS_HIGH, NULL);
    call_key(call, KEY_JOBS_LOW, NULL);
    call_key(call, reply ? KEY_REPLY : KEY_EVENTS, reply ? commit->reply_to : NULL);
    call_key(call, commit->photo != NULL ? KEY_PHOTO : KEY_EVENTS, commit->photo);
    for (uint32_t i = 0; i < commit->result_count; i++) {
        char suffix[KEY_MAX];
        if (i == 0) {
            (void)snprintf(suffix, sizeof suffix, "%s", commit->id);
        } else {
            (void)snprintf(suffix, sizeof suffix, "%s:%u", commit->id, i);
        }
        call_key(call, KEY_RESULT, suffix);
    }
}

int commit_send(struct call *call,
                struct redis *redis,
                struct redis_request *request,
                const struct commit *commit,
                struct err *err)
{
    bool reply = commit->reply_to != NULL && commit->reply_to[0] != '\0';
    char lock[PHOTO_LOCK_MAX];
    CHECK(commit->result_count <= COMMIT_RESULTS_MAX);
    call_open(call, SCRIPT_commit, commit->queue);
    commit_keys(call, commit, reply);
    call_arg_text(call, commit->id);
    call_arg_int(call, commit->fence);
    call_arg_text(call, outcome_action_name(commit->action));
    call_arg_int(call, commit->delay_ms);
    call_arg_text(call, commit->reason != NULL ? commit->reason : "");
    call_arg_int(call, commit->attempts_add);
    call_arg_int(call, commit->unsent ? 1 : 0);
    call_arg_int(call, commit->unknowns_add);
    call_arg_int(call, commit->ttl_ms);
    call_arg_int(call, commit->deadline_ms);
    call_arg_int(call, reply ? 1 : 0);
    photo_lock_text(lock, commit->worker, commit->fence, commit->id);
    call_arg_text(call, commit->photo != NULL ? lock : "");
    call_arg_text(call, commit->digest != NULL ? commit->digest : "");
    call_arg_int(call, commit->result_count);
    for (uint32_t i = 0; i < commit->result_count; i++) {
        call_arg_slice(call, commit->results[i]);
    }
    for (uint32_t i = 0; i < commit->field_count; i++) {
        const struct commit_field *field = &commit->fields[i];
        call_arg_text(call, field->name);
        if (field->is_text) {
            call_arg_slice(call, field->text);
        } else {
            call_arg_int(call, field->number);
        }
    }
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}

int commit_read(const struct redis_reply *reply, enum commit_answer *ret_answer, struct err *err)
{
    const struct redis_reply *answer = redis_reply_at(reply, 0);
    for (size_t i = 0; answer != NULL && i < N_ELEMENTS(answer_names); i++) {
        if (slice_is(redis_reply_text(answer), answer_names[i])) {
            *ret_answer = (enum commit_answer)i;
            return 0;
        }
    }
    return err_set(err, ERR_REPLY, "commit: unexpected answer");
}
