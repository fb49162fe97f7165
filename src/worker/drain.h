/* Leaving: what is in flight is finished, what was not sent is handed back, then goodbye. */
#ifndef RETOUCH_WORKER_DRAIN_H
#define RETOUCH_WORKER_DRAIN_H

#include <stdbool.h>

struct worker;

/* First: finish within the drain time-out. Again: cut off what is in flight now. */
void drain_start(struct worker *worker);
/* Each tick and turn while not running. */
void drain_tick(struct worker *worker);

#endif
