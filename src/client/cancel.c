/* Cancelling: one call of the script cancel; where it answers that somebody waits on a reply list,
 * a second one that names that list among its keys. */
#include "base/text.h"
#include "client/script.h"

enum {
    CANCEL_KEEP_MS = 24 * 3600 * 1000, /* the life of the status, where nothing is said */
    CANCEL_TRIES = 4                   /* a first take can name the reply list meanwhile */
};

static const struct {
    const char *answer;
    enum retouch_canceled canceled;
} answers[] = {
    {"canceled", RETOUCH_CANCELED      },
    {"ahead",    RETOUCH_CANCELED_AHEAD},
    {"ended",    RETOUCH_CANCELED_NOT  },
};

static void batch_cancel(struct retouch *retouch, const char *id, int64_t keep_ms, const char *name)
{
    struct batch *batch = &retouch->batch;
    char channel[KEY_MAX];
    script_call(retouch, SCRIPT_cancel, 7);
    batch_key(batch, KEY_JOB, id);
    batch_key(batch, KEY_ENV, id);
    batch_key(batch, KEY_SCHEDULED, NULL);
    batch_key(batch, KEY_EVENTS, NULL);
    script_stats_keys(retouch);
    batch_key(batch, name[0] != '\0' ? KEY_REPLY : KEY_EVENTS, name[0] != '\0' ? name : NULL);
    batch_text(batch, id);
    batch_int(batch, keep_ms > 0 ? keep_ms : CANCEL_KEEP_MS);
    batch_made(batch, key_format(&retouch->queue, KEY_CONTROL, NULL, channel));
    batch_made(batch, slice_text(name));
}

static int
read_answer(struct retouch *retouch, struct slice answer, enum retouch_canceled *ret_canceled)
{
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (slice_is(answer, answers[i].answer)) {
            *ret_canceled = answers[i].canceled;
            return 0;
        }
    }
    return handle_fail(retouch, ERR_REPLY, "the script cancel answers \"%.*s\"", SLICE_ARG(answer));
}

int retouch_cancel(struct retouch *retouch,
                   const char *id,
                   int64_t keep_ms,
                   enum retouch_canceled *ret_canceled)
{
    char name[RETOUCH_ID_MAX + 1] = "";
    if (!text_is_job_id(slice_text(id))) {
        return handle_fail(retouch, ERR_INVALID, "\"%.80s\" is no job id", id);
    }
    for (int i = 0; i < CANCEL_TRIES; i++) {
        struct batch *batch = handle_batch(retouch);
        if (batch == NULL) {
            return RETOUCH_ERROR_INVALID;
        }
        batch_cancel(retouch, id, keep_ms, name);
        uint64_t dials = retouch->link.dials;
        int code = handle_exchange(retouch, 0);
        const struct reply *reply = code == 0 ? batch_reply(batch, 0) : NULL;
        code = code == 0 ? handle_check(retouch, reply) : code;
        if (code != 0) {
            return code;
        }
        struct slice answer = reply_text(reply_at(reply, 0));
        if (retouch->link.dials != dials && slice_is(answer, "ended") &&
            slice_is(reply_text(reply_at(reply, 1)), "canceled")) {
            answer = slice_text("canceled"); /* by the first try, whose answer was lost */
        }
        if (!slice_is(answer, "reply")) {
            return read_answer(retouch, answer, ret_canceled);
        }
        (void)text_copy(name, sizeof name, reply_text(reply_at(reply, 1)));
    }
    return handle_fail(retouch, ERR_REPLY, "the reply list of %s keeps changing", id);
}
