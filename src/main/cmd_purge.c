/* retouch purge: forgets a photo whole.
 *
 * Rounds of: find its jobs, cancel those that live, wait until no worker holds any of them, remove
 * all that they left; until a round finds nothing new. So nothing comes back behind it: a worker
 * writes of a job only while it holds it. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "client/link.h"
#include "main/photo_tree.h"
#include "main/purge.h"
#include "main/record.h"

enum {
    PURGE_ROUNDS = 8,
    PURGE_POLL_MS = 50
};

struct purge_options {
    bool dry_run;
};

static const struct argp_option options[] = {
    {.name = "dry-run",                  .key = 'n', .doc = "Only count what there is"},
    {.name = NULL},
};

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    struct purge_options *own = data;
    (void)arg;
    (void)state;
    if (key != 'n') {
        return ARGP_ERR_UNKNOWN;
    }
    own->dry_run = true;
    return 0;
}

static const struct {
    const char *field;
    const char *words;
} kinds[] = {

#define X(name, field, words) {field, words},
    PURGE_KINDS(X)
#undef X
};

static bool tell(const struct purge *purge, bool complete)
{
    int64_t total = 0;
    struct record record;
    record_init(&record);
    record_string(&record, "photo", purge->photo);
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
        record_int(&record, kinds[i].field, purge->counts[i]);
        total += purge->counts[i];
        if (!purge->line->json && purge->counts[i] > 0) {
            (void)printf("%6" PRId64 "  %s\n", purge->counts[i], kinds[i].words);
        }
    }
    record_bool(&record, "complete", complete);
    bool printed = true;
    if (purge->line->json) {
        printed = record_print(&record);
    } else if (total == 0) {
        (void)puts("nothing is known of this photo");
    } else {
        (void)puts(purge->dry ? "would be removed"
                   : complete ? "removed"
                              : "removed; not complete");
    }
    record_done(&record);
    return printed && ferror(stdout) == 0;
}

/* Cancels until no worker holds anything. Sets purge->held where patience ends. */
static int let_go(struct purge *purge)
{
    int64_t until_ms = clock_at_ms() + PURGE_PATIENCE_MS;
    int code = purge_cancel(purge);
    code = code == 0 ? purge_find_held(purge) : code;
    while (code == 0 && purge->held > 0 && !purge->dry && clock_at_ms() < until_ms) {
        link_pause(PURGE_POLL_MS);
        code = purge_cancel(purge); /* a job may have been handed back meanwhile */
        code = code == 0 ? purge_find_held(purge) : code;
    }
    return code;
}

static int64_t removed_in_all(const struct purge *purge)
{
    int64_t total = 0;
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
        total += purge->counts[i];
    }
    return total;
}

/* One round. done: it found nothing that the one before had left. */
static int purge_round(struct purge *purge, bool *ret_done)
{
    int64_t before = removed_in_all(purge);
    size_t live = 0;
    int code = purge_find(purge);
    code = code == 0 ? let_go(purge) : code;
    code = code == 0 ? purge_remove(purge, &live) : code;
    *ret_done = removed_in_all(purge) == before && live == 0 && purge->held == 0;
    return code;
}

static int purge_all(struct purge *purge)
{
    bool done = false;
    int code = 0;
    for (int i = 0; i < PURGE_ROUNDS && code == 0 && !done; i++) {
        code = purge_round(purge, &done);
        if (purge->dry || purge->held > 0) {
            break;
        }
    }
    if (code != 0) {
        return command_fail(purge->line, code);
    }
    bool complete = done || purge->dry;
    if (purge->held > 0 && !purge->dry) {
        command_warn(purge->line,
                     "workers still hold %zu of its jobs: run it again (and look at "
                     "`retouch fsck` where no such worker lives)",
                     purge->held);
    } else if (!complete) {
        command_warn(purge->line, "new jobs of this photo keep coming: stop them and run it again");
    }
    return tell(purge, complete) && complete ? COMMAND_DONE : COMMAND_NOT_ALL;
}

static int run(struct command_line *line)
{
    const struct purge_options *own = line->options;
    struct purge purge = {.line = line, .photo = line->args[0], .dry = own->dry_run};
    if (!photo_name_valid(line, purge.photo)) {
        return COMMAND_USAGE;
    }
    id_set_init(&purge.known);
    buf_init(&purge.ids, (size_t)256 << 20);
    buf_init(&purge.asked, (size_t)256 << 20);
    int exit_status = purge_all(&purge);
    id_set_done(&purge.known);
    buf_done(&purge.ids);
    buf_done(&purge.asked);
    return exit_status;
}

extern const struct command cmd_purge;
const struct command cmd_purge = {
    .name = "purge",
    .args = "OUT_REQUEST_ID",
    .help = "Remove everything that is known of a photo",
    .doc = "Its record, and of every job that it had: status, envelope, results, entries in "
           "inboxes, indexes and reply lists, events. Jobs that live are cancelled first; a call "
           "in flight may be billed all the same. A job that brought no out_request_id is a photo "
           "of its own, under the job's id. It walks over all keys of the queue. What is not "
           "touched: P:rejected (elements that were no job), a key that image.key named, and what "
           "the API keeps. The exit status is 1 where workers did not let go in time.",
    .options = options,
    .options_size = sizeof(struct purge_options),
    .parse = parse,
    .run = run,
    .args_min = 1,
    .args_max = 1,
};
