#include "queue/claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

static int claim_move(struct redis *redis,
                      struct redis_request *request,
                      const struct inbox *inbox,
                      const char *worker,
                      const char *wait_text,
                      struct err *err)
{
    char source[KEY_MAX];
    char suffix[KEY_MAX];
    char dest[KEY_MAX];
    struct slice args[] = {
        slice_text(wait_text != NULL ? "BLMOVE" : "LMOVE"),
        key_format(inbox->queue, priority_inbox(inbox->priority), NULL, source),
        key_format(inbox->queue, KEY_CLAIM, priority_claim_suffix(inbox->priority, worker, suffix),
                   dest),
        slice_text("RIGHT"),
        slice_text("LEFT"),
        slice_text(wait_text),
    };
    return redis_send(redis, request, args, wait_text != NULL ? 6 : 5, err);
}

int claim_ask(struct redis *redis,
              struct redis_request *request,
              const struct inbox *inbox,
              const char *worker,
              struct err *err)
{
    request->patience_ms = 0;
    return claim_move(redis, request, inbox, worker, NULL, err);
}

int claim_wait(struct redis *redis,
               struct redis_request *request,
               const struct inbox *inbox,
               const char *worker,
               int64_t wait_ms,
               int64_t patience_ms,
               struct err *err)
{
    char seconds[24];
    (void)snprintf(seconds, sizeof seconds, "%" PRId64 ".%03d", wait_ms / 1000,
                   (int)(wait_ms % 1000));
    request->patience_ms = wait_ms + patience_ms;
    return claim_move(redis, request, inbox, worker, seconds, err);
}

static void claim_key(struct call *call, const struct inbox *inbox, const char *worker)
{
    char suffix[KEY_MAX];
    call_key(call, KEY_CLAIM, priority_claim_suffix(inbox->priority, worker, suffix));
}

int claim_return(struct call *call,
                 struct redis *redis,
                 struct redis_request *request,
                 const struct inbox *inbox,
                 const char *worker,
                 struct err *err)
{
    call_open(call, SCRIPT_unclaim, inbox->queue);
    claim_key(call, inbox, worker);
    call_key(call, priority_inbox(inbox->priority), NULL);
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}

static uint8_t *claim_put(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

/* A msgpack header byte and a big-endian number of `width` bytes. */
static uint8_t *claim_put_number(uint8_t *at, uint8_t head, uint64_t number, unsigned width)
{
    *at++ = head;
    for (unsigned i = width; i > 0; i--) {
        *at++ = (uint8_t)(number >> (8 * (i - 1)));
    }
    return at;
}

size_t claim_rejected_head(uint8_t head[CLAIM_HEAD_MAX],
                           int64_t at_unix_ms,
                           const char *reason,
                           size_t element_len)
{
    /* 0x83 a map of three; 0xa0|n short text; 0xcf uint64; 0xda text of 16 bits; 0xc6 bin of 32. */
    char text[CLAIM_REASON_MAX];
    size_t len = text_escape(slice_text(reason), text, sizeof text);
    uint8_t *at = head;
    *at++ = 0x83;
    at = claim_put(at,
                   "\xa5"
                   "at_ms",
                   6);
    at = claim_put_number(at, 0xcf, (uint64_t)at_unix_ms, 8);
    at = claim_put(at,
                   "\xa6"
                   "reason",
                   7);
    at = claim_put_number(at, 0xda, len, 2);
    at = claim_put(at, text, len);
    at = claim_put(at,
                   "\xa7"
                   "element",
                   8);
    at = claim_put_number(at, 0xc6, element_len, 4);
    CHECK(at <= head + CLAIM_HEAD_MAX);
    return (size_t)(at - head);
}

struct claim_ends claim_ends_of(struct slice element)
{
    struct claim_ends ends = {.element_len = element.len};
    size_t len = element.len < CLAIM_ENDS ? element.len : CLAIM_ENDS;
    if (len > 0) {
        memcpy(ends.first, element.ptr, len);
        memcpy(ends.last, element.ptr + (element.len - len), len);
    }
    return ends;
}

int claim_reject(struct call *call,
                 struct redis *redis,
                 struct redis_request *request,
                 const struct inbox *inbox,
                 const char *worker,
                 const struct claim_ends *ends,
                 const char *reason,
                 int64_t now_unix_ms,
                 struct err *err)
{
    uint8_t head[CLAIM_HEAD_MAX];
    size_t head_len = claim_rejected_head(head, now_unix_ms, reason, ends->element_len);
    size_t ends_len = ends->element_len < CLAIM_ENDS ? ends->element_len : CLAIM_ENDS;
    call_open(call, SCRIPT_reject, inbox->queue);
    claim_key(call, inbox, worker);
    call_key(call, KEY_REJECTED, NULL);
    call_stats_keys(call, now_unix_ms);
    call_key(call, KEY_WORKERS, NULL);
    call_arg_text(call, worker);
    call_arg_int(call, (int64_t)ends->element_len);
    call_arg_slice(call, slice_of(head, head_len));
    call_arg_slice(call, slice_of(ends->first, ends_len));
    call_arg_slice(call, slice_of(ends->last, ends_len));
    request->patience_ms = 0;
    return call_send(call, redis, request, err);
}
