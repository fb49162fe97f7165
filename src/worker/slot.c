/* One job in a worker. The sentence it reads as: the element comes, begin makes the job ours, the
 * plan says what to call, admission lets it go, the sent mark goes on record, the call is made, its
 * answer read, what it says committed.
 *
 * Each phase waits for one thing; slot_enter asks for it. A question that could not be asked, or
 * whose answer was lost, leaves the slot stalled: slot_resume asks again, and every script takes a
 * repeated question for what it is. The slot owns the element, the answer and the results until the
 * commit is acknowledged. */
#include "worker/slot.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "worker/slot_photo.h"
#include "worker/sweeper.h"

static void slot_enter(struct slot *slot);

void slot_step(struct slot *slot, enum job_event event)
{
    enum job_phase next = job_phase_after(slot->phase, event);
    if (log_get_level() == LOG_DEBUG) {
        log_event(LOG_DEBUG, "phase", LOG_TEXT("job", slot->envelope.id),
                  LOG_TEXT("from", job_phase_name(slot->phase)),
                  LOG_TEXT("by", job_event_name(event)), LOG_TEXT("to", job_phase_name(next)));
    }
    slot->worker->phases[slot->phase]--;
    slot->worker->phases[next]++;
    slot->phase = next;
    slot_enter(slot);
}

void slot_settled(struct slot *slot)
{
    slot_step(slot, JOB_SETTLED);
}

/* False, and stalled, when Redis gave no answer. */
bool slot_heard(struct slot *slot, const struct err *err)
{
    if (err->code == 0) {
        return true;
    }
    if (err->code == ERR_REPLY && !slot->complained) {
        slot->complained = true;
        log_event(LOG_ERROR, "redis_refused", LOG_TEXT("job", slot->envelope.id),
                  LOG_TEXT("phase", job_phase_name(slot->phase)), LOG_TEXT("error", err->msg));
    }
    slot->worker->stats.redis_errors++;
    slot->stalled = true;
    return false;
}

/* The image is here, or none is needed. */
static void slot_go_with_image(struct slot *slot)
{
    if (slot_check_image(slot, &slot->outcome) != 0) {
        slot_settled(slot);
    } else if (slot->plan.records) {
        slot_step(slot, JOB_RECALL);
    } else if (slot_order_alone(slot, &slot->outcome) != 0) {
        slot_settled(slot);
    } else {
        slot_step(slot, JOB_READY);
    }
}

/* Decides before any call: refused, expired, or parked until its time. */
static void slot_go_by_plan(struct slot *slot)
{
    if (slot_plan(slot, &slot->outcome) != 0) {
        slot_settled(slot);
    } else if (slot->envelope.image_source == IMAGE_KEY) {
        slot_step(slot, JOB_BY_KEY);
    } else {
        slot_go_with_image(slot);
    }
}

/* begin */

/* The effects joined by '+', as the status shows them. */
static void begin_title(const struct envelope *envelope, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t i = 0; i < envelope->step_count && used < size; i++) {
        int len =
            snprintf(text + used, size - used, "%s%s", i > 0 ? "+" : "", envelope->steps[i].effect);
        used += len > 0 ? (size_t)len : 0;
    }
}

static int begin_ask(struct slot *slot, struct err *err)
{
    char effect[ENVELOPE_STEPS_MAX * (ENVELOPE_NAME_MAX + 1) + 1] = "";
    if (slot->element_len > 0) {
        begin_title(&slot->envelope, effect, sizeof effect);
    }
    struct begin begin = {
        .inbox = &slot->feed->inbox,
        .worker = slot->worker_id,
        .id = slot->envelope.id,
        .sequence = slot->sequence,
        .element_len = slot->element_len,
        .id_at = slot->element_len > 0 ? slot->envelope.id_at : 0,
        .effect = effect,
        .steps = slot->envelope.step_count,
        .dead_ttl_ms = slot->worker->conf.dead.ttl_ms,
        .reply_to = slot->element_len > 0 ? slot->envelope.reply_to : "",
        .now_unix_ms = worker_unix_ms(slot->worker),
    };
    return begin_send(&slot->worker->call, slot->worker->bulk, &slot->request, &begin, err);
}

/* A bare id's envelope comes with the answer. */
static int begin_decode(struct slot *slot)
{
    char id[ENVELOPE_ID_MAX + 1];
    struct err err = {0};
    memcpy(id, slot->envelope.id, sizeof id);
    slot->bytes_held = slot->begun.envelope.len;
    slot->worker->bytes_held += slot->bytes_held;
    int code = envelope_decode(&slot->envelope, &slot->begun.envelope, &err);
    if (code == 0 && strcmp(id, slot->envelope.id) != 0) {
        code = err_set(&err, ERR_INVALID, "the stored envelope is of another job, \"%s\"",
                       slot->envelope.id);
    }
    memcpy(slot->envelope.id, id, sizeof id);
    if (code != 0) {
        outcome_without_call(&slot->outcome, OUTCOME_DEAD, "invalid", err.msg);
    }
    return code;
}

static void begin_go_on(struct slot *slot)
{
    struct worker *worker = slot->worker;
    worker->stats.begun++;
    worker_saw_clock(worker, slot->begun.now_unix_ms);
    slot->begun_at_ms = loop_at_ms(worker->loop);
    if (slot->refused || (slot->element_len == 0 && begin_decode(slot) != 0)) {
        slot_settled(slot);
        return;
    }
    slot_go_by_plan(slot);
}

static void begin_not_ours(struct slot *slot)
{
    struct worker *worker = slot->worker;
    struct feed *feed = slot->feed;
    switch (slot->begun.answer) {
    case BEGIN_DUPLICATE:
        worker->stats.duplicates++;
        log_event(LOG_INFO, "duplicate_dropped", LOG_TEXT("job", slot->envelope.id));
        break;
    case BEGIN_MISSING:
        worker->stats.rejected++;
        log_event(LOG_WARN, "rejected", LOG_TEXT("job", slot->envelope.id),
                  LOG_TEXT("reason", "no envelope is stored"));
        break;
    case BEGIN_PAUSED:
        feed->served->figures.paused = true;
        feed_return(feed);
        break;
    case BEGIN_LOST:
        if (strcmp(slot->worker_id, worker->id) == 0) {
            worker_lose_lease(worker);
        }
        feed_return(feed);
        break;
    case BEGIN_MISMATCH:
        log_event(LOG_WARN, "claim_mismatch", LOG_TEXT("job", slot->envelope.id));
        feed_return(feed);
        break;
    case BEGIN_GONE:
    case BEGIN_OK:
        break;
    }
    slot_step(slot, JOB_GONE);
}

static void
begin_on_reply(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct slot *slot = request->data;
    struct err read = {0};
    if (!slot_heard(slot, err)) {
        return;
    }
    if (begin_read(reply, &slot->begun, &read) != 0) {
        (void)slot_heard(slot, &read);
        return;
    }
    feed_begun(slot->feed);
    if (slot->begun.answer == BEGIN_OK) {
        begin_go_on(slot);
    } else {
        begin_not_ours(slot);
    }
}

/* reject */

static int reject_ask(struct slot *slot, struct err *err)
{
    struct worker *worker = slot->worker;
    return claim_reject(&worker->call, worker->bulk, &slot->request, &slot->feed->inbox,
                        slot->worker_id, &slot->ends, slot->outcome.message, worker_unix_ms(worker),
                        err);
}

static void
reject_on_reply(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct slot *slot = request->data;
    if (!slot_heard(slot, err)) {
        return;
    }
    feed_begun(slot->feed);
    if (redis_reply_int(reply) == 1) {
        slot->worker->stats.rejected++;
        log_event(LOG_WARN, "rejected", LOG_NUM("bytes", slot->element_len),
                  LOG_TEXT("reason", slot->outcome.message));
    } else {
        feed_return(slot->feed);
    }
    slot_step(slot, JOB_RECORDED);
}

/* the image behind a key */

static int load_ask(struct slot *slot, struct err *err)
{
    struct slice args[] = {slice_text("GET"), slot->envelope.image};
    return redis_send(slot->worker->bulk, &slot->request, args, N_ELEMENTS(args), err);
}

static void
load_on_reply(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct slot *slot = request->data;
    if (err->code == ERR_REPLY) {
        outcome_without_call(&slot->outcome, OUTCOME_DEAD, "invalid",
                             "image.key: the key holds no string");
        slot_settled(slot);
        return;
    }
    if (!slot_heard(slot, err)) {
        return;
    }
    if (!redis_reply_take(reply, &slot->keyed_image)) {
        outcome_without_call(&slot->outcome, OUTCOME_DEAD, "invalid",
                             "image.key: nothing is stored under that key");
        slot_settled(slot);
        return;
    }
    slot->bytes_held += slot->keyed_image.len;
    slot->worker->bytes_held += slot->keyed_image.len;
    slot_go_with_image(slot);
}

/* the sent mark */

static int mark_ask(struct slot *slot, struct err *err)
{
    struct sent sent = {
        .queue = &slot->feed->served->name,
        .worker = slot->worker_id,
        .id = slot->envelope.id,
        .fence = slot->begun.fence,
        .sequence = slot->sequence,
        .call_number = slot->call_number,
    };
    return sent_send(&slot->worker->call, slot->worker->control, &slot->request, &sent, err);
}

static void slot_end_admission(struct slot *slot, enum verdict verdict, int64_t retry_after_ms)
{
    struct worker *worker = slot->worker;
    struct admission_call call = {
        .bytes = slot->admitted_bytes,
        .started_at_ms = slot->admitted_at_ms,
        .verdict = verdict,
        .retry_after_ms = retry_after_ms,
    };
    admission_end(&worker->admission, &call, loop_at_ms(worker->loop), &worker->rng);
}

/* The call that was admitted is not made. */
static void slot_unadmit(struct slot *slot)
{
    slot_end_admission(slot, VERDICT_NOT_SENT, -1);
}

/* The answer may be old news: the worker was stopped, or is leaving its jobs to others. */
static bool slot_may_call(const struct slot *slot)
{
    const struct worker *worker = slot->worker;
    return worker->phase < WORKER_LEAVING && worker_holds_lease(slot->feed->served) &&
           strcmp(slot->worker_id, worker->id) == 0;
}

/* The answer may have been long in coming: the mark is taken back where no call is to follow. */
static void mark_go_on(struct slot *slot)
{
    bool draining = slot->worker->phase != WORKER_RUNNING;
    if (!slot_may_call(slot)) {
        slot->stalled = true;
        return;
    }
    if (!draining && !slot_is_late(slot)) {
        slot_step(slot, JOB_MARKED);
        return;
    }
    slot_unadmit(slot);
    outcome_without_call(&slot->outcome, draining ? OUTCOME_BACK : OUTCOME_EXPIRED, "", "");
    slot->outcome.unsent = true;
    slot_settled(slot);
}

static void
mark_on_reply(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct slot *slot = request->data;
    int64_t now_unix_ms = 0;
    if (!slot_heard(slot, err)) {
        return;
    }
    if (sent_read(reply, &now_unix_ms)) {
        worker_saw_clock(slot->worker, now_unix_ms);
        mark_go_on(slot);
        return;
    }
    log_event(LOG_INFO, "job_lost", LOG_TEXT("job", slot->envelope.id),
              LOG_TEXT("reason", "canceled, or taken over by another worker"));
    slot_unadmit(slot);
    outcome_without_call(&slot->outcome, OUTCOME_BACK, "", "");
    slot_settled(slot); /* its commit changes nothing of the job, but lets go of the photo */
}

/* the call and its result */

static void slot_judge(struct slot *slot)
{
    struct worker *worker = slot->worker;
    struct ruling ruling = {0};
    struct attempt attempt = {0};
    slot_read_answer(slot, &attempt, &ruling);
    slot_end_admission(slot, ruling.verdict, slot->fetch.retry_after_ms);
    struct outcome_past past = {
        .attempts = slot->begun.attempts - slot->begun.step_attempts,
        .unknowns = slot->begun.unknowns,
        .waits = slot->begun.waits,
    };
    struct outcome_limits limits = {
        .max_attempts = slot_max_attempts(slot),
        .unknown_retries = slot_unknown_retries(slot),
        .backoff_base_ms = worker->conf.retry.base_ms,
        .backoff_cap_ms = worker->conf.retry.cap_ms,
        .credential_opens_in_ms = worker_credential_opens_in_ms(worker),
    };
    outcome_of_call(&slot->outcome, &attempt, &ruling, &past, &limits, &worker->rng);
    if (ruling.alarm) {
        log_event(LOG_ERROR, "alarm", LOG_TEXT("job", slot->envelope.id),
                  LOG_TEXT("effect", slot->effect->name), LOG_NUM("status", attempt.http_status),
                  LOG_NUM("code", attempt.code), LOG_TEXT("hint", ruling.hint));
    }
    if (slot->aborted && attempt.error == ERR_CANCELED && !attempt.body_sent) {
        slot->outcome.action = OUTCOME_BACK;
    }
}

static void call_on_done(struct fetch *fetch)
{
    struct slot *slot = fetch->data;
    slot_judge(slot);
    if (slot->outcome.action == OUTCOME_DONE && slot->plan.records) {
        slot_step(slot, JOB_ANSWERED);
    } else if (slot->outcome.action == OUTCOME_DONE && slot_wants_link(slot)) {
        slot_step(slot, JOB_LINK);
    } else if (slot->outcome.action == OUTCOME_DEAD && slot_photo_must_forget(slot)) {
        slot_step(slot, JOB_FORGET);
    } else {
        slot_settled(slot);
    }
}

static void link_on_done(struct fetch *fetch)
{
    enum {
        AGAIN_MS = 500
    };

    struct slot *slot = fetch->data;
    switch (slot_read_result(slot)) {
    case SLOT_FETCHED_ALL:
        slot_settled(slot);
        break;
    case SLOT_FETCH_FAILED:
        if (!slot_photo_link_lost(slot)) {
            slot_settled(slot);
        }
        break;
    case SLOT_FETCH_NEXT:
        slot_step(slot, JOB_LINK);
        break;
    case SLOT_FETCH_AGAIN:
        timer_start(slot->timer, AGAIN_MS << slot->fetch_tries, 0);
        break;
    }
}

/* No memory passes; a call that cannot be written never will be. */
static void slot_not_called(struct slot *slot, int code, const struct err *err)
{
    if (err_class_of(code) == ERR_CLASS_TRANSIENT) {
        outcome_park(&slot->outcome, "retry", slot->worker->conf.retry.base_ms);
        slot->outcome.error_class = "internal";
        (void)text_copy(slot->outcome.message, sizeof slot->outcome.message, slice_text(err->msg));
    } else {
        outcome_without_call(&slot->outcome, OUTCOME_DEAD, "internal", err->msg);
    }
    slot->outcome.unsent = true;
}

static void slot_start_call(struct slot *slot)
{
    slot->fetch.on_done = call_on_done;
    slot->called_at_ms = loop_at_ms(slot->worker->loop);
    struct err err = {0};
    int code = slot_call(slot, &err);
    if (code != 0) {
        slot_unadmit(slot);
        slot_not_called(slot, code, &err);
        slot_settled(slot);
    }
}

static void slot_start_fetch(struct slot *slot)
{
    slot->fetch.on_done = link_on_done;
    struct err err = {0};
    if (slot_fetch_result(slot, &err) != 0) {
        slot_result_lost(slot, err.msg);
        slot_settled(slot);
    }
}

/* commit */

static void
commit_on_reply(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct slot *slot = request->data;
    struct worker *worker = slot->worker;
    enum commit_answer answer;
    struct err read = {0};
    if (!slot_heard(slot, err)) {
        return;
    }
    if (commit_read(reply, &answer, &read) != 0) {
        (void)slot_heard(slot, &read);
        return;
    }
    slot_count_end(slot, answer);
    slot_log_end(slot, answer);
    if (slot->outcome.action == OUTCOME_RETRY) {
        sweeper_expect(slot->feed->served, slot->outcome.delay_ms);
    }
    worker->stats.commits++;
    slot_step(slot, JOB_RECORDED);
}

static int commit_ask(struct slot *slot, struct err *err)
{
    struct worker *worker = slot->worker;
    if (slot->commit_tries > 0) {
        worker->stats.commit_repeats++;
    }
    if (redis_backlog_bytes(worker->bulk) > WORKER_BACKLOG_MAX) {
        worker->commits_held = true;
        return err_set(err, ERR_UNAVAILABLE, "the connection has enough to send");
    }
    int code = slot_commit_send(slot, err);
    slot->commit_tries += code == 0 ? 1 : 0;
    return code;
}

/* entering a phase */

static void wait_enter(struct slot *slot)
{
    struct worker *worker = slot->worker;
    if (worker->phase != WORKER_RUNNING) {
        outcome_without_call(&slot->outcome, OUTCOME_BACK, "", "");
        slot_settled(slot);
        return;
    }
    list_push_back(&worker->waiting, &slot->wait_node);
}

static void commit_enter(struct slot *slot)
{
    publication_end(&slot->publication);
    slot->image = slice_of(NULL, 0);
    envelope_drop_image(&slot->envelope);
    buf_done(&slot->keyed_image);
}

static void free_enter(struct slot *slot)
{
    struct worker *worker = slot->worker;
    CHECK(!list_linked(&slot->wait_node));
    worker->bytes_held -= slot->bytes_held;
    timer_stop(slot->timer);
    slot_clear(slot);
    list_remove(&worker->slots_busy, &slot->node);
    list_push_front(&worker->slots_free, &slot->node);
}

/* What a phase waits for: a question to Redis with its answer's callback, or a step of the slot's.
 */
static const struct phase_row {
    void (*enter)(struct slot *slot);
    int (*ask)(struct slot *slot, struct err *err);
    redis_reply_fn *on_reply;
} phase_rows[PHASE_COUNT] = {
    [PHASE_FREE] = {free_enter,          NULL,                 NULL                     },
    [PHASE_CLAIMING] = {NULL,                NULL,                 NULL                     },
    [PHASE_BEGINNING] = {NULL,                begin_ask,            begin_on_reply           },
    [PHASE_REJECTING] = {NULL,                reject_ask,           reject_on_reply          },
    [PHASE_LOADING] = {NULL,                load_ask,             load_on_reply            },
    [PHASE_RECALLING] = {NULL,                photo_recall_ask,     photo_recall_on_reply    },
    [PHASE_REUSING] = {NULL,                photo_reuse_ask,      photo_reuse_on_reply     },
    [PHASE_PUBLISHING] = {photo_publish_enter, NULL,                 NULL                     },
    [PHASE_CHECKPOINTING] = {NULL,                photo_checkpoint_ask, photo_checkpoint_on_reply},
    [PHASE_FORGETTING] = {NULL,                photo_forget_ask,     photo_forget_on_reply    },
    [PHASE_WAITING] = {wait_enter,          NULL,                 NULL                     },
    [PHASE_MARKING] = {NULL,                mark_ask,             mark_on_reply            },
    [PHASE_CALLING] = {slot_start_call,     NULL,                 NULL                     },
    [PHASE_FETCHING] = {slot_start_fetch,    NULL,                 NULL                     },
    [PHASE_COMMITTING] = {commit_enter,        commit_ask,           commit_on_reply          },
};

static void slot_ask(struct slot *slot)
{
    const struct phase_row *row = &phase_rows[slot->phase];
    struct err err = {0};
    if (slot->worker->phase >= WORKER_CLOSING) {
        slot->stalled = true; /* the connections may be gone: what is open is for the reapers */
        return;
    }
    slot->request.on_reply = row->on_reply;
    slot->request.data = slot;
    slot->request.patience_ms = 0;
    slot->stalled = row->ask(slot, &err) != 0;
}

static void slot_enter(struct slot *slot)
{
    const struct phase_row *row = &phase_rows[slot->phase];
    if (row->enter != NULL) {
        row->enter(slot);
    }
    if (row->ask != NULL) {
        slot_ask(slot);
    }
}

void slot_resume(struct slot *slot)
{
    if (slot->stalled) {
        CHECK(phase_rows[slot->phase].ask != NULL);
        slot_ask(slot);
    }
}
