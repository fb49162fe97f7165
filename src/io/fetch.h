/* Makes HTTP calls: request out, status and body in, exactly one callback each.
 *
 * Happy path: fetch_start queues the call; curl connects (or takes a kept-alive connection), sends
 * the body as it is read, receives on the loop; on_done.
 * Failure modes: refused, DNS, TLS, reset, time-out, answer over its limit, cancel, close ->
 * on_done with an ERR_*, no answer, and body_sent telling whether the request body had left. A body
 * is never sent twice by itself: where a kept-alive connection dies under it, the call is repeated
 * only while the body has not left whole. The caller owns struct fetch and what it points to until
 * on_done has been called; on_done is never called from inside fetch_start or fetch_cancel. The
 * answer is moved out with buf_take. */
#ifndef RETOUCH_IO_FETCH_H
#define RETOUCH_IO_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/loop.h"
#include "wire/body.h"

struct fetcher; /* keeps the connections, and the calls in flight */
struct fetch;
struct flight; /* one call's curl side */

typedef void fetch_done_fn(struct fetch *fetch);
typedef void fetcher_closed_fn(void *data);

enum fetch_method {
    FETCH_GET,
    FETCH_POST,
    FETCH_PUT,
    FETCH_DELETE
};

struct fetcher_options {
    int64_t connect_timeout_ms;
    uint32_t connections_max; /* kept alive, and open at once */
    const char *user_agent;   /* borrowed */
    const char *ca_file;      /* borrowed; NULL: the system's; for tests of TLS */
};

struct fetch {
    /* Set by the caller before fetch_start; all pointers borrowed until on_done. */
    void *data;
    fetch_done_fn *on_done;
    enum fetch_method method;
    const char *url;
    const char *content_type;   /* of the request body; NULL: none */
    const char *const *headers; /* "Name: value" texts, NULL-terminated; or NULL. Repeated to where
                                   a redirect leads, but for Authorization to another host */
    /* Asked before each piece of the request body; false ends the call unsent, ERR_CANCELED. NULL:
     * always. It must look at the clock itself: the process may have been stopped meanwhile. */
    bool (*may_send)(const struct fetch *fetch);
    struct body *request;   /* FETCH_POST, FETCH_PUT; else NULL */
    size_t answer_max;      /* bytes; a larger answer is ERR_TOO_BIG, and is not collected */
    int64_t timeout_ms;     /* whole call; > 0 */
    bool refuse_private;    /* a private address is ERR_PRIVATE, also after a redirect; no proxy */
    uint32_t redirects_max; /* followed by FETCH_GET; 0: a redirect is an answer like any other */

    /* Results, valid in on_done. */
    struct err err;         /* code 0: an answer came whole */
    int http_status;        /* 0: none; may be set beside an error */
    struct buf answer;      /* owned by the fetch; empty on error; take it with buf_take */
    char answer_type[96];   /* Content-Type, "" when none */
    int64_t retry_after_ms; /* from Retry-After (seconds or date); -1: none */
    bool body_sent;         /* the request body left completely, or may have; without a body: the
                               request did */
    int64_t elapsed_ms;

    struct flight *flight; /* fetch.c's own: borrowed; NULL while not in flight */
};

/* Copies user_agent's and ca_file's pointers, not their texts. The process must ignore SIGPIPE. */
struct fetcher *
fetcher_new(struct loop *loop, const struct fetcher_options *options, struct err *err);
/* Cancels what is in flight (each gets on_done with ERR_CANCELED), then calls closed once,
 * never from inside fetcher_close, when the last handle is gone. Nothing can be started from here
 * on. */
void fetcher_close(struct fetcher *fetcher, fetcher_closed_fn *closed, void *data);
uint32_t fetcher_in_flight(const struct fetcher *fetcher);

/* Prepares an unused fetch: zeroes it, and gives `answer` its bound at fetch_start. */
void fetch_init(struct fetch *fetch);
/* Frees a fetch that is not in flight. */
void fetch_done(struct fetch *fetch);
/* On error no callback comes and the fetch is not in flight. */
int fetch_start(struct fetcher *fetcher, struct fetch *fetch, struct err *err) MUST_CHECK;
/* The call ends with ERR_CANCELED on the next turn, unless it has ended already. */
void fetch_cancel(struct fetch *fetch);

#endif
