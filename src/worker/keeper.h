/* Keeps the worker's lease in every queue it serves: one script per queue every quarter lease. */
#ifndef RETOUCH_WORKER_KEEPER_H
#define RETOUCH_WORKER_KEEPER_H

struct worker;

/* Renews where it is time, or at once. */
void keeper_tick(struct worker *worker);
void keeper_renew(struct worker *worker);

#endif
