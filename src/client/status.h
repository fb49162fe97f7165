/* A status from Redis's reply to HGETALL. */
#ifndef RETOUCH_CLIENT_STATUS_H
#define RETOUCH_CLIENT_STATUS_H

#include "base/err.h"
#include "client/reply.h"
#include "retouch/retouch.h"

/* An empty reply gives RETOUCH_STATE_NONE. */
int status_new(const char *id,
               const struct reply *reply,
               struct retouch_status **ret_status,
               struct err *err) MUST_CHECK;
/* RETOUCH_STATE_NONE for a name that is none. */
enum retouch_state status_parse_state(struct slice name);

#endif
