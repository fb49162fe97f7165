/* retouch top: the queue as it is now, again and again: depths, rates, workers, last events.
 *
 * Rates are differences of P:stats between two looks, by Redis's clock. On a terminal the screen is
 * drawn again, elsewhere each look is one line. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "main/command.h"
#include "main/figures.h"
#include "main/record.h"

enum {
    OPTION_ONCE = COMMAND_KEY_OWN,
    TOP_WORKERS = 16, /* shown */
    TOP_EVENTS = 10,  /* shown */
    TOP_PAUSE_MS = 1000,
    WORKER_ID_MAX = 129
};

struct top_options {
    int64_t interval_ms; /* 0: TOP_PAUSE_MS */
    bool once;
};

static const struct rate_row {
    const char *name;
    const char *counter;
} rates[] = {
    {"submitted_per_s",  "submitted_total" },
    {"done_per_s",       "done_total"      },
    {"dead_per_s",       "dead_total"      },
    {"retries_per_s",    "retries_total"   },
    {"calls_per_s",      "calls_sent"      },
    {"duplicates_per_s", "duplicates_total"},
};

struct top_worker {
    char name[WORKER_ID_MAX];
    int64_t expires_ms;
    int64_t in_flight;
};

/* What one look found. */
struct look {
    int64_t now_ms; /* Redis's clock */
    int64_t figures[FIGURE_COUNT];
    int64_t counters[N_ELEMENTS(rates)];
    struct top_worker workers[TOP_WORKERS];
    size_t worker_count;
    int64_t in_flight; /* of the workers shown */
};

static const struct argp_option options[] = {
    {.name = "interval",
     .key = 'i',
     .arg = "DURATION",
     .doc = "Time between two looks (default: 1s)"},
    {.name = "once",  .key = OPTION_ONCE, .doc = "Look once (its rates are those of one interval)"},
    {.name = NULL                 },
};

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    struct top_options *own = data;
    if (key == OPTION_ONCE) {
        own->once = true;
        return 0;
    }
    if (key != 'i') {
        return ARGP_ERR_UNKNOWN;
    }
    own->interval_ms = command_duration(state, "--interval", arg);
    if (own->interval_ms < 100) {
        argp_error(state, "--interval: at least 100ms");
    }
    return 0;
}

static int exchange(struct command_line *line)
{
    struct retouch *retouch = line->retouch;
    int code = handle_exchange(retouch, 0);
    for (size_t i = 0; i < batch_count(&retouch->batch) && code == 0; i++) {
        code = handle_check(retouch, batch_reply(&retouch->batch, i));
    }
    return code;
}

static void read_figures(struct look *look, const struct batch *batch)
{
    const struct reply *counters = figures_counters(batch);
    const struct reply *workers = batch_reply(batch, FIGURE_COUNT + 1);
    const struct reply *time = batch_reply(batch, FIGURE_COUNT + 2);
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        look->figures[i] = reply_int(batch_reply(batch, i));
    }
    for (size_t i = 0; i < N_ELEMENTS(rates); i++) {
        look->counters[i] = counter_of(counters, rates[i].counter);
    }
    for (size_t i = 0; i + 1 < reply_count(workers) && look->worker_count < TOP_WORKERS; i += 2) {
        struct top_worker *worker = &look->workers[look->worker_count++];
        (void)text_copy(worker->name, sizeof worker->name, reply_text(reply_at(workers, i)));
        worker->expires_ms = reply_int(reply_at(workers, i + 1));
    }
    look->now_ms = reply_int(reply_at(time, 0)) * 1000 + reply_int(reply_at(time, 1)) / 1000;
}

/* Two round trips; the second leaves the events in the batch, as its last reply. */
static int look_at(struct command_line *line, struct look *look)
{
    struct batch *batch = handle_batch(line->retouch);
    *look = (struct look){.now_ms = 0};
    figures_ask(batch);
    batch_command(batch, "ZRANGE");
    batch_key(batch, KEY_WORKERS, NULL);
    batch_int(batch, 0);
    batch_int(batch, TOP_WORKERS - 1);
    batch_text(batch, "WITHSCORES");
    batch_command(batch, "TIME");
    int code = exchange(line);
    if (code != 0) {
        return code;
    }
    read_figures(look, batch);
    batch = handle_batch(line->retouch);
    for (size_t i = 0; i < look->worker_count; i++) {
        batch_command(batch, "HLEN");
        batch_key(batch, KEY_ACTIVE, look->workers[i].name);
    }
    batch_command(batch, "XREVRANGE");
    batch_key(batch, KEY_EVENTS, NULL);
    batch_text(batch, "+");
    batch_text(batch, "-");
    batch_text(batch, "COUNT");
    batch_int(batch, TOP_EVENTS);
    code = exchange(line);
    for (size_t i = 0; i < look->worker_count && code == 0; i++) {
        look->workers[i].in_flight = reply_int(batch_reply(batch, i));
        look->in_flight += look->workers[i].in_flight;
    }
    return code;
}

static double rate_of(const struct look *before, const struct look *look, size_t index)
{
    int64_t ms = look->now_ms - before->now_ms;
    int64_t more = look->counters[index] - before->counters[index];
    return ms > 0 && before->now_ms > 0 ? (double)more * 1000.0 / (double)ms : 0.0;
}

static bool
print_json(const struct command_line *line, const struct look *before, const struct look *look)
{
    struct record record;
    record_init(&record);
    record_string(&record, "queue", line->queue);
    record_int(&record, "at_ms", look->now_ms);
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        record_int(&record, figure_rows[i].name, look->figures[i]);
    }
    record_int(&record, "in_flight", look->in_flight);
    for (size_t i = 0; i < N_ELEMENTS(rates); i++) {
        record_real(&record, rates[i].name, rate_of(before, look, i));
    }
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

static void print_line(const struct look *before, const struct look *look)
{
    char text[CLOCK_TEXT_MAX];
    (void)fputs(clock_format(look->now_ms, text), stdout);
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        (void)printf(" %s=%" PRId64, figure_rows[i].name, look->figures[i]);
    }
    (void)printf(" in_flight=%" PRId64, look->in_flight);
    for (size_t i = 0; i < N_ELEMENTS(rates); i++) {
        (void)printf(" %s=%.1f", rates[i].name, rate_of(before, look, i));
    }
    (void)putchar('\n');
}

static void print_workers(const struct look *look)
{
    (void)fputs("\nworkers\n", stdout);
    for (size_t i = 0; i < look->worker_count; i++) {
        const struct top_worker *worker = &look->workers[i];
        bool second_look = worker->name[0] == '~'; /* of the reaper: no worker any more */
        (void)fputs("  ", stdout);
        print_safe(slice_text(worker->name));
        (void)printf("  %s  %" PRId64 " in flight\n",
                     second_look                         ? "gone"
                     : worker->expires_ms > look->now_ms ? "alive"
                                                         : "LAPSED",
                     worker->in_flight);
    }
}

static void print_events(const struct reply *events)
{
    (void)fputs("\nlast events\n", stdout);
    for (size_t i = 0; i < reply_count(events); i++) {
        const struct reply *fields = reply_at(reply_at(events, i), 1);
        char text[CLOCK_TEXT_MAX];
        (void)printf("  %s ", clock_format(counter_of(fields, "ms"), text));
        for (size_t j = 0; j + 1 < reply_count(fields); j += 2) {
            if (!slice_is(reply_text(reply_at(fields, j)), "ms")) {
                (void)putchar(' ');
                print_safe(reply_text(reply_at(fields, j + 1)));
            }
        }
        (void)putchar('\n');
    }
}

static void
print_screen(const struct command_line *line, const struct look *before, const struct look *look)
{
    char text[CLOCK_TEXT_MAX];
    const struct batch *batch = &line->retouch->batch;
    (void)printf("queue %s  %s\n\n", line->queue, clock_format(look->now_ms, text));
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        (void)printf("  %-18s %10" PRId64 "\n", figure_rows[i].name, look->figures[i]);
    }
    (void)printf("  %-18s %10" PRId64 "\n\n", "in_flight", look->in_flight);
    for (size_t i = 0; i < N_ELEMENTS(rates); i++) {
        (void)printf("  %-18s %12.1f\n", rates[i].name, rate_of(before, look, i));
    }
    print_workers(look);
    print_events(batch_reply(batch, look->worker_count));
}

static bool
show(const struct command_line *line, const struct look *before, const struct look *look)
{
    const struct top_options *own = line->options;
    bool screen = isatty(STDOUT_FILENO) == 1 && !own->once;
    if (line->json) {
        return print_json(line, before, look) && fflush(stdout) == 0;
    }
    if (screen) {
        (void)fputs("\033[H\033[J", stdout);
    }
    if (screen || own->once) {
        print_screen(line, before, look);
    } else {
        print_line(before, look);
    }
    return fflush(stdout) == 0;
}

static void rest(const struct top_options *own)
{
    link_pause(own->interval_ms > 0 ? own->interval_ms : TOP_PAUSE_MS);
}

static int run(struct command_line *line)
{
    const struct top_options *own = line->options;
    struct look looks[2] = {{.now_ms = 0}};
    struct look *before = &looks[0];
    struct look *look = &looks[1];
    int code = own->once ? look_at(line, before) : 0;
    while (code == 0) {
        if (own->once) {
            rest(own);
        }
        code = look_at(line, look);
        if (code != 0) {
            break;
        }
        if (!show(line, before, look)) {
            return COMMAND_NOT_ALL; /* nobody reads any more */
        }
        if (own->once) {
            return COMMAND_DONE;
        }
        struct look *last = before;
        before = look;
        look = last;
        rest(own);
    }
    return command_fail(line, code);
}

extern const struct command cmd_top;
const struct command cmd_top = {
    .name = "top",
    .args = "",
    .help = "Watch depths, rates, workers and events",
    .doc = "The screen is drawn again after each interval; where standard output is no terminal, "
           "each look is one line. Ctrl-C ends it.",
    .options = options,
    .options_size = sizeof(struct top_options),
    .parse = parse,
    .run = run,
};
