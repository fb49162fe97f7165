/* Hears a queue's control channel: cancel cuts off a call at once, pause and resume take effect at
 * once. Whatever is missed is found in a key a little later. */
#ifndef RETOUCH_WORKER_LISTENER_H
#define RETOUCH_WORKER_LISTENER_H

#include "base/err.h"

struct served;

int listener_open(struct served *served, struct err *err) MUST_CHECK;

#endif
