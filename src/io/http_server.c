/* libmicrohttpd without threads: its epoll descriptor is watched by the loop, its time-out is a
 * timer; both lead to MHD_run. A visit is what we keep of one request, from its first line to its
 * completion. */
#include "io/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/loop_uv.h"

/* Memory is at most 64 x 16 KiB for requests, and one reply body per connection. */
enum {
    SERVER_CONNECTIONS_MAX = 64,
    SERVER_CONNECTION_BYTES = 16 * 1024,
    SERVER_PATIENCE_S = 15,
    SERVER_BACKLOG = 64
};

struct http_server {
    uv_poll_t poll; /* on MHD's epoll descriptor */
    struct timer *timer;
    struct MHD_Daemon *daemon;
    http_handler_fn *handler;
    void *data; /* borrowed, for handler */
    uint16_t port;
};

struct visit {
    bool begun;   /* the headers have been seen */
    char query[]; /* NUL-terminated */
};

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* Requests. */

static void *on_request_line(void *data, const char *uri, struct MHD_Connection *connection)
{
    (void)data;
    (void)connection;
    const char *mark = strchr(uri, '?');
    const char *query = mark != NULL ? mark + 1 : "";
    size_t size = strlen(query) + 1;
    struct visit *visit = mem_alloc(sizeof *visit + size);
    if (visit != NULL) {
        visit->begun = false;
        memcpy(visit->query, query, size);
    }
    return visit;
}

static void on_completed(void *data,
                         struct MHD_Connection *connection,
                         void **visit,
                         enum MHD_RequestTerminationCode how)
{
    (void)data;
    (void)connection;
    (void)how;
    mem_free(*visit);
    *visit = NULL;
}

/* Takes the reply's body in any case. */
static enum MHD_Result reply_send(struct http_reply *reply, struct MHD_Connection *connection)
{
    struct buf body = {.ptr = NULL};
    buf_take(&body, &reply->body);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.len, body.ptr, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        buf_done(&body); /* UNTESTED: no memory inside libmicrohttpd */
        return MHD_NO;
    }
    bool whole =
        MHD_add_response_header(response, "Content-Type", reply->content_type) == MHD_YES &&
        MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES;
    if (whole && reply->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        whole = MHD_add_response_header(response, "Allow", "GET, HEAD") == MHD_YES;
    }
    enum MHD_Result result =
        whole ? MHD_queue_response(connection, (unsigned)reply->status, response) : MHD_NO;
    MHD_destroy_response(response); /* ours; the connection holds its own reference */
    return result;
}

static enum MHD_Result on_request(void *data,
                                  struct MHD_Connection *connection,
                                  const char *path,
                                  const char *method,
                                  const char *version,
                                  const char *upload,
                                  size_t *upload_len,
                                  void **visit_slot)
{
    (void)version;
    (void)upload;
    (void)upload_len;
    struct http_server *server = data;
    struct visit *visit = *visit_slot;
    if (visit == NULL) {
        return MHD_NO; /* no memory at the request line */
    }
    struct http_reply reply = {.status = MHD_HTTP_NOT_FOUND,
                               .content_type = "text/plain; charset=utf-8"};
    buf_init(&reply.body, HTTP_REPLY_MAX);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        reply.status = MHD_HTTP_METHOD_NOT_ALLOWED; /* at once: its body is never read */
        return reply_send(&reply, connection);
    }
    if (!visit->begun) {
        visit->begun = true; /* an answer at the first call would cost the kept-alive connection */
        return MHD_YES;
    }
    const struct http_question question = {.method = method, .path = path, .query = visit->query};
    server->handler(server->data, &question, &reply);
    return reply_send(&reply, connection);
}

/* The loop's side. */

static void server_run(struct http_server *server)
{
    (void)MHD_run(server->daemon); /* fails only for daemons with threads */
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    if (MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES) {
        timer_start(server->timer, (int64_t)timeout_ms, 0);
    } else {
        timer_stop(server->timer);
    }
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    server_run(poll->data);
}

static void on_time(void *data)
{
    server_run(data);
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

/* Opening. */

static socklen_t host_parse(const char *host, uint16_t port, union address *ret_address)
{
    memset(ret_address, 0, sizeof *ret_address);
    if (inet_pton(AF_INET, host, &ret_address->in.sin_addr) == 1) {
        ret_address->in.sin_family = AF_INET;
        ret_address->in.sin_port = htons(port);
        return sizeof ret_address->in;
    }
    if (inet_pton(AF_INET6, host, &ret_address->in6.sin6_addr) == 1) {
        ret_address->in6.sin6_family = AF_INET6;
        ret_address->in6.sin6_port = htons(port);
        return sizeof ret_address->in6;
    }
    return 0;
}

/* A listening socket, or -1 with errno. */
static int socket_listen(const union address *address, socklen_t len)
{
    int yes = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        (address->any.sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) != 0) ||
        bind(fd, &address->any, len) != 0 || listen(fd, SERVER_BACKLOG) != 0) {
        int sys = errno;
        (void)close(fd);
        errno = sys;
        return -1;
    }
    return fd;
}

static uint16_t socket_port(int fd)
{
    union address address;
    socklen_t len = sizeof address;
    int status = getsockname(fd, &address.any, &len);
    CHECK(status == 0);
    return ntohs(address.any.sa_family == AF_INET6 ? address.in6.sin6_port : address.in.sin_port);
}

/* MHD owns the socket from here on, also when it fails. */
static struct MHD_Daemon *daemon_start(struct http_server *server, int fd)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVER_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_CONNECTION_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_PATIENCE_S, MHD_OPTION_URI_LOG_CALLBACK,
        on_request_line, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
}

static int server_watch(struct http_server *server, struct loop *loop, struct err *err)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    CHECK(info != NULL);
    int status = uv_poll_init(loop_uv(loop), &server->poll, info->epoll_fd);
    if (status != 0) {
        return err_set(err, ERR_SYSTEM, "HTTP server: %s", uv_strerror(status));
    }
    server->poll.data = server;
    status = uv_poll_start(&server->poll, UV_READABLE, on_event);
    CHECK(status == 0);
    return 0;
}

struct http_server *http_server_open(struct loop *loop,
                                     const char *host,
                                     uint16_t port,
                                     http_handler_fn *handler,
                                     void *data,
                                     struct err *err)
{
    union address address;
    socklen_t len = host_parse(host, port, &address);
    if (len == 0) {
        err_set(err, ERR_INVALID, "listen on \"%s\": not an address", host);
        return NULL;
    }
    int fd = socket_listen(&address, len);
    if (fd < 0) {
        err_set_sys(err, ERR_SYSTEM, errno, "listen on %s port %u", host, (unsigned)port);
        return NULL;
    }
    struct http_server *server = mem_zalloc(1, sizeof *server);
    if (server == NULL) {
        (void)close(fd);
        err_set(err, ERR_NO_MEMORY, "HTTP server");
        return NULL;
    }
    server->handler = handler;
    server->data = data;
    server->port = socket_port(fd);
    server->timer = timer_new(loop, on_time, server);
    server->daemon = daemon_start(server, fd);
    if (server->timer == NULL || server->daemon == NULL) {
        err_set(err, ERR_NO_MEMORY, "HTTP server");
        goto fail;
    }
    if (server_watch(server, loop, err) != 0) {
        goto fail;
    }
    return server;
fail:
    if (server->daemon != NULL) {
        MHD_stop_daemon(server->daemon);
    }
    timer_close(server->timer);
    mem_free(server);
    return NULL;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_close(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    timer_close(server->timer);
    uv_close((uv_handle_t *)&server->poll, on_closed); /* while MHD still has its descriptor */
    MHD_stop_daemon(server->daemon);
}
