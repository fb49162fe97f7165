#include "queue/photo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

void photo_lock_text(char text[PHOTO_LOCK_MAX], const char *worker, int64_t fence, const char *id)
{
    (void)snprintf(text, PHOTO_LOCK_MAX, "%s:%" PRId64 ":%s", worker, fence, id);
}

int photo_open(struct call *call,
               struct redis *redis,
               struct redis_request *request,
               const struct photo_holder *holder,
               struct slice source,
               struct err *err)
{
    call_open(call, SCRIPT_photo_open, holder->queue);
    call_key(call, KEY_PHOTO, holder->out_request_id);
    call_key(call, KEY_WORKERS, NULL);
    call_key(call, KEY_JOB, holder->id);
    call_arg_text(call, holder->worker);
    call_arg_text(call, holder->id);
    call_arg_int(call, holder->fence);
    call_arg_int(call, holder->ttl_ms);
    call_arg_slice(call, source);
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}

bool photo_open_read(const struct redis_reply *reply, const struct redis_reply **ret_record)
{
    const struct redis_reply *answer = redis_reply_at(reply, 0);
    if (answer == NULL || !slice_is(redis_reply_text(answer), "ok")) {
        return false;
    }
    *ret_record = redis_reply_at(reply, 1);
    return *ret_record != NULL;
}

struct slice photo_field(const struct redis_reply *record, const char *prefix, const char *name)
{
    size_t prefix_len = strlen(prefix);
    size_t name_len = strlen(name);
    for (size_t i = 0; i + 1 < redis_reply_count(record); i += 2) {
        struct slice field = redis_reply_text(redis_reply_at(record, i));
        if (field.len == prefix_len + name_len && memcmp(field.ptr, prefix, prefix_len) == 0 &&
            memcmp(field.ptr + prefix_len, name, name_len) == 0) {
            return redis_reply_text(redis_reply_at(record, i + 1));
        }
    }
    return slice_of(NULL, 0);
}

int photo_checkpoint(struct call *call,
                     struct redis *redis,
                     struct redis_request *request,
                     const struct photo_holder *holder,
                     const struct photo_step *step,
                     struct err *err)
{
    call_open(call, SCRIPT_checkpoint, holder->queue);
    call_key(call, KEY_JOB, holder->id);
    call_key(call, KEY_ACTIVE, holder->worker);
    call_key(call, KEY_PHOTO, holder->out_request_id);
    call_arg_text(call, holder->id);
    call_arg_int(call, holder->fence);
    call_arg_int(call, step->sequence);
    call_arg_int(call, step->call_number);
    call_arg_int(call, holder->ttl_ms);
    call_arg_text(call, step->digest);
    call_arg_slice(call, step->record);
    call_arg_int(call, step->steps_done);
    call_field_int(call, "api_ms", step->api_ms);
    if (step->generate_id[0] != '\0') {
        call_field_text(call, "generate_id", step->generate_id);
    }
    if (step->check_id[0] != '\0') {
        call_field_text(call, "check_id", step->check_id);
    }
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}

bool photo_checkpoint_read(const struct redis_reply *reply)
{
    const struct redis_reply *ours = redis_reply_at(reply, 0);
    return ours != NULL && redis_reply_int(ours) == 1;
}

int photo_forget(struct redis *redis,
                 struct redis_request *request,
                 const struct photo_holder *holder,
                 const char *digest,
                 struct err *err)
{
    char key[KEY_MAX];
    char step[KEY_MAX];
    char result[KEY_MAX];
    (void)snprintf(step, sizeof step, "s:%s", digest);
    (void)snprintf(result, sizeof result, "r:%s", digest);
    struct slice args[] = {slice_text("HDEL"),
                           key_format(holder->queue, KEY_PHOTO, holder->out_request_id, key),
                           slice_text(step), slice_text(result)};
    request->patience_ms = 0;
    return redis_send(redis, request, args, N_ELEMENTS(args), err);
}
