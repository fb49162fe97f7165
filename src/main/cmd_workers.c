/* retouch workers: who serves the queue. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "client/handle.h"
#include "main/command.h"
#include "main/record.h"

enum {
    WORKERS_PAGE = 100, /* of one round trip */
    WORKER_ID_MAX = 129 /* bytes with a NUL: what a key has room for */
};

static int64_t time_ms(const struct reply *reply)
{
    return reply_int(reply_at(reply, 0)) * 1000 + reply_int(reply_at(reply, 1)) / 1000;
}

static bool print_json(struct slice id,
                       int64_t lease_ms,
                       const struct reply *fields,
                       const struct reply *active)
{
    struct record record;
    record_init(&record);
    record_text(&record, "worker", id);
    record_int(&record, "lease_left_ms", lease_ms);
    record_int(&record, "active", reply_int(active));
    for (size_t i = 0; i + 1 < reply_count(fields); i += 2) {
        char name[64];
        int64_t number;
        struct slice value = reply_text(reply_at(fields, i + 1));
        (void)snprintf(name, sizeof name, "%.*s", SLICE_ARG(reply_text(reply_at(fields, i))));
        if (text_parse_i64(value, &number) == 0) {
            record_int(&record, name, number);
        } else {
            record_text(&record, name, value);
        }
    }
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

static void print_line(struct slice id,
                       int64_t lease_ms,
                       const struct reply *fields,
                       const struct reply *active)
{
    print_safe(id);
    (void)printf("  %s  %" PRId64 " jobs", lease_ms > 0 ? "alive" : "LAPSED", reply_int(active));
    for (size_t i = 0; i + 1 < reply_count(fields); i += 2) {
        (void)fputs("  ", stdout);
        print_safe(reply_text(reply_at(fields, i)));
        (void)putchar('=');
        print_safe(reply_text(reply_at(fields, i + 1)));
    }
    (void)putchar('\n');
}

/* ids: [worker, score, ...]; their details are asked for and printed. */
static int print_page(struct command_line *line,
                      char (*ids)[WORKER_ID_MAX],
                      const int64_t *expire_ms,
                      size_t count)
{
    struct batch *batch = handle_batch(line->retouch);
    batch_command(batch, "TIME");
    for (size_t i = 0; i < count; i++) {
        batch_command(batch, "HGETALL");
        batch_key(batch, KEY_WORKER, ids[i]);
        batch_command(batch, "HLEN");
        batch_key(batch, KEY_ACTIVE, ids[i]);
    }
    int code = handle_exchange(line->retouch, 0);
    if (code != 0) {
        return command_fail(line, code);
    }
    int64_t now_ms = time_ms(batch_reply(batch, 0));
    for (size_t i = 0; i < count; i++) {
        struct slice id = slice_text(ids[i]);
        const struct reply *fields = batch_reply(batch, 1 + 2 * i);
        const struct reply *active = batch_reply(batch, 2 + 2 * i);
        if (!line->json) {
            print_line(id, expire_ms[i] - now_ms, fields, active);
        } else if (!print_json(id, expire_ms[i] - now_ms, fields, active)) {
            return COMMAND_NOT_ALL;
        }
    }
    return COMMAND_DONE;
}

static int run(struct command_line *line)
{
    static char ids[WORKERS_PAGE][WORKER_ID_MAX];
    static int64_t expire_ms[WORKERS_PAGE];
    int status = COMMAND_DONE;
    size_t total = 0;
    size_t count = WORKERS_PAGE;
    for (size_t at = 0; count == WORKERS_PAGE && status == COMMAND_DONE; at += WORKERS_PAGE) {
        struct batch *batch = handle_batch(line->retouch);
        batch_command(batch, "ZRANGE");
        batch_key(batch, KEY_WORKERS, NULL);
        batch_int(batch, (int64_t)at);
        batch_int(batch, (int64_t)at + WORKERS_PAGE - 1);
        batch_text(batch, "WITHSCORES");
        int code = handle_exchange(line->retouch, 0);
        code = code == 0 ? handle_check(line->retouch, batch_reply(batch, 0)) : code;
        if (code != 0) {
            return command_fail(line, code);
        }
        const struct reply *page = batch_reply(batch, 0);
        count = reply_count(page) / 2;
        size_t kept = 0;
        for (size_t i = 0; i < count && i < WORKERS_PAGE; i++) {
            struct slice id = reply_text(reply_at(page, 2 * i));
            if (!slice_starts(id, "~")) { /* the reaper's note about a worker that is gone */
                (void)text_copy(ids[kept], sizeof ids[kept], id);
                expire_ms[kept++] = reply_int(reply_at(page, 2 * i + 1));
            }
        }
        status = print_page(line, ids, expire_ms, kept);
        total += kept;
    }
    if (total == 0 && status == COMMAND_DONE && !line->json) {
        (void)printf("no worker serves queue %s\n", line->queue);
    }
    return status;
}

extern const struct command cmd_workers;
const struct command cmd_workers = {
    .name = "workers",
    .args = "",
    .help = "Show who serves the queue",
    .run = run,
};
