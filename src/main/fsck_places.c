/* Where ids lie: inboxes and claim lists; and workers that hold something but are not on record. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "client/script.h"
#include "main/fsck.h"

/* An element may be an envelope with its image: of those only the length comes over. */
static const char list_script[] = "local r = redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2]) "
                                  "for i, e in ipairs(r) do if #e > 64 or not string.find(e, "
                                  "'^[%w._-]+$') then r[i] = #e end end "
                                  "return r";

/* One list from its left (the newest) to its right, so that nothing is missed that moves on; what
 * comes meanwhile pushes elements towards the pages that follow. */
static int read_list(struct fsck *fsck, enum key_kind key, const char *suffix)
{
    struct retouch *retouch = fsck->line->retouch;
    size_t count = FSCK_STEP;
    for (int64_t at = 0; count == FSCK_STEP; at += FSCK_STEP) {
        struct batch *batch = handle_batch(retouch);
        batch_command(batch, "EVAL");
        batch_text(batch, list_script);
        batch_text(batch, "1");
        batch_key(batch, key, suffix);
        batch_int(batch, at);
        batch_int(batch, at + FSCK_STEP - 1);
        int code = fsck_exchange(fsck, false);
        if (code != 0) {
            return code;
        }
        const struct reply *page = batch_reply(batch, 0);
        count = reply_count(page);
        for (size_t i = 0; i < count; i++) {
            struct slice id = reply_text(reply_at(page, i));
            if (id.len > 0 && id_set_add(&fsck->placed, id) != 0) {
                return handle_fail(retouch, ERR_NO_MEMORY, "no memory for the ids that wait");
            }
        }
    }
    return 0;
}

/* Asks about one worker; found: whether it holds something without being on record. */
static int ask_worker(
    struct fsck *fsck, const char *worker, bool mend, int64_t *ret_claimed, int64_t *ret_jobs)
{
    struct retouch *retouch = fsck->line->retouch;
    struct batch *batch = handle_batch(retouch);
    script_call(retouch, SCRIPT_fsck_worker, 5);
    batch_key(batch, KEY_WORKERS, NULL);
    batch_key(batch, KEY_ACTIVE, worker);
    for (int i = 0; i < PRIORITY_COUNT; i++) {
        char suffix[KEY_MAX];
        batch_key(batch, KEY_CLAIM, priority_claim_suffix((enum priority)i, worker, suffix));
    }
    batch_made(batch, slice_text(worker));
    batch_text(batch, mend ? "1" : "0");
    int code = fsck_exchange(fsck, false);
    *ret_claimed = code == 0 ? reply_int(reply_at(batch_reply(batch, 0), 1)) : 0;
    *ret_jobs = code == 0 ? reply_int(reply_at(batch_reply(batch, 0), 2)) : 0;
    return code;
}

static int look_at_worker(struct fsck *fsck, const char *worker)
{
    int64_t claimed = 0;
    int64_t jobs = 0;
    char what[128];
    int code = ask_worker(fsck, worker, false, &claimed, &jobs);
    if (code != 0 || claimed + jobs == 0) {
        return code;
    }
    fsck_pause();
    code = ask_worker(fsck, worker, fsck->repair, &claimed, &jobs);
    if (code != 0 || claimed + jobs == 0) {
        return code;
    }
    (void)snprintf(what, sizeof what,
                   "a worker that is gone holds %" PRId64 " claimed elements and %" PRId64 " jobs",
                   claimed, jobs);
    fsck_tell(fsck, "orphans", worker, what, "put on record as lapsed, so that a worker takes over",
              fsck->repair);
    return 0;
}

/* The worker of a claim list: "W", "W:high" or "W:low". */
static struct slice worker_of(struct slice suffix)
{
    for (int i = 0; i < PRIORITY_COUNT; i++) {
        char ending[KEY_MAX];
        size_t len = strlen(priority_claim_suffix((enum priority)i, "", ending));
        if (len > 0 && suffix.len > len &&
            memcmp(suffix.ptr + suffix.len - len, ending, len) == 0) {
            return slice_of(suffix.ptr, suffix.len - len);
        }
    }
    return suffix;
}

/* What follows the row's text of keys.def; empty where the name is of another row. */
static struct slice suffix_of(struct slice name, const char *row)
{
    size_t len = strlen(row);
    return slice_starts(name, row) ? slice_of(name.ptr + len, name.len - len) : slice_of(NULL, 0);
}

static int visit_place(struct fsck *fsck, struct slice name)
{
    struct slice claim = suffix_of(name, ":claim:");
    struct slice active = suffix_of(name, ":active:");
    char worker[FSCK_WORKER_MAX];
    char suffix[FSCK_WORKER_MAX];
    int code = 0;
    if (claim.len > 0 && text_copy(suffix, sizeof suffix, claim)) {
        code = read_list(fsck, KEY_CLAIM, suffix);
    }
    struct slice found = claim.len > 0 ? worker_of(claim) : active;
    if (code != 0 || found.len == 0 || !text_copy(worker, sizeof worker, found)) {
        return code;
    }
    return look_at_worker(fsck, worker);
}

int fsck_places(struct fsck *fsck)
{
    int code = 0;
    for (int i = 0; i < PRIORITY_COUNT && code == 0; i++) {
        code = read_list(fsck, priority_inbox((enum priority)i), NULL);
    }
    return code == 0 ? fsck_scan(fsck, "SCAN", KEY_COUNT, visit_place) : code;
}

static int visit_record(struct fsck *fsck, struct slice name)
{
    char worker[FSCK_WORKER_MAX];
    int code = 0;
    for (int i = 0; i < PRIORITY_COUNT && code == 0; i++) {
        char suffix[KEY_MAX];
        if (text_copy(worker, sizeof worker, name) && worker[0] != '~') {
            code =
                read_list(fsck, KEY_CLAIM, priority_claim_suffix((enum priority)i, worker, suffix));
        }
    }
    return code;
}

int fsck_claims_again(struct fsck *fsck)
{
    return fsck_scan(fsck, "ZSCAN", KEY_WORKERS, visit_record);
}
