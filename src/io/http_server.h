/* A small HTTP server on the loop for metrics, health and pages: libmicrohttpd's epoll descriptor
 * hangs on the loop; answers are made at once, in memory. GET and HEAD only; a bounded number of
 * connections, each with bounded memory and patience.
 *
 * Failure modes: too many connections, a slow or broken client -> that connection is closed; no
 * memory -> the connection is closed without an answer. */
#ifndef RETOUCH_IO_HTTP_SERVER_H
#define RETOUCH_IO_HTTP_SERVER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/loop.h"

struct http_server;

enum {
    HTTP_REPLY_MAX = 4 * 1024 * 1024 /* bytes of one reply body */
};

struct http_question {
    const char *method; /* "GET", "HEAD" */
    const char *path;   /* "/metrics"; unescaped */
    const char *query;  /* as sent, still escaped; "" when none */
};

struct http_reply {
    int status;               /* 404 unless the handler sets it */
    const char *content_type; /* static text; "text/plain; charset=utf-8" unless set */
    struct buf body; /* at most HTTP_REPLY_MAX; owned by the server from the return on; for HEAD it
                        is measured and not sent */
};

/* Called on the loop's thread; must not close the server. */
typedef void
http_handler_fn(void *data, const struct http_question *question, struct http_reply *reply);

/* host is an address such as "127.0.0.1" or "::1"; port 0: any. ERR_INVALID: not an address;
 * ERR_SYSTEM says which address and why. */
struct http_server *http_server_open(struct loop *loop,
                                     const char *host,
                                     uint16_t port,
                                     http_handler_fn *handler,
                                     void *data,
                                     struct err *err);
uint16_t http_server_port(const struct http_server *server);
/* Connections are cut at once; the memory goes when the loop has let go. NULL is fine. */
void http_server_close(struct http_server *server);

#endif
