/* retouch why: why a job waits, or how it ended, and what can be done, as one paragraph. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "client/handle.h"
#include "main/command.h"
#include "main/report.h"

enum {
    WHY_DEPTH_MAX = 10000, /* elements of an inbox that are looked through */
    WHY_WORKERS = 32,      /* leases that are looked at, the longest first */
    WHY_TEXT_MAX = 4096
};

/* What was found out. */
struct why {
    struct command_line *line; /* borrowed */
    const struct retouch_status *status;
    int64_t now_ms; /* Redis's clock */
    bool paused;
    bool workers_known; /* some worker has a lease */
    bool worker_alive;  /* the job's own */
    int64_t waiting;    /* elements in the three inboxes */
    int64_t ahead;      /* elements before it in its inbox; -1: not found near the front */
    bool has_envelope;
    char text[WHY_TEXT_MAX];
    size_t len;
};

static void say(struct why *why, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void say(struct why *why, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(why->text + why->len, sizeof why->text - why->len, fmt, args);
    va_end(args);
    size_t room = sizeof why->text - why->len - 1;
    why->len += len < 0 ? 0 : (size_t)len < room ? (size_t)len : room;
}

static const char *duration(int64_t ms, char text[32])
{
    int64_t s = ms / 1000;
    if (ms < 10000) {
        (void)snprintf(text, 32, "%" PRId64 " ms", ms);
    } else if (s < 600) {
        (void)snprintf(text, 32, "%" PRId64 " s", s);
    } else if (s < 36000) {
        (void)snprintf(text, 32, "%" PRId64 " min", s / 60);
    } else {
        (void)snprintf(text, 32, "%" PRId64 " h", s / 3600);
    }
    return text;
}

static void say_error(struct why *why)
{
    const struct retouch_status *status = why->status;
    size_t len = 0;
    const char *class = status->error_class;
    const char *message = status->error_message;
    const char *code = status->error_code;
    if (class[0] == '\0') {
        class = retouch_status_field(status, "last_error_class", &len);
        message = retouch_status_field(status, "last_error_message", &len);
        code = retouch_status_field(status, "last_error_code", &len);
    }
    if (class == NULL || class[0] == '\0') {
        return;
    }
    char safe[512];
    (void)text_escape(slice_text(message != NULL ? message : ""), safe, sizeof safe);
    say(why, " The last failure was %s", class);
    if (code != NULL && code[0] != '\0') {
        say(why, " (code %s)", code);
    }
    say(why, ": %s.", safe);
}

static void say_calls(struct why *why)
{
    const struct retouch_status *status = why->status;
    say(why, " Attempts so far: %" PRId64 "; calls that may have been billed: %" PRId64 ".",
        status->attempts, status->sent);
}

/* Why nobody takes anything, if that is so. */
static bool say_halt(struct why *why)
{
    if (why->paused) {
        say(why, " The queue is paused: `retouch resume` lets it go on.");
    } else if (!why->workers_known) {
        say(why, " No worker serves the queue: start retouchd.");
    }
    return why->paused || !why->workers_known;
}

static void say_queued(struct why *why)
{
    char text[32];
    say(why, "%s waits in its inbox, for %s so far.", why->status->id,
        duration(why->now_ms - why->status->enqueued_ms, text));
    if (why->ahead >= 0) {
        say(why, " %" PRId64 " elements are before it there.", why->ahead);
    } else if (why->waiting > WHY_DEPTH_MAX) {
        say(why, " It is not among the next %d; %" PRId64 " elements wait in all.", WHY_DEPTH_MAX,
            why->waiting);
    } else {
        say(why, " It is not in the inbox itself: a worker has taken it and will begin it next "
                 "(`retouch fsck` tells if not).");
    }
    say_calls(why);
    say_error(why);
    if (!say_halt(why)) {
        say(why, " Nothing is to be done but to wait, or to start more workers.");
    }
}

static void say_scheduled(struct why *why)
{
    static const struct {
        const char *reason;
        const char *words;
    } reasons[] = {
        {"delay",      "it is not to start earlier"                                            },
        {"retry",      "a call failed in a way that may pass, and it will be tried again"      },
        {"limit",      "the API's rate is used up"                                             },
        {"breaker",    "the API does not answer, and calls are held back until it does"        },
        {"credential", "the API refuses the key (or its quota is used up): look at the account"},
    };

    char text[32];
    const char *words = why->status->reason;
    for (size_t i = 0; i < N_ELEMENTS(reasons); i++) {
        words = strcmp(reasons[i].reason, why->status->reason) == 0 ? reasons[i].words : words;
    }
    int64_t due_in_ms = why->status->due_ms - why->now_ms;
    say(why, "%s waits: %s. It is due", why->status->id, words);
    if (due_in_ms > 0) {
        say(why, " in %s.", duration(due_in_ms, text));
    } else {
        say(why, " now: the next worker that looks moves it to its inbox.");
    }
    say_calls(why);
    say_error(why);
    if (!say_halt(why)) {
        say(why, " Nothing is to be done but to wait, or to `retouch cancel` it.");
    }
}

static void say_running(struct why *why)
{
    const char *worker = why->status->worker;
    char safe[160];
    (void)text_escape(slice_text(worker), safe, sizeof safe);
    say(why, "%s is with worker %s, whose lease is %s.", why->status->id, safe,
        why->worker_alive ? "alive" : "over");
    if (why->status->steps > 1) {
        say(why, " Effects done: %" PRId64 " of %" PRId64 ".", why->status->step,
            why->status->steps);
    }
    say_calls(why);
    say_error(why);
    if (why->worker_alive) {
        say(why, " Nothing is to be done but to wait, or to `retouch cancel` it.");
    } else {
        say(why, " Another worker takes it over within seconds, if there is one; otherwise start "
                 "retouchd. `retouch fsck` tells if it was lost.");
    }
}

static void say_done(struct why *why)
{
    char text[32];
    say(why, "%s is done, %s after it was enqueued.", why->status->id,
        duration(why->status->total_ms, text));
    say_calls(why);
    say_error(why);
    say(why, " `retouch get %s` fetches the result.", why->status->id);
}

static void say_dead(struct why *why)
{
    const char *class = why->status->error_class;
    bool unknown = why->status->state == RETOUCH_STATE_UNKNOWN;
    if (unknown) {
        say(why,
            "Whether the API did the work for %s is not known, and it has been repeated as "
            "often as is allowed.",
            why->status->id);
    } else {
        say(why, "%s is dead: it was given up.", why->status->id);
    }
    say_calls(why);
    say_error(why);
    if (!why->has_envelope) {
        say(why, " Its envelope is gone, so that it cannot be retried: push it again under another "
                 "id.");
    } else if (strcmp(class, "invalid") == 0 || strcmp(class, "rejected") == 0) {
        say(why,
            " A retry would end the same way: mend the job and push it under another id; "
            "`retouch rm %s` forgets this one.",
            why->status->id);
    } else {
        say(why, " `retouch retry %s` tries it again%s; `retouch rm %s` forgets it.",
            why->status->id, unknown ? " and may be billed once more" : "", why->status->id);
    }
}

static void say_ended(struct why *why)
{
    bool canceled = why->status->state == RETOUCH_STATE_CANCELED;
    say(why, "%s %s.", why->status->id,
        canceled ? "was canceled" : "had not begun a call by its deadline, and has expired");
    say_calls(why);
    say_error(why);
    say(why, " It is final: push it again under another id if it is wanted.");
}

static void say_nothing(struct why *why)
{
    say(why,
        "Nothing is known of %s: it was never pushed, or it has ended and its status has expired, "
        "or it is an envelope that no worker has taken yet (%" PRId64 " elements wait).",
        why->status->id, why->waiting);
    (void)say_halt(why);
}

static void (*const sayings[RETOUCH_STATE_COUNT])(struct why *) = {
    [RETOUCH_STATE_NONE] = say_nothing,        [RETOUCH_STATE_QUEUED] = say_queued,
    [RETOUCH_STATE_SCHEDULED] = say_scheduled, [RETOUCH_STATE_RUNNING] = say_running,
    [RETOUCH_STATE_DONE] = say_done,           [RETOUCH_STATE_DEAD] = say_dead,
    [RETOUCH_STATE_CANCELED] = say_ended,      [RETOUCH_STATE_EXPIRED] = say_ended,
    [RETOUCH_STATE_UNKNOWN] = say_dead,
};

static enum key_kind inbox_of(const struct retouch_status *status)
{
    const char *name = retouch_status_field(status, "priority", NULL);
    enum priority priority = PRIORITY_NORMAL;
    struct err err = {.code = 0};
    err_ignore(priority_parse(name != NULL ? name : "normal", &priority, &err)); /* then normal */
    return priority_inbox(priority);
}

static void ask(struct batch *batch, const struct retouch_status *status)
{
    batch_command(batch, "TIME");
    batch_command(batch, "EXISTS");
    batch_key(batch, KEY_PAUSED, NULL);
    batch_command(batch, "ZREVRANGE");
    batch_key(batch, KEY_WORKERS, NULL);
    batch_int(batch, 0);
    batch_int(batch, WHY_WORKERS - 1);
    batch_text(batch, "WITHSCORES");
    batch_command(batch, "ZSCORE");
    batch_key(batch, KEY_WORKERS, NULL);
    batch_made(batch, slice_text(status->worker));
    batch_command(batch, "EXISTS");
    batch_key(batch, KEY_ENV, status->id);
    for (int i = 0; i < PRIORITY_COUNT; i++) {
        batch_command(batch, "LLEN");
        batch_key(batch, priority_inbox((enum priority)i), NULL);
    }
    batch_command(batch, "LLEN");
    batch_key(batch, inbox_of(status), NULL);
    batch_command(batch, "LPOS");
    batch_key(batch, inbox_of(status), NULL);
    batch_text(batch, status->id);
    batch_text(batch, "RANK");
    batch_int(batch, -1);
    batch_text(batch, "MAXLEN");
    batch_int(batch, WHY_DEPTH_MAX);
}

static void read_answers(struct why *why, const struct batch *batch)
{
    const struct reply *time = batch_reply(batch, 0);
    const struct reply *latest = batch_reply(batch, 2);
    const struct reply *position = batch_reply(batch, 9);
    why->now_ms = reply_int(reply_at(time, 0)) * 1000 + reply_int(reply_at(time, 1)) / 1000;
    why->paused = reply_int(batch_reply(batch, 1)) == 1;
    for (size_t i = 0; i + 1 < reply_count(latest); i += 2) {
        /* "~WORKER" is the reaper's second look at one that is gone. */
        bool gone = slice_starts(reply_text(reply_at(latest, i)), "~");
        bool alive = !gone && reply_int(reply_at(latest, i + 1)) > why->now_ms;
        why->workers_known = why->workers_known || alive;
    }
    why->worker_alive = reply_int(batch_reply(batch, 3)) > why->now_ms;
    why->has_envelope = reply_int(batch_reply(batch, 4)) == 1;
    for (size_t i = 5; i < 5 + PRIORITY_COUNT; i++) {
        why->waiting += reply_int(batch_reply(batch, i));
    }
    why->ahead = reply_kind(position) == REPLY_INT
                     ? reply_int(batch_reply(batch, 8)) - 1 - reply_int(position)
                     : -1;
}

static bool print_json(const struct why *why)
{
    const struct retouch_status *status = why->status;
    struct record record;
    record_init(&record);
    record_status(&record, status);
    record_string(&record, "why", why->text);
    record_bool(&record, "paused", why->paused);
    record_bool(&record, "workers_alive", why->workers_known);
    record_int(&record, "waiting", why->waiting);
    if (status->state == RETOUCH_STATE_QUEUED && why->ahead >= 0) {
        record_int(&record, "ahead", why->ahead);
    }
    if (status->state == RETOUCH_STATE_SCHEDULED) {
        record_int(&record, "due_in_ms", status->due_ms - why->now_ms);
    }
    if (status->state == RETOUCH_STATE_RUNNING) {
        record_bool(&record, "worker_alive", why->worker_alive);
    }
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

static int tell(struct why *why)
{
    CHECK(sayings[why->status->state] != NULL);
    sayings[why->status->state](why);
    bool printed = why->line->json ? print_json(why) : puts(why->text) != EOF;
    bool found = why->status->state != RETOUCH_STATE_NONE;
    return printed && found ? COMMAND_DONE : COMMAND_NOT_ALL;
}

static int run(struct command_line *line)
{
    struct retouch *retouch = line->retouch;
    struct retouch_status *status = NULL;
    const char *id = line->args[0];
    if (!report_ids_valid(line)) {
        return COMMAND_USAGE;
    }
    int code = retouch_get_statuses(retouch, &id, 1, &status);
    if (code != 0) {
        return command_fail(line, code);
    }
    struct why why = {.line = line, .status = status};
    struct batch *batch = handle_batch(retouch);
    ask(batch, status);
    code = handle_exchange(retouch, 0);
    for (size_t i = 0; i < batch_count(batch) && code == 0; i++) {
        code = handle_check(retouch, batch_reply(batch, i));
    }
    int exit_status = COMMAND_DONE;
    if (code != 0) {
        exit_status = command_fail(line, code);
    } else {
        read_answers(&why, batch);
        exit_status = tell(&why);
    }
    retouch_status_free(status);
    return exit_status;
}

extern const struct command cmd_why;
const struct command cmd_why = {
    .name = "why",
    .args = "ID",
    .help = "Say why a job waits or how it ended, and what to do",
    .doc = "The exit status is 1 where nothing is known of the job.",
    .run = run,
    .args_min = 1,
    .args_max = 1,
};
