/* Every second, with jitter: scheduled jobs whose time has come are promoted, lapsed workers' jobs
 * are put back. Any worker does it for all; the scripts make it harmless that several try. */
#ifndef RETOUCH_WORKER_SWEEPER_H
#define RETOUCH_WORKER_SWEEPER_H

#include <stdint.h>

struct served;
struct worker;

void sweeper_tick(struct worker *worker);
/* A job of that queue is due in so many milliseconds. */
void sweeper_expect(struct served *served, int64_t in_ms);

#endif
