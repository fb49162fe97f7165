/* Ending and forgetting the photo's jobs, their entries in reply lists and their events. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "client/script.h"
#include "main/purge.h"
#include "wire/api_response.h"

int purge_cancel(struct purge *purge)
{
    struct command_line *line = purge->line;
    struct retouch_status *status = NULL;
    int code = 0;
    for (size_t i = 0; i < purge_id_count(purge) && code == 0; i++) {
        const char *id = purge_id_at(purge, i);
        enum retouch_canceled canceled = RETOUCH_CANCELED_NOT;
        code = retouch_get_statuses(line->retouch, &id, 1, &status);
        bool live = code == 0 && !retouch_state_is_end(status->state);
        if (live && !purge->dry) {
            code = retouch_cancel(line->retouch, id, line->conf.result.ttl_ms, &canceled);
        }
        purge->counts[PURGE_CANCELED] +=
            live && (purge->dry || (code == 0 && canceled == RETOUCH_CANCELED));
        retouch_status_free(status);
        status = NULL;
    }
    return code;
}

static void batch_remove(struct purge *purge, const char *id)
{
    static const enum key_kind kinds[] = {KEY_JOB, KEY_ENV, KEY_RESULT};
    struct retouch *retouch = purge->line->retouch;
    struct batch *batch = &retouch->batch;
    script_call(retouch, SCRIPT_purge, 9 + N_ELEMENTS(kinds) + API_RESULTS_MAX);
    batch_key(batch, KEY_DEAD, NULL);
    batch_key(batch, KEY_DEAD_BYTES, NULL);
    batch_key(batch, KEY_UNKNOWN, NULL);
    batch_key(batch, KEY_SCHEDULED, NULL);
    script_inbox_keys(retouch);
    script_stats_keys(retouch);
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
        batch_key(batch, kinds[i], id);
    }
    for (int i = 1; i <= API_RESULTS_MAX; i++) {
        char suffix[RETOUCH_ID_MAX + 24];
        (void)snprintf(suffix, sizeof suffix, "%s:%d", id, i);
        batch_key(batch, KEY_RESULT, suffix);
    }
    batch_text(batch, id);
    batch_text(batch, purge->dry ? "0" : "1");
}

static int remove_jobs(struct purge *purge, size_t *ret_live)
{
    static const enum purge_kind kinds[] = {PURGE_STATUS, PURGE_ENVELOPE, PURGE_RESULT,
                                            PURGE_ENTRY};

    size_t count = purge_id_count(purge);
    int code = 0;
    for (size_t at = 0; at < count && code == 0; at += PURGE_PAGE) {
        struct batch *batch = handle_batch(purge->line->retouch);
        size_t page = count - at < PURGE_PAGE ? count - at : PURGE_PAGE;
        for (size_t i = 0; i < page; i++) {
            batch_remove(purge, purge_id_at(purge, at + i));
        }
        code = purge_exchange(purge);
        for (size_t i = 0; i < page && code == 0; i++) {
            const struct reply *answer = batch_reply(batch, i);
            bool live = slice_is(reply_text(reply_at(answer, 0)), "live");
            *ret_live += live;
            for (size_t k = 0; k < N_ELEMENTS(kinds) && (!live || purge->dry); k++) {
                purge->counts[kinds[k]] += reply_int(reply_at(answer, k + 1));
            }
        }
    }
    return code;
}

static int remove_record(struct purge *purge)
{
    struct batch *batch = handle_batch(purge->line->retouch);
    batch_command(batch, purge->dry ? "EXISTS" : "DEL");
    batch_key(batch, KEY_PHOTO, purge->photo);
    int code = purge_exchange(purge);
    purge->counts[PURGE_RECORD] += code == 0 ? reply_int(batch_reply(batch, 0)) : 0;
    return code;
}

/* ":reply:NAME" */
static int visit_reply(struct purge *purge, struct slice name)
{
    struct batch *batch = handle_batch(purge->line->retouch);
    char suffix[RETOUCH_ID_MAX + 1];
    size_t skip = strlen(":reply:");
    size_t count = purge_id_count(purge);
    if (count == 0 ||
        !text_copy(suffix, sizeof suffix, slice_of(name.ptr + skip, name.len - skip))) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        batch_command(batch, purge->dry ? "LPOS" : "LREM");
        batch_key(batch, KEY_REPLY, suffix);
        batch_text(batch, purge->dry ? purge_id_at(purge, i) : "0");
        batch_text(batch, purge->dry ? "COUNT" : purge_id_at(purge, i));
        if (purge->dry) {
            batch_text(batch, "0");
        }
    }
    int code = purge_exchange(purge);
    for (size_t i = 0; i < count && code == 0; i++) {
        const struct reply *reply = batch_reply(batch, i);
        purge->counts[PURGE_REPLY] += purge->dry ? (int64_t)reply_count(reply) : reply_int(reply);
    }
    return code;
}

/* Whether an entry of the stream, {entry's id, {field, value, ...}}, is of one of our jobs. */
static bool event_is_ours(const struct purge *purge, const struct reply *entry)
{
    const struct reply *fields = reply_at(entry, 1);
    for (size_t i = 0; i + 1 < reply_count(fields); i += 2) {
        if (slice_is(reply_text(reply_at(fields, i)), "id")) {
            return id_set_has(&purge->known, reply_text(reply_at(fields, i + 1)));
        }
    }
    return false;
}

/* Ids of entries, each ended by a NUL. */
static int remove_entries(struct purge *purge, const struct buf *entries, size_t count)
{
    struct batch *batch = handle_batch(purge->line->retouch);
    purge->counts[PURGE_EVENT] += (int64_t)count;
    if (purge->dry || count == 0) {
        return 0;
    }
    for (size_t at = 0, i = 0; at < entries->len; i++) {
        const char *entry = (const char *)entries->ptr + at;
        at += strlen(entry) + 1;
        if (i % PURGE_PAGE == 0) {
            batch_command(batch, "XDEL");
            batch_key(batch, KEY_EVENTS, NULL);
        }
        batch_text(batch, entry);
    }
    return purge_exchange(purge);
}

/* One page of the stream. from: where the next one begins, "" at the end. */
static int read_events(struct purge *purge, char from[48], struct buf *entries)
{
    struct batch *batch = handle_batch(purge->line->retouch);
    size_t ours = 0;
    batch_command(batch, "XRANGE");
    batch_key(batch, KEY_EVENTS, NULL);
    batch_made(batch, slice_text(from));
    batch_text(batch, "+");
    batch_text(batch, "COUNT");
    batch_int(batch, PURGE_STEP);
    int code = purge_exchange(purge);
    const struct reply *page = code == 0 ? batch_reply(batch, 0) : NULL;
    size_t count = reply_count(page);
    buf_clear(entries);
    from[0] = '\0';
    for (size_t i = 0; i < count && code == 0; i++) {
        struct slice entry = reply_text(reply_at(reply_at(page, i), 0));
        if (event_is_ours(purge, reply_at(page, i))) {
            ours++;
            code = buf_append_slice(entries, entry);
            code = code == 0 ? buf_append(entries, "", 1) : code;
        }
        if (i + 1 == count && count == PURGE_STEP) {
            (void)snprintf(from, 48, "(%.*s", SLICE_ARG(entry));
        }
    }
    return code == 0 ? remove_entries(purge, entries, ours) : code;
}

static int remove_events(struct purge *purge)
{
    char from[48] = "-";
    struct buf entries;
    int code = 0;
    buf_init(&entries, (size_t)1 << 20);
    while (code == 0 && from[0] != '\0' && purge_id_count(purge) > 0) {
        code = read_events(purge, from, &entries);
    }
    buf_done(&entries);
    return code;
}

int purge_remove(struct purge *purge, size_t *ret_live)
{
    *ret_live = 0;
    int code = remove_jobs(purge, ret_live);
    code = code == 0 ? remove_record(purge) : code;
    code = code == 0 ? purge_scan(purge, ":reply:*", visit_reply) : code;
    return code == 0 ? remove_events(purge) : code;
}
