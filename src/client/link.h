/* A blocking connection to Redis that is dialled again when it is lost.
 *
 * Happy path: link_open dials, authenticates, selects; link_exchange writes a batch and reads every
 * reply. Failure modes: refused, reset, silent for longer than the answer may take, LOADING or
 * READONLY after a failover -> the connection is closed and the whole batch sent again until
 * reconnect_ms have passed, then ERR_UNAVAILABLE. What is sent must therefore be safe to repeat. */
#ifndef RETOUCH_CLIENT_LINK_H
#define RETOUCH_CLIENT_LINK_H

#include <stdint.h>

#include "base/err.h"
#include "client/batch.h"
#include "conf/redis_url.h"

struct redisContext;
struct redis_tls;

struct link {
    struct redis_url url;         /* holds the password */
    struct redisContext *context; /* owned; NULL while not connected */
    struct redis_tls *tls;        /* owned; NULL unless the URL wants TLS */
    int64_t connect_ms;
    int64_t answer_ms;
    int64_t reconnect_ms;
    uint64_t dials; /* connections made so far: a change tells that one was lost */
};

void link_init(struct link *link);
void link_done(struct link *link);
/* Dials once. ERR_UNAVAILABLE says what failed, without the password. */
int link_open(struct link *link, const struct redis_url *url, struct err *err) MUST_CHECK;
/* Sends the batch and reads all replies into it. Error replies stay in the batch, each where it
 * belongs. block_ms: how much longer than usual the answer may take (a blocking read). */
int link_exchange(struct link *link, struct batch *batch, int64_t block_ms, struct err *err)
    MUST_CHECK;
/* Sleeps: for those who look at Redis again and again. */
void link_pause(int64_t ms);

#endif
