/* One run of `retouch purge`: the jobs of a photo are found, ended, and forgotten with all that
 * they left. */
#ifndef RETOUCH_MAIN_PURGE_H
#define RETOUCH_MAIN_PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "main/command.h"
#include "main/id_set.h"
#include "queue/keys.h"

enum {
    PURGE_PAGE = 16,          /* ids of one call or command: a command has room for 64 words */
    PURGE_STEP = 500,         /* COUNT of a scan, elements or events of a page */
    PURGE_PATIENCE_MS = 30000 /* for a worker to let go of a cancelled job */
};

/* What is removed, by kind: name for JSON, words for people. */
#define PURGE_KINDS(X)                                  \
    X(RECORD, "records", "photo record")                \
    X(CANCELED, "canceled", "live job canceled")        \
    X(STATUS, "statuses", "status")                     \
    X(ENVELOPE, "envelopes", "envelope")                \
    X(RESULT, "results", "result")                      \
    X(ENTRY, "entries", "entry in inboxes and indexes") \
    X(REPLY, "replies", "entry in reply lists")         \
    X(EVENT, "events", "event")

enum purge_kind {
#define X(name, field, words) PURGE_##name,
    PURGE_KINDS(X)
#undef X
    PURGE_COUNT
};

struct purge_id {
    char text[RETOUCH_ID_MAX + 1];
};

struct purge {
    struct command_line *line; /* borrowed */
    const char *photo;         /* borrowed: out_request_id */
    bool dry;                  /* only count */
    struct id_set known;       /* ids in `ids` */
    struct buf ids;            /* owned: array of struct purge_id, the photo's jobs */
    struct buf asked;          /* owned: array of struct purge_id, to be looked at */
    size_t held;               /* elements and jobs of the photo that workers hold */
    int64_t counts[PURGE_COUNT];
};

size_t purge_id_count(const struct purge *purge);
const char *purge_id_at(const struct purge *purge, size_t index);
/* Sends the batch; an error reply is a failure. Returns a public code. */
int purge_exchange(struct purge *purge) MUST_CHECK;
/* Visits the names of a page of keys, without the queue's base. `cursor` begins as "0" and is "0"
 * again at the end. */
int purge_scan(struct purge *purge,
               const char *pattern,
               int (*visit)(struct purge *purge, struct slice name)) MUST_CHECK;

/* Finds the photo's jobs: by its record, by every status and envelope, by the elements of the
 * inboxes, which are taken out unless it is a dry run. */
int purge_find(struct purge *purge) MUST_CHECK;
/* Sets purge->held. Ids that are new are added, and cancelled before a worker begins them. */
int purge_find_held(struct purge *purge) MUST_CHECK;

/* Ends what lives. */
int purge_cancel(struct purge *purge) MUST_CHECK;
/* Removes, or counts. ret_live: jobs that came to life meanwhile. */
int purge_remove(struct purge *purge, size_t *ret_live) MUST_CHECK;

#endif
