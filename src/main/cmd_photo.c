/* retouch photo: what is known of a photo, and its current recipe in another form.
 *
 * undo and replace push a job without an image: the worker starts from the longest prefix that is
 * on record, so that only what follows the changed step is called. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "main/command.h"
#include "main/output_file.h"
#include "main/photo_recipe.h"
#include "main/photo_show.h"
#include "main/photo_tree.h"
#include "main/report.h"

enum {
    OPTION_TIMEOUT = COMMAND_KEY_OWN
};

struct photo_options {
    struct retouch_param params[RETOUCH_PARAMS_MAX];
    size_t param_count;
    const char *out; /* borrowed; NULL: the result is not fetched */
    int64_t timeout_ms;
    bool wait;
    bool force;
};

static const struct argp_option options[] = {
    {.name = "param",     .key = 'p', .arg = "KEY=VALUE", .doc = "replace: a parameter of the effect"},
    {.name = "wait", .key = 'w', .doc = "undo, replace: wait until the job has ended"},
    {.name = "out",                   .key = 'o', .arg = "FILE", .doc = "With --wait: write the result there"},
    {.name = "force",         .key = 'f', .doc = "Write over a file that exists"},
    {.name = "timeout",
     .key = OPTION_TIMEOUT,
     .arg = "DURATION",
     .doc = "Stop waiting after this long (the job goes on)"},
    {.name = NULL},
};

static void add_param(struct photo_options *own, char *arg, struct argp_state *state)
{
    char *equals = strchr(arg, '=');
    if (equals == NULL || equals == arg || own->param_count == RETOUCH_PARAMS_MAX) {
        argp_error(state, "--param: \"%s\" is not KEY=VALUE, or one too many", arg);
        return;
    }
    *equals = '\0';
    own->params[own->param_count++] = (struct retouch_param){.name = arg, .value = equals + 1};
}

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    struct photo_options *own = data;
    switch (key) {
    case ARGP_KEY_INIT:
        own->timeout_ms = -1;
        return 0;
    case 'p':
        add_param(own, arg, state);
        return 0;
    case 'w':
        own->wait = true;
        return 0;
    case 'o':
        own->out = arg;
        return 0;
    case 'f':
        own->force = true;
        return 0;
    case OPTION_TIMEOUT:
        own->timeout_ms = command_duration(state, "--timeout", arg);
        return 0;
    case ARGP_KEY_END:
        if ((own->out != NULL || own->timeout_ms >= 0) && !own->wait) {
            argp_error(state, "--out and --timeout want --wait");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int save_result(struct command_line *line, const struct retouch_status *status)
{
    const struct photo_options *own = line->options;
    void *bytes = NULL;
    size_t len = 0;
    struct err err = {.code = 0};
    int code = retouch_fetch(line->retouch, status->id, 0, &bytes, &len);
    if (code != 0) {
        return command_fail(line, code);
    }
    code = output_write(own->out, bytes, len, own->force, &err);
    retouch_free(bytes);
    if (code != 0) {
        command_warn(line, "%s", err.msg);
        return COMMAND_NOT_ALL;
    }
    return COMMAND_DONE;
}

static int await_job(struct command_line *line, const char *id)
{
    const struct photo_options *own = line->options;
    struct retouch_status *status = NULL;
    int code = retouch_wait(line->retouch, &id, 1, own->timeout_ms, &status);
    if (code != 0) {
        retouch_status_free(status);
        return command_fail(line, code);
    }
    int exit_status = status->state == RETOUCH_STATE_DONE ? COMMAND_DONE : COMMAND_NOT_ALL;
    if (exit_status == COMMAND_DONE && own->out != NULL) {
        exit_status = save_result(line, status);
    }
    if (!report_end(line, status)) {
        exit_status = COMMAND_NOT_ALL;
    }
    retouch_status_free(status);
    return exit_status;
}

static bool tell_pushed(const struct command_line *line, const char *id)
{
    if (!line->json) {
        return printf("%s\n", id) > 0;
    }
    struct record record;
    record_init(&record);
    record_string(&record, "id", id);
    record_string(&record, "submitted", "new");
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

static int push_recipe(struct command_line *line, const char *photo, struct photo_recipe *recipe)
{
    const struct photo_options *own = line->options;
    struct retouch_outcome outcome;
    struct retouch_job job = {
        .recipe = recipe->steps, .recipe_count = recipe->count, .out_request_id = photo};
    int code = retouch_submit(line->retouch, &job, &outcome);
    if (code != 0) {
        return command_fail(line, code);
    }
    if (own->wait) {
        return await_job(line, outcome.id);
    }
    return tell_pushed(line, outcome.id) ? COMMAND_DONE : COMMAND_NOT_ALL;
}

static int
change(struct command_line *line, const struct photo_tree *tree, struct photo_recipe *recipe)
{
    const struct photo_options *own = line->options;
    const char *effect = line->args[2];
    struct err err = {.code = 0};
    struct retouch_step step = {
        .effect = effect, .params = own->params, .param_count = own->param_count};
    int code = photo_recipe_read(recipe, tree, &err);
    if (code == 0) {
        code = strcmp(line->args[0], "undo") == 0 ? photo_recipe_drop(recipe, effect, &err)
                                                  : photo_recipe_put(recipe, &step, &err);
    }
    if (code != 0) {
        command_warn(line, "%s", err.msg);
        return COMMAND_NOT_ALL;
    }
    return push_recipe(line, tree->photo, recipe);
}

static int run_changed(struct command_line *line, const struct photo_tree *tree)
{
    struct photo_recipe *recipe = mem_zalloc(1, sizeof *recipe);
    if (recipe == NULL) {
        command_warn(line, "no memory");
        return COMMAND_NOT_ALL;
    }
    int exit_status = change(line, tree, recipe);
    photo_recipe_done(recipe);
    mem_free(recipe);
    return exit_status;
}

/* What the words before the options must be. */
static bool args_valid(const struct command_line *line)
{
    const struct photo_options *own = line->options;
    bool shows = line->arg_count == 1;
    bool undoes = line->arg_count == 3 && strcmp(line->args[0], "undo") == 0;
    bool replaces = line->arg_count == 3 && strcmp(line->args[0], "replace") == 0;
    if (!shows && !undoes && !replaces) {
        command_warn(line, "either OUT_REQUEST_ID, or undo or replace with OUT_REQUEST_ID EFFECT");
        return false;
    }
    if ((own->param_count > 0 && !replaces) || (own->wait && shows)) {
        command_warn(line, "--param is for replace, --wait for undo and replace");
        return false;
    }
    return photo_name_valid(line, line->args[shows ? 0 : 1]);
}

static int run(struct command_line *line)
{
    struct photo_tree tree;
    int exit_status;
    if (!args_valid(line)) {
        return COMMAND_USAGE;
    }
    bool shows = line->arg_count == 1;
    int code = photo_tree_read(&tree, line, line->args[shows ? 0 : 1]);
    if (code != 0) {
        exit_status = command_fail(line, code);
    } else {
        exit_status = shows ? photo_show(line, &tree) : run_changed(line, &tree);
    }
    photo_tree_done(&tree);
    return exit_status;
}

extern const struct command cmd_photo;
const struct command cmd_photo = {
    .name = "photo",
    .args = "[undo|replace] OUT_REQUEST_ID [EFFECT]",
    .help = "Show what is known of a photo, or change its recipe",
    .doc = "OUT_REQUEST_ID alone: the steps on record as a tree, those of the current recipe with "
           "a star; --json prints one object.\n\n"
           "undo pushes the current recipe without EFFECT; replace pushes it with the parameters "
           "of EFFECT replaced by those given, or with EFFECT behind the last step where it was "
           "not in it. The worker calls only what is not on record. The exit status is 1 where "
           "nothing is known of the photo.",
    .options = options,
    .options_size = sizeof(struct photo_options),
    .parse = parse,
    .run = run,
    .args_min = 1,
    .args_max = 3,
};
