/* The list of calls: what was asked, what came out of it, whether it was billed. Thread-safe. */
#ifndef SANDBOX_CALLS_H
#define SANDBOX_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "digest.h"

enum {
    CALLS_KEPT = 200000
};

/* One call. Texts are owned by whoever has the struct, NULL where there is nothing. */
struct call {
    int64_t at_unix_ms;
    int64_t end_unix_ms; /* 0 while in flight */
    int64_t body_bytes;
    char *path;
    char *content_type;
    char *parameter; /* JSON */
    char *request_id;
    char *traceparent;
    const char *fault;  /* static; NULL for none */
    const char *effect; /* of an ID photo, as what follows; static; NULL for other calls */
    char *out_request_id;
    char *from;        /* a generate id, or "img_url" */
    char *generate_id; /* the one given */
    int status;        /* 0 while none was sent */
    int code;
    uint8_t image_digest[DIGEST_BYTES];
    uint8_t result_digest[DIGEST_BYTES];
    char key_digest[13]; /* first digits of the key's SHA-256; empty without a key */
    bool image_known;
    bool result_known;
    bool body_received; /* the whole body */
    bool billed;        /* the picture was made */
    bool stacked;       /* an effect on top of one of its kind */
    bool answered;      /* the whole answer was handed to the network */
};

/* Which call; stays harmless after a reset. */
struct call_ref {
    uint64_t number; /* from 1 */
    uint64_t epoch;  /* number of resets before it */
};

struct calls;

struct calls *calls_new(void);
void calls_free(struct calls *calls);
struct call_ref calls_begin(struct calls *calls, const struct call *call);
/* Stores the newest state of a call and takes its texts; call is zeroed. */
void calls_update(struct calls *calls, struct call_ref ref, struct call *call);
void calls_end(struct calls *calls, struct call_ref ref, bool answered);
/* Forgets all; calls in flight end unseen. */
void calls_reset(struct calls *calls);
/* JSON of the calls after number `since`, at most `limit`. Appends. */
bool calls_format(struct calls *calls, uint64_t since, uint64_t limit, struct bytes *out);

#endif
