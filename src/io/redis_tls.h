/* TLS for a Redis connection, where hiredis was built with it (RETOUCH_REDIS_TLS). */
#ifndef RETOUCH_IO_REDIS_TLS_H
#define RETOUCH_IO_REDIS_TLS_H

#include <hiredis/hiredis.h>

#include "base/err.h"

struct redis_tls; /* an OpenSSL context that trusts the system's authorities */

/* ERR_UNSUPPORTED where hiredis has no TLS. */
struct redis_tls *redis_tls_new(struct err *err);
void redis_tls_free(struct redis_tls *tls); /* NULL is fine */
/* Has the connection speak TLS with a peer that proves to be host (a name or an address). */
int redis_tls_start(struct redis_tls *tls, redisContext *context, const char *host, struct err *err)
    MUST_CHECK;

#endif
