/* Decides at each turn which inboxes are asked for how much, and lets waiting calls go. */
#ifndef RETOUCH_WORKER_PUMP_H
#define RETOUCH_WORKER_PUMP_H

struct worker;

/* Once per turn of the loop. */
void pump_turn(struct worker *worker);

#endif
