/* Submitting: each job becomes an envelope and one call of the script submit, all in one round
 * trip.
 *
 * A script that Redis does not know (NOSCRIPT: restarted, flushed) is sent again in full for the
 * first such job, which makes it known for the others of the second round. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "client/handle.h"
#include "wire/envelope.h"
#include "wire/envelope_write.h"

enum {
    SUBMIT_ID_BYTES = 16,     /* of chance in a random id, as hex */
    SUBMIT_EFFECTS_MAX = 1100 /* 16 names of 64 bytes with a + between, a NUL */
};

static const enum priority priorities[] = {
    [RETOUCH_NORMAL] = PRIORITY_NORMAL,
    [RETOUCH_HIGH] = PRIORITY_HIGH,
    [RETOUCH_LOW] = PRIORITY_LOW,
};

/* One job on its way. */
struct parcel {
    const struct retouch_job *job;   /* borrowed */
    struct retouch_outcome *outcome; /* borrowed */
    struct buf envelope;             /* owned */
    size_t command;                  /* its place in the batch */
    bool pending;                    /* no answer yet */
    bool random_id;                  /* a duplicate can then only be our own earlier try */
};

static void parcel_fail(struct parcel *parcel, const struct err *err)
{
    parcel->pending = false;
    parcel->outcome->submitted = RETOUCH_SUBMIT_FAILED;
    parcel->outcome->code = handle_code(err->code);
    (void)snprintf(parcel->outcome->error, sizeof parcel->outcome->error, "%s", err->msg);
}

static int parcel_name(struct parcel *parcel, struct err *err)
{
    struct retouch_outcome *outcome = parcel->outcome;
    if (parcel->job->id == NULL) {
        parcel->random_id = true;
        return rng_secret_hex(outcome->id, SUBMIT_ID_BYTES) == 0
                   ? 0
                   : err_set(err, ERR_SYSTEM, "the system gives no random numbers");
    }
    (void)snprintf(outcome->id, sizeof outcome->id, "%s", parcel->job->id);
    return 0;
}

static void
parcel_init(struct parcel *parcel, const struct retouch_job *job, struct retouch_outcome *outcome)
{
    struct err err = {.code = 0};
    *parcel = (struct parcel){.job = job, .outcome = outcome, .pending = true};
    *outcome = (struct retouch_outcome){.submitted = RETOUCH_SUBMIT_FAILED};
    buf_init(&parcel->envelope, (size_t)ENVELOPE_BYTES_MAX + 1);
    int code = parcel_name(parcel, &err);
    if (code == 0 && (job->priority < RETOUCH_NORMAL || job->priority > RETOUCH_LOW)) {
        code = err_set(&err, ERR_INVALID, "priority %d is not known", (int)job->priority);
    }
    if (code == 0) {
        code =
            envelope_write(job, job->id != NULL ? job->id : outcome->id, &parcel->envelope, &err);
    }
    if (code != 0) {
        parcel_fail(parcel, &err);
    }
}

/* The effects joined by +, as a status shows them. */
static void batch_effects(struct batch *batch, const struct retouch_job *job)
{
    char text[SUBMIT_EFFECTS_MAX] = "";
    size_t len = 0;
    if (job->effect != NULL) {
        batch_text(batch, job->effect);
        return;
    }
    for (size_t i = 0; i < job->recipe_count; i++) {
        int written = snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? "+" : "",
                               job->recipe[i].effect);
        CHECK(written >= 0 && (size_t)written < sizeof text - len);
        len += (size_t)written;
    }
    batch_made(batch, slice_of(text, len));
}

static void batch_submit(struct batch *batch,
                         const struct redis_script *script,
                         bool whole,
                         const struct parcel *parcel)
{
    const struct retouch_job *job = parcel->job;
    const char *id = parcel->outcome->id;
    enum priority priority = priorities[job->priority];
    char minute[CLOCK_TEXT_MAX];
    batch_command(batch, whole ? "EVAL" : "EVALSHA");
    batch_text(batch, whole ? script->source : script->sha1);
    batch_text(batch, "6");
    batch_key(batch, KEY_JOB, id);
    batch_key(batch, KEY_ENV, id);
    batch_key(batch, priority_inbox(priority), NULL);
    batch_key(batch, KEY_EVENTS, NULL);
    batch_key(batch, KEY_STATS, NULL);
    batch_key(batch, KEY_STATS_AT, clock_format_minute(clock_unix_ms(), minute));
    batch_text(batch, id);
    batch_slice(batch, buf_view(&parcel->envelope));
    batch_effects(batch, job);
    batch_int(batch, job->effect != NULL ? 1 : (int64_t)job->recipe_count);
    batch_text(batch, priority_name(priority));
    batch_text(batch, job->reply_to != NULL ? job->reply_to : "");
}

static void parcel_answer(struct parcel *parcel, struct retouch *retouch, bool repeated)
{
    const struct reply *reply = batch_reply(&retouch->batch, parcel->command);
    if (reply_kind(reply) == REPLY_ERROR && slice_starts(reply_text(reply), "NOSCRIPT")) {
        return; /* pending still */
    }
    if (handle_check(retouch, reply) != 0) {
        parcel_fail(parcel, &retouch->err);
        return;
    }
    bool fresh = reply_int(reply) == 1 || (repeated && parcel->random_id);
    parcel->pending = false;
    parcel->outcome->submitted = fresh ? RETOUCH_SUBMIT_NEW : RETOUCH_SUBMIT_DUPLICATE;
    parcel->outcome->code = 0;
}

/* One round trip for what is pending. */
static int
submit_round(struct retouch *retouch, struct parcel *parcels, size_t count, bool with_source)
{
    const struct redis_script *script = &retouch->scripts.script[SCRIPT_submit];
    struct batch *batch = handle_batch(retouch);
    if (batch == NULL) {
        return RETOUCH_ERROR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        if (parcels[i].pending) {
            parcels[i].command = batch_count(batch);
            batch_submit(batch, script, with_source && batch_count(batch) == 0, &parcels[i]);
        }
    }
    if (batch_count(batch) == 0) {
        return 0;
    }
    uint64_t dials = retouch->link.dials;
    int code = handle_exchange(retouch, 0);
    for (size_t i = 0; i < count && code == 0; i++) {
        if (parcels[i].pending) {
            parcel_answer(&parcels[i], retouch, retouch->link.dials != dials);
        }
    }
    return code;
}

/* The first failure becomes the handle's error; what has no answer failed with the round. */
static int submit_sum(struct retouch *retouch, struct parcel *parcels, size_t count, int code)
{
    struct err failure = retouch->err;
    int first = 0;
    for (size_t i = 0; i < count; i++) {
        const struct retouch_outcome *outcome = parcels[i].outcome;
        if (parcels[i].pending) {
            if (code == 0) {
                err_set(&failure, ERR_REPLY, "Redis does not keep the script");
            }
            parcel_fail(&parcels[i], &failure);
        }
        if (first == 0 && outcome->code != 0) {
            first = outcome->code;
            (void)snprintf(retouch->err.msg, sizeof retouch->err.msg, "%s", outcome->error);
        }
    }
    return first;
}

int retouch_submit_many(struct retouch *retouch,
                        const struct retouch_job *jobs,
                        size_t count,
                        struct retouch_outcome *ret_outcomes)
{
    struct parcel *parcels = mem_zalloc(count, sizeof *parcels);
    if (parcels == NULL) {
        return handle_fail(retouch, ERR_NO_MEMORY, "no memory for %zu jobs", count);
    }
    for (size_t i = 0; i < count; i++) {
        parcel_init(&parcels[i], &jobs[i], &ret_outcomes[i]);
    }
    int code = submit_round(retouch, parcels, count, false);
    if (code == 0) {
        code = submit_round(retouch, parcels, count, true);
    }
    code = submit_sum(retouch, parcels, count, code);
    for (size_t i = 0; i < count; i++) {
        buf_done(&parcels[i].envelope);
    }
    mem_free(parcels);
    return code;
}

int retouch_submit(struct retouch *retouch,
                   const struct retouch_job *job,
                   struct retouch_outcome *ret_outcome)
{
    return retouch_submit_many(retouch, job, 1, ret_outcome);
}
