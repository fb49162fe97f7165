/* Happy path: DRAINING: waiting jobs go back, calls in flight end and are committed, blocking reads
 * are ended -> LEAVING: claimed elements go back, the worker takes itself off the list -> CLOSING.
 * Failure modes: calls longer than the time-out are cut off (their outcome is unknown if their body
 * had left); Redis away -> what is left is for the reapers of others, and for the next worker. */
#include "worker/drain.h"

#include "base/check.h"
#include "worker/slot.h"
#include "worker/worker.h"

enum {
    DRAIN_GRACE_MS = 3000 /* after calls were cut off, or for saying goodbye */
};

static void drain_hand_back(struct worker *worker)
{
    struct outcome outcome;
    outcome_without_call(&outcome, OUTCOME_BACK, "", "");
    /* Each goes to the front of its inbox: the newest first, so that their old order is kept. */
    while (list_last(&worker->waiting) != NULL) {
        slot_settle(CONTAINER_OF(list_last(&worker->waiting), struct slot, wait_node), &outcome);
    }
}

static void drain_cut_off(struct worker *worker)
{
    list_foreach_safe(&worker->slots_busy, node) {
        slot_abort(CONTAINER_OF(node, struct slot, node));
    }
}

void drain_start(struct worker *worker)
{
    int64_t now = loop_at_ms(worker->loop);
    if (worker->phase == WORKER_RUNNING) {
        worker->phase = WORKER_DRAINING;
        worker->drain_by_at_ms = now + worker->conf.worker.drain_timeout_ms;
        log_event(LOG_INFO, "draining", LOG_NUM("jobs", worker->slots_busy.len),
                  LOG_NUM("calls", worker->admission.calls));
        drain_hand_back(worker);
    } else if (worker->phase == WORKER_DRAINING) {
        worker->drain_by_at_ms = now;
    }
}

/* False where a claim without an answer may be carried out after the goodbye. */
static bool drain_is_certain(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->served_count; i++) {
        for (size_t p = 0; p < PRIORITY_COUNT; p++) {
            if (worker->served[i].feeds[p].doubtful) {
                return false;
            }
        }
    }
    return true;
}

/* True when no claim is waited for any more. */
static bool drain_feeds(struct worker *worker)
{
    bool quiet = true;
    for (uint32_t i = 0; i < worker->served_count; i++) {
        for (size_t p = 0; p < PRIORITY_COUNT; p++) {
            struct feed *feed = &worker->served[i].feeds[p];
            feed_unblock(feed);
            quiet = quiet && feed->asked == 0 && !feed->unblocking && !feed->returning;
        }
    }
    return quiet;
}

static void
leave_on_reply(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct served *served = request->data;
    served->left = true;
    if (err->code == 0 && redis_reply_int(reply) > 0) {
        log_event(LOG_WARN, "jobs_left", LOG_TEXT("queue", served->name.name),
                  LOG_NUM("jobs", redis_reply_int(reply)));
    }
}

static void drain_leave(struct worker *worker, bool quiet)
{
    worker->phase = WORKER_LEAVING;
    worker->drain_by_at_ms = loop_at_ms(worker->loop) + DRAIN_GRACE_MS;
    for (uint32_t i = 0; i < worker->served_count; i++) {
        struct served *served = &worker->served[i];
        struct err err = {0};
        struct leave leave = {.queue = &served->name, .worker = worker->id, .quiet = quiet};
        served->leave_request.on_reply = leave_on_reply;
        served->leave_request.data = served;
        if (lease_leave(&worker->call, worker->control, &served->leave_request, &leave, &err) !=
            0) {
            log_event(LOG_WARN, "leave_failed", LOG_TEXT("queue", served->name.name),
                      LOG_TEXT("error", err.msg));
            served->left = true;
        }
    }
}

static bool drain_has_left(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->served_count; i++) {
        if (!worker->served[i].left) {
            return false;
        }
    }
    return true;
}

void drain_tick(struct worker *worker)
{
    int64_t now = loop_at_ms(worker->loop);
    if (worker->phase == WORKER_DRAINING) {
        bool late = now >= worker->drain_by_at_ms;
        if (late) {
            drain_cut_off(worker);
        }
        bool quiet = drain_feeds(worker) && worker->slots_busy.len == 0;
        if (quiet || now >= worker->drain_by_at_ms + DRAIN_GRACE_MS) {
            drain_leave(worker, quiet && drain_is_certain(worker));
        }
    }
    if (worker->phase == WORKER_LEAVING &&
        (drain_has_left(worker) || now >= worker->drain_by_at_ms)) {
        worker_close_handles(worker);
    }
}
