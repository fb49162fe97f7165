/* retouch retry: a new life for dead and unknown jobs.
 *
 * By id, or over both indexes a page at a time; each job is one call of the script retry, which
 * looks again at its state. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "client/script.h"
#include "main/command.h"
#include "main/ended_walk.h"
#include "main/report.h"

enum {
    OPTION_CLASS = COMMAND_KEY_OWN,
    OPTION_CODE,
    OPTION_DRY_RUN
};

struct retry_options {
    const char *error_class; /* borrowed; NULL: any */
    const char *error_code;  /* borrowed; NULL: any */
    int64_t limit;           /* 0: none */
    bool all;
    bool dry_run;
};

struct retrying {
    struct command_line *line;           /* borrowed */
    const struct retry_options *options; /* borrowed */
    int64_t retried;
    struct ended_walk walk;
    bool chosen[ENDED_PAGE];
};

static const struct argp_option options[] = {
    {.name = "all",                                                     .key = 'a', .doc = "Every dead and unknown job that the other options allow"},
    {.name = "class",
     .key = OPTION_CLASS,
     .arg = "CLASS",
     .doc = "With --all: only jobs whose error_class this is"},
    {.name = "code",
     .key = OPTION_CODE,
     .arg = "N",
     .doc = "With --all: only jobs whose error_code this is"},
    {.name = "limit",
     .key = 'n',
     .arg = "N",
     .doc = "With --all: so many at most, the oldest first"},
    {.name = "dry-run",
     .key = OPTION_DRY_RUN,
     .doc = "With --all: only count them and list their ids"},
    {.name = NULL                                               },
};

static void check_options(const struct retry_options *own, struct argp_state *state)
{
    bool narrowed =
        own->error_class != NULL || own->error_code != NULL || own->limit > 0 || own->dry_run;
    if (narrowed && !own->all) {
        argp_error(state, "--class, --code, --limit and --dry-run want --all");
    }
}

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    struct retry_options *own = data;
    switch (key) {
    case 'a':
        own->all = true;
        return 0;
    case OPTION_CLASS:
        own->error_class = arg;
        return 0;
    case OPTION_CODE:
        own->error_code = arg;
        return 0;
    case 'n':
        own->limit = command_number(state, "--limit", arg, INT64_MAX);
        return 0;
    case OPTION_DRY_RUN:
        own->dry_run = true;
        return 0;
    case ARGP_KEY_END:
        check_options(own, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void batch_retry(struct retouch *retouch, const char *id)
{
    struct batch *batch = &retouch->batch;
    script_call(retouch, SCRIPT_retry, 11);
    batch_key(batch, KEY_JOB, id);
    batch_key(batch, KEY_ENV, id);
    batch_key(batch, KEY_DEAD, NULL);
    batch_key(batch, KEY_DEAD_BYTES, NULL);
    batch_key(batch, KEY_UNKNOWN, NULL);
    script_inbox_keys(retouch);
    batch_key(batch, KEY_EVENTS, NULL);
    script_stats_keys(retouch);
    batch_text(batch, id);
}

/* What became of one id, in words. */
static const char *words_of(struct slice answer, struct slice state)
{
    static const struct {
        const char *answer;
        const char *words;
    } rows[] = {
        {"retried",   "queued again"                                                  },
        {"not_ended", "has not ended: nothing to retry"                               },
        {"ended",     "has ended otherwise: only dead and unknown jobs can be retried"},
        {"missing",   "no such job"                                                   },
    };

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        bool lost = slice_is(answer, "missing") && state.len > 0;
        if (slice_is(answer, rows[i].answer)) {
            return lost ? "its envelope is gone: push it again under another id" : rows[i].words;
        }
    }
    return "an answer that is not known";
}

static bool tell(const struct command_line *line, const char *id, const struct reply *reply)
{
    struct slice answer = reply_text(reply_at(reply, 0));
    struct slice state = reply_text(reply_at(reply, 1));
    if (!line->json) {
        (void)printf("%s  %s", id, words_of(answer, state));
        (void)printf(state.len > 0 ? " (it was %.*s)\n" : "\n", SLICE_ARG(state));
        return ferror(stdout) == 0;
    }
    struct record record;
    record_init(&record);
    record_string(&record, "id", id);
    record_text(&record, "answer", answer);
    record_text(&record, "state_before", state);
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

static int retry_ids(struct command_line *line)
{
    int exit_status = COMMAND_DONE;
    if (!report_ids_valid(line)) {
        return COMMAND_USAGE;
    }
    for (size_t i = 0; i < line->arg_count; i++) {
        struct batch *batch = handle_batch(line->retouch);
        batch_retry(line->retouch, line->args[i]);
        int code = handle_exchange(line->retouch, 0);
        code = code == 0 ? handle_check(line->retouch, batch_reply(batch, 0)) : code;
        if (code != 0) {
            return command_fail(line, code);
        }
        const struct reply *reply = batch_reply(batch, 0);
        bool printed = tell(line, line->args[i], reply);
        if (!printed || !slice_is(reply_text(reply_at(reply, 0)), "retried")) {
            exit_status = COMMAND_NOT_ALL;
        }
    }
    return exit_status;
}

static bool fits(const char *wanted, const struct reply *value)
{
    return wanted == NULL || slice_is(reply_text(value), wanted);
}

/* Which of the page's jobs are wanted: by class and code, as far as the limit goes. */
static int choose(struct retrying *retrying)
{
    const struct retry_options *own = retrying->options;
    struct retouch *retouch = retrying->line->retouch;
    struct ended_walk *walk = &retrying->walk;
    struct batch *batch = handle_batch(retouch);
    for (size_t i = 0; i < walk->count; i++) {
        batch_command(batch, "HMGET");
        batch_key(batch, KEY_JOB, walk->ids[i]);
        batch_text(batch, "error_class");
        batch_text(batch, "error_code");
    }
    int code = handle_exchange(retouch, 0);
    int64_t left = own->limit > 0 ? own->limit - retrying->retried : INT64_MAX;
    for (size_t i = 0; i < walk->count && code == 0; i++) {
        const struct reply *fields = batch_reply(batch, i);
        code = handle_check(retouch, fields);
        retrying->chosen[i] = left > 0 && fits(own->error_class, reply_at(fields, 0)) &&
                              fits(own->error_code, reply_at(fields, 1));
        left -= retrying->chosen[i];
    }
    return code;
}

static int dry_page(struct retrying *retrying)
{
    for (size_t i = 0; i < retrying->walk.count; i++) {
        ended_walk_keep(&retrying->walk, i);
        retrying->retried += retrying->chosen[i];
        if (retrying->chosen[i] && !retrying->line->json) {
            (void)printf("%s\n", retrying->walk.ids[i]);
        }
    }
    return 0;
}

static int retry_page(struct retrying *retrying)
{
    struct retouch *retouch = retrying->line->retouch;
    struct ended_walk *walk = &retrying->walk;
    struct batch *batch = handle_batch(retouch);
    for (size_t i = 0; i < walk->count; i++) {
        if (retrying->chosen[i]) {
            batch_retry(retouch, walk->ids[i]);
        }
    }
    int code = batch_count(batch) > 0 ? handle_exchange(retouch, 0) : 0;
    size_t at = 0;
    for (size_t i = 0; i < walk->count && code == 0; i++) {
        bool retried = false;
        if (retrying->chosen[i]) {
            const struct reply *reply = batch_reply(batch, at++);
            code = handle_check(retouch, reply);
            retried = slice_is(reply_text(reply_at(reply, 0)), "retried");
        }
        retrying->retried += retried;
        if (!retried) {
            ended_walk_keep(walk, i);
        }
    }
    return code;
}

static int retry_index(struct retrying *retrying, enum key_kind index)
{
    int64_t limit = retrying->options->limit;
    int code = ended_walk_init(&retrying->walk, retrying->line, index, 0);
    while (code == 0 && (limit == 0 || retrying->retried < limit)) {
        code = ended_walk_next(&retrying->walk);
        if (code != 0 || retrying->walk.count == 0) {
            break;
        }
        code = choose(retrying);
        if (code == 0) {
            code = retrying->options->dry_run ? dry_page(retrying) : retry_page(retrying);
        }
    }
    return code;
}

static bool sum_up(const struct retrying *retrying)
{
    const char *name = retrying->options->dry_run ? "would_retry" : "retried";
    if (!retrying->line->json) {
        return printf("%" PRId64 " %s\n", retrying->retried,
                      retrying->options->dry_run ? "would be retried" : "retried") > 0;
    }
    struct record record;
    record_init(&record);
    record_int(&record, name, retrying->retried);
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

static int retry_all(struct command_line *line)
{
    static struct retrying retrying; /* zero, and too large for the stack */
    retrying.line = line;
    retrying.options = line->options;
    int code = retry_index(&retrying, KEY_DEAD);
    code = code == 0 ? retry_index(&retrying, KEY_UNKNOWN) : code;
    if (code != 0) {
        return command_fail(line, code);
    }
    return sum_up(&retrying) ? COMMAND_DONE : COMMAND_NOT_ALL;
}

static int run(struct command_line *line)
{
    const struct retry_options *own = line->options;
    if (own->all == (line->arg_count > 0)) {
        command_warn(line, own->all ? "either ID... or --all" : "ID... or --all is missing");
        return COMMAND_USAGE;
    }
    return own->all ? retry_all(line) : retry_ids(line);
}

extern const struct command cmd_retry;
const struct command cmd_retry = {
    .name = "retry",
    .args = "ID...|--all",
    .help = "Give dead and unknown jobs a new life",
    .doc = "The attempts begin at zero again. An unknown job may have been billed: its calls so "
           "far stay counted in `sent`, and a retry may be billed once more. The exit status is 1 "
           "where a named job could not be retried.",
    .options = options,
    .options_size = sizeof(struct retry_options),
    .parse = parse,
    .run = run,
    .args_max = SIZE_MAX,
};
