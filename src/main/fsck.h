/* One run of `retouch fsck`: what is stored of each id is looked at twice, some milliseconds apart,
 * before it counts as wrong, so that jobs on their way do not look lost. */
#ifndef RETOUCH_MAIN_FSCK_H
#define RETOUCH_MAIN_FSCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "main/command.h"
#include "main/id_set.h"
#include "queue/keys.h"

enum {
    FSCK_PAGE = 64,       /* ids of one round trip */
    FSCK_STEP = 500,      /* COUNT of a scan */
    FSCK_APART_MS = 20,   /* between two looks */
    FSCK_WORKER_MAX = 129 /* bytes of a worker's name with a NUL: what a key has room for */
};

/* An id that is looked at. */
struct fsck_item {
    char id[RETOUCH_ID_MAX + 1];
    char result[RETOUCH_ID_MAX + 24]; /* as in the result's key: "ID" or "ID:1" */
    char worker[FSCK_WORKER_MAX];     /* of its status */
    char reply[RETOUCH_ID_MAX + 1];   /* of its status */
    uint32_t findings;                /* a bit per row of fsck_ids.c */
};

struct fsck {
    struct command_line *line; /* borrowed */
    bool repair;
    struct id_set placed; /* ids in an inbox or on a claim list */
    struct id_set told;   /* findings that were printed */
    struct fsck_item items[FSCK_PAGE];
    size_t count;    /* of items */
    uint64_t looked; /* ids looked at */
    uint64_t found;  /* findings */
    uint64_t mended; /* of them */
};

/* A cursor's walk over the keyspace (key is KEY_COUNT; names are those of the queue's keys, without
 * the queue's base) or over one key. Returns a public code. */
int fsck_scan(struct fsck *fsck,
              const char *command,
              enum key_kind key,
              int (*visit)(struct fsck *fsck, struct slice name)) MUST_CHECK;
/* Sends the batch; an error reply is a failure unless it is told otherwise. */
int fsck_exchange(struct fsck *fsck, bool errors_too) MUST_CHECK;

/* Reads the inboxes, then the claim lists; looks at workers that are not on record. */
int fsck_places(struct fsck *fsck) MUST_CHECK;
/* The claim lists of workers on record, once more. */
int fsck_claims_again(struct fsck *fsck) MUST_CHECK;

/* Has an id looked at, at once or with the next ones; result as in struct fsck_item. */
int fsck_look(struct fsck *fsck, struct slice id, struct slice result) MUST_CHECK;
/* Those that are left. */
int fsck_look_rest(struct fsck *fsck) MUST_CHECK;

/* One line about a finding; subject is an id, worker or key. */
void fsck_tell(struct fsck *fsck,
               const char *finding,
               const char *subject,
               const char *what,
               const char *remedy,
               bool mended);
void fsck_pause(void);

#endif
