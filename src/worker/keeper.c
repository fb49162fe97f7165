#include "worker/keeper.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "worker/worker.h"

/* Counters that only a worker knows, told to P:stats with each renewal; outcomes are counted by the
 * scripts themselves. */
static const struct told_row {
    const char *name;
    size_t offset;
} told_rows[] = {
    {"calls_ok",              offsetof(struct stats, calls_ok)             },
    {"calls_rejected",        offsetof(struct stats, calls_rejected)       },
    {"calls_not_sent",        offsetof(struct stats, calls_not_sent)       },
    {"calls_transient",       offsetof(struct stats, calls_transient)      },
    {"calls_throttled",       offsetof(struct stats, calls_throttled)      },
    {"calls_blocked",         offsetof(struct stats, calls_blocked)        },
    {"calls_unknown_outcome", offsetof(struct stats, calls_unknown_outcome)},
    {"calls_sent",            offsetof(struct stats, calls_sent)           },
    {"results_dropped",       offsetof(struct stats, results_dropped)      },
    {"images_in_bytes",       offsetof(struct stats, images_in_bytes)      },
    {"images_out_bytes",      offsetof(struct stats, images_out_bytes)     },
};

static uint64_t told_value(const struct stats *stats, const struct told_row *row)
{
    uint64_t value;
    memcpy(&value, (const char *)stats + row->offset, sizeof value);
    return value;
}

static void keeper_counters(struct worker *worker, struct lease *lease)
{
    for (size_t i = 0; i < N_ELEMENTS(told_rows); i++) {
        uint64_t more =
            told_value(&worker->stats, &told_rows[i]) - told_value(&worker->told, &told_rows[i]);
        if (more > 0) {
            CHECK(lease->counter_count < LEASE_COUNTERS_MAX);
            lease->counters[lease->counter_count++] =
                (struct lease_counter){.name = told_rows[i].name, .increment = (int64_t)more};
        }
    }
}

static void keeper_field(struct lease *lease, const char *name, const char *text)
{
    CHECK(lease->field_count < LEASE_FIELDS_MAX);
    lease->fields[lease->field_count++] = (struct lease_field){.name = name, .text = text};
}

static void keeper_renew_one(struct served *served);

/* What the renewal told about the queue. */
static void keeper_look(struct served *served, const struct lease_answer *answer)
{
    if (served->figures.paused != answer->paused) {
        log_event(LOG_INFO, answer->paused ? "queue_paused" : "queue_resumed",
                  LOG_TEXT("queue", served->name.name));
    }
    served->figures = *answer;
    for (size_t p = 0; p < PRIORITY_COUNT; p++) {
        if (answer->depth[p] > 0) {
            feed_wake(&served->feeds[p]);
        }
    }
}

/* Told once; a connection that was lost is told elsewhere. */
static void keeper_refused(struct served *served, const struct err *err)
{
    struct worker *worker = served->worker;
    if (redis_state(worker->control) != REDIS_READY) {
        return;
    }
    worker->stats.redis_errors++;
    if (served->refusal.code == 0) {
        log_event(LOG_ERROR, "lease_refused", LOG_TEXT("queue", served->name.name),
                  LOG_TEXT("error", err->msg));
    }
    served->refusal = *err;
}

static void
keeper_on_reply(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct served *served = request->data;
    struct worker *worker = served->worker;
    struct lease_answer answer;
    struct err read = {0};
    served->renewing = false;
    if (worker->phase >= WORKER_LEAVING) {
        return;
    }
    if (err->code != 0) {
        keeper_refused(served, err);
        return;
    }
    served->refusal.code = 0;
    if (lease_read(reply, &answer, &read) != 0) {
        log_event(LOG_ERROR, "lease_unreadable", LOG_TEXT("error", read.msg));
        return;
    }
    worker_saw_clock(worker, answer.now_unix_ms);
    if (served == &worker->served[0]) {
        worker->told = worker->telling; /* counted whether the lease was held or not */
    }
    bool of_now = strcmp(served->lease_id, worker->id) == 0;
    if (!answer.held && of_now) {
        worker_lose_lease(worker);
        return;
    }
    served->registered = of_now;
    if (of_now) {
        served->held_until_at_ms = served->lease_sent_at_ms + worker->conf.worker.lease_ms;
    }
    keeper_look(served, &answer);
    if (!of_now || served->renew_again) {
        keeper_renew_one(served);
    }
}

static void keeper_renew_one(struct served *served)
{
    struct worker *worker = served->worker;
    char host[64] = "";
    char pid[16];
    char concurrency[16];
    char in_flight[16];
    struct err err = {0};
    struct lease lease = {
        .queue = &served->name,
        .worker = worker->id,
        .lease_ms = worker->conf.worker.lease_ms,
        .register_worker = !served->registered,
        .now_unix_ms = worker_unix_ms(worker),
    };
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    (void)snprintf(concurrency, sizeof concurrency, "%" PRIu32, worker->conf.worker.concurrency);
    (void)snprintf(in_flight, sizeof in_flight, "%" PRIu32, worker->admission.calls);
    keeper_field(&lease, "in_flight", in_flight);
    keeper_field(&lease, "state", worker->phase == WORKER_RUNNING ? "running" : "draining");
    if (!served->registered) {
        keeper_field(&lease, "host", host);
        keeper_field(&lease, "pid", pid);
        keeper_field(&lease, "concurrency", concurrency);
        keeper_field(&lease, "version", RETOUCH_VERSION);
    }
    if (served == &worker->served[0]) {
        worker->telling = worker->stats;
        keeper_counters(worker, &lease);
    }
    served->renew_again = false;
    memcpy(served->lease_id, worker->id, sizeof served->lease_id);
    served->lease_sent_at_ms = loop_at_ms(worker->loop);
    served->lease_request.on_reply = keeper_on_reply;
    served->lease_request.data = served;
    served->renewing =
        lease_send(&worker->call, worker->control, &served->lease_request, &lease, &err) == 0;
}

void keeper_renew(struct worker *worker)
{
    if (worker->phase >= WORKER_LEAVING) {
        return; /* a renewal after the goodbye would look like a lost lease */
    }
    worker->lease_at_ms = loop_at_ms(worker->loop);
    for (uint32_t i = 0; i < worker->served_count; i++) {
        struct served *served = &worker->served[i];
        if (served->renewing) {
            served->renew_again = true; /* what the present one tells may be old already */
        } else {
            keeper_renew_one(served);
        }
    }
}

void keeper_tick(struct worker *worker)
{
    int64_t due_at_ms = worker->lease_at_ms + worker->conf.worker.lease_ms / 4;
    if (redis_state(worker->control) == REDIS_READY && loop_at_ms(worker->loop) >= due_at_ms) {
        keeper_renew(worker);
    }
}
