/* retouch cancel: ends jobs, wherever they are. */
#include <stdint.h>
#include <stdio.h>

#include "main/command.h"
#include "main/report.h"

static const struct {
    const char *name;
    const char *text;
} answers[] = {
    [RETOUCH_CANCELED] = {"canceled", "canceled"                                       },
    [RETOUCH_CANCELED_AHEAD] = {"ahead",    "not known yet: it will be dropped when it comes"},
    [RETOUCH_CANCELED_NOT] = {"ended",    "had ended before: nothing was changed"          },
};

static bool tell(const struct command_line *line, const char *id, enum retouch_canceled canceled)
{
    if (!line->json) {
        return printf("%s  %s\n", id, answers[canceled].text) > 0;
    }
    struct record record;
    record_init(&record);
    record_string(&record, "id", id);
    record_string(&record, "answer", answers[canceled].name);
    record_string(&record, "message", answers[canceled].text);
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

static int run(struct command_line *line)
{
    int exit_status = COMMAND_DONE;
    if (!report_ids_valid(line)) {
        return COMMAND_USAGE;
    }
    for (size_t i = 0; i < line->arg_count; i++) {
        enum retouch_canceled canceled = RETOUCH_CANCELED_NOT;
        int code =
            retouch_cancel(line->retouch, line->args[i], line->conf.result.ttl_ms, &canceled);
        if (code != 0) {
            return command_fail(line, code);
        }
        if (!tell(line, line->args[i], canceled) || canceled == RETOUCH_CANCELED_NOT) {
            exit_status = COMMAND_NOT_ALL;
        }
    }
    return exit_status;
}

extern const struct command cmd_cancel;
const struct command cmd_cancel = {
    .name = "cancel",
    .args = "ID...",
    .help = "End jobs, wherever they are",
    .doc = "A call in flight is cut off at once; it may be billed all the same, and a result that "
           "still comes is dropped. An id that is not known yet is remembered: a job that comes "
           "with it is dropped. The exit status is 1 where a job had ended before.",
    .run = run,
    .args_min = 1,
    .args_max = SIZE_MAX,
};
