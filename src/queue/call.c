#include "queue/call.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"

enum {
    CALL_TEXTS_MAX = 1 << 20, /* bytes: 1,000 jobs of two keys each, and room */
    CALL_PARTS_MAX = 1 << 20  /* bytes of the arrays */
};

void call_init(struct call *call, const struct scripts *scripts)
{
    *call = (struct call){.scripts = scripts};
    buf_init(&call->texts, CALL_TEXTS_MAX);
    buf_init(&call->parts, CALL_PARTS_MAX);
    buf_init(&call->slices, CALL_PARTS_MAX);
}

void call_done(struct call *call)
{
    buf_done(&call->texts);
    buf_done(&call->parts);
    buf_done(&call->slices);
}

void call_open(struct call *call, enum script_kind script, const struct queue_name *queue)
{
    CHECK(script < SCRIPT_COUNT);
    call->script = &call->scripts->script[script];
    call->queue = queue;
    call->key_count = 0;
    call->code = 0;
    buf_clear(&call->texts);
    buf_clear(&call->parts);
    buf_clear(&call->slices);
}

static void call_add(struct call *call, struct call_part part)
{
    if (call->code == 0) {
        call->code = buf_append(&call->parts, &part, sizeof part);
    }
}

static void call_add_made(struct call *call, struct slice text)
{
    struct call_part part = {.slice = text, .offset = call->texts.len, .made = true};
    if (call->code == 0) {
        call->code = buf_append_slice(&call->texts, text);
    }
    call_add(call, part);
}

void call_key(struct call *call, enum key_kind kind, const char *suffix)
{
    char text[KEY_MAX];
    CHECK(call->parts.len == call->key_count * sizeof(struct call_part) || call->code != 0);
    call_add_made(call, key_format(call->queue, kind, suffix, text));
    call->key_count++;
}

void call_stats_keys(struct call *call, int64_t unix_ms)
{
    char minute[CLOCK_TEXT_MAX];
    call_key(call, KEY_STATS, NULL);
    call_key(call, KEY_STATS_AT, clock_format_minute(unix_ms, minute));
}

void call_arg_slice(struct call *call, struct slice slice)
{
    call_add(call, (struct call_part){.slice = slice});
}

void call_arg_text(struct call *call, const char *text)
{
    call_arg_slice(call, slice_text(text));
}

void call_arg_made(struct call *call, const char *text)
{
    call_add_made(call, slice_text(text));
}

void call_arg_int(struct call *call, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    call_add_made(call, slice_text(text));
}

void call_field_text(struct call *call, const char *name, const char *text)
{
    call_arg_text(call, name);
    call_arg_text(call, text);
}

void call_field_int(struct call *call, const char *name, int64_t number)
{
    call_arg_text(call, name);
    call_arg_int(call, number);
}

int call_finish(struct call *call,
                const struct slice **ret_slices,
                size_t *ret_keys,
                size_t *ret_count,
                struct err *err)
{
    size_t count = call->parts.len / sizeof(struct call_part);
    if (call->code == 0) {
        call->code = buf_reserve(&call->slices, count * sizeof(struct slice));
    }
    if (call->code != 0) {
        return err_set(err, call->code, "script %s: call does not fit", call->script->name);
    }
    const struct call_part *parts = (const void *)call->parts.ptr;
    struct slice *slices = (void *)call->slices.ptr;
    for (size_t i = 0; i < count; i++) {
        slices[i] = parts[i].slice;
        if (parts[i].made) {
            slices[i].ptr = call->texts.ptr + parts[i].offset;
        }
    }
    *ret_slices = slices;
    *ret_keys = call->key_count;
    *ret_count = count;
    return 0;
}

int call_send(struct call *call,
              struct redis *redis,
              struct redis_request *request,
              struct err *err)
{
    const struct slice *slices = NULL;
    size_t keys = 0;
    size_t count = 0;
    int code = call_finish(call, &slices, &keys, &count, err);
    if (code != 0) {
        return code;
    }
    struct redis_args key_args = {.items = slices, .count = keys};
    struct redis_args other_args = {.items = slices + keys, .count = count - keys};
    code = redis_call(redis, request, call->script, key_args, other_args, err);
    return code != 0 ? err_wrap(err, "script %s", call->script->name) : 0;
}
