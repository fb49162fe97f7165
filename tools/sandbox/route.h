/* The route table. */
#ifndef SANDBOX_ROUTE_H
#define SANDBOX_ROUTE_H

#include <stdbool.h>

struct visit;

typedef void route_fn(struct visit *visit);

struct route {
    const char *method;
    const char *path; /* a trailing * matches any rest */
    route_fn *serve;  /* fills visit->answer */
    bool is_call;     /* an effect: listed, throttled, made to last, run on the pool */
    bool can_fail;    /* faults with its path meet it; those without one meet calls only */
};

/* True when a path is the pattern's, whose trailing * matches any rest. */
bool path_matches(const char *pattern, const char *path);
/* Never NULL: a stranger's route answers 404 or 405. */
const struct route *route_find(const char *method, const char *path);

#endif
