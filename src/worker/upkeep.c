#include "worker/upkeep.h"

#include "base/check.h"
#include "queue/dead.h"
#include "worker/worker.h"

enum {
    HEALTH_EVERY_MS = 60000,
    DEAD_EVERY_MS = 10000
};

/* health: INFO, then CONFIG GET save, which a managed server may refuse */

static void health_log(const struct health *before, bool looked, const struct health *now)
{
    for (size_t i = 0; i < HEALTH_COUNT; i++) {
        bool was = looked && before->warn[i];
        if (now->warn[i] && !was) {
            log_event(LOG_WARN, "redis_warning", LOG_TEXT("kind", health_name((enum health_kind)i)),
                      LOG_TEXT("found", now->detail[i]),
                      LOG_TEXT("hint", health_advice((enum health_kind)i)));
        } else if (was && !now->warn[i]) {
            log_event(LOG_INFO, "redis_warning_over",
                      LOG_TEXT("kind", health_name((enum health_kind)i)));
        }
    }
}

static void
health_on_save(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct worker *worker = request->data;
    struct upkeep *upkeep = &worker->upkeep;
    struct health now;
    upkeep->busy = false;
    if (err->code != 0 && err->code != ERR_REPLY) {
        return;
    }
    /* A server that does not tell is taken to save. */
    struct slice save = slice_text("unknown");
    if (err->code == 0 && redis_reply_count(reply) == 2) {
        save = redis_reply_text(redis_reply_at(reply, 1));
    }
    health_read(&now, buf_view(&upkeep->info), save);
    buf_done(&upkeep->info);
    health_log(&upkeep->health, upkeep->looked, &now);
    upkeep->health = now;
    upkeep->looked = true;
}

static void
health_on_info(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct worker *worker = request->data;
    struct upkeep *upkeep = &worker->upkeep;
    struct slice args[] = {slice_text("CONFIG"), slice_text("GET"), slice_text("save")};
    struct err failed = {0};
    upkeep->busy = false;
    if (err->code != 0 || !redis_reply_take(reply, &upkeep->info)) {
        return;
    }
    request->on_reply = health_on_save;
    upkeep->busy = redis_send(worker->control, request, args, N_ELEMENTS(args), &failed) == 0;
}

static void health_look(struct worker *worker)
{
    struct upkeep *upkeep = &worker->upkeep;
    struct slice args[] = {slice_text("INFO")};
    struct err err = {0};
    upkeep->health_due_at_ms = loop_at_ms(worker->loop) + HEALTH_EVERY_MS;
    upkeep->health_request.on_reply = health_on_info;
    upkeep->health_request.data = worker;
    upkeep->health_request.patience_ms = 0;
    upkeep->busy =
        redis_send(worker->control, &upkeep->health_request, args, N_ELEMENTS(args), &err) == 0;
}

/* dead letters */

static void
dead_on_removed(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct served *served = request->data;
    served->burying = false;
    if (err->code == 0 && redis_reply_int(reply) > 0) {
        served->worker->stats.dead_removed += (uint64_t)redis_reply_int(reply);
        served->worker->upkeep.dead_due_at_ms = 0; /* there may be more */
        log_event(LOG_WARN, "dead_removed", LOG_TEXT("queue", served->name.name),
                  LOG_NUM("jobs", redis_reply_int(reply)));
    }
}

static void
dead_on_overdue(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct served *served = request->data;
    struct worker *worker = served->worker;
    struct err failed = {0};
    served->burying = false;
    if (err->code != 0 || redis_reply_count(reply) == 0) {
        return;
    }
    request->on_reply = dead_on_removed;
    served->burying = dead_remove(&worker->call, worker->control, request, &served->name, reply,
                                  worker_unix_ms(worker), &failed) == 0;
}

static void dead_look(struct served *served)
{
    struct worker *worker = served->worker;
    struct err err = {0};
    struct dead_bounds bounds = {
        .queue = &served->name,
        .ttl_ms = worker->conf.dead.ttl_ms,
        .bytes_max = (int64_t)worker->conf.dead.max_bytes,
    };
    served->bury_request.on_reply = dead_on_overdue;
    served->bury_request.data = served;
    served->burying = dead_find_overdue(&worker->call, worker->control, &served->bury_request,
                                        &bounds, &err) == 0;
}

void upkeep_look(struct worker *worker)
{
    worker->upkeep.health_due_at_ms = 0;
}

void upkeep_tick(struct worker *worker)
{
    struct upkeep *upkeep = &worker->upkeep;
    int64_t now = loop_at_ms(worker->loop);
    if (redis_state(worker->control) != REDIS_READY || worker->phase != WORKER_RUNNING) {
        return;
    }
    if (!upkeep->busy && now >= upkeep->health_due_at_ms) {
        health_look(worker);
    }
    if (now < upkeep->dead_due_at_ms) {
        return;
    }
    upkeep->dead_due_at_ms = now + DEAD_EVERY_MS;
    for (uint32_t i = 0; i < worker->served_count; i++) {
        if (!worker->served[i].burying) {
            dead_look(&worker->served[i]);
        }
    }
}
