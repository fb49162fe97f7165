#include "main/photo_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "client/handle.h"
#include "main/record.h"

/* What the photo's jobs cost and did not cost. */
struct sum {
    int64_t calls; /* steps on record: one call each */
    int64_t saved; /* steps of the jobs done that were on record before */
    int64_t jobs;  /* whose status is still there */
};

/* Steps on record that this job called itself. */
static int64_t called_by(const struct photo_tree *tree, const char *job)
{
    int64_t called = 0;
    for (size_t i = 0; i < tree->count; i++) {
        called += strcmp(tree->nodes[i].record.job, job) == 0;
    }
    return called;
}

static int read_sum(struct command_line *line, const struct photo_tree *tree, struct sum *ret_sum)
{
    struct retouch *retouch = line->retouch;
    struct batch *batch = handle_batch(retouch);
    *ret_sum = (struct sum){.calls = (int64_t)tree->count};
    for (size_t i = 0; i < tree->job_count; i++) {
        batch_command(batch, "HMGET");
        batch_key(batch, KEY_JOB, tree->jobs[i]);
        batch_text(batch, "state");
        batch_text(batch, "steps");
    }
    int code = tree->job_count > 0 ? handle_exchange(retouch, 0) : 0;
    for (size_t i = 0; i < tree->job_count && code == 0; i++) {
        const struct reply *reply = batch_reply(batch, i);
        struct slice state = reply_text(reply_at(reply, 0));
        int64_t saved = reply_int(reply_at(reply, 1)) - called_by(tree, tree->jobs[i]);
        ret_sum->jobs += state.len > 0;
        ret_sum->saved += slice_is(state, "done") && saved > 0 ? saved : 0;
    }
    return code;
}

static void record_size(struct record *record, int64_t width, int64_t height)
{
    if (width > 0 && height > 0) {
        record_int(record, "width", width);
        record_int(record, "height", height);
    }
}

/* Texts that are there. */
static void record_known(struct record *record, const char *name, const char *text)
{
    if (text[0] != '\0') {
        record_string(record, name, text);
    }
}

static void record_step(struct record *record, const struct photo_tree *tree, size_t index)
{
    const struct photo_node *node = &tree->nodes[index];
    const struct photo_record *step = &node->record;
    record_open_object(record, NULL);
    record_string(record, "digest", node->digest);
    record_known(record, "from", step->from);
    record_int(record, "depth", node->depth);
    record_string(record, "effect", step->effect);
    if (step->params_json[0] != '\0') {
        record_json(record, "params", slice_text(step->params_json));
    } else {
        record_string(record, "params", step->params);
    }
    record_known(record, "generate_id", step->generate_id);
    record_known(record, "check_id", step->check_id);
    record_known(record, "url", step->url);
    record_size(record, step->width, step->height);
    record_int(record, "at_ms", step->at_ms);
    record_int(record, "api_ms", step->api_ms);
    record_known(record, "job", step->job);
    record_known(record, "result_job", node->result_job);
    record_bool(record, "in_current", node->in_current);
    record_bool(record, "current", strcmp(node->digest, tree->current) == 0);
    record_close(record);
}

static bool show_json(const struct photo_tree *tree, const struct sum *sum)
{
    const struct photo_source *source = &tree->source;
    struct record record;
    record_init(&record);
    record_string(&record, "photo", tree->photo);
    record_open_object(&record, "source");
    record_known(&record, "kind", source->kind);
    record_known(&record, "digest", source->digest);
    record_known(&record, "url", source->url);
    record_known(&record, "generate_id", source->generate_id);
    record_size(&record, source->width, source->height);
    record_close(&record);
    record_known(&record, "current", tree->current);
    record_open_list(&record, "steps");
    for (size_t i = 0; i < tree->placed; i++) {
        record_step(&record, tree, tree->order[i]);
    }
    record_close(&record);
    record_open_list(&record, "jobs");
    for (size_t i = 0; i < tree->job_count; i++) {
        record_string(&record, NULL, tree->jobs[i]);
    }
    record_close(&record);
    record_int(&record, "calls", sum->calls);
    record_int(&record, "calls_saved", sum->saved);
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

/* A text of somebody's behind a blank, if there is one. */
static void print_known(const char *name, const char *text)
{
    if (text[0] != '\0') {
        (void)printf("  %s", name);
        print_safe(slice_text(text));
    }
}

static void print_size(int64_t width, int64_t height)
{
    if (width > 0 && height > 0) {
        (void)printf("  %" PRId64 "x%" PRId64, width, height);
    }
}

/* "3m", "2h": the largest unit that fits. */
static void print_age(int64_t at_ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {
        {86400000, "d"},
        {3600000,  "h"},
        {60000,    "m"},
        {1000,     "s"},
    };

    int64_t age_ms = clock_unix_ms() - at_ms;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (age_ms >= units[i].ms) {
            (void)printf("  %" PRId64 "%s ago", age_ms / units[i].ms, units[i].unit);
            return;
        }
    }
    (void)fputs("  just now", stdout);
}

static void print_step(const struct photo_tree *tree, size_t index)
{
    const struct photo_node *node = &tree->nodes[index];
    const struct photo_record *step = &node->record;
    (void)printf("  %*s%s ", (int)(2 * node->depth), "", node->in_current ? "*" : "-");
    print_safe(slice_text(step->effect));
    print_known("", step->params);
    print_size(step->width, step->height);
    print_known("id ", step->generate_id);
    print_known("check ", step->check_id);
    print_age(step->at_ms);
    (void)printf("  %" PRId64 " ms", step->api_ms);
    print_known("by ", step->job);
    (void)puts(strcmp(node->digest, tree->current) == 0 ? "  <- current" : "");
}

static bool show_tree(const struct photo_tree *tree, const struct sum *sum)
{
    const struct photo_source *source = &tree->source;
    (void)fputs("photo ", stdout);
    print_safe(slice_text(tree->photo));
    print_known("from ", source->kind);
    print_known("", source->url);
    print_known("", source->generate_id);
    print_size(source->width, source->height);
    (void)putchar('\n');
    for (size_t i = 0; i < tree->placed; i++) {
        print_step(tree, tree->order[i]);
    }
    (void)printf("%" PRId64 " calls on record, %" PRId64 " saved for %" PRId64 " jobs\n",
                 sum->calls, sum->saved, sum->jobs);
    return ferror(stdout) == 0;
}

int photo_show(struct command_line *line, const struct photo_tree *tree)
{
    struct sum sum;
    int code = read_sum(line, tree, &sum);
    if (code != 0) {
        return command_fail(line, code);
    }
    bool printed = line->json ? show_json(tree, &sum) : show_tree(tree, &sum);
    return printed ? COMMAND_DONE : COMMAND_NOT_ALL;
}
