/* Calls Lua scripts, by SHA1 where that is worth it. */
#include <openssl/evp.h>
#include <stdio.h>

#include "base/check.h"
#include "io/redis_inner.h"

enum {
    NUMBER_MAX = 24,
    /* Calls of up to this size are kept for repeating. A larger one is sent with its source: a few
     * KiB more on the wire, against a second copy of an image in memory. */
    KEPT_MAX_BYTES = 16 * 1024
};

static size_t total_bytes(struct redis_args args)
{
    size_t total = 0;
    for (size_t i = 0; i < args.count; i++) {
        total += args.items[i].len;
    }
    return total;
}

static void begin_call(struct redis_command *command,
                       const struct redis_script *script,
                       bool with_source,
                       size_t count)
{
    redis_command_begin(command, 2 + count);
    redis_command_add(command, slice_text(with_source ? "EVAL" : "EVALSHA"));
    redis_command_add(command, slice_text(with_source ? script->source : script->sha1));
}

/* EVAL or EVALSHA with request->again. */
static int
send_kept(struct redis *redis, struct redis_request *request, bool with_source, struct err *err)
{
    struct redis_command command;
    redis_command_prepare(redis, &command, redis_on_reply, NULL);
    begin_call(&command, request->script, with_source, request->again_count);
    redis_command_add_formatted(&command, buf_view(&request->again));
    return redis_command_send(redis, &command, request, err);
}

int redis_call_again(struct redis *redis, struct redis_request *request, struct err *err)
{
    int code = send_kept(redis, request, true, err);
    request->script = NULL; /* once is enough */
    return code;
}

static int keep_call(struct redis_request *request,
                     struct slice number,
                     struct redis_args keys,
                     struct redis_args args)
{
    /* Bound: the arguments, and "$NUMBER\r\n" and "\r\n" around each. */
    buf_init(&request->again, KEPT_MAX_BYTES + (1 + keys.count + args.count) * 2 * NUMBER_MAX);
    request->again_count = 1 + keys.count + args.count;
    int code = redis_command_format(&request->again, &number, 1);
    if (code == 0) {
        code = redis_command_format(&request->again, keys.items, keys.count);
    }
    if (code == 0) {
        code = redis_command_format(&request->again, args.items, args.count);
    }
    return code;
}

static int send_with_source(struct redis *redis,
                            struct redis_request *request,
                            const struct redis_script *script,
                            const struct redis_args parts[3],
                            struct err *err)
{
    struct redis_command command;
    redis_command_prepare(redis, &command, redis_on_reply, NULL);
    begin_call(&command, script, true, parts[0].count + parts[1].count + parts[2].count);
    for (size_t i = 0; i < 3; i++) {
        redis_command_add_all(&command, parts[i].items, parts[i].count);
    }
    return redis_command_send(redis, &command, request, err);
}

int redis_call(struct redis *redis,
               struct redis_request *request,
               const struct redis_script *script,
               struct redis_args keys,
               struct redis_args args,
               struct err *err)
{
    int code = redis_request_begin(redis, request, err);
    if (code != 0) {
        return code;
    }
    char digits[NUMBER_MAX];
    (void)snprintf(digits, sizeof(digits), "%zu", keys.count);
    struct slice number = slice_text(digits);
    if (total_bytes(keys) + total_bytes(args) > KEPT_MAX_BYTES) {
        const struct redis_args parts[] = {
            {&number, 1},
            keys, args
        };
        return send_with_source(redis, request, script, parts, err);
    }
    request->script = script;
    code = keep_call(request, number, keys, args);
    code = code != 0 ? err_set(err, code, "no memory for a call of %s", script->name)
                     : send_kept(redis, request, false, err);
    if (code != 0) {
        buf_done(&request->again);
    }
    return code;
}
