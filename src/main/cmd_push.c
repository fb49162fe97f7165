/* retouch push: images in, and with --wait their results out.
 *
 * Inputs are read into a batch that is bounded in jobs and bytes, a batch is submitted in one round
 * trip; then what has ended meanwhile is collected, and beyond a number of awaited jobs their ends
 * are waited for. So a folder of any size takes the same memory. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "main/output_file.h"
#include "main/push.h"
#include "main/record.h"

void push_fail(struct push *push, const char *path, const char *message)
{
    push_bar_hide(push);
    if (path != NULL) {
        command_warn(push->line, "%s: %s", path, message);
    } else {
        command_warn(push->line, "%s", message);
    }
    push->failed_total++;
    push->exit_status = COMMAND_NOT_ALL;
}

static void tell_json(const struct push *push, size_t index)
{
    const struct retouch_outcome *outcome = &push->outcomes[index];
    struct record record;
    record_init(&record);
    record_string(&record, "file", push->batch_inputs[index].path);
    record_string(&record, "id", outcome->id);
    record_string(&record, "submitted",
                  outcome->submitted == RETOUCH_SUBMIT_NEW ? "new" : "duplicate");
    err_ignore(record_print(&record)); /* the stream's error is found when it is flushed */
    record_done(&record);
}

static void tell_pushed(const struct push *push, size_t index)
{
    const struct retouch_outcome *outcome = &push->outcomes[index];
    if (push->line->json) {
        tell_json(push, index);
    } else {
        (void)printf("%s  %s%s\n", outcome->id, push->batch_inputs[index].path,
                     outcome->submitted == RETOUCH_SUBMIT_NEW ? "" : "  (duplicate)");
    }
}

static void on_outcome(struct push *push, size_t index)
{
    const struct retouch_outcome *outcome = &push->outcomes[index];
    const struct input *input = &push->batch_inputs[index];
    if (outcome->code != 0) {
        push_fail(push, input->path, outcome->error);
        return;
    }
    push->pushed_total++;
    if (push->watch == NULL) {
        tell_pushed(push, index);
    } else if (!push_await(push, outcome->id, input)) {
        push_fail(push, input->path, "no memory");
    }
}

/* Sends what is in the batch. False: Redis is gone, the run is over. */
static bool flush_batch(struct push *push)
{
    size_t count = push->batch_count;
    if (count == 0) {
        return true;
    }
    int code = retouch_submit_many(push->line->retouch, push->jobs, count, push->outcomes);
    for (size_t i = 0; i < count && code != RETOUCH_ERROR_UNREACHABLE; i++) {
        on_outcome(push, i);
    }
    for (size_t i = 0; i < count; i++) {
        buf_done(&push->batch_inputs[i].bytes);
    }
    push->batch_count = push->batch_bytes = 0;
    if (code == RETOUCH_ERROR_UNREACHABLE) {
        push->exit_status = command_fail(push->line, code);
        return false;
    }
    push_bar_show(push);
    return push_collect(push, false);
}

/* The batch's next input becomes a job; its bytes (or text, for a URL) are in place. */
static bool add_job(struct push *push, struct slice bytes, bool is_url)
{
    struct err err = {.code = 0};
    size_t index = push->batch_count;
    struct retouch_job *job = &push->jobs[index];
    char *id = push->batch_ids[index];
    *job = push->options->job;
    if (push_option_id(push->options, bytes, id, &err) != 0) {
        push_fail(push, NULL, err.msg);
        buf_done(&push->batch_inputs[index].bytes);
        push->exit_status = COMMAND_USAGE;
        return false;
    }
    job->id = id[0] != '\0' ? id : NULL;
    if (is_url) {
        job->image_url = push->batch_inputs[index].path;
    } else if (bytes.len > 0) {
        job->image = bytes.ptr;
        job->image_len = bytes.len;
    }
    push->batch_count++;
    push->batch_bytes += bytes.len;
    bool full = push->batch_count == PUSH_BATCH || push->batch_bytes >= PUSH_BATCH_BYTES;
    return !full || flush_batch(push);
}

static bool result_is_there(struct push *push, const struct input *input)
{
    char path[PATH_MAX];
    if (push->options->out == NULL || push->options->force ||
        !output_exists(push->options->out, input->name, path)) {
        return false;
    }
    push->there_total++;
    push_bar_hide(push);
    command_warn(push->line, "%s: passed over: %s is there (--force writes over it)", input->path,
                 path);
    return true;
}

/* --force in the inputs' own folder would write over photos. */
static bool would_write_over_inputs(struct push *push, const struct input *input)
{
    const struct push_options *own = push->options;
    if (!own->force || own->out == NULL || strcmp(input->path, "-") == 0 ||
        !output_lies_beside(own->out, input->name, input->path)) {
        return false;
    }
    push_fail(push, input->path,
              "not pushed: --out is its own folder, where --force would write over inputs");
    return true;
}

static bool push_files(struct push *push)
{
    bool going = true;
    while (going) {
        struct err err = {.code = 0};
        struct input *input = &push->batch_inputs[push->batch_count];
        int code = inputs_next(&push->inputs, input, &err);
        if (code == ERR_NOT_FOUND) {
            return true;
        }
        if (code == 0 && (result_is_there(push, input) || would_write_over_inputs(push, input))) {
            continue;
        }
        code = code == 0 ? input_read(&push->inputs, input, &err) : code;
        if (code != 0) {
            push_fail(push, NULL, err.msg);
        } else {
            going = add_job(push, buf_view(&input->bytes), false);
        }
    }
    return false;
}

static void name_url(struct input *input, const char *url)
{
    const char *end = url + strcspn(url, "?#");
    const char *start = end;
    while (start > url && start[-1] != '/') {
        start--;
    }
    (void)snprintf(input->path, PATH_MAX, "%s", url);
    (void)snprintf(input->name, PATH_MAX, "%.*s", (int)(end - start), start);
    if (start == end) {
        (void)snprintf(input->name, PATH_MAX, "image");
    }
}

static bool push_urls(struct push *push)
{
    bool going = true;
    for (size_t i = 0; i < push->line->arg_count && going; i++) {
        struct input *input = &push->batch_inputs[push->batch_count];
        buf_init(&input->bytes, 1);
        if (strlen(push->line->args[i]) >= PATH_MAX) {
            push_fail(push, NULL, "a URL is too long");
            continue;
        }
        name_url(input, push->line->args[i]);
        if (!result_is_there(push, input)) {
            going = add_job(push, slice_text(input->path), true);
        }
    }
    return going;
}

/* A job without an image: it goes on from an earlier step. */
static bool push_photo(struct push *push)
{
    const struct retouch_job *job = &push->options->job;
    const char *name = job->out_request_id != NULL ? job->out_request_id : job->generate_id;
    struct input *input = &push->batch_inputs[0];
    buf_init(&input->bytes, 1);
    (void)snprintf(input->path, PATH_MAX, "%s", name);
    (void)snprintf(input->name, PATH_MAX, "%s", name);
    for (char *slash = strchr(input->name, '/'); slash != NULL; slash = strchr(slash, '/')) {
        *slash = '_';
    }
    return result_is_there(push, input) || add_job(push, slice_of(NULL, 0), false);
}

static void sum_up(const struct push *push)
{
    push_bar_hide(push);
    if (push->inputs.skipped > 0) {
        command_warn(push->line, "passed over %zu files that are neither JPEG nor PNG",
                     push->inputs.skipped);
    }
    if (!push->line->json && isatty(STDERR_FILENO)) {
        (void)fprintf(stderr, "%" PRIu64 " pushed", push->pushed_total);
        if (push->watch != NULL) {
            (void)fprintf(stderr, ", %" PRIu64 " done, %" PRIu64 " not", push->done_total,
                          push->not_done_total);
        }
        (void)fprintf(stderr, ", %" PRIu64 " failed, %" PRIu64 " passed over\n", push->failed_total,
                      push->there_total);
    }
}

/* What the arguments must be, beyond what their parser sees. */
static int check_args(const struct push *push)
{
    const struct command_line *line = push->line;
    const struct push_options *options = push->options;
    bool no_image = options->job.generate_id != NULL || options->job.out_request_id != NULL;
    if (line->arg_count == 0 && !no_image) {
        command_warn(line, "FILE, DIR or - is missing (or --photo or --generate-id)");
        return COMMAND_USAGE;
    }
    if (options->id != NULL && line->arg_count > 1) {
        command_warn(line, "--id names one job: %zu inputs are given", line->arg_count);
        return COMMAND_USAGE;
    }
    return COMMAND_DONE;
}

static void push_all(struct push *push)
{
    bool going;
    if (push->line->arg_count == 0) {
        going = push_photo(push);
    } else {
        going = push->options->urls ? push_urls(push) : push_files(push);
    }
    going = going && flush_batch(push) && push_collect(push, true);
    if (!going && push->exit_status == COMMAND_DONE) {
        push->exit_status = COMMAND_NOT_ALL;
    }
}

static int run_push(struct push *push)
{
    struct err err = {.code = 0};
    int status = check_args(push);
    if (status != COMMAND_DONE) {
        return status;
    }
    if (push->options->urls) {
        push->inputs = (struct inputs){.args = NULL};
    } else if (inputs_init(&push->inputs, push->line->args, push->line->arg_count, PUSH_IMAGE_MAX,
                           &err) != 0) {
        command_warn(push->line, "%s", err.msg);
        return COMMAND_USAGE;
    }
    if (push->options->wait) {
        push->watch = retouch_watch_new(push->line->retouch);
        if (push->watch == NULL) {
            return command_fail(push->line, RETOUCH_ERROR_UNREACHABLE);
        }
    }
    push->bar = push->watch != NULL && !push->line->json && isatty(STDERR_FILENO);
    push_all(push);
    sum_up(push);
    for (size_t i = 0; i < push->batch_count; i++) {
        buf_done(&push->batch_inputs[i].bytes);
    }
    push_forget(push);
    retouch_watch_free(push->watch);
    inputs_done(&push->inputs);
    return push->exit_status;
}

static int run(struct command_line *line)
{
    struct push *push = mem_zalloc(1, sizeof *push);
    if (push == NULL) {
        command_warn(line, "no memory");
        return COMMAND_NOT_ALL;
    }
    push->line = line;
    push->options = line->options;
    push->start_at_ms = clock_at_ms();
    list_init(&push->awaited);
    int status = run_push(push);
    mem_free(push);
    return status;
}

extern const struct command cmd_push;
const struct command cmd_push = {
    .name = "push",
    .args = "FILE|DIR|-...",
    .help = "Hand images in, and with --wait fetch the results",
    .doc =
        "A file that is named is pushed whatever it is (the worker judges); of a folder the JPEG "
        "and PNG files are, those of its folders too. - reads one image from standard input.\n\n"
        "A result is named after its input: photo.jpg, or photo.png.jpg where the type changed, "
        "photo-1.jpg for a second one; folders keep their inner structure. Nothing is written "
        "over without --force. An input whose result is there is passed over, so that a run "
        "that was broken off goes on where it stopped.",
    .options = push_option_table,
    .options_size = sizeof(struct push_options),
    .parse = push_option_parse,
    .run = run,
    .args_max = SIZE_MAX,
};
