/* retouch rm: forgets ended jobs whole, status, envelope and results. */
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
    RM_GROUP = 12, /* ids of one call of the script: 5 + 3 x 12 keys, 1 + 12 arguments */
    OPTION_OLDER_THAN = COMMAND_KEY_OWN
};

struct rm_options {
    const char *state; /* borrowed; "dead", "unknown" or NULL */
    int64_t older_than_ms;
    bool all;
};

static const struct argp_option options[] = {
    {.name = "all",                                       .key = 'a', .doc = "Every job in the state that --state names"},
    {.name = "state", .key = 's', .arg = "dead|unknown", .doc = "With --all: which jobs"},
    {.name = "older-than",
     .key = OPTION_OLDER_THAN,
     .arg = "DURATION",
     .doc = "With --all: only those that ended longer ago"},
    {.name = NULL                             },
};

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    struct rm_options *own = data;
    switch (key) {
    case 'a':
        own->all = true;
        return 0;
    case 's':
        own->state = arg;
        if (strcmp(arg, "dead") != 0 && strcmp(arg, "unknown") != 0) {
            argp_error(state, "--state: \"%s\" is not allowed: dead or unknown", arg);
        }
        return 0;
    case OPTION_OLDER_THAN:
        own->older_than_ms = command_duration(state, "--older-than", arg);
        return 0;
    case ARGP_KEY_END:
        if (own->all != (own->state != NULL) || (own->older_than_ms > 0 && !own->all)) {
            argp_error(state, "--all and --state go together, --older-than with them");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void batch_remove(struct retouch *retouch, const char *const *ids, size_t count)
{
    static const enum key_kind kinds[] = {KEY_JOB, KEY_ENV, KEY_RESULT};
    struct batch *batch = &retouch->batch;
    CHECK(count <= RM_GROUP);
    script_call(retouch, SCRIPT_remove, 5 + 3 * count);
    batch_key(batch, KEY_DEAD, NULL);
    batch_key(batch, KEY_DEAD_BYTES, NULL);
    batch_key(batch, KEY_UNKNOWN, NULL);
    script_stats_keys(retouch);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < N_ELEMENTS(kinds); k++) {
            batch_key(batch, kinds[k], ids[i]);
        }
    }
    batch_text(batch, "operator_removed_total");
    for (size_t i = 0; i < count; i++) {
        batch_made(batch, slice_text(ids[i]));
    }
}

/* The results behind the first one: the script knows only that. */
static int remove_further(struct retouch *retouch, const char *id, int64_t result_count)
{
    enum {
        RESULTS_MAX = 50 /* of one DEL */
    };

    if (result_count < 2) {
        return 0;
    }
    struct batch *batch = handle_batch(retouch);
    batch_command(batch, "DEL");
    for (int64_t i = 1; i < result_count && i <= RESULTS_MAX; i++) {
        char suffix[RETOUCH_ID_MAX + 24];
        (void)snprintf(suffix, sizeof suffix, "%s:%" PRId64, id, i);
        batch_key(batch, KEY_RESULT, suffix);
    }
    int code = handle_exchange(retouch, 0);
    return code == 0 ? handle_check(retouch, batch_reply(batch, 0)) : code;
}

static bool tell(const struct command_line *line, const struct retouch_status *status, bool removed)
{
    const char *words = removed                               ? "removed"
                        : status->state == RETOUCH_STATE_NONE ? "no such job"
                                                              : "has not ended: cancel it first";
    if (!line->json) {
        return printf("%s  %s\n", status->id, words) > 0;
    }
    struct record record;
    record_init(&record);
    record_string(&record, "id", status->id);
    record_bool(&record, "removed", removed);
    record_string(&record, "state_before", retouch_state_name(status->state));
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

/* removed: whether; left alone on errors. */
static int remove_one(struct command_line *line, const char *id, bool *ret_removed)
{
    struct retouch *retouch = line->retouch;
    struct retouch_status *status = NULL;
    int code = retouch_get_statuses(retouch, &id, 1, &status);
    if (code != 0) {
        return code;
    }
    struct batch *batch = handle_batch(retouch);
    batch_remove(retouch, &id, 1);
    code = handle_exchange(retouch, 0);
    code = code == 0 ? handle_check(retouch, batch_reply(batch, 0)) : code;
    if (code == 0) {
        *ret_removed = reply_int(batch_reply(batch, 0)) > 0;
        code = *ret_removed ? remove_further(retouch, id, status->result_count) : 0;
    }
    if (code == 0 && !tell(line, status, *ret_removed)) {
        *ret_removed = false;
    }
    retouch_status_free(status);
    return code;
}

static int remove_ids(struct command_line *line)
{
    int exit_status = COMMAND_DONE;
    if (!report_ids_valid(line)) {
        return COMMAND_USAGE;
    }
    for (size_t i = 0; i < line->arg_count; i++) {
        bool removed = false;
        int code = remove_one(line, line->args[i], &removed);
        if (code != 0) {
            return command_fail(line, code);
        }
        exit_status = removed ? exit_status : COMMAND_NOT_ALL;
    }
    return exit_status;
}

/* What the script leaves (a job that was retried meanwhile) leaves the index by itself; the walk
 * goes on behind a page that lost nothing. */
static int remove_page(struct ended_walk *walk, int64_t *removed)
{
    struct retouch *retouch = walk->line->retouch;
    struct batch *batch = handle_batch(retouch);
    const char *ids[ENDED_PAGE];
    for (size_t i = 0; i < walk->count; i++) {
        ids[i] = walk->ids[i];
    }
    for (size_t at = 0; at < walk->count; at += RM_GROUP) {
        size_t rest = walk->count - at;
        batch_remove(retouch, &ids[at], rest < RM_GROUP ? rest : RM_GROUP);
    }
    int64_t page = 0;
    int code = handle_exchange(retouch, 0);
    for (size_t i = 0; i < batch_count(batch) && code == 0; i++) {
        code = handle_check(retouch, batch_reply(batch, i));
        page += reply_int(batch_reply(batch, i));
    }
    for (size_t i = 0; i < walk->count && page == 0; i++) {
        ended_walk_keep(walk, i);
    }
    *removed += page;
    return code;
}

static int remove_all(struct command_line *line)
{
    static struct ended_walk walk; /* too large for the stack */
    const struct rm_options *own = line->options;
    int64_t removed = 0;
    enum key_kind index = strcmp(own->state, "dead") == 0 ? KEY_DEAD : KEY_UNKNOWN;
    int code = ended_walk_init(&walk, line, index, own->older_than_ms);
    while (code == 0) {
        code = ended_walk_next(&walk);
        if (code != 0 || walk.count == 0) {
            break;
        }
        code = remove_page(&walk, &removed);
    }
    if (code != 0) {
        return command_fail(line, code);
    }
    if (!line->json) {
        return printf("%" PRId64 " removed\n", removed) > 0 ? COMMAND_DONE : COMMAND_NOT_ALL;
    }
    struct record record;
    record_init(&record);
    record_int(&record, "removed", removed);
    bool printed = record_print(&record);
    record_done(&record);
    return printed ? COMMAND_DONE : COMMAND_NOT_ALL;
}

static int run(struct command_line *line)
{
    const struct rm_options *own = line->options;
    if (own->all == (line->arg_count > 0)) {
        command_warn(line, own->all ? "either ID... or --all" : "ID... or --all is missing");
        return COMMAND_USAGE;
    }
    return own->all ? remove_all(line) : remove_ids(line);
}

extern const struct command cmd_rm;
const struct command cmd_rm = {
    .name = "rm",
    .args = "ID...|--all",
    .help = "Forget ended jobs: status, envelope and results",
    .doc = "A job that has not ended is left alone. The exit status is 1 where a named job was not "
           "removed.",
    .options = options,
    .options_size = sizeof(struct rm_options),
    .parse = parse,
    .run = run,
    .args_max = SIZE_MAX,
};
