#include "lib/tcp_script.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"

enum {
    TCP_CONNECTIONS_MAX = 512,
    TCP_WINDOW = 64 * 1024,
    TCP_HEADER_MAX = 4 * 1024
};

struct tcp_connection {
    struct tcp_server *server;
    const struct tcp_step *script;
    pthread_t thread;
    int fd;
    bool gone; /* the peer is gone, or the server stops */
    uint8_t *body;
};

struct tcp_server {
    const tcp_script *scripts;
    size_t script_count;
    pthread_t thread;
    int fd;
    int stop_fd; /* readable once the server stops */
    uint16_t port;
    pthread_mutex_t lock; /* for what follows */
    unsigned connection_count;
    unsigned request_count;
    uint8_t *body; /* owned */
    size_t body_len;
    struct tcp_connection connections[TCP_CONNECTIONS_MAX];
};

/* Waits for the descriptor or the stop. False: stop. */
static bool server_wait(const struct tcp_server *server, int fd, short events)
{
    struct pollfd polls[2] = {
        {.fd = server->stop_fd, .events = POLLIN},
        {.fd = fd,              .events = events}
    };
    int n = poll(polls, 2, -1);
    CHECK(n > 0);
    return polls[0].revents == 0;
}

static size_t connection_read(struct tcp_connection *connection, void *dest, size_t room)
{
    ssize_t n = -1;
    if (!connection->gone && server_wait(connection->server, connection->fd, POLLIN)) {
        n = recv(connection->fd, dest, room, 0);
    }
    connection->gone = connection->gone || n <= 0;
    return n > 0 ? (size_t)n : 0;
}

static void connection_send(struct tcp_connection *connection, const char *text)
{
    for (size_t len = strlen(text); len > 0 && !connection->gone;) {
        ssize_t n = -1;
        if (server_wait(connection->server, connection->fd, POLLOUT)) {
            n = send(connection->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        connection->gone = n < 0;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

static size_t connection_read_bytes(struct tcp_connection *connection, uint8_t *dest, size_t len)
{
    size_t got = 0;
    while (got < len && !connection->gone) {
        got += connection_read(connection, dest + got, len - got);
    }
    return got;
}

/* NUL-terminated; byte by byte, so that nothing behind it is taken. */
static void connection_read_header(struct tcp_connection *connection, char *header)
{
    size_t len = 0;
    header[0] = '\0';
    while (!connection->gone && strstr(len > 4 ? header + len - 4 : header, "\r\n\r\n") == NULL) {
        CHECK(len < TCP_HEADER_MAX - 1);
        len += connection_read(connection, header + len, 1);
        header[len] = '\0';
    }
}

static size_t header_content_length(const char *header)
{
    static const char name[] = "\r\nContent-Length: ";
    const char *at = strcasestr(header, name);
    if (at == NULL) {
        return 0;
    }
    at += sizeof name - 1;
    int64_t value = 0;
    int code = text_parse_i64(slice_of(at, strcspn(at, "\r")), &value);
    CHECK(code == 0);
    CHECK(value >= 0 && value <= TCP_BODY_MAX);
    return (size_t)value;
}

static void connection_read_request(struct tcp_connection *connection)
{
    struct tcp_server *server = connection->server;
    char header[TCP_HEADER_MAX];
    connection_read_header(connection, header);
    size_t len = header_content_length(header);
    size_t got = connection_read_bytes(connection, connection->body, len);
    if (got < len || strstr(header, "\r\n\r\n") == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&server->lock);
    server->request_count++;
    server->body_len = len;
    memcpy(server->body, connection->body, len);
    (void)pthread_mutex_unlock(&server->lock);
}

static void connection_reset(struct tcp_connection *connection)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

/* Plays one step; false: the script is over. */
static bool connection_play(struct tcp_connection *connection, const struct tcp_step *step)
{
    char header[TCP_HEADER_MAX];
    switch (step->op) {
    case TCP_REQUEST:
        connection_read_request(connection);
        return true;
    case TCP_HEADER:
        connection_read_header(connection, header);
        return true;
    case TCP_BYTES:
        (void)connection_read_bytes(connection, connection->body, step->n);
        return true;
    case TCP_SEND:
        connection_send(connection, step->text);
        return true;
    case TCP_FLOOD:
        while (!connection->gone) {
            connection_send(connection, step->text);
        }
        return true;
    case TCP_STALL:
        while (!connection->gone) {
            (void)connection_read(connection, header, sizeof header);
        }
        return true;
    case TCP_RESET:
        connection_reset(connection);
        return false;
    case TCP_AGAIN:
    case TCP_END:
        return false;
    }
    return false;
}

static void *connection_main(void *data)
{
    struct tcp_connection *connection = data;
    const struct tcp_step *step = connection->script;
    while (connection_play(connection, step)) {
        step++;
        if (step->op == TCP_AGAIN && !connection->gone) {
            step = connection->script;
        }
    }
    (void)close(connection->fd);
    free(connection->body);
    return NULL;
}

static void server_accept(struct tcp_server *server, int fd)
{
    (void)pthread_mutex_lock(&server->lock);
    unsigned index = server->connection_count++;
    (void)pthread_mutex_unlock(&server->lock);
    CHECK(index < TCP_CONNECTIONS_MAX);
    size_t script = index < server->script_count ? index : server->script_count - 1;
    struct tcp_connection *connection = &server->connections[index];
    connection->server = server;
    connection->script = server->scripts[script];
    connection->fd = fd;
    connection->body = malloc(TCP_BODY_MAX);
    CHECK(connection->body != NULL);
    int code = pthread_create(&connection->thread, NULL, connection_main, connection);
    CHECK(code == 0);
}

static void *server_main(void *data)
{
    struct tcp_server *server = data;
    while (server_wait(server, server->fd, POLLIN)) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            server_accept(server, fd);
        }
    }
    return NULL;
}

struct tcp_server *tcp_server_start(const tcp_script *scripts, size_t count)
{
    struct tcp_server *server = calloc(1, sizeof *server);
    CHECK(server != NULL);
    server->scripts = scripts;
    server->script_count = count;
    server->body = malloc(TCP_BODY_MAX);
    CHECK(server->body != NULL);
    (void)pthread_mutex_init(&server->lock, NULL);
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int window = TCP_WINDOW; /* little of a large body fits into the kernel's buffers */
    CHECK(setsockopt(server->fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window) == 0);
    CHECK(bind(server->fd, (struct sockaddr *)&address, len) == 0);
    CHECK(listen(server->fd, TCP_CONNECTIONS_MAX) == 0);
    CHECK(getsockname(server->fd, (struct sockaddr *)&address, &len) == 0);
    server->port = ntohs(address.sin_port);
    CHECK(pthread_create(&server->thread, NULL, server_main, server) == 0);
    return server;
}

void tcp_server_stop(struct tcp_server *server)
{
    CHECK(eventfd_write(server->stop_fd, 1) == 0);
    (void)pthread_join(server->thread, NULL);
    for (unsigned i = 0; i < server->connection_count; i++) {
        (void)pthread_join(server->connections[i].thread, NULL);
    }
    (void)close(server->fd);
    (void)close(server->stop_fd);
    (void)pthread_mutex_destroy(&server->lock);
    free(server->body);
    free(server);
}

uint16_t tcp_server_port(const struct tcp_server *server)
{
    return server->port;
}

unsigned tcp_server_connections(struct tcp_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    unsigned count = server->connection_count;
    (void)pthread_mutex_unlock(&server->lock);
    return count;
}

unsigned tcp_server_requests(struct tcp_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    unsigned count = server->request_count;
    (void)pthread_mutex_unlock(&server->lock);
    return count;
}

const uint8_t *tcp_server_body(struct tcp_server *server, size_t *ret_len)
{
    (void)pthread_mutex_lock(&server->lock);
    *ret_len = server->body_len;
    (void)pthread_mutex_unlock(&server->lock);
    return server->body;
}
