/* retouch status: what is known of jobs. */
#include <stdint.h>

#include "base/err.h"
#include "main/command.h"
#include "main/report.h"

static int run(struct command_line *line)
{
    enum {
        PAGE = 256 /* statuses of one round trip */
    };

    struct retouch_status *statuses[PAGE];
    int exit_status = COMMAND_DONE;
    if (!report_ids_valid(line)) {
        return COMMAND_USAGE;
    }
    for (size_t at = 0; at < line->arg_count; at += PAGE) {
        size_t count = line->arg_count - at < PAGE ? line->arg_count - at : PAGE;
        int code = retouch_get_statuses(line->retouch, (const char *const *)line->args + at, count,
                                        statuses);
        if (code != 0) {
            return command_fail(line, code);
        }
        for (size_t i = 0; i < count; i++) {
            bool printed = report_status(line, statuses[i]);
            if (statuses[i]->state != RETOUCH_STATE_DONE || !printed) {
                exit_status = COMMAND_NOT_ALL;
            }
            retouch_status_free(statuses[i]);
        }
    }
    return exit_status;
}

extern const struct command cmd_status;
const struct command cmd_status = {
    .name = "status",
    .args = "ID...",
    .help = "Show what is known of jobs",
    .doc = "The exit status is 0 only where every job is done.",
    .run = run,
    .args_min = 1,
    .args_max = SIZE_MAX,
};
