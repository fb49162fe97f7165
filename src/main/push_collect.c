/* The other half of `retouch push --wait`: ended jobs are told, their results written. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "main/output_file.h"
#include "main/push.h"
#include "main/record.h"

enum {
    BAR_CELLS = 24
};

void push_bar_show(const struct push *push)
{
    char cells[BAR_CELLS + 1];
    if (!push->bar) {
        return;
    }
    uint64_t ended = push->done_total + push->not_done_total;
    uint64_t filled = push->pushed_total > 0 ? ended * BAR_CELLS / push->pushed_total : 0;
    for (uint64_t i = 0; i < BAR_CELLS; i++) {
        cells[i] = i < filled ? '#' : '-';
    }
    cells[BAR_CELLS] = '\0';
    (void)fprintf(stderr, "\r[%s] %" PRIu64 " of %" PRIu64 " done, %" PRIu64 " not\033[K", cells,
                  push->done_total, push->pushed_total, push->not_done_total);
    (void)fflush(stderr);
}

void push_bar_hide(const struct push *push)
{
    if (push->bar) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
}

static void awaited_free(struct awaited *awaited)
{
    mem_free(awaited->path);
    mem_free(awaited->name);
    mem_free(awaited);
}

static struct awaited *awaited_of(struct list_node *node)
{
    return CONTAINER_OF(node, struct awaited, node);
}

bool push_await(struct push *push, const char *id, const struct input *input)
{
    struct awaited *awaited = mem_zalloc(1, sizeof *awaited);
    if (awaited == NULL) {
        return false;
    }
    (void)text_copy(awaited->id, sizeof awaited->id, slice_text(id));
    awaited->path = mem_strdup(input->path);
    awaited->name = mem_strdup(input->name);
    if (awaited->path == NULL || awaited->name == NULL || retouch_watch_add(push->watch, id) != 0) {
        awaited_free(awaited);
        return false;
    }
    list_push_back(&push->awaited, &awaited->node);
    return true;
}

void push_forget(struct push *push)
{
    for (struct list_node *node; (node = list_pop_front(&push->awaited)) != NULL;) {
        awaited_free(awaited_of(node));
    }
}

/* Of two inputs with one id the first is found; the second is then told by the same status. */
static struct awaited *find_awaited(struct push *push, const char *id)
{
    list_foreach_safe(&push->awaited, node) {
        if (strcmp(awaited_of(node)->id, id) == 0) {
            return awaited_of(node);
        }
    }
    return NULL;
}

/* One result into its file, whose path it leaves in `path`. */
static int save_result(struct push *push,
                       const struct awaited *awaited,
                       const struct retouch_status *status,
                       unsigned number,
                       char path[PATH_MAX])
{
    void *bytes = NULL;
    size_t len = 0;
    struct err err = {.code = 0};
    const char *extension = output_extension(status->result_type);
    if (retouch_fetch(push->line->retouch, status->id, number, &bytes, &len) != 0) {
        push_fail(push, awaited->path, retouch_error(push->line->retouch));
        return -1;
    }
    int code = output_path(push->options->out, awaited->name, extension, number, path);
    code = code != 0 ? err_set(&err, code, "the output's path is too long")
                     : output_write(path, bytes, len, push->options->force, &err);
    retouch_free(bytes);
    if (code != 0) {
        push_fail(push, awaited->path, err.msg);
        return -1;
    }
    return 0;
}

/* An effect that answers with data: they are the result. */
static int save_data(struct push *push,
                     const struct awaited *awaited,
                     const struct retouch_status *status,
                     char path[PATH_MAX])
{
    struct err err = {.code = 0};
    int code = output_path(push->options->out, awaited->name, ".json", 0, path);
    code = code != 0 ? err_set(&err, code, "the output's path is too long")
                     : output_write(path, status->result_json, strlen(status->result_json),
                                    push->options->force, &err);
    if (code != 0) {
        push_fail(push, awaited->path, err.msg);
    }
    return code;
}

/* Where the (first) result went, "" where none was written. */
static int save(struct push *push,
                const struct awaited *awaited,
                const struct retouch_status *status,
                char path[PATH_MAX])
{
    char further[PATH_MAX];
    path[0] = '\0';
    if (push->options->out == NULL || status->state != RETOUCH_STATE_DONE ||
        status->result_url[0] != '\0') {
        return 0;
    }
    if (status->result_json[0] != '\0' && status->result_count == 0) {
        return save_data(push, awaited, status, path);
    }
    int code = save_result(push, awaited, status, 0, path);
    for (unsigned i = 1; i < (uint64_t)status->result_count && i < 10000 && code == 0; i++) {
        code = save_result(push, awaited, status, i, further);
    }
    return code;
}

static bool
tell_json(const struct awaited *awaited, const struct retouch_status *status, const char *path)
{
    struct record record;
    record_init(&record);
    record_string(&record, "file", awaited->path);
    record_status(&record, status);
    if (path[0] != '\0') {
        record_string(&record, "out", path);
    }
    bool good = record_print(&record);
    record_done(&record);
    return good;
}

static void
tell_line(const struct awaited *awaited, const struct retouch_status *status, const char *path)
{
    const char *url = status->result_url;
    (void)printf("%s: %s", awaited->path, retouch_state_name(status->state));
    if (path[0] != '\0' || url[0] != '\0') {
        (void)printf(" -> %s", path[0] != '\0' ? path : url);
    } else if (status->error_class[0] != '\0') {
        (void)printf(": %s: ", status->error_class);
        print_safe(slice_text(status->error_message));
    } else {
        (void)printf(" %s", status->id);
    }
    (void)putchar('\n');
}

static void on_end(struct push *push, const struct retouch_status *status)
{
    char path[PATH_MAX];
    struct awaited *awaited;
    bool done = status->state == RETOUCH_STATE_DONE;
    while ((awaited = find_awaited(push, status->id)) != NULL) {
        done = save(push, awaited, status, path) == 0 && done;
        push->done_total += done;
        push->not_done_total += !done;
        push_bar_hide(push);
        if (!push->line->json) {
            tell_line(awaited, status, path);
        } else if (!tell_json(awaited, status, path)) {
            push->exit_status = COMMAND_NOT_ALL;
        }
        (void)fflush(stdout);
        list_remove(&push->awaited, &awaited->node);
        awaited_free(awaited);
    }
    if (!done) {
        push->exit_status = COMMAND_NOT_ALL;
    }
    push_bar_show(push);
}

/* How long the next end may take: not at all where more may be pushed meanwhile. */
static int64_t patience(const struct push *push, bool all)
{
    if (!all && push->awaited.len < PUSH_AWAITED_MAX) {
        return 0;
    }
    int64_t timeout_ms = push->options->timeout_ms;
    int64_t left_ms = push->start_at_ms + timeout_ms - clock_at_ms();
    if (timeout_ms < 0) {
        return -1;
    }
    return left_ms > 0 ? left_ms : 0;
}

bool push_collect(struct push *push, bool all)
{
    if (push->watch == NULL) {
        return true;
    }
    while (retouch_watch_count(push->watch) > 0) {
        struct retouch_status *status = NULL;
        bool must = all || push->awaited.len >= PUSH_AWAITED_MAX;
        int code = retouch_watch_next(push->watch, patience(push, all), &status);
        if (code == RETOUCH_ERROR_TIMEOUT && !must) {
            return true;
        }
        if (code != 0) {
            push_bar_hide(push);
            push->exit_status = command_fail(push->line, code);
            return false;
        }
        on_end(push, status);
        retouch_status_free(status);
    }
    return true;
}
