#include "main/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

static void print_detail(const struct retouch_status *status)
{
    if (status->error_message[0] != '\0' || status->error_class[0] != '\0') {
        (void)printf("  %s: ", status->error_class);
        print_safe(slice_text(status->error_message));
    } else if (status->reason[0] != '\0') {
        (void)printf("  %s", status->reason);
    } else if (status->state == RETOUCH_STATE_DONE) {
        (void)printf("  %" PRId64 " ms", status->total_ms);
    }
}

void report_line(const struct retouch_status *status)
{
    const char *state =
        status->state == RETOUCH_STATE_NONE ? "not found" : retouch_state_name(status->state);
    (void)printf("%-32s  %-9s  ", status->id, state);
    print_safe(slice_text(status->effect));
    print_detail(status);
    (void)putchar('\n');
}

static void print_value(const char *name, struct slice value)
{
    char text[CLOCK_TEXT_MAX];
    int64_t ms = 0;
    size_t len = strlen(name);
    static const char *const moments[] = {"enqueued_ms", "started_ms", "finished_ms", "due_ms"};
    (void)printf("  %-18s ", name);
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        if (strcmp(name, moments[i]) == 0 && text_parse_i64(value, &ms) == 0) {
            (void)printf("%s\n", clock_format(ms, text));
            return;
        }
    }
    print_safe(value);
    (void)fputs(len > 3 && strcmp(name + len - 3, "_ms") == 0 ? " ms\n" : "\n", stdout);
}

void report_block(const struct retouch_status *status)
{
    const char *name = NULL;
    const char *value = NULL;
    size_t len = 0;
    (void)printf("%s  %s\n", status->id,
                 status->state == RETOUCH_STATE_NONE ? "not found"
                                                     : retouch_state_name(status->state));
    for (size_t i = 0; (value = retouch_status_at(status, i, &name, &len)) != NULL; i++) {
        if (strcmp(name, "state") != 0 && strcmp(name, "meta") != 0) {
            print_value(name, slice_of(value, len));
        } else if (strcmp(name, "meta") == 0) {
            (void)printf("  %-18s %zu bytes (--json shows it)\n", name, len);
        }
    }
}

static bool print_object(const struct retouch_status *status)
{
    struct record record;
    record_init(&record);
    record_status(&record, status);
    bool good = record_print(&record);
    record_done(&record);
    return good;
}

bool report_status(const struct command_line *line, const struct retouch_status *status)
{
    if (line->json) {
        return print_object(status);
    }
    report_block(status);
    return ferror(stdout) == 0;
}

bool report_end(const struct command_line *line, const struct retouch_status *status)
{
    if (line->json) {
        return print_object(status);
    }
    report_line(status);
    return ferror(stdout) == 0;
}

bool report_ids_valid(const struct command_line *line)
{
    for (size_t i = 0; i < line->arg_count; i++) {
        if (!text_is_job_id(slice_text(line->args[i]))) {
            command_warn(line,
                         "\"%.80s\" is no job id: 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit "
                         "first",
                         line->args[i]);
            return false;
        }
    }
    return true;
}
