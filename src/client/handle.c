#include "client/handle.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"

static const struct {
    int code;
    int public_code;
} codes[] = {
    {0,               RETOUCH_OK               },
    {ERR_NO_MEMORY,   RETOUCH_ERROR_NO_MEMORY  },
    {ERR_INVALID,     RETOUCH_ERROR_INVALID    },
    {ERR_MALFORMED,   RETOUCH_ERROR_INVALID    },
    {ERR_TOO_BIG,     RETOUCH_ERROR_TOO_BIG    },
    {ERR_UNAVAILABLE, RETOUCH_ERROR_UNREACHABLE},
    {ERR_UNSUPPORTED, RETOUCH_ERROR_UNREACHABLE},
    {ERR_TLS,         RETOUCH_ERROR_UNREACHABLE},
    {ERR_NOT_FOUND,   RETOUCH_ERROR_NOT_FOUND  },
    {ERR_TIMEOUT,     RETOUCH_ERROR_TIMEOUT    },
};

int handle_code(int code)
{
    for (size_t i = 0; i < N_ELEMENTS(codes); i++) {
        if (codes[i].code == code) {
            return codes[i].public_code;
        }
    }
    return RETOUCH_ERROR_REFUSED;
}

int handle_fail(struct retouch *retouch, int code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    retouch->err = (struct err){.code = code};
    (void)vsnprintf(retouch->err.msg, sizeof retouch->err.msg, fmt, args);
    va_end(args);
    return handle_code(code);
}

struct batch *handle_batch(struct retouch *retouch)
{
    if (!retouch->connected) {
        err_set(&retouch->err, ERR_INVALID, "not connected: call retouch_connect first");
        return NULL;
    }
    batch_open(&retouch->batch);
    retouch->scripts_told = 0;
    return &retouch->batch;
}

int handle_exchange(struct retouch *retouch, int64_t block_ms)
{
    return handle_code(link_exchange(&retouch->link, &retouch->batch, block_ms, &retouch->err));
}

int handle_check(struct retouch *retouch, const struct reply *reply)
{
    if (reply_kind(reply) != REPLY_ERROR) {
        return 0;
    }
    char text[256];
    (void)text_escape(reply_text(reply), text, sizeof text);
    return handle_fail(retouch, ERR_REPLY, "Redis: %s", text);
}

struct retouch *retouch_new(void)
{
    struct retouch *retouch = mem_zalloc(1, sizeof *retouch);
    if (retouch != NULL) {
        link_init(&retouch->link);
        batch_init(&retouch->batch, &retouch->queue);
    }
    return retouch;
}

void retouch_close(struct retouch *retouch)
{
    if (retouch == NULL) {
        return;
    }
    batch_done(&retouch->batch);
    link_done(&retouch->link);
    if (retouch->has_scripts) {
        scripts_done(&retouch->scripts);
    }
    mem_free(retouch);
}

int retouch_connect(struct retouch *retouch, const char *url, const char *queue, const char *prefix)
{
    struct redis_url parsed;
    struct err *err = &retouch->err;
    retouch->connected = false;
    int code =
        redis_url_parse(slice_text(url != NULL ? url : "redis://127.0.0.1:6379"), &parsed, err);
    if (code != 0) {
        err_wrap(err, "Redis URL");
        return handle_code(code);
    }
    code = queue_name_init(&retouch->queue, prefix != NULL ? prefix : "rt",
                           queue != NULL ? queue : "default", err);
    if (code == 0 && !retouch->has_scripts) {
        code = scripts_init(&retouch->scripts, err);
        retouch->has_scripts = code == 0;
    }
    if (code == 0) {
        code = link_open(&retouch->link, &parsed, err);
    }
    explicit_bzero(&parsed, sizeof parsed);
    retouch->connected = code == 0;
    return handle_code(code);
}

void retouch_set_timeouts(struct retouch *retouch,
                          int64_t connect_ms,
                          int64_t answer_ms,
                          int64_t reconnect_ms)
{
    struct link *link = &retouch->link;
    link->connect_ms = connect_ms >= 0 ? connect_ms : link->connect_ms;
    link->answer_ms = answer_ms >= 0 ? answer_ms : link->answer_ms;
    link->reconnect_ms = reconnect_ms >= 0 ? reconnect_ms : link->reconnect_ms;
}

const char *retouch_error(const struct retouch *retouch)
{
    return retouch->err.msg;
}

const char *retouch_version(void)
{
    return RETOUCH_VERSION;
}

void retouch_free(void *bytes)
{
    mem_free(bytes);
}
