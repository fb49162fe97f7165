#include "worker/sweeper.h"

#include "base/text.h"
#include "queue/sweep.h"
#include "worker/worker.h"

enum {
    SWEEP_EVERY_MS = 1000,
    SWEEP_JITTER_MS = 250
};

void sweeper_expect(struct served *served, int64_t in_ms)
{
    int64_t at = loop_at_ms(served->worker->loop) + (in_ms > 0 ? in_ms : 0);
    if (at < served->sweep_due_at_ms) {
        served->sweep_due_at_ms = at;
        worker_expect_tick(served->worker, at);
    }
}

/* reaping: list the lapsed worker's jobs, put them back, until nothing is left */

static void reap_list(struct served *served);

static void
reap_on_done(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct served *served = request->data;
    struct reaped reaped;
    struct err read = {0};
    if (err->code != 0 || sweep_reaped_read(reply, &reaped, &read) != 0) {
        served->reaping[0] = '\0';
        return;
    }
    served->worker->stats.reaped += (uint64_t)reaped.requeued;
    if (reaped.requeued > 0) {
        log_event(LOG_WARN, "worker_reaped", LOG_TEXT("worker", served->reaping),
                  LOG_TEXT("queue", served->name.name), LOG_NUM("requeued", reaped.requeued));
    }
    if (reaped.done == 0) {
        reap_list(served);
    } else {
        served->reaping[0] = '\0';
        sweeper_expect(served, 0); /* there may be another */
    }
}

static void
reap_on_list(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct served *served = request->data;
    struct worker *worker = served->worker;
    struct err failed = {0};
    struct reap reap = {
        .queue = &served->name,
        .worker = served->reaping,
        .now_unix_ms = worker_unix_ms(worker),
    };
    request->on_reply = reap_on_done;
    if (err->code != 0 ||
        sweep_reap(&worker->call, worker->control, request, &reap, reply, &failed) != 0) {
        served->reaping[0] = '\0';
    }
}

static void reap_list(struct served *served)
{
    struct err err = {0};
    served->reap_request.on_reply = reap_on_list;
    served->reap_request.data = served;
    if (sweep_list(served->worker->control, &served->reap_request, &served->name, served->reaping,
                   &err) != 0) {
        served->reaping[0] = '\0';
    }
}

/* The first; a name that no worker of ours can have must not stand before the others. */
static bool reap_choose(struct served *served, const struct redis_reply *workers)
{
    for (size_t i = 0; i < redis_reply_count(workers); i++) {
        struct slice name = redis_reply_text(redis_reply_at(workers, i));
        if (slice_starts(name, "~")) { /* a second look */
            name = slice_of(name.ptr + 1, name.len - 1);
        }
        if (name.len > 0 && text_copy(served->reaping, sizeof served->reaping, name)) {
            return true;
        }
    }
    served->reaping[0] = '\0';
    return false;
}

static void reap_start(struct served *served, const struct redis_reply *workers)
{
    if (served->reaping[0] == '\0' && reap_choose(served, workers)) {
        reap_list(served);
    }
}

/* the sweep */

static void
promote_on_reply(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct served *served = request->data;
    served->promoting = false;
    if (err->code == 0 && redis_reply_int(reply) >= SWEEP_JOBS) {
        sweeper_expect(served, 0);
    }
}

static void promote_start(struct served *served, const struct redis_reply *due)
{
    struct worker *worker = served->worker;
    struct err err = {0};
    if (served->promoting || redis_reply_count(due) == 0) {
        return;
    }
    served->promote_request.on_reply = promote_on_reply;
    served->promote_request.data = served;
    served->promoting = sweep_promote(&worker->call, worker->control, &served->promote_request,
                                      &served->name, due, &err) == 0;
}

static void
sweep_on_reply(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct served *served = request->data;
    served->sweeping = false;
    if (err->code != 0) {
        return;
    }
    int64_t next_in = sweep_next_in_ms(reply);
    if (next_in >= 0 && next_in < SWEEP_EVERY_MS) {
        sweeper_expect(served, next_in + 1);
    }
    const struct redis_reply *due = sweep_due(reply);
    const struct redis_reply *workers = sweep_workers(reply);
    if (due != NULL) {
        promote_start(served, due);
    }
    if (workers != NULL && redis_reply_count(workers) > 0) {
        reap_start(served, workers);
    }
}

static void sweep_start(struct served *served)
{
    struct worker *worker = served->worker;
    struct err err = {0};
    served->sweep_due_at_ms = loop_at_ms(worker->loop) + SWEEP_EVERY_MS - SWEEP_JITTER_MS +
                              (int64_t)rng_below(&worker->rng, UINT64_C(2) * SWEEP_JITTER_MS);
    served->sweep_request.on_reply = sweep_on_reply;
    served->sweep_request.data = served;
    served->sweeping = sweep_send(&worker->call, worker->control, &served->sweep_request,
                                  &served->name, &err) == 0;
}

void sweeper_tick(struct worker *worker)
{
    if (redis_state(worker->control) != REDIS_READY || worker->phase >= WORKER_LEAVING) {
        return;
    }
    int64_t now = loop_at_ms(worker->loop);
    for (uint32_t i = 0; i < worker->served_count; i++) {
        struct served *served = &worker->served[i];
        if (!served->sweeping && now >= served->sweep_due_at_ms) {
            sweep_start(served);
        }
    }
}
