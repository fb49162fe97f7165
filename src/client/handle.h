/* What stands behind struct retouch, for the files of this folder and the commands of src/main. */
#ifndef RETOUCH_CLIENT_HANDLE_H
#define RETOUCH_CLIENT_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "client/batch.h"
#include "client/link.h"
#include "queue/keys.h"
#include "queue/scripts.h"
#include "retouch/retouch.h"

struct retouch {
    struct link link;
    struct queue_name queue;
    struct scripts scripts;
    struct batch batch; /* of the call that runs */
    struct err err;     /* of the last call that failed */
    bool connected;     /* retouch_connect has succeeded once */
    bool has_scripts;
    uint32_t scripts_told; /* bit per script: its source is in the batch */
};

/* An ERR_* as the public RETOUCH_ERROR_*. */
int handle_code(int code);
/* Sets the handle's error; returns the public code. */
int handle_fail(struct retouch *retouch, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The batch, emptied: fill it, then handle_exchange. NULL (with the error set) before
 * retouch_connect. */
struct batch *handle_batch(struct retouch *retouch);
/* As link_exchange; the error is in the handle. Returns a public code. */
int handle_exchange(struct retouch *retouch, int64_t block_ms) MUST_CHECK;
/* 0, or REFUSED with Redis's words where the reply is an error. */
int handle_check(struct retouch *retouch, const struct reply *reply) MUST_CHECK;

#endif
