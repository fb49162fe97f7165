/* retouch get: the result of one job. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "main/command.h"
#include "main/output_file.h"
#include "main/report.h"

struct get_options {
    const char *output; /* borrowed; NULL: named after the job */
    unsigned number;
    bool force;
};

static const struct argp_option options[] = {
    {.name = "output",
     .key = 'o',
     .arg = "FILE",
     .doc = "Write there; - is standard output (default: ID and the result's type)"},
    {.name = "number",
     .key = 'n',
     .arg = "N",
     .doc = "Which of several results (default: the first; 1 is the second)"},
    {.name = "force",                .key = 'f', .doc = "Write over a file that exists"},
    {.name = NULL      },
};

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    struct get_options *own = data;
    switch (key) {
    case 'o':
        own->output = arg;
        return 0;
    case 'n':
        own->number = (unsigned)command_number(state, "--number", arg, 9999);
        return 0;
    case 'f':
        own->force = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int tell(const struct command_line *line, const char *path, size_t len)
{
    if (!line->json) {
        return printf("%s\n", path) > 0 ? COMMAND_DONE : COMMAND_NOT_ALL;
    }
    struct record record;
    record_init(&record);
    record_string(&record, "id", line->args[0]);
    record_string(&record, "out", path);
    record_int(&record, "bytes", (int64_t)len);
    bool printed = record_print(&record);
    record_done(&record);
    return printed ? COMMAND_DONE : COMMAND_NOT_ALL;
}

static int write_result(struct command_line *line, const char *type, const void *bytes, size_t len)
{
    const struct get_options *own = line->options;
    char path[PATH_MAX];
    struct err err = {.code = 0};
    if (own->output != NULL && strcmp(own->output, "-") == 0) {
        return fwrite(bytes, 1, len, stdout) == len ? COMMAND_DONE : COMMAND_NOT_ALL;
    }
    int code = own->output != NULL
                   ? output_path(NULL, own->output, "", 0, path)
                   : output_path(NULL, line->args[0], output_extension(type), own->number, path);
    code = code == 0 ? output_write(path, bytes, len, own->force, &err)
                     : err_set(&err, code, "the path is too long");
    if (code != 0) {
        command_warn(line, "%s", err.msg);
        return COMMAND_NOT_ALL;
    }
    return tell(line, path, len);
}

static int run(struct command_line *line)
{
    const struct get_options *own = line->options;
    struct retouch_status *status = NULL;
    void *bytes = NULL;
    size_t len = 0;
    int exit_status = COMMAND_NOT_ALL;
    if (!report_ids_valid(line)) {
        return COMMAND_USAGE;
    }
    int code = retouch_get_status(line->retouch, line->args[0], &status);
    if (code != 0) {
        return command_fail(line, code);
    }
    code = retouch_fetch(line->retouch, line->args[0], own->number, &bytes, &len);
    if (code == 0) {
        exit_status = write_result(line, status->result_type, bytes, len);
    } else if (code == RETOUCH_ERROR_NOT_FOUND && status->result_url[0] != '\0') {
        command_warn(line, "the result was kept as a URL: %s", status->result_url);
    } else if (code == RETOUCH_ERROR_NOT_FOUND && status->state != RETOUCH_STATE_DONE) {
        command_warn(line, "job %s is %s", status->id, retouch_state_name(status->state));
    } else {
        exit_status = command_fail(line, code);
    }
    retouch_free(bytes);
    retouch_status_free(status);
    return exit_status;
}

extern const struct command cmd_get;
const struct command cmd_get = {
    .name = "get",
    .args = "ID",
    .help = "Fetch the result of a job",
    .options = options,
    .options_size = sizeof(struct get_options),
    .parse = parse,
    .run = run,
    .args_min = 1,
    .args_max = 1,
};
