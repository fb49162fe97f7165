/* The jobs an operator may retry or remove, P:dead and P:unknown, the oldest first, a page at a
 * time, while entries leave the index under the walk. */
#ifndef RETOUCH_MAIN_ENDED_WALK_H
#define RETOUCH_MAIN_ENDED_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "main/command.h"
#include "queue/keys.h"

enum {
    ENDED_PAGE = 96 /* ids of one round trip: eight calls of remove */
};

struct ended_walk {
    struct command_line *line; /* borrowed */
    enum key_kind index;       /* KEY_DEAD or KEY_UNKNOWN */
    int64_t until_ms;          /* what ended later is not looked at: it may have been retried */
    int64_t score_ms;          /* where the next page begins ... */
    int64_t seen; /* ... less so many of that very time, seen and left where they are */
    size_t count; /* of ids */
    char ids[ENDED_PAGE][RETOUCH_ID_MAX + 1];
    int64_t ended_ms[ENDED_PAGE];
};

/* Ends that are younger than younger_ms are not walked over (0: all until now, by Redis's clock).
 * Returns a public code. */
int ended_walk_init(struct ended_walk *walk,
                    struct command_line *line,
                    enum key_kind index,
                    int64_t younger_ms) MUST_CHECK;
/* The next page into ids; count is 0 at the end. Returns a public code. */
int ended_walk_next(struct ended_walk *walk) MUST_CHECK;
/* The index-th id of the page has stayed in the index. */
void ended_walk_keep(struct ended_walk *walk, size_t index);

#endif
