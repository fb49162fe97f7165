#include "admin/admin.h"

#include <inttypes.h>
#include <string.h>

#include "admin/page.h"
#include "base/mem.h"
#include "io/http_server.h"

struct admin {
    struct http_server *server; /* owned */
    struct admin_sources sources;
};

static const char *const priority_names[ADMIN_PRIORITIES] = {"high", "normal", "low"};

static int metrics_depths(struct stats_writer *writer, const struct admin_view *view)
{
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < view->queue_count; i++) {
        for (size_t p = 0; code == 0 && p < ADMIN_PRIORITIES; p++) {
            struct exposition_label labels[] = {
                {"queue",    view->queues[i].name},
                {"priority", priority_names[p]   },
                {NULL,       NULL                }
            };
            code = stats_gauge_write(writer, STATS_GAUGE_QUEUE_DEPTH, labels,
                                     view->queues[i].depth[p]);
        }
    }
    return code;
}

static int64_t queue_figure(const struct admin_queue *queue, enum stats_gauge gauge)
{
    return gauge == STATS_GAUGE_SCHEDULED ? queue->scheduled
           : gauge == STATS_GAUGE_DEAD    ? queue->dead
           : gauge == STATS_GAUGE_UNKNOWN ? queue->unknown
                                          : (queue->paused ? 1 : 0);
}

static int metrics_queues(struct stats_writer *writer, const struct admin_view *view)
{
    static const enum stats_gauge gauges[] = {STATS_GAUGE_SCHEDULED, STATS_GAUGE_DEAD,
                                              STATS_GAUGE_UNKNOWN, STATS_GAUGE_QUEUE_PAUSED};

    int code = metrics_depths(writer, view);
    for (size_t g = 0; code == 0 && g < sizeof gauges / sizeof gauges[0]; g++) {
        for (uint32_t i = 0; code == 0 && i < view->queue_count; i++) {
            struct exposition_label labels[] = {
                {"queue", view->queues[i].name},
                {NULL,    NULL                }
            };
            code = stats_gauge_write(writer, gauges[g], labels,
                                     queue_figure(&view->queues[i], gauges[g]));
        }
    }
    return code;
}

static int metrics_write(const struct admin_view *view, struct buf *text)
{
    struct stats_writer writer;
    struct exposition_label endpoint[] = {
        {"endpoint", "api"},
        {NULL,       NULL }
    };
    struct exposition_label credential[] = {
        {"credential", "default"},
        {NULL,         NULL     }
    };
    int code = stats_format_prometheus(view->stats, text);
    if (code != 0) {
        return code;
    }
    stats_writer_init(&writer, text);
    code = metrics_queues(&writer, view);
    if (code == 0) {
        code =
            stats_gauge_write(&writer, STATS_GAUGE_THROTTLE_WAIT, endpoint, view->throttle_wait_ms);
    }
    if (code == 0) {
        code = stats_gauge_write(&writer, STATS_GAUGE_CREDENTIAL_WAIT, credential,
                                 view->credential_wait_ms);
    }
    for (uint32_t i = 0; code == 0 && i < view->warning_count; i++) {
        struct exposition_label kind[] = {
            {"kind", view->warnings[i].kind},
            {NULL,   NULL                  }
        };
        code = stats_gauge_write(&writer, STATS_GAUGE_REDIS_WARNING, kind,
                                 view->warnings[i].on ? 1 : 0);
    }
    return code;
}

static int answer_metrics(const struct admin_view *view, struct http_reply *reply)
{
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return metrics_write(view, &reply->body);
}

static int answer_alive(const struct admin_view *view, struct http_reply *reply)
{
    (void)view;
    reply->content_type = "text/plain; charset=utf-8";
    return buf_append_text(&reply->body, "ok\n");
}

static int answer_ready(const struct admin_view *view, struct http_reply *reply)
{
    reply->content_type = "text/plain; charset=utf-8";
    if (view->ready) {
        return buf_append_text(&reply->body, "ready\n");
    }
    reply->status = 503;
    return buf_printf(&reply->body, "not ready: %s\n", view->trouble);
}

static int answer_page(const struct admin_view *view, struct http_reply *reply)
{
    reply->content_type = "text/html; charset=utf-8";
    return page_write(view, &reply->body);
}

static const struct admin_route {
    const char *path;
    int (*answer)(const struct admin_view *view, struct http_reply *reply);
} routes[] = {
    {"/",        answer_page   },
    {"/metrics", answer_metrics},
    {"/healthz", answer_alive  },
    {"/readyz",  answer_ready  },
};

/* An unknown token is answered as any other unknown path: nothing tells that it was once known. */
static bool answer_image(struct admin *admin, const char *path, struct http_reply *reply)
{
    static const char prefix[] = "/i/";
    struct admin_image image;
    if (strncmp(path, prefix, sizeof prefix - 1) != 0 || admin->sources.image == NULL ||
        !admin->sources.image(admin->sources.data, path + sizeof prefix - 1, &image)) {
        return false;
    }
    reply->status = 200;
    reply->content_type = image.content_type;
    if (buf_append_slice(&reply->body, image.bytes) != 0) {
        reply->status = 500;
    }
    return true;
}

static void
admin_on_question(void *data, const struct http_question *question, struct http_reply *reply)
{
    struct admin *admin = data;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(question->path, routes[i].path) != 0) {
            continue;
        }
        struct admin_view view = {.worker = "", .trouble = "", .credential = "open"};
        admin->sources.view(admin->sources.data, &view);
        reply->status = 200;
        if (routes[i].answer(&view, reply) != 0) {
            reply->status = 500;
            buf_clear(&reply->body);
        }
        return;
    }
    if (answer_image(admin, question->path, reply)) {
        return;
    }
    reply->content_type = "text/plain; charset=utf-8";
    err_ignore(buf_append_text(&reply->body,
                               "there are /, /metrics, /healthz and /readyz\n")); /* a courtesy */
}

struct admin *admin_open(struct loop *loop,
                         const char *host,
                         uint16_t port,
                         const struct admin_sources *sources,
                         struct err *err)
{
    struct admin *admin = mem_zalloc(1, sizeof *admin);
    if (admin == NULL) {
        err_ignore(err_set(err, ERR_NO_MEMORY, "admin: no memory")); /* NULL says it */
        return NULL;
    }
    admin->sources = *sources;
    admin->server = http_server_open(loop, host, port, admin_on_question, admin, err);
    if (admin->server == NULL) {
        mem_free(admin);
        return NULL;
    }
    return admin;
}

uint16_t admin_port(const struct admin *admin)
{
    return http_server_port(admin->server);
}

void admin_close(struct admin *admin)
{
    if (admin != NULL) {
        http_server_close(admin->server);
        mem_free(admin);
    }
}
