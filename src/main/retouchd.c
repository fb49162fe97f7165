/* The worker's program: flags, signals, and the one tree of things that run. */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/address.h"
#include "conf/conf.h"
#include "main/retouchd_flags.h"
#include "worker/publisher.h"
#include "worker/worker.h"

_Static_assert((int)ADMIN_QUEUES_MAX >= (int)CONF_QUEUES_MAX, "every queue has its row");
_Static_assert((int)ADMIN_WARNINGS_MAX >= (int)HEALTH_COUNT, "every warning has its row");
_Static_assert((int)ADMIN_PRIORITIES == (int)PRIORITY_COUNT, "every inbox has its column");

struct daemon {
    struct flags flags;
    struct conf conf;
    struct catalogue catalogue;
    struct worker worker;
    struct loop *loop;   /* owned */
    struct admin *admin; /* owned; NULL with --listen none */
};

static void daemon_view(void *data, struct admin_view *ret_view)
{
    static const char *const credentials[] = {
        [CREDENTIAL_OPEN] = "open",
        [CREDENTIAL_THROTTLED] = "throttled",
        [CREDENTIAL_BLOCKED] = "blocked",
    };
    struct daemon *daemon = data;
    struct worker *worker = &daemon->worker;
    enum credential_state credential = worker->admission.state;
    int64_t wait_ms = worker_credential_opens_in_ms(worker);
    ret_view->worker = worker->id;
    ret_view->stats = &worker->stats;
    ret_view->ready = worker_is_ready(worker);
    ret_view->trouble = worker_trouble(worker);
    ret_view->credential = credentials[credential];
    ret_view->throttle_wait_ms = credential == CREDENTIAL_THROTTLED ? wait_ms : 0;
    ret_view->credential_wait_ms = credential == CREDENTIAL_BLOCKED ? wait_ms : 0;
    for (uint32_t i = 0; i < worker->served_count; i++) {
        const struct lease_answer *figures = &worker->served[i].figures;
        struct admin_queue *queue = &ret_view->queues[i];
        queue->name = worker->served[i].name.name;
        memcpy(queue->depth, figures->depth, sizeof queue->depth);
        queue->scheduled = figures->scheduled;
        queue->dead = figures->dead;
        queue->unknown = figures->unknown;
        queue->paused = figures->paused;
    }
    ret_view->queue_count = worker->served_count;
    for (uint32_t i = 0; worker->upkeep.looked && i < HEALTH_COUNT; i++) {
        ret_view->warnings[i] = (struct admin_warning){
            .kind = health_name((enum health_kind)i),
            .on = worker->upkeep.health.warn[i],
        };
        ret_view->warning_count = i + 1;
    }
}

static bool daemon_image(void *data, const char *token, struct admin_image *ret_image)
{
    static const char *const types[IMAGE_FORMAT_COUNT] = {
        [IMAGE_FORMAT_JPEG] = "image/jpeg",
        [IMAGE_FORMAT_PNG] = "image/png",
    };
    struct daemon *daemon = data;
    const struct publication *publication = publisher_find(daemon->worker.publisher, token);
    if (publication == NULL) {
        return false;
    }
    *ret_image = (struct admin_image){.bytes = publication->image,
                                      .content_type = types[publication->format]};
    return true;
}

static void daemon_on_closed(void *data)
{
    struct daemon *daemon = data;
    admin_close(daemon->admin);
    daemon->admin = NULL;
    loop_ignore_signals(daemon->loop);
}

static void daemon_on_stop(void *data, int signal_number)
{
    struct daemon *daemon = data;
    log_event(LOG_INFO, "signal", LOG_TEXT("name", strsignal(signal_number)));
    worker_drain(&daemon->worker, daemon_on_closed, daemon);
}

static int daemon_load_conf(struct daemon *daemon, struct conf *conf, struct err *err)
{
    struct conf_sources sources = {
        .file = daemon->flags.file,
        .find_env = getenv,
        .flags = daemon->flags.items,
        .n_flags = daemon->flags.count,
    };
    return conf_load(conf, &sources, err);
}

static void daemon_on_reload(void *data, int signal_number)
{
    struct daemon *daemon = data;
    struct conf fresh;
    struct conf_changes changes;
    struct err err = {0};
    (void)signal_number;
    conf_init(&fresh);
    if (daemon_load_conf(daemon, &fresh, &err) != 0) {
        log_event(LOG_ERROR, "reload_failed", LOG_TEXT("error", err.msg));
        conf_done(&fresh);
        return;
    }
    conf_reload(&daemon->conf, &fresh, &changes);
    conf_done(&fresh);
    log_set_level(daemon->conf.log.level);
    worker_reload(&daemon->worker, &daemon->conf);
    for (size_t i = 0; i < changes.n_applied; i++) {
        log_event(LOG_INFO, "reloaded", LOG_TEXT("key", changes.applied[i]));
    }
    for (size_t i = 0; i < changes.n_restart; i++) {
        log_event(LOG_WARN, "needs_restart", LOG_TEXT("key", changes.restart[i]));
    }
    log_event(LOG_INFO, "reload", LOG_NUM("applied", changes.n_applied),
              LOG_NUM("needs_restart", changes.n_restart));
}

static int daemon_listen(struct daemon *daemon, struct err *err)
{
    struct address address;
    int code = address_parse(slice_text(daemon->conf.admin.listen), &address, err);
    if (code != 0 || address.none) {
        return code;
    }
    struct admin_sources sources = {.view = daemon_view, .image = daemon_image, .data = daemon};
    daemon->admin = admin_open(daemon->loop, address.host, address.port, &sources, err);
    if (daemon->admin == NULL) {
        return err->code;
    }
    log_event(LOG_INFO, "listening", LOG_TEXT("address", address.host),
              LOG_NUM("port", admin_port(daemon->admin)));
    return 0;
}

static void daemon_tell_publisher(struct daemon *daemon)
{
    struct address address;
    struct err err = {0};
    if (daemon->admin != NULL &&
        address_parse(slice_text(daemon->conf.admin.listen), &address, &err) == 0) {
        publisher_serve_at(daemon->worker.publisher, address.host, admin_port(daemon->admin));
    }
}

static int daemon_watch_signals(struct daemon *daemon, struct err *err)
{
    static const struct {
        int number;
        signal_fn *fn;
    } rows[] = {
        {SIGTERM, daemon_on_stop  },
        {SIGINT,  daemon_on_stop  },
        {SIGHUP,  daemon_on_reload}
    };

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        int code = loop_on_signal(daemon->loop, rows[i].number, rows[i].fn, daemon, err);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

/* A connection per call in flight: as many files as the system allows. */
static void daemon_raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int daemon_configure(struct daemon *daemon, struct err *err)
{
    conf_init(&daemon->conf);
    catalogue_init(&daemon->catalogue);
    int code = daemon_load_conf(daemon, &daemon->conf, err);
    if (code == 0) {
        code = catalogue_load(&daemon->catalogue, daemon->conf.effects.dir, err);
    }
    return code;
}

static int daemon_open(struct daemon *daemon, struct err *err)
{
    daemon->loop = loop_new(err);
    if (daemon->loop == NULL) {
        return err->code;
    }
    /* First what may be refused at once: nothing is dialled when the port is in use. */
    int code = daemon_listen(daemon, err);
    if (code == 0) {
        code = daemon_watch_signals(daemon, err);
    }
    if (code == 0) {
        code = worker_open(&daemon->worker, daemon->loop, &daemon->conf, &daemon->catalogue, err);
    }
    if (code == 0) {
        daemon_tell_publisher(daemon);
    }
    if (code == 0 && daemon->conf.api.access_key[0] == '\0') {
        log_event(LOG_WARN, "no_credentials",
                  LOG_TEXT("hint",
                           "set MEITU_OPENAPI_ACCESS_KEY and MEITU_OPENAPI_SECRET_KEY, or "
                           "api.access_key and api.secret_key: the API will refuse every call"));
    }
    return code;
}

int main(int argc, char **argv)
{
    static struct daemon daemon;
    struct err err = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    daemon_raise_files();
    flags_parse(&daemon.flags, argc, argv);
    if (daemon_configure(&daemon, &err) != 0) {
        (void)fprintf(stderr, "retouchd: %s\n", err.msg);
        return err_exit_status(err.code);
    }
    log_set_level(daemon.conf.log.level);
    if (daemon_open(&daemon, &err) != 0) {
        (void)fprintf(stderr, "retouchd: %s\n", err.msg);
        return err_exit_status(err.code);
    }
    loop_run(daemon.loop);
    worker_done(&daemon.worker);
    loop_free(daemon.loop);
    catalogue_done(&daemon.catalogue);
    conf_done(&daemon.conf);
    return 0;
}
