/* The HTTP server: one epoll thread, two threads for pictures, one for the timers.
 *
 * Happy path: request line -> exchange_open; headers -> begin (fault, list of calls);
 * body -> take; end of body -> dispatch: an own route is served at once, a call (or what meets a
 * fault) suspends its connection, is served on the pool and sleeps in the timers until it has
 * lasted long enough; on_wake resumes the connection and the answer goes; on_completed closes the
 * books. Failure modes: the peer leaves (seen before the answer goes, and every WATCH_MS of an
 * answer that is held or never comes), a fault resets the connection, the server stops (all that
 * sleeps wakes up and gives its connection up). The connection owns its exchange; a suspended
 * exchange belongs to the pool or the timers. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange.h"
#include "fault.h"
#include "flags.h"
#include "mem.h"
#include "reply.h"
#include "route.h"

enum {
    POOL_THREADS = 2,
    WATCH_MS = 100, /* between two looks at a peer that gets no answer */
    HOLD_MS = 10,   /* between two looks at the fault that holds an answer */
    REST_MS = 50,   /* between two pieces of a body read slowly */
    IDLE_S = 600,
    CONNECTION_BYTES = 64 * 1024, /* headers and one piece of body */
    LISTEN_BACKLOG = 4096,
    SLOW_WINDOW_BYTES = 4096,
    TEXT_MAX = 256 /* of a request header that is kept */
};

struct server {
    struct sandbox *sandbox; /* borrowed */
    struct MHD_Daemon *daemon;
    struct pool *pool;
    struct timers *timers;
    int64_t *recent_at_ms; /* owned; ring of the last --qps calls let through */
    uint64_t let_through;
    pthread_mutex_t gate; /* held while a connection is suspended and handed over */
    atomic_bool stopping; /* set under the gate: nothing is suspended afterwards */
};

/* --- waiting --- */

/* How long until the next look at an answer that may not go yet; 0: it may. */
static int64_t withheld_ms(const struct exchange *exchange)
{
    const struct fault *fault = exchange->visit.fault;
    if (fault == NULL || exchange->phase != PHASE_WORKING || exchange->visit.answer.status == 0) {
        return 0;
    }
    if (fault->kind == FAULT_HOLD && !fault->lifted) {
        return HOLD_MS;
    }
    return fault->kind == FAULT_NEVER ? WATCH_MS : 0;
}

static void on_wake(struct timer *timer)
{
    struct exchange *exchange = timer->data;
    int64_t withheld = withheld_ms(exchange);
    if (withheld > 0 && !exchange->server->stopping && !reply_peer_gone(exchange)) {
        timer->due_at_ms = clock_at_ms() + withheld;
        timers_add(exchange->server->timers, timer);
        return;
    }
    exchange->gone |= withheld > 0;
    if (exchange->phase == PHASE_WORKING) {
        exchange->phase = PHASE_READY;
    }
    MHD_resume_connection(exchange->connection);
}

static void sleep_until(struct exchange *exchange, int64_t due_at_ms)
{
    exchange->timer = (struct timer){.due_at_ms = due_at_ms, .on_due = on_wake, .data = exchange};
    timers_add(exchange->server->timers, &exchange->timer);
}

/* Suspends the connection and hands the exchange to the pool, or to the timers where no task is
 * given; false, and nothing done, when the server stops. */
static bool hand_over(struct exchange *exchange, struct task *task, int64_t ms)
{
    struct server *server = exchange->server;
    pthread_mutex_lock(&server->gate);
    bool open = !server->stopping;
    if (open) {
        MHD_suspend_connection(exchange->connection);
    }
    if (open && task != NULL) {
        pool_add(server->pool, task);
    } else if (open) {
        sleep_until(exchange, clock_at_ms() + ms);
    }
    pthread_mutex_unlock(&server->gate);
    return open;
}

bool exchange_rest(struct exchange *exchange, int64_t ms)
{
    return hand_over(exchange, NULL, ms);
}

/* --- serving --- */

static void note_answer(struct exchange *exchange)
{
    if (!exchange->listed) {
        return;
    }
    struct call *call = &exchange->visit.call;
    call->status = exchange->visit.answer.status;
    call->code = exchange->visit.answer.code;
    calls_update(exchange->server->sandbox->calls, exchange->call_ref, call);
}

static void serve(struct exchange *exchange)
{
    struct visit *visit = &exchange->visit;
    if (exchange->too_big) {
        answer_fail(&visit->answer, 413, 22203, "the body is larger than --max-body");
    } else if (exchange->throttled) {
        answer_fail(&visit->answer, 429, 90024, "QPS limit");
    } else if (visit->fault == NULL || visit->fault->billed) {
        exchange->route->serve(visit);
    }
    if (!exchange->too_big && !exchange->throttled) {
        reply_spoil(exchange);
    }
    note_answer(exchange);
}

static void on_pool(struct task *task)
{
    struct exchange *exchange = task->data;
    int64_t due_at_ms = clock_at_ms() + exchange->delay_ms;
    serve(exchange);
    bytes_done(&exchange->body); /* only the answer waits */
    sleep_until(exchange, due_at_ms);
}

static enum MHD_Result dispatch(struct exchange *exchange)
{
    struct visit *visit = &exchange->visit;
    visit->body = &exchange->body;
    visit->call.body_received = true;
    visit->call.body_bytes = exchange->body_seen;
    if (!exchange->route->is_call && visit->fault == NULL) {
        serve(exchange);
        exchange->phase = PHASE_READY;
        return reply_send(exchange);
    }
    exchange->phase = PHASE_WORKING;
    exchange->task = (struct task){.run = on_pool, .data = exchange};
    return hand_over(exchange, &exchange->task, 0) ? MHD_YES : MHD_NO;
}

/* --- the way of a request --- */

static void *exchange_open(void *data, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *exchange = mem_zalloc(1, sizeof *exchange);
    exchange->server = data;
    exchange->connection = connection;
    exchange->uri = mem_copy_text(uri, SIZE_MAX);
    return exchange;
}

static const char *header_of(struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

/* Lets at most --qps calls through within any second. */
static bool over_rate(struct server *server)
{
    int64_t qps = server->sandbox->flags->qps;
    if (qps == 0) {
        return false;
    }
    int64_t now_ms = clock_at_ms();
    int64_t *oldest = &server->recent_at_ms[server->let_through % (uint64_t)qps];
    if (server->let_through >= (uint64_t)qps && now_ms - *oldest < 1000) {
        return true;
    }
    *oldest = now_ms;
    server->let_through++;
    return false;
}

static void note_key(struct exchange *exchange)
{
    uint8_t digest[DIGEST_BYTES];
    char hex[DIGEST_HEX];
    const char *key =
        MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, "api_key");
    if (key != NULL) {
        struct call *call = &exchange->visit.call;
        digest_of(key, strlen(key), digest);
        snprintf(call->key_digest, sizeof call->key_digest, "%.12s", digest_format(digest, hex));
    }
}

static int64_t delay_of(struct exchange *exchange)
{
    struct sandbox *sandbox = exchange->server->sandbox;
    const struct flags *flags = sandbox->flags;
    int64_t extra_ms = exchange->visit.fault != NULL ? exchange->visit.fault->latency_ms : 0;
    if (exchange->throttled || !exchange->route->is_call) {
        return extra_ms;
    }
    uint64_t span = (uint64_t)(flags->latency_max_ms - flags->latency_min_ms);
    return flags->latency_min_ms + (int64_t)faults_chance(sandbox->faults, span) + extra_ms;
}

static void enter_call(struct exchange *exchange)
{
    struct call *call = &exchange->visit.call;
    call->at_unix_ms = clock_unix_ms();
    call->path = mem_copy_text(exchange->visit.path, TEXT_MAX);
    call->content_type = mem_copy_text(exchange->visit.content_type, TEXT_MAX);
    call->request_id = mem_copy_text(header_of(exchange, "X-Request-Id"), TEXT_MAX);
    call->traceparent = mem_copy_text(header_of(exchange, "traceparent"), TEXT_MAX);
    call->fault = exchange->visit.fault != NULL ? exchange->visit.fault->name : NULL;
    note_key(exchange);
    exchange->call_ref = calls_begin(exchange->server->sandbox->calls, call);
    exchange->listed = true;
}

static enum MHD_Result begin(struct exchange *exchange, const char *method, const char *path)
{
    struct sandbox *sandbox = exchange->server->sandbox;
    struct visit *visit = &exchange->visit;
    const char *mark = strchr(exchange->uri, '?');
    const char *length = header_of(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);
    exchange->phase = PHASE_READING;
    exchange->route = route_find(method, path);
    exchange->body.max = sandbox->flags->body_max_bytes;
    exchange->body_length = length != NULL ? (int64_t)strtoimax(length, NULL, 10) : -1;
    visit->sandbox = sandbox;
    visit->method = method;
    visit->path = path;
    visit->query = mark != NULL ? mark + 1 : "";
    visit->content_type = header_of(exchange, MHD_HTTP_HEADER_CONTENT_TYPE);
    visit->host = header_of(exchange, MHD_HTTP_HEADER_HOST);
    exchange->throttled = exchange->route->is_call && over_rate(exchange->server);
    if (!exchange->throttled && exchange->route->can_fail) {
        visit->fault = faults_choose(sandbox->faults, path, exchange->route->is_call);
    }
    exchange->delay_ms = delay_of(exchange);
    if (exchange->route->is_call) {
        enter_call(exchange);
    }
    if (visit->fault != NULL && visit->fault->kind == FAULT_RESET_BEFORE_BODY) {
        return reply_reset(exchange);
    }
    if (visit->fault != NULL && visit->fault->kind == FAULT_SLOW_READ) {
        const int window = SLOW_WINDOW_BYTES;
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        setsockopt(info->connect_fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    }
    return MHD_YES;
}

/* Takes a piece of the body; what is not taken comes again. */
static size_t take(struct exchange *exchange, const char *data, size_t len)
{
    const struct fault *fault = exchange->visit.fault;
    bool slow = fault != NULL && fault->kind == FAULT_SLOW_READ;
    if (slow) {
        size_t piece = (size_t)(fault->bytes_per_second * REST_MS / 1000 + 1);
        len = len < piece ? len : piece;
        (void)!exchange_rest(exchange, REST_MS);
    }
    if (!exchange->too_big && exchange->body.len == 0 && exchange->body_length > 0) {
        exchange->too_big = !bytes_reserve(&exchange->body, (size_t)exchange->body_length);
    }
    if (!exchange->too_big) {
        exchange->too_big = !bytes_append(&exchange->body, data, len);
    }
    exchange->body_seen += (int64_t)len;
    return len;
}

static bool breaks_here(const struct exchange *exchange)
{
    const struct fault *fault = exchange->visit.fault;
    if (fault == NULL || fault->kind != FAULT_RESET_MID_BODY) {
        return false;
    }
    int64_t half = exchange->body_length > 0 ? exchange->body_length / 2 : 1;
    return exchange->body_seen >= (fault->bytes >= 0 ? fault->bytes : half);
}

static enum MHD_Result answer(struct exchange *exchange)
{
    const struct fault *fault = exchange->visit.fault;
    if (exchange->gone || reply_peer_gone(exchange)) {
        return MHD_NO;
    }
    if (fault != NULL && fault->kind == FAULT_RESET_AFTER_BODY) {
        return reply_reset(exchange);
    }
    return reply_send(exchange);
}

/* One step of a request; libmicrohttpd calls it for the headers, each piece of the body, its end,
 * and after each resume. */
static enum MHD_Result step(struct exchange *exchange,
                            const char *method,
                            const char *path,
                            const char *body,
                            size_t *body_len)
{
    if (exchange->server->stopping) {
        return MHD_NO;
    }
    if (exchange->phase == PHASE_NEW) {
        return begin(exchange, method, path);
    }
    if (exchange->phase == PHASE_READY) {
        return answer(exchange);
    }
    if (*body_len > 0) {
        *body_len -= take(exchange, body, *body_len);
        return breaks_here(exchange) ? reply_reset(exchange) : MHD_YES;
    }
    return dispatch(exchange);
}

/* NOLINTNEXTLINE(readability-function-size): the signature is libmicrohttpd's. */
static enum MHD_Result on_request(void *data,
                                  struct MHD_Connection *connection,
                                  const char *path,
                                  const char *method,
                                  const char *version,
                                  const char *body,
                                  size_t *body_len,
                                  void **context)
{
    (void)data;
    (void)connection;
    (void)version;
    return step(*context, method, path, body, body_len);
}

static void on_completed(void *data,
                         struct MHD_Connection *connection,
                         void **context,
                         enum MHD_RequestTerminationCode how)
{
    struct server *server = data;
    struct exchange *exchange = *context;
    (void)connection;
    if (exchange == NULL) {
        return;
    }
    if (exchange->listed && exchange->phase == PHASE_READING) {
        exchange->visit.call.body_bytes = exchange->body_seen;
        note_answer(exchange);
    }
    if (exchange->listed) {
        calls_end(server->sandbox->calls, exchange->call_ref,
                  how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    }
    if (exchange->visit.fault != NULL) {
        faults_release(server->sandbox->faults, exchange->visit.fault);
    }
    answer_done(&exchange->visit.answer);
    bytes_done(&exchange->body);
    mem_free(exchange->uri);
    mem_free(exchange);
    *context = NULL;
}

/* --- start and stop --- */

static unsigned raise_descriptor_limit(void)
{
    struct rlimit limit = {.rlim_cur = 1024, .rlim_max = 1024};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t most = limit.rlim_cur < 65536 ? limit.rlim_cur : 65536;
    return most > 128 ? (unsigned)most - 64 : 64;
}

static bool parse_address(const struct flags *flags, struct sockaddr_storage *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(flags->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(flags->port)};
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, flags->address, &v4.sin_addr) == 1) {
        memcpy(address, &v4, sizeof v4);
        return true;
    }
    if (inet_pton(AF_INET6, flags->address, &v6.sin6_addr) == 1) {
        memcpy(address, &v6, sizeof v6);
        return true;
    }
    return false;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage bound = {0};
    struct sockaddr_in v4;
    socklen_t size = sizeof bound;
    getsockname(fd, (struct sockaddr *)&bound, &size);
    memcpy(&v4, &bound, sizeof v4); /* the port stands at the same place in both families */
    return ntohs(v4.sin_port);
}

int server_listen(const struct flags *flags, uint16_t *ret_port)
{
    struct sockaddr_storage address;
    const int on = 1;
    int fd = -1;
    if (!parse_address(flags, &address)) {
        fprintf(stderr, "retouch-sandbox: --listen: %s is no address\n", flags->address);
        return -1;
    }
    socklen_t size = address.ss_family == AF_INET6 ? (socklen_t)sizeof(struct sockaddr_in6)
                                                   : (socklen_t)sizeof(struct sockaddr_in);
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        fprintf(stderr, "retouch-sandbox: cannot listen on %s:%u: %s\n", flags->address,
                (unsigned)flags->port, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    *ret_port = port_of(fd);
    return fd;
}

struct server *server_start(struct sandbox *sandbox, int listen_fd)
{
    struct server *server = mem_zalloc(1, sizeof *server);
    server->sandbox = sandbox;
    server->recent_at_ms = mem_zalloc((size_t)sandbox->flags->qps, sizeof(int64_t));
    pthread_mutex_init(&server->gate, NULL);
    server->pool = pool_new(POOL_THREADS);
    server->timers = timers_new();
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    if (server->pool != NULL && server->timers != NULL) {
        server->daemon = MHD_start_daemon(
            flags, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, listen_fd,
            MHD_OPTION_URI_LOG_CALLBACK, exchange_open, server, MHD_OPTION_NOTIFY_COMPLETED,
            on_completed, server, MHD_OPTION_CONNECTION_LIMIT, raise_descriptor_limit(),
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_END);
    }
    if (server->daemon == NULL) {
        fputs("retouch-sandbox: cannot start the HTTP server\n", stderr);
        return NULL;
    }
    return server;
}

void server_stop(struct server *server)
{
    pthread_mutex_lock(&server->gate);
    server->stopping = true;
    pthread_mutex_unlock(&server->gate);
    timers_stop(server->timers);
    pool_free(server->pool);
    timers_free(server->timers);
    MHD_stop_daemon(server->daemon);
    pthread_mutex_destroy(&server->gate);
    mem_free(server->recent_at_ms);
    mem_free(server);
}
