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
#include "worker/slot_begin.h"
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
    [PHASE_BEGINNING] = {NULL,                slot_begin_ask,       slot_begin_on_reply      },
    [PHASE_REJECTING] = {NULL,                slot_reject_ask,      slot_reject_on_reply     },
    [PHASE_LOADING] = {NULL,                slot_load_ask,        slot_load_on_reply       },
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
