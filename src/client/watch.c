/* Waits for the end of jobs by reading the queue's events.
 *
 * Happy path: the position in the stream is noted when the watch is made; an added job's status is
 * read once (it may have ended already); the blocking read of the events then names each job that
 * ends, and its status is read. The position is always older than the status, so no end is missed.
 * Failure modes: events trimmed away before they were read, a connection that was lost and dialled
 * again, a long silence -> every status is read again. The watch owns the jobs it was given and the
 * statuses not yet taken. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/handle.h"
#include "client/status.h"
#include "client/watch_set.h"

enum {
    WATCH_BATCH = 256,       /* statuses of one round trip */
    WATCH_EVENTS = 1000,     /* events of one read */
    WATCH_BLOCK_MS = 10000,  /* of one blocking read: a dead peer is noticed soon after */
    WATCH_DOUBT_MS = 60000,  /* after so long without an event every status is read again */
    WATCH_POSITION_MAX = 48, /* "MS-SEQUENCE", two 64-bit numbers, and a NUL */
};

struct retouch_watch {
    struct retouch *retouch; /* borrowed */
    struct watch_set set;
    char position[WATCH_POSITION_MAX]; /* id of the last event read */
    uint64_t dials;                    /* of the link when the events were last read */
    int64_t news_at_ms;                /* monotonic: the last event, or the last doubt */
};

static int find_position(struct retouch_watch *watch)
{
    struct retouch *retouch = watch->retouch;
    struct batch *batch = handle_batch(retouch);
    if (batch == NULL) {
        return RETOUCH_ERROR_INVALID;
    }
    batch_command(batch, "XREVRANGE");
    batch_key(batch, KEY_EVENTS, NULL);
    batch_text(batch, "+");
    batch_text(batch, "-");
    batch_text(batch, "COUNT");
    batch_text(batch, "1");
    int code = handle_exchange(retouch, 0);
    code = code == 0 ? handle_check(retouch, batch_reply(batch, 0)) : code;
    if (code == 0) {
        struct slice id = reply_text(reply_at(reply_at(batch_reply(batch, 0), 0), 0));
        (void)text_copy(watch->position, sizeof watch->position,
                        id.len > 0 ? id : slice_text("0-0"));
        watch->dials = retouch->link.dials;
    }
    return code;
}

struct retouch_watch *retouch_watch_new(struct retouch *retouch)
{
    struct retouch_watch *watch = mem_zalloc(1, sizeof *watch);
    if (watch == NULL) {
        (void)handle_fail(retouch, ERR_NO_MEMORY, "no memory for a watch");
        return NULL;
    }
    watch->retouch = retouch;
    watch->news_at_ms = clock_at_ms();
    watch_set_init(&watch->set);
    if (find_position(watch) != 0) {
        retouch_watch_free(watch);
        return NULL;
    }
    return watch;
}

void retouch_watch_free(struct retouch_watch *watch)
{
    if (watch != NULL) {
        watch_set_done(&watch->set);
        mem_free(watch);
    }
}

int retouch_watch_add(struct retouch_watch *watch, const char *id)
{
    if (!text_is_job_id(slice_text(id))) {
        return handle_fail(watch->retouch, ERR_INVALID, "\"%.80s\" is no job id", id);
    }
    return watch_set_add(&watch->set, id) == 0
               ? 0
               : handle_fail(watch->retouch, ERR_NO_MEMORY, "no memory for a job to watch");
}

size_t retouch_watch_count(const struct retouch_watch *watch)
{
    return watch->set.count;
}

static int settle(struct retouch_watch *watch, struct watched *watched, const struct reply *reply)
{
    struct watch_set *set = &watch->set;
    struct retouch_status *status = NULL;
    int code = handle_check(watch->retouch, reply);
    if (code == 0) {
        code = handle_code(status_new(watched->id, reply, &status, &watch->retouch->err));
    }
    if (code != 0) {
        return code;
    }
    bool ended = retouch_state_is_end(status->state);
    watched->status = ended ? status : NULL;
    if (!ended) {
        retouch_status_free(status);
    }
    watch_set_move(watched, ended ? &set->ended : &set->waiting);
    return 0;
}

/* Reads the status of some unchecked jobs: each is then ended or waiting. */
static int check_some(struct retouch_watch *watch)
{
    struct watched *asked[WATCH_BATCH];
    size_t count = 0;
    struct batch *batch = handle_batch(watch->retouch);
    if (batch == NULL) {
        return RETOUCH_ERROR_INVALID;
    }
    list_foreach_safe(&watch->set.unchecked, node) {
        if (count < WATCH_BATCH) {
            asked[count] = CONTAINER_OF(node, struct watched, node);
            batch_command(batch, "HGETALL");
            batch_key(batch, KEY_JOB, asked[count++]->id);
        }
    }
    int code = handle_exchange(watch->retouch, 0);
    for (size_t i = 0; i < count && code == 0; i++) {
        code = settle(watch, asked[i], batch_reply(batch, i));
    }
    return code;
}

/* The value of a field of an event: [id, [name, value, ...]]. */
static struct slice event_field(const struct reply *event, const char *name)
{
    const struct reply *fields = reply_at(event, 1);
    for (size_t i = 0; i + 1 < reply_count(fields); i += 2) {
        if (slice_is(reply_text(reply_at(fields, i)), name)) {
            return reply_text(reply_at(fields, i + 1));
        }
    }
    return slice_of(NULL, 0);
}

static void on_event(struct retouch_watch *watch, const struct reply *event)
{
    enum retouch_state state = status_parse_state(event_field(event, "state"));
    struct watched *watched = watch_set_find(&watch->set, event_field(event, "id"));
    if (watched != NULL && watched->list == &watch->set.waiting && state >= RETOUCH_STATE_DONE) {
        watch_set_move(watched, &watch->set.unchecked);
    }
}

/* "MS-SEQUENCE" of an event as numbers. */
static bool parse_position(struct slice text, int64_t ret_parts[2])
{
    const uint8_t *dash = text.len > 0 ? memchr(text.ptr, '-', text.len) : NULL;
    size_t at = dash != NULL ? (size_t)(dash - text.ptr) : 0;
    return dash != NULL && text_parse_i64(slice_of(text.ptr, at), &ret_parts[0]) == 0 &&
           text_parse_i64(slice_of(dash + 1, text.len - at - 1), &ret_parts[1]) == 0;
}

/* Whether events behind the position may be gone: the oldest one kept is newer than it. */
static bool was_trimmed(const struct retouch_watch *watch, const struct reply *oldest)
{
    int64_t kept[2];
    int64_t read[2];
    if (!parse_position(reply_text(reply_at(reply_at(oldest, 0), 0)), kept) ||
        !parse_position(slice_text(watch->position), read)) {
        return false;
    }
    return kept[0] > read[0] || (kept[0] == read[0] && kept[1] > read[1]);
}

static void batch_read(struct retouch_watch *watch, struct batch *batch, int64_t block_ms)
{
    batch_command(batch, "XREAD");
    batch_text(batch, "COUNT");
    batch_int(batch, WATCH_EVENTS);
    if (block_ms > 0) {
        batch_text(batch, "BLOCK");
        batch_int(batch, block_ms);
    }
    batch_text(batch, "STREAMS");
    batch_key(batch, KEY_EVENTS, NULL);
    batch_text(batch, watch->position);
    /* Asked after the read, so that nothing can be trimmed in between unseen. */
    batch_command(batch, "XRANGE");
    batch_key(batch, KEY_EVENTS, NULL);
    batch_text(batch, "-");
    batch_text(batch, "+");
    batch_text(batch, "COUNT");
    batch_text(batch, "1");
}

static void take_events(struct retouch_watch *watch, const struct reply *events)
{
    size_t count = reply_count(events);
    for (size_t i = 0; i < count; i++) {
        on_event(watch, reply_at(events, i));
    }
    struct slice last = reply_text(reply_at(reply_at(events, count - 1), 0));
    (void)text_copy(watch->position, sizeof watch->position, last);
}

static int read_events(struct retouch_watch *watch, int64_t block_ms)
{
    struct retouch *retouch = watch->retouch;
    struct batch *batch = handle_batch(retouch);
    if (batch == NULL) {
        return RETOUCH_ERROR_INVALID;
    }
    batch_read(watch, batch, block_ms);
    int code = handle_exchange(retouch, block_ms);
    code = code == 0 ? handle_check(retouch, batch_reply(batch, 0)) : code;
    if (code != 0) {
        return code;
    }
    int64_t now_ms = clock_at_ms();
    const struct reply *events = reply_at(reply_at(batch_reply(batch, 0), 0), 1);
    bool doubt = watch->dials != retouch->link.dials ||
                 (reply_count(events) == 0 && now_ms - watch->news_at_ms > WATCH_DOUBT_MS);
    if (reply_count(events) > 0) {
        doubt = doubt || was_trimmed(watch, batch_reply(batch, 1));
        take_events(watch, events);
        watch->news_at_ms = now_ms;
    }
    if (doubt) {
        watch->dials = retouch->link.dials;
        watch->news_at_ms = now_ms;
        watch_set_move_all(&watch->set.waiting, &watch->set.unchecked);
    }
    return 0;
}

static int64_t block_for(int64_t end_at_ms, int64_t now_ms)
{
    if (end_at_ms < 0 || end_at_ms - now_ms > WATCH_BLOCK_MS) {
        return WATCH_BLOCK_MS;
    }
    return end_at_ms > now_ms ? end_at_ms - now_ms : 0;
}

int retouch_watch_next(struct retouch_watch *watch,
                       int64_t timeout_ms,
                       struct retouch_status **ret_status)
{
    struct watch_set *set = &watch->set;
    int64_t end_at_ms = timeout_ms < 0 ? -1 : clock_at_ms() + timeout_ms;
    bool over = false;
    int code = 0;
    while (code == 0 && set->ended.len == 0) {
        if (set->count == 0) {
            return handle_fail(watch->retouch, ERR_NOT_FOUND, "no job is being waited for");
        }
        if (set->unchecked.len > 0) {
            code = check_some(watch);
        } else if (over) {
            code = handle_fail(watch->retouch, ERR_TIMEOUT, "the time is over: %zu jobs not ended",
                               set->count);
        } else {
            int64_t block_ms = block_for(end_at_ms, clock_at_ms());
            over = end_at_ms >= 0 && block_ms == 0;
            code = read_events(watch, block_ms);
        }
    }
    if (code == 0) {
        *ret_status = watch_set_take(set);
    }
    return code;
}
