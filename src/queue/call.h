/* Puts one script call together: keys first, then arguments; errors stick, call_send reports them.
 * Texts that are made here live in the call; slices that are given in are borrowed until call_send.
 */
#ifndef RETOUCH_QUEUE_CALL_H
#define RETOUCH_QUEUE_CALL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "io/redis.h"
#include "queue/keys.h"
#include "queue/scripts.h"

struct call_part {
    struct slice slice; /* borrowed; or, where made is true, len bytes at `offset` of the texts */
    size_t offset;
    bool made;
};

/* Reused from call to call, so that a steady worker allocates nothing for them. */
struct call {
    const struct scripts *scripts;     /* borrowed */
    const struct queue_name *queue;    /* borrowed */
    const struct redis_script *script; /* borrowed */
    struct buf texts;                  /* owned: keys and numbers */
    struct buf parts;                  /* owned: array of struct call_part */
    struct buf slices;                 /* owned: array of struct slice, made by call_send */
    size_t key_count;
    int code; /* first error */
};

void call_init(struct call *call, const struct scripts *scripts);
void call_done(struct call *call);

void call_open(struct call *call, enum script_kind script, const struct queue_name *queue);
void call_key(struct call *call, enum key_kind kind, const char *suffix);
/* KEY_STATS and the copy of the minute at unix_ms: what every counting script wants. */
void call_stats_keys(struct call *call, int64_t unix_ms);
void call_arg_slice(struct call *call, struct slice slice); /* borrowed */
void call_arg_text(struct call *call, const char *text);    /* borrowed */
void call_arg_int(struct call *call, int64_t number);
void call_arg_made(struct call *call, const char *text); /* copied */
/* A status field: name and value, as two arguments. */
void call_field_text(struct call *call, const char *name, const char *text);
void call_field_int(struct call *call, const char *name, int64_t number);

/* The finished call as keys and arguments in one array; valid until the next call_open. */
int call_finish(struct call *call,
                const struct slice **ret_slices,
                size_t *ret_keys,
                size_t *ret_count,
                struct err *err) MUST_CHECK;
int call_send(struct call *call,
              struct redis *redis,
              struct redis_request *request,
              struct err *err) MUST_CHECK;

#endif
