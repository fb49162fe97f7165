/* The bytes of a result: copied out of the reply, since another allocator may have made it. */
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "client/handle.h"

enum {
    RESULT_NUMBER_MAX = 9999 /* keeps the key within KEY_MAX */
};

int retouch_fetch(
    struct retouch *retouch, const char *id, unsigned number, void **ret_bytes, size_t *ret_len)
{
    char suffix[RETOUCH_ID_MAX + 8];
    struct batch *batch = handle_batch(retouch);
    if (batch == NULL) {
        return RETOUCH_ERROR_INVALID;
    }
    if (!text_is_job_id(slice_text(id)) || number > RESULT_NUMBER_MAX) {
        return handle_fail(retouch, ERR_INVALID, "\"%.80s\", result %u: no such thing", id, number);
    }
    (void)snprintf(suffix, sizeof suffix, number > 0 ? "%s:%u" : "%s", id, number);
    batch_command(batch, "GET");
    batch_key(batch, KEY_RESULT, suffix);
    int code = handle_exchange(retouch, 0);
    const struct reply *reply = code == 0 ? batch_reply(batch, 0) : NULL;
    code = code == 0 ? handle_check(retouch, reply) : code;
    if (code != 0) {
        return code;
    }
    if (reply_kind(reply) != REPLY_TEXT) {
        return handle_fail(retouch, ERR_NOT_FOUND, "job %s has no result %u", id, number);
    }
    struct slice text = reply_text(reply);
    char *bytes = mem_strndup((const char *)text.ptr, text.len);
    batch_open(batch); /* the reply is needed no more */
    if (bytes == NULL) {
        return handle_fail(retouch, ERR_NO_MEMORY, "no memory for a result of %zu bytes", text.len);
    }
    *ret_bytes = bytes;
    *ret_len = text.len;
    return 0;
}
