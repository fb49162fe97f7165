/* A worker in the fake world, and what stories about it are made of. */
#ifndef RETOUCH_LIB_FLOW_H
#define RETOUCH_LIB_FLOW_H

#include "lib/fake_world.h"
#include "lib/unit.h"
#include "worker/worker.h"

/* Opens the worker with the defaults and these settings ("worker.concurrency=2"; NULL ends the
 * list), lets it register, and forgets the trace. */
struct worker *flow_open(const char *const *settings);
/* Drains, which must come to its end, and frees; what was told is forgotten. */
void flow_close(void);
/* For stories that drain themselves. */
bool flow_closed(void);
void flow_drain(void);

/* A raw envelope with an image URL, and further JSON fields (",\"deadline_ms\":5") or "". */
void flow_push(const char *inbox, const char *id, const char *fields);
/* A bare id whose envelope is stored. */
void flow_push_id(const char *inbox, const char *id, const char *fields);

/* The trace since the last look is exactly these lines. */
#define assert_story(...) flow_compare((const char *const[]){__VA_ARGS__, NULL}, __FILE__, __LINE__)
void flow_compare(const char *const *lines, const char *file, int line);

#endif
