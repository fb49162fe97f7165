#include "worker/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "worker/drain.h"
#include "worker/keeper.h"
#include "worker/listener.h"
#include "worker/publisher.h"
#include "worker/pump.h"
#include "worker/slot.h"
#include "worker/sweeper.h"

enum {
    TICK_MS = 250
};

bool worker_has_redis(const struct worker *worker)
{
    return redis_state(worker->control) == REDIS_READY && redis_state(worker->bulk) == REDIS_READY;
}

bool worker_is_ready(const struct worker *worker)
{
    return worker->phase == WORKER_RUNNING && worker_has_redis(worker) &&
           worker->served[0].registered && worker_holds_lease(&worker->served[0]);
}

const char *worker_trouble(const struct worker *worker)
{
    return worker->phase != WORKER_RUNNING               ? "draining"
           : redis_state(worker->control) != REDIS_READY ? redis_trouble(worker->control)
           : redis_state(worker->bulk) != REDIS_READY    ? redis_trouble(worker->bulk)
           : !worker->served[0].registered               ? "not registered yet"
           : worker_holds_lease(&worker->served[0])      ? ""
           : worker->served[0].refusal.code != 0         ? worker->served[0].refusal.msg
                                                         : "the lease has lapsed";
}

int64_t worker_unix_ms(const struct worker *worker)
{
    return loop_at_ms(worker->loop) + worker->clock_offset_ms;
}

void worker_saw_clock(struct worker *worker, int64_t redis_unix_ms)
{
    if (redis_unix_ms > 0) {
        worker->clock_offset_ms = redis_unix_ms - loop_at_ms(worker->loop);
    }
}

int64_t worker_credential_opens_in_ms(const struct worker *worker)
{
    enum {
        PROBE_WAIT_MS = 60000 /* while a probe is out nobody knows */
    };

    int64_t now = loop_at_ms(worker->loop);
    int64_t opens_at = admission_open_at_ms(&worker->admission);
    return opens_at == INT64_MAX ? PROBE_WAIT_MS : opens_at > now ? opens_at - now : 0;
}

/* HOST-PID-RANDOM: never the same twice, and telling to people. */
static int worker_draw_id(struct worker *worker, struct err *err)
{
    char host[41] = "";
    char chance[17];
    if (rng_secret_hex(chance, 8) != 0) {
        return err_set(err, ERR_SYSTEM, "worker: no randomness for an id");
    }
    (void)gethostname(host, sizeof host - 1);
    for (char *c = host; *c != '\0'; c++) {
        bool plain =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!plain) {
            *c = '-';
        }
    }
    (void)snprintf(worker->id, sizeof worker->id, "%s-%d-%s", host, (int)getpid(), chance);
    return 0;
}

bool worker_holds_lease(const struct served *served)
{
    return loop_at_ms(served->worker->loop) < served->held_until_at_ms;
}

void worker_lose_lease(struct worker *worker)
{
    char old_id[WORKER_ID_MAX];
    struct err err = {0};
    memcpy(old_id, worker->id, sizeof old_id);
    if (worker_draw_id(worker, &err) != 0) {
        log_event(LOG_ERROR, "lease_lost", LOG_TEXT("worker", old_id), LOG_TEXT("error", err.msg));
        return;
    }
    log_event(LOG_WARN, "lease_lost", LOG_TEXT("worker", old_id), LOG_TEXT("now", worker->id),
              LOG_NUM("jobs", worker->slots_busy.len));
    for (uint32_t i = 0; i < worker->served_count; i++) {
        worker->served[i].registered = false;
        worker->served[i].held_until_at_ms = 0;
        for (size_t p = 0; p < PRIORITY_COUNT; p++) {
            feed_return(&worker->served[i].feeds[p]);
        }
    }
    keeper_renew(worker);
}

/* What could not be asked, or had no answer, is asked again in the order of the elements. */
static void worker_resume_slots(struct worker *worker)
{
    if (!worker_has_redis(worker)) {
        return;
    }
    list_foreach_safe(&worker->slots_busy, node) {
        slot_resume(CONTAINER_OF(node, struct slot, node));
    }
}

static void worker_on_state(struct worker *worker,
                            const char *which,
                            enum redis_state state,
                            const struct err *err)
{
    if (state == REDIS_READY) {
        log_event(LOG_INFO, "redis_up", LOG_TEXT("connection", which));
    } else if (state == REDIS_DOWN) {
        worker->stats.redis_reconnects++;
        log_event(LOG_WARN, "redis_down", LOG_TEXT("connection", which),
                  LOG_TEXT("error", err->msg));
    }
    worker->stats.redis_up = worker_has_redis(worker) ? 1 : 0;
}

static void worker_on_control_state(void *data, enum redis_state state, const struct err *err)
{
    struct worker *worker = data;
    worker_on_state(worker, "control", state, err);
    if (state == REDIS_READY) {
        keeper_renew(worker);
        upkeep_look(worker);
        worker_resume_slots(worker);
    }
}

static void worker_on_bulk_state(void *data, enum redis_state state, const struct err *err)
{
    struct worker *worker = data;
    worker_on_state(worker, "bulk", state, err);
    if (state == REDIS_READY) {
        worker_resume_slots(worker);
    }
}

void worker_expect_tick(struct worker *worker, int64_t at_ms)
{
    int64_t in_ms = at_ms - loop_at_ms(worker->loop);
    timer_start(worker->tick, in_ms < 0 ? 0 : in_ms < TICK_MS ? in_ms : TICK_MS, TICK_MS);
}

/* Jobs that wait for admission end at their deadline, wherever they stand in the line. */
static void worker_expire_waiting(struct worker *worker)
{
    list_foreach_safe(&worker->waiting, node) {
        (void)slot_expire(CONTAINER_OF(node, struct slot, wait_node));
    }
}

static void worker_on_tick(void *data)
{
    struct worker *worker = data;
    if (worker->phase >= WORKER_CLOSING) {
        return;
    }
    keeper_tick(worker);
    sweeper_tick(worker);
    upkeep_tick(worker);
    worker_expire_waiting(worker);
    worker_resume_slots(worker);
    worker->stats.in_flight = worker->admission.calls;
    worker->stats.held = worker->slots_busy.len;
    worker->stats.draining = worker->phase == WORKER_RUNNING ? 0 : 1;
    worker->stats.paused = 0;
    for (uint32_t i = 0; i < worker->served_count; i++) {
        worker->stats.paused += worker->served[i].figures.paused ? 1 : 0;
    }
}

static void worker_on_turn(void *data)
{
    struct worker *worker = data;
    if (worker->commits_held && redis_backlog_bytes(worker->bulk) <= WORKER_BACKLOG_MAX / 2) {
        worker->commits_held = false;
        worker_resume_slots(worker);
    }
    if (worker->phase < WORKER_CLOSING) {
        pump_turn(worker);
        drain_tick(worker);
    }
}

/* opening */

static struct redis *
worker_dial(struct worker *worker, const char *name, redis_state_fn *on_state, struct err *err)
{
    struct redis_options options = {
        .url = &worker->redis_url,
        .connect_timeout_ms = worker->conf.redis.connect_timeout_ms,
        .patience_ms = worker->conf.redis.watchdog_ms,
        .name = name,
        .scripts = worker->scripts.all,
        .script_count = SCRIPT_COUNT,
        .on_state = on_state,
        .data = worker,
    };
    return redis_open(worker->loop, &options, err);
}

static int worker_open_served(struct worker *worker, struct err *err)
{
    const struct conf_names *names = &worker->conf.queue.names;
    worker->served = mem_zalloc(names->n, sizeof *worker->served);
    if (worker->served == NULL) {
        return err_set(err, ERR_NO_MEMORY, "worker: no memory");
    }
    for (uint32_t i = 0; i < names->n; i++) {
        struct served *served = &worker->served[i];
        served->worker = worker;
        int code = queue_name_init(&served->name, worker->conf.redis.prefix, names->name[i], err);
        if (code == 0) {
            code = listener_open(served, err);
        }
        for (size_t p = 0; code == 0 && p < PRIORITY_COUNT; p++) {
            code = feed_open(&served->feeds[p], served, (enum priority)p, err);
        }
        if (code != 0) {
            return code;
        }
        worker->served_count++;
    }
    return 0;
}

static int worker_open_io(struct worker *worker, struct err *err)
{
    struct fetcher_options fetcher = {
        .connect_timeout_ms = worker->conf.api.connect_timeout_ms,
        .connections_max =
            worker->conf.worker.concurrency + worker->conf.worker.concurrency / 4 + 8,
        .user_agent = "retouch/" RETOUCH_VERSION,
    };
    worker->tick = timer_new(worker->loop, worker_on_tick, worker);
    if (worker->tick == NULL) {
        return err_set(err, ERR_NO_MEMORY, "worker: no memory");
    }
    worker->fetcher = fetcher_new(worker->loop, &fetcher, err);
    if (worker->fetcher == NULL) {
        return err->code;
    }
    worker->publisher = publisher_new(worker->loop, worker->fetcher, &worker->conf, err);
    if (worker->publisher == NULL) {
        return err->code;
    }
    worker->control = worker_dial(worker, "retouchd:control", worker_on_control_state, err);
    if (worker->control == NULL) {
        return err->code;
    }
    worker->bulk = worker_dial(worker, "retouchd:bulk", worker_on_bulk_state, err);
    if (worker->bulk == NULL) {
        return err->code;
    }
    return worker_open_served(worker, err);
}

int worker_open(struct worker *worker,
                struct loop *loop,
                const struct conf *conf,
                const struct catalogue *catalogue,
                struct err *err)
{
    *worker = (struct worker){.loop = loop, .conf = *conf, .catalogue = catalogue};
    list_init(&worker->slots_free);
    list_init(&worker->slots_busy);
    list_init(&worker->waiting);
    buf_init(&worker->upkeep.info, SIZE_MAX);
    rng_seed(&worker->rng, (uint64_t)clock_unix_ms() ^ (uint64_t)getpid() << 32);
    worker->clock_offset_ms = clock_unix_ms() - loop_at_ms(loop);
    /* Some jobs are being begun or committed while the calls are out. */
    worker->slots_max = conf->worker.concurrency + conf->worker.concurrency / 2;
    admission_init(&worker->admission, conf->worker.concurrency, conf_bytes_in_flight(conf));
    int code = scripts_init(&worker->scripts, err);
    if (code != 0) {
        return code;
    }
    call_init(&worker->call, &worker->scripts);
    code = redis_url_parse(slice_text(conf->redis.url), &worker->redis_url, err);
    if (code == 0) {
        code = worker_draw_id(worker, err);
    }
    if (code == 0) {
        code = worker_open_io(worker, err);
    }
    if (code != 0) {
        return err_wrap(err, "worker");
    }
    timer_start(worker->tick, TICK_MS, TICK_MS);
    loop_on_turn(loop, worker_on_turn, worker);
    log_event(LOG_INFO, "worker_started", LOG_TEXT("worker", worker->id),
              LOG_NUM("concurrency", conf->worker.concurrency),
              LOG_NUM("queues", worker->served_count));
    return 0;
}

void worker_reload(struct worker *worker, const struct conf *conf)
{
    bool new_keys = strcmp(worker->conf.api.access_key, conf->api.access_key) != 0 ||
                    strcmp(worker->conf.api.secret_key, conf->api.secret_key) != 0;
    worker->conf = *conf;
    if (new_keys) {
        admission_reopen(&worker->admission, loop_at_ms(worker->loop));
    }
}

/* closing */

static void worker_free_slots(struct list *slots)
{
    struct list_node *node;
    while ((node = list_pop_front(slots)) != NULL) {
        slot_free(CONTAINER_OF(node, struct slot, node));
    }
}

static void worker_handle_closed(void *data)
{
    struct worker *worker = data;
    CHECK(worker->closing > 0);
    if (--worker->closing > 0) {
        return;
    }
    timer_close(worker->tick);
    worker->tick = NULL;
    loop_on_turn(worker->loop, NULL, NULL);
    worker->phase = WORKER_CLOSED;
    log_event(LOG_INFO, "worker_stopped", LOG_TEXT("worker", worker->id),
              LOG_NUM("jobs_left", worker->slots_busy.len));
    worker_free_slots(&worker->slots_busy);
    worker_free_slots(&worker->slots_free);
    publisher_free(worker->publisher);
    if (worker->on_closed != NULL) {
        worker->on_closed(worker->on_closed_data);
    }
}

void worker_close_handles(struct worker *worker)
{
    worker->phase = WORKER_CLOSING;
    worker->closing = 3 + worker->served_count * (1 + PRIORITY_COUNT);
    list_foreach_safe(&worker->slots_busy, node) {
        timer_stop(CONTAINER_OF(node, struct slot, node)->timer); /* nothing is fetched again */
    }
    fetcher_close(worker->fetcher, worker_handle_closed, worker);
    redis_close(worker->control, worker_handle_closed, worker);
    redis_close(worker->bulk, worker_handle_closed, worker);
    for (uint32_t i = 0; i < worker->served_count; i++) {
        redis_close(worker->served[i].listener, worker_handle_closed, worker);
        for (size_t p = 0; p < PRIORITY_COUNT; p++) {
            redis_close(worker->served[i].feeds[p].redis, worker_handle_closed, worker);
        }
    }
}

void worker_drain(struct worker *worker, worker_closed_fn *on_closed, void *data)
{
    worker->on_closed = on_closed;
    worker->on_closed_data = data;
    drain_start(worker);
}

void worker_done(struct worker *worker)
{
    CHECK(worker->phase == WORKER_CLOSED);
    for (uint32_t i = 0; i < worker->served_count; i++) {
        for (size_t p = 0; p < PRIORITY_COUNT; p++) {
            buf_done(&worker->served[i].feeds[p].held);
        }
    }
    mem_free(worker->served);
    buf_done(&worker->upkeep.info);
    call_done(&worker->call);
    scripts_done(&worker->scripts);
    conf_done(&worker->conf);
}
