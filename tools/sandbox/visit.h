/* One request as a route sees it: no sockets, no server. */
#ifndef SANDBOX_VISIT_H
#define SANDBOX_VISIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "calls.h"

struct cache;
struct faults;
struct fault;
struct flags;
struct generates;

/* What all requests share. */
struct sandbox {
    const struct flags *flags; /* borrowed */
    struct cache *cache;       /* owned by main, as the rest */
    struct calls *calls;
    struct faults *faults; /* only touched on the server's thread */
    struct generates *generates;
    uint16_t port; /* the one it listens on */
};

struct visit {
    struct sandbox *sandbox; /* borrowed */
    const char *method;      /* borrowed, as all texts here */
    const char *path;
    const char *query;         /* undecoded, without '?'; empty where there is none */
    const char *content_type;  /* NULL where the request has none */
    const char *host;          /* NULL where the request has none */
    struct bytes *body;        /* whole; the route may change it */
    const struct fault *fault; /* NULL where nothing goes wrong */
    struct answer answer;      /* out */
    struct call call;          /* out: what is to be known about it later */
};

#endif
