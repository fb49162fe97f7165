/* One run of `retouch push`: a bounded window of inputs on their way and of jobs awaited. */
#ifndef RETOUCH_MAIN_PUSH_H
#define RETOUCH_MAIN_PUSH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "main/command.h"
#include "main/inputs.h"
#include "main/push_options.h"

enum {
    PUSH_BATCH = 64,                   /* jobs of one round trip ... */
    PUSH_BATCH_BYTES = 16 << 20,       /* ... and their bytes, one image more at most */
    PUSH_AWAITED_MAX = 1024,           /* jobs on their way with --wait */
    PUSH_IMAGE_MAX = (64 << 20) - 8192 /* bytes: an envelope's limit, less its other fields */
};

/* A job whose end is awaited. */
struct awaited {
    struct list_node node;
    char id[RETOUCH_ID_MAX + 1];
    char *path; /* owned: for messages */
    char *name; /* owned: of its output */
};

struct push {
    struct command_line *line;          /* borrowed */
    const struct push_options *options; /* borrowed */
    struct inputs inputs;
    struct input batch_inputs[PUSH_BATCH];
    char batch_ids[PUSH_BATCH][RETOUCH_ID_MAX + 1];
    struct retouch_job jobs[PUSH_BATCH];
    struct retouch_outcome outcomes[PUSH_BATCH];
    size_t batch_count;
    size_t batch_bytes;
    struct retouch_watch *watch; /* owned; NULL without --wait */
    struct list awaited;         /* owned: struct awaited */
    int64_t start_at_ms;
    uint64_t pushed_total; /* new and duplicate */
    uint64_t there_total;  /* passed over: the result is there */
    uint64_t failed_total; /* not read, not taken, not written */
    uint64_t done_total;   /* ended as done */
    uint64_t not_done_total;
    int exit_status;
    bool bar; /* progress is shown */
};

/* A failure that is about one input: told, counted, and the run goes on. */
void push_fail(struct push *push, const char *path, const char *message);
/* Takes what has ended; waits for at least one where no more may be awaited, or for all. False: the
 * run is over (time is up, or Redis is gone), exit_status says how. */
bool push_collect(struct push *push, bool all);
/* One more job to await. False: no memory. */
bool push_await(struct push *push, const char *id, const struct input *input);
void push_forget(struct push *push);
/* Redraws the bar; wipes it. */
void push_bar_show(const struct push *push);
void push_bar_hide(const struct push *push);

#endif
