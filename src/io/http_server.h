/* A small HTTP server on the loop for metrics, health and pages: libmicrohttpd's epoll descriptor
 * hangs on the loop; answers are made at once, in memory. */
#ifndef RETOUCH_IO_HTTP_SERVER_H
#define RETOUCH_IO_HTTP_SERVER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/loop.h"

struct http_server;

struct http_question {
    const char *method; /* "GET", "HEAD" */
    const char *path;   /* "/metrics" */
    const char *query;  /* "" when none */
};

struct http_reply {
    int status;               /* 404 unless the handler sets it */
    const char *content_type; /* static text */
    struct buf body;          /* owned by the server from the return on */
};

typedef void
http_handler_fn(void *data, const struct http_question *question, struct http_reply *reply);

/* host is an address such as "127.0.0.1" or "::1"; port 0: any. ERR_SYSTEM says which address and
 * why. */
struct http_server *http_server_open(struct loop *loop,
                                     const char *host,
                                     uint16_t port,
                                     http_handler_fn *handler,
                                     void *data,
                                     struct err *err);
uint16_t http_server_port(const struct http_server *server);
void http_server_close(struct http_server *server); /* NULL is fine */

#endif
