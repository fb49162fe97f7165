/* Looking at ids, a page in a round trip: where worker and reply list of each are read first, for
 * the script declares their keys; what the first look finds is looked at again, and mended then. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "client/script.h"
#include "main/fsck.h"

/* What the script fsck can find. */
static const struct finding_row {
    const char *name;
    const char *what;
    const char *remedy;
} rows[] = {
    {"lost_envelope",   "has not ended, but its envelope is gone",     "ended as dead"                     },
    {"lost_queued",     "queued, but in no inbox",                     "put back at the front of its inbox"},
    {"lost_running",    "running, but no worker has it",               "put back at the front of its inbox"},
    {"lost_scheduled",  "scheduled, but not among the scheduled jobs", "put back there"                    },
    {"stray_scheduled", "among the scheduled jobs, but is none",       "taken out"                         },
    {"stray_result",    "a result without a status",                   "deleted"                           },
    {"stray_dead",      "listed as dead, but is not",                  "taken off the list"                },
    {"stray_unknown",   "listed as unknown, but is not",               "taken off the list"                },
    {"unlisted",        "dead or unknown, but not listed",             "listed, so that it can be retried" },
    {"stray_bytes",     "its bytes are counted, but it is not listed", "counted no more"                   },
    {"missing_bytes",   "listed, but its bytes are not counted",       "counted"                           },
};

enum {
    ROW_QUEUED = 1,
    NO_FINDINGS = 0
};

/* Worker and reply list of each item. */
static int read_names(struct fsck *fsck)
{
    struct batch *batch = handle_batch(fsck->line->retouch);
    for (size_t i = 0; i < fsck->count; i++) {
        batch_command(batch, "HMGET");
        batch_key(batch, KEY_JOB, fsck->items[i].id);
        batch_text(batch, "worker");
        batch_text(batch, "reply_to");
    }
    int code = fsck_exchange(fsck, true);
    for (size_t i = 0; i < fsck->count && code == 0; i++) {
        struct fsck_item *item = &fsck->items[i];
        const struct reply *names = batch_reply(batch, i);
        (void)text_copy(item->worker, sizeof item->worker, reply_text(reply_at(names, 0)));
        (void)text_copy(item->reply, sizeof item->reply, reply_text(reply_at(names, 1)));
    }
    return code;
}

static void batch_look(struct fsck *fsck, const struct fsck_item *item, bool mend)
{
    struct retouch *retouch = fsck->line->retouch;
    struct batch *batch = &retouch->batch;
    bool replies = item->reply[0] != '\0';
    script_call(retouch, SCRIPT_fsck, 15);
    batch_key(batch, KEY_JOB, item->id);
    batch_key(batch, KEY_ENV, item->id);
    batch_key(batch, KEY_RESULT, item->result);
    batch_key(batch, KEY_SCHEDULED, NULL);
    batch_key(batch, KEY_DEAD, NULL);
    batch_key(batch, KEY_UNKNOWN, NULL);
    batch_key(batch, KEY_DEAD_BYTES, NULL);
    script_inbox_keys(retouch);
    batch_key(batch, KEY_EVENTS, NULL);
    script_stats_keys(retouch);
    batch_key(batch, KEY_ACTIVE, item->worker);
    batch_key(batch, replies ? KEY_REPLY : KEY_EVENTS, replies ? item->reply : NULL);
    batch_text(batch, item->id);
    batch_text(batch, id_set_has(&fsck->placed, slice_text(item->id)) ? "1" : "0");
    batch_text(batch, item->worker);
    batch_text(batch, item->reply);
    batch_int(batch, fsck->line->conf.dead.ttl_ms);
    batch_text(batch, mend ? "1" : "0");
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        if ((item->findings & UINT32_C(1) << i) != 0) {
            batch_text(batch, rows[i].name);
        }
    }
}

static uint32_t read_findings(const struct reply *reply)
{
    uint32_t findings = NO_FINDINGS;
    for (size_t i = 0; i < reply_count(reply); i++) {
        for (size_t j = 0; j < N_ELEMENTS(rows); j++) {
            if (slice_is(reply_text(reply_at(reply, i)), rows[j].name)) {
                findings |= UINT32_C(1) << j;
            }
        }
    }
    return findings;
}

/* A key of another type under one of our names. */
static void tell_unreadable(struct fsck *fsck, const struct fsck_item *item, struct slice words)
{
    char text[160];
    (void)text_escape(words, text, sizeof text);
    fsck_tell(fsck, "unreadable", item->id, text, "", false);
}

static void tell_findings(struct fsck *fsck, const struct fsck_item *item, uint32_t findings)
{
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        if ((findings & UINT32_C(1) << i) != 0) {
            fsck_tell(fsck, rows[i].name, item->id, rows[i].what, rows[i].remedy, fsck->repair);
        }
    }
}

/* Keeps the items that the first look finds something about. */
static int look_first(struct fsck *fsck)
{
    struct batch *batch = handle_batch(fsck->line->retouch);
    size_t kept = 0;
    for (size_t i = 0; i < fsck->count; i++) {
        batch_look(fsck, &fsck->items[i], false);
    }
    int code = fsck_exchange(fsck, true);
    for (size_t i = 0; i < fsck->count && code == 0; i++) {
        const struct reply *reply = batch_reply(batch, i);
        fsck->items[i].findings = read_findings(reply);
        if (reply_kind(reply) == REPLY_ERROR) {
            tell_unreadable(fsck, &fsck->items[i], reply_text(reply));
        } else if (fsck->items[i].findings != NO_FINDINGS) {
            fsck->items[kept++] = fsck->items[i];
        }
    }
    fsck->count = kept;
    return code;
}

static int look_again(struct fsck *fsck)
{
    struct batch *batch = handle_batch(fsck->line->retouch);
    for (size_t i = 0; i < fsck->count; i++) {
        batch_look(fsck, &fsck->items[i], fsck->repair);
    }
    int code = fsck_exchange(fsck, true);
    for (size_t i = 0; i < fsck->count && code == 0; i++) {
        const struct reply *reply = batch_reply(batch, i);
        tell_findings(fsck, &fsck->items[i], fsck->items[i].findings & read_findings(reply));
    }
    return code;
}

/* Whether a job that was taken since the inboxes were read may look lost. */
static bool any_queued(const struct fsck *fsck)
{
    bool any = false;
    for (size_t i = 0; i < fsck->count; i++) {
        any = any || (fsck->items[i].findings & UINT32_C(1) << ROW_QUEUED) != 0;
    }
    return any;
}

int fsck_look_rest(struct fsck *fsck)
{
    int code = fsck->count > 0 ? read_names(fsck) : 0;
    code = code == 0 && fsck->count > 0 ? look_first(fsck) : code;
    if (code == 0 && fsck->count > 0) {
        fsck_pause();
        code = any_queued(fsck) ? fsck_claims_again(fsck) : 0;
        code = code == 0 ? read_names(fsck) : code;
        code = code == 0 ? look_again(fsck) : code;
    }
    fsck->count = 0;
    return code;
}

int fsck_look(struct fsck *fsck, struct slice id, struct slice result)
{
    struct fsck_item *item = &fsck->items[fsck->count];
    if (!text_is_job_id(id)) {
        return 0;
    }
    *item = (struct fsck_item){.findings = NO_FINDINGS};
    if (!text_copy(item->id, sizeof item->id, id) ||
        !text_copy(item->result, sizeof item->result, result)) {
        return 0; /* no key of ours is that long */
    }
    fsck->looked++;
    fsck->count++;
    return fsck->count == FSCK_PAGE ? fsck_look_rest(fsck) : 0;
}
