/* retouch ls: jobs by state, a page at a time; no state is found by a scan of keys. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "client/handle.h"
#include "client/status.h"
#include "main/command.h"
#include "main/report.h"

enum {
    LS_PAGE = 100,          /* elements of one round trip */
    LS_IDS_MAX = 2048,      /* a small hash (512 at most by default) comes whole from HSCAN */
    LS_LIMIT = 50,          /* jobs shown, where nothing is said */
    LS_LIMIT_MAX = 1000000, /* that may be asked for */
    LS_WORKER_MAX = 129     /* bytes of a worker's name with a NUL */
};

struct ls_options {
    const char *state; /* borrowed; NULL: all that are alive */
    int64_t limit;     /* 0: LS_LIMIT */
};

struct listing {
    struct command_line *line; /* borrowed */
    size_t left;               /* jobs that may still be shown */
    size_t count;              /* of ids */
    char ids[LS_IDS_MAX][RETOUCH_ID_MAX + 1];
    char worker[LS_WORKER_MAX];
    int exit_status;
};

/* An element of an inbox may be an envelope with its image: only its length comes over. */
static const char inbox_script[] = "local r = redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2]) "
                                   "for i, e in ipairs(r) do if #e > 64 or not string.find(e, "
                                   "'^[%w._-]+$') then r[i] = #e end end "
                                   "return r";

/* Shows count of the collected ids. False where the listing is over. */
static bool show_page(struct listing *listing, size_t first, size_t count)
{
    struct retouch_status *statuses[LS_PAGE];
    const char *ids[LS_PAGE];
    struct command_line *line = listing->line;
    for (size_t i = 0; i < count; i++) {
        ids[i] = listing->ids[first + i];
    }
    int code = retouch_get_statuses(line->retouch, ids, count, statuses);
    if (code != 0) {
        listing->exit_status = command_fail(line, code);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        /* One whose status has expired meanwhile is no job any more. */
        bool there = statuses[i]->state != RETOUCH_STATE_NONE && listing->left > 0;
        listing->left -= there;
        if (there && !report_end(line, statuses[i])) {
            listing->exit_status = COMMAND_NOT_ALL;
        }
        retouch_status_free(statuses[i]);
    }
    return listing->left > 0;
}

static bool show(struct listing *listing)
{
    bool going = listing->left > 0;
    for (size_t at = 0; at < listing->count && going; at += LS_PAGE) {
        size_t count = listing->count - at < LS_PAGE ? listing->count - at : LS_PAGE;
        going = show_page(listing, at, count);
    }
    listing->count = 0;
    return going;
}

static void collect(struct listing *listing, struct slice id)
{
    if (listing->count < LS_IDS_MAX && text_is_job_id(id)) {
        (void)text_copy(listing->ids[listing->count++], RETOUCH_ID_MAX + 1, id);
    }
}

static bool ask(struct listing *listing)
{
    struct retouch *retouch = listing->line->retouch;
    int code = handle_exchange(retouch, 0);
    code = code == 0 ? handle_check(retouch, batch_reply(&retouch->batch, 0)) : code;
    if (code != 0) {
        listing->exit_status = command_fail(listing->line, code);
    }
    return code == 0;
}

/* An envelope in an inbox has no status yet. */
static void show_raw(struct listing *listing, const char *priority, int64_t bytes)
{
    struct record record;
    if (listing->left == 0) {
        return;
    }
    listing->left--;
    if (!listing->line->json) {
        (void)printf("%-32s  %-9s  %" PRId64 " bytes, %s\n", "(an envelope)", "queued", bytes,
                     priority);
        return;
    }
    record_init(&record);
    record_string(&record, "state", "queued");
    record_string(&record, "priority", priority);
    record_int(&record, "envelope_bytes", bytes);
    err_ignore(record_print(&record)); /* the stream's error is found when it is flushed */
    record_done(&record);
}

/* The end from which workers take comes first. */
static bool list_inbox(struct listing *listing, enum priority priority)
{
    size_t count = LS_PAGE;
    for (int64_t at = 0; count == LS_PAGE; at += LS_PAGE) {
        struct batch *batch = handle_batch(listing->line->retouch);
        batch_command(batch, "EVAL");
        batch_text(batch, inbox_script);
        batch_text(batch, "1");
        batch_key(batch, priority_inbox(priority), NULL);
        batch_int(batch, -at - LS_PAGE);
        batch_int(batch, -at - 1);
        if (!ask(listing)) {
            return false;
        }
        const struct reply *page = batch_reply(batch, 0);
        count = reply_count(page);
        for (size_t i = count; i > 0; i--) {
            const struct reply *element = reply_at(page, i - 1);
            if (reply_kind(element) == REPLY_INT) {
                show_raw(listing, priority_name(priority), reply_int(element));
            } else {
                collect(listing, reply_text(element));
            }
        }
        if (!show(listing)) {
            return false;
        }
    }
    return true;
}

static bool list_queued(struct listing *listing)
{
    return list_inbox(listing, PRIORITY_HIGH) && list_inbox(listing, PRIORITY_NORMAL) &&
           list_inbox(listing, PRIORITY_LOW);
}

/* What one worker has begun: HSCAN walks its own hash, which is as large as its concurrency. */
static bool list_active(struct listing *listing)
{
    char cursor[24] = "0";
    do {
        struct batch *batch = handle_batch(listing->line->retouch);
        batch_command(batch, "HSCAN");
        batch_key(batch, KEY_ACTIVE, listing->worker);
        batch_made(batch, slice_text(cursor));
        batch_text(batch, "COUNT");
        batch_int(batch, LS_PAGE / 2);
        if (!ask(listing)) {
            return false;
        }
        const struct reply *reply = batch_reply(batch, 0);
        const struct reply *pairs = reply_at(reply, 1);
        size_t count = reply_count(pairs);
        (void)text_copy(cursor, sizeof cursor, reply_text(reply_at(reply, 0)));
        for (size_t i = 0; i + 1 < count; i += 2) {
            collect(listing, reply_text(reply_at(pairs, i)));
        }
        if (!show(listing)) {
            return false;
        }
    } while (strcmp(cursor, "0") != 0);
    return true;
}

static bool list_running(struct listing *listing)
{
    for (int64_t at = 0;; at++) {
        struct batch *batch = handle_batch(listing->line->retouch);
        batch_command(batch, "ZRANGE");
        batch_key(batch, KEY_WORKERS, NULL);
        batch_int(batch, at);
        batch_int(batch, at);
        if (!ask(listing)) {
            return false;
        }
        struct slice worker = reply_text(reply_at(batch_reply(batch, 0), 0));
        if (worker.len == 0) {
            return true;
        }
        (void)text_copy(listing->worker, sizeof listing->worker, worker);
        if (!list_active(listing)) {
            return false;
        }
    }
}

static bool list_sorted(struct listing *listing, enum key_kind key, const char *command)
{
    size_t count = LS_PAGE;
    for (int64_t at = 0; count == LS_PAGE; at += LS_PAGE) {
        struct batch *batch = handle_batch(listing->line->retouch);
        batch_command(batch, command);
        batch_key(batch, key, NULL);
        batch_int(batch, at);
        batch_int(batch, at + LS_PAGE - 1);
        if (!ask(listing)) {
            return false;
        }
        const struct reply *page = batch_reply(batch, 0);
        count = reply_count(page);
        for (size_t i = 0; i < count; i++) {
            collect(listing, reply_text(reply_at(page, i)));
        }
        if (!show(listing)) {
            return false;
        }
    }
    return true;
}

static bool list_scheduled(struct listing *listing)
{
    return list_sorted(listing, KEY_SCHEDULED, "ZRANGE");
}

static bool list_dead(struct listing *listing)
{
    return list_sorted(listing, KEY_DEAD, "ZREVRANGE");
}

static bool list_unknown(struct listing *listing)
{
    return list_sorted(listing, KEY_UNKNOWN, "ZREVRANGE");
}

/* An event is [id, [name, value, ...]]. */
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

/* The newest of the events, back to the oldest one kept. */
static bool list_events(struct listing *listing, const char *state)
{
    char before[64] = "+";
    size_t count = LS_PAGE;
    while (count == LS_PAGE) {
        struct batch *batch = handle_batch(listing->line->retouch);
        batch_command(batch, "XREVRANGE");
        batch_key(batch, KEY_EVENTS, NULL);
        batch_made(batch, slice_text(before));
        batch_text(batch, "-");
        batch_text(batch, "COUNT");
        batch_int(batch, LS_PAGE);
        if (!ask(listing)) {
            return false;
        }
        const struct reply *page = batch_reply(batch, 0);
        count = reply_count(page);
        for (size_t i = 0; i < count; i++) {
            if (slice_is(event_field(reply_at(page, i), "state"), state)) {
                collect(listing, event_field(reply_at(page, i), "id"));
            }
        }
        struct slice last = reply_text(reply_at(reply_at(page, count - 1), 0));
        (void)snprintf(before, sizeof before, "(%.*s", SLICE_ARG(last));
        if (!show(listing)) {
            return false;
        }
    }
    return true;
}

static bool list_done(struct listing *listing)
{
    return list_events(listing, "done");
}

static bool list_canceled(struct listing *listing)
{
    return list_events(listing, "canceled");
}

static bool list_expired(struct listing *listing)
{
    return list_events(listing, "expired");
}

/* Where each state is found; those that are alive come first. */
static const struct state_row {
    const char *state;
    bool (*list)(struct listing *listing); /* false: stop */
    bool alive;
} states[] = {
    {"running",   list_running,   true },
    {"queued",    list_queued,    true },
    {"scheduled", list_scheduled, true },
    {"dead",      list_dead,      false},
    {"unknown",   list_unknown,   false},
    {"done",      list_done,      false},
    {"canceled",  list_canceled,  false},
    {"expired",   list_expired,   false},
};

static const struct argp_option options[] = {
    {.name = "state",
     .key = 's',
     .arg = "STATE",
     .doc = "running, queued, scheduled, dead, unknown, done, canceled or expired (default: the "
            "first three)"},
    {.name = "limit",  .key = 'n', .arg = "N", .doc = "Show so many at most (default: 50)"},
    {.name = NULL              },
};

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    struct ls_options *own = data;
    if (key == 'n') {
        own->limit = command_number(state, "--limit", arg, LS_LIMIT_MAX);
        return 0;
    }
    if (key != 's') {
        return ARGP_ERR_UNKNOWN;
    }
    for (size_t i = 0; i < N_ELEMENTS(states); i++) {
        if (strcmp(states[i].state, arg) == 0) {
            own->state = states[i].state;
            return 0;
        }
    }
    argp_error(state,
               "--state: \"%s\" is not known: running, queued, scheduled, dead, unknown, done, "
               "canceled or expired",
               arg);
    return 0;
}

static int run(struct command_line *line)
{
    static struct listing listing; /* zero, and too large for the stack */
    const struct ls_options *own = line->options;
    listing.line = line;
    listing.left = own->limit > 0 ? (size_t)own->limit : LS_LIMIT;
    bool going = true;
    for (size_t i = 0; i < N_ELEMENTS(states) && going; i++) {
        bool wanted = own->state != NULL ? own->state == states[i].state : states[i].alive;
        going = !wanted || states[i].list(&listing);
    }
    return listing.exit_status;
}

extern const struct command cmd_ls;
const struct command cmd_ls = {
    .name = "ls",
    .args = "",
    .help = "List jobs by state",
    .doc = "Queued jobs are listed in the order in which they will be taken, dead and unknown ones "
           "the newest first, done, canceled and expired ones as far back as the events go (about "
           "10,000 changes).",
    .options = options,
    .options_size = sizeof(struct ls_options),
    .parse = parse,
    .run = run,
};
