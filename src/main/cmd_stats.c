/* retouch stats: counters, depths and the rates of the last minutes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "client/handle.h"
#include "main/command.h"
#include "main/figures.h"
#include "main/record.h"

enum {
    RATE_MINUTES = 5, /* whole minutes before this one */
    MINUTE_MS = 60000
};

/* Rates: name as shown, counter. */
static const struct rate_row {
    const char *name;
    const char *counter;
} rates[] = {
    {"submitted_per_minute", "submitted_total"},
    {"done_per_minute",      "done_total"     },
    {"dead_per_minute",      "dead_total"     },
    {"retries_per_minute",   "retries_total"  },
};

static void ask(struct batch *batch)
{
    char minute[CLOCK_TEXT_MAX];
    int64_t now_ms = clock_unix_ms();
    figures_ask(batch);
    for (int i = 1; i <= RATE_MINUTES; i++) {
        batch_command(batch, "HGETALL");
        batch_key(batch, KEY_STATS_AT,
                  clock_format_minute(now_ms - (int64_t)i * MINUTE_MS, minute));
    }
}

static double rate_of(const struct batch *batch, const char *counter)
{
    int64_t sum = 0;
    for (size_t i = 0; i < RATE_MINUTES; i++) {
        sum += counter_of(batch_reply(batch, FIGURE_COUNT + 1 + i), counter);
    }
    return (double)sum / RATE_MINUTES;
}

static bool print_json(const struct command_line *line, const struct batch *batch)
{
    struct record record;
    const struct reply *hash = figures_counters(batch);
    record_init(&record);
    record_string(&record, "queue", line->queue);
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        record_int(&record, figure_rows[i].name, reply_int(batch_reply(batch, i)));
    }
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        record_int(&record, counter_rows[i].name, counter_of(hash, counter_rows[i].name));
    }
    for (size_t i = 0; i + 1 < reply_count(hash); i += 2) {
        if (counter_is_known(reply_text(reply_at(hash, i)))) {
            continue;
        }
        char name[64];
        (void)snprintf(name, sizeof name, "%.*s", SLICE_ARG(reply_text(reply_at(hash, i))));
        record_int(&record, name, reply_int(reply_at(hash, i + 1)));
    }
    for (size_t i = 0; i < N_ELEMENTS(rates); i++) {
        record_real(&record, rates[i].name, rate_of(batch, rates[i].counter));
    }
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

static void print_lines(const struct command_line *line, const struct batch *batch)
{
    const struct reply *hash = figures_counters(batch);
    (void)printf("queue %s\n", line->queue);
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        (void)printf("  %-24s %12" PRId64 "\n", figure_rows[i].name,
                     reply_int(batch_reply(batch, i)));
    }
    (void)printf("since ever\n");
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        (void)printf("  %-24s %12" PRId64 "  %s\n", counter_rows[i].name,
                     counter_of(hash, counter_rows[i].name), counter_rows[i].text);
    }
    for (size_t i = 0; i + 1 < reply_count(hash); i += 2) {
        if (counter_is_known(reply_text(reply_at(hash, i)))) {
            continue;
        }
        (void)fputs("  ", stdout);
        print_safe(reply_text(reply_at(hash, i)));
        size_t len = reply_text(reply_at(hash, i)).len;
        (void)printf("%*s %12" PRId64 "\n", len < 24 ? (int)(24 - len) : 0, "",
                     reply_int(reply_at(hash, i + 1)));
    }
    (void)printf("last %d minutes\n", RATE_MINUTES);
    for (size_t i = 0; i < N_ELEMENTS(rates); i++) {
        (void)printf("  %-24s %12.1f\n", rates[i].name, rate_of(batch, rates[i].counter));
    }
}

static int run(struct command_line *line)
{
    struct batch *batch = handle_batch(line->retouch);
    ask(batch);
    int code = handle_exchange(line->retouch, 0);
    for (size_t i = 0; i < batch_count(batch) && code == 0; i++) {
        code = handle_check(line->retouch, batch_reply(batch, i));
    }
    if (code != 0) {
        return command_fail(line, code);
    }
    if (line->json) {
        return print_json(line, batch) ? COMMAND_DONE : COMMAND_NOT_ALL;
    }
    print_lines(line, batch);
    return COMMAND_DONE;
}

extern const struct command cmd_stats;
const struct command cmd_stats = {
    .name = "stats",
    .args = "",
    .help = "Show counters, depths and rates",
    .doc = "calls_sent is an upper bound of the calls that were billed: what left this side "
           "completely, or may have.",
    .run = run,
};
