/* retouch wait: until jobs have ended, in the order in which they do. */
#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"
#include "main/command.h"
#include "main/report.h"

struct wait_options {
    int64_t timeout_ms;
    bool has_timeout;
};

static const struct argp_option options[] = {
    {.name = "timeout",
     .key = 't',
     .arg = "DURATION",
     .doc = "Give up after this long (default: never)"},
    {.name = NULL},
};

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    struct wait_options *own = data;
    if (key != 't') {
        return ARGP_ERR_UNKNOWN;
    }
    own->timeout_ms = command_duration(state, "--timeout", arg);
    own->has_timeout = true;
    return 0;
}

static int64_t time_left(const struct wait_options *own, int64_t start_at_ms)
{
    int64_t left_ms = start_at_ms + own->timeout_ms - clock_at_ms();
    if (!own->has_timeout) {
        return -1;
    }
    return left_ms > 0 ? left_ms : 0;
}

static int wait_all(struct command_line *line, struct retouch_watch *watch)
{
    const struct wait_options *own = line->options;
    int64_t start_at_ms = clock_at_ms();
    int exit_status = COMMAND_DONE;
    for (size_t i = 0; i < line->arg_count; i++) {
        int code = retouch_watch_add(watch, line->args[i]);
        if (code != 0) {
            return command_fail(line, code);
        }
    }
    while (retouch_watch_count(watch) > 0) {
        struct retouch_status *status = NULL;
        int code = retouch_watch_next(watch, time_left(own, start_at_ms), &status);
        if (code != 0) {
            return command_fail(line, code);
        }
        bool printed = report_end(line, status);
        (void)fflush(stdout);
        if (status->state != RETOUCH_STATE_DONE || !printed) {
            exit_status = COMMAND_NOT_ALL;
        }
        retouch_status_free(status);
    }
    return exit_status;
}

static int run(struct command_line *line)
{
    if (!report_ids_valid(line)) {
        return COMMAND_USAGE;
    }
    struct retouch_watch *watch = retouch_watch_new(line->retouch);
    if (watch == NULL) {
        return command_fail(line, RETOUCH_ERROR_UNREACHABLE);
    }
    int exit_status = wait_all(line, watch);
    retouch_watch_free(watch);
    return exit_status;
}

extern const struct command cmd_wait;
const struct command cmd_wait = {
    .name = "wait",
    .args = "ID...",
    .help = "Wait until jobs have ended",
    .doc = "A job that is not there is told at once. A job that another program pushed as a bare "
           "envelope is there only from when a worker takes it.",
    .options = options,
    .options_size = sizeof(struct wait_options),
    .parse = parse,
    .run = run,
    .args_min = 1,
    .args_max = SIZE_MAX,
};
