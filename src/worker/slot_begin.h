/* The phases from an element to a job that is ready for its call; see slot_begin.c. */
#ifndef RETOUCH_WORKER_SLOT_BEGIN_H
#define RETOUCH_WORKER_SLOT_BEGIN_H

#include "base/err.h"
#include "io/redis.h"

struct slot;

int slot_begin_ask(struct slot *slot, struct err *err) MUST_CHECK;
redis_reply_fn slot_begin_on_reply;
int slot_reject_ask(struct slot *slot, struct err *err) MUST_CHECK;
redis_reply_fn slot_reject_on_reply;
int slot_load_ask(struct slot *slot, struct err *err) MUST_CHECK;
redis_reply_fn slot_load_on_reply;

#endif
