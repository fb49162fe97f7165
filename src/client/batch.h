/* Commands for one round trip, and their replies.
 *
 * Errors of building stick and are reported by link_exchange. Texts that are made live in the
 * batch; slices that are given are borrowed until the batch is opened anew. */
#ifndef RETOUCH_CLIENT_BATCH_H
#define RETOUCH_CLIENT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "client/reply.h"
#include "queue/keys.h"

struct batch_part {
    struct slice slice; /* borrowed; where made is true only len counts */
    size_t offset;      /* of the made text in texts */
    bool made;
};

struct batch_command {
    size_t first; /* index in parts */
    size_t count;
};

struct batch {
    const struct queue_name *queue; /* borrowed: for batch_key */
    struct buf parts;               /* owned: array of struct batch_part */
    struct buf commands;            /* owned: array of struct batch_command */
    struct buf texts;               /* owned: keys and numbers */
    struct buf replies;             /* owned: array of struct reply *, each owned */
    int code;                       /* first error */
};

void batch_init(struct batch *batch, const struct queue_name *queue);
void batch_done(struct batch *batch);
/* Empty again; the replies are gone. */
void batch_open(struct batch *batch);
/* Begins the next command; name is borrowed. */
void batch_command(struct batch *batch, const char *name);
void batch_slice(struct batch *batch, struct slice slice); /* borrowed */
void batch_text(struct batch *batch, const char *text);    /* borrowed */
void batch_made(struct batch *batch, struct slice text);   /* copied */
void batch_int(struct batch *batch, int64_t number);
/* suffix as in key_format. */
void batch_key(struct batch *batch, enum key_kind kind, const char *suffix);

size_t batch_count(const struct batch *batch);
/* The reply to the index-th command after a link_exchange that succeeded. */
const struct reply *batch_reply(const struct batch *batch, size_t index);
/* Takes a command apart for the link: count slices into ret_slices (room for the command's count).
 */
size_t batch_part_count(const struct batch *batch, size_t index);
void batch_parts(const struct batch *batch, size_t index, struct slice *ret_slices);
/* Owns the reply from then on. */
int batch_add_reply(struct batch *batch, struct reply *reply) MUST_CHECK;
void batch_drop_replies(struct batch *batch);

#endif
