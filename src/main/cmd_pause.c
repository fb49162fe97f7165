/* retouch pause, retouch resume: whether workers take new jobs of the queue. */
#include <stdio.h>

#include "client/handle.h"
#include "main/command.h"
#include "main/record.h"

struct pause_options {
    int64_t for_ms; /* 0: until resumed */
};

static const struct argp_option options[] = {
    {.name = "for",      .key = 'f', .arg = "DURATION", .doc = "Resume by itself after this long"},
    {.name = NULL},
};

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    struct pause_options *own = data;
    if (key != 'f') {
        return ARGP_ERR_UNKNOWN;
    }
    own->for_ms = command_duration(state, "--for", arg);
    return 0;
}

/* The key is the truth; the message only makes workers look at once. */
static void batch_announce(struct batch *batch, const char *message)
{
    batch_command(batch, "PUBLISH");
    batch_key(batch, KEY_CONTROL, NULL);
    batch_text(batch, message);
}

static int finish(struct command_line *line, const char *state)
{
    struct retouch *retouch = line->retouch;
    int code = handle_exchange(retouch, 0);
    code = code == 0 ? handle_check(retouch, batch_reply(&retouch->batch, 0)) : code;
    if (code != 0) {
        return command_fail(line, code);
    }
    if (!line->json) {
        return printf("queue %s is %s\n", line->queue, state) > 0 ? COMMAND_DONE : COMMAND_NOT_ALL;
    }
    struct record record;
    record_init(&record);
    record_string(&record, "queue", line->queue);
    record_string(&record, "state", state);
    bool printed = record_print(&record);
    record_done(&record);
    return printed ? COMMAND_DONE : COMMAND_NOT_ALL;
}

static int run_pause(struct command_line *line)
{
    const struct pause_options *own = line->options;
    struct batch *batch = handle_batch(line->retouch);
    batch_command(batch, "SET");
    batch_key(batch, KEY_PAUSED, NULL);
    batch_text(batch, "1");
    if (own->for_ms > 0) {
        batch_text(batch, "PX");
        batch_int(batch, own->for_ms);
    }
    batch_announce(batch, "pause");
    return finish(line, "paused");
}

static int run_resume(struct command_line *line)
{
    struct batch *batch = handle_batch(line->retouch);
    batch_command(batch, "DEL");
    batch_key(batch, KEY_PAUSED, NULL);
    batch_announce(batch, "resume");
    return finish(line, "running");
}

extern const struct command cmd_pause;
const struct command cmd_pause = {
    .name = "pause",
    .args = "",
    .help = "Have workers take no new jobs of the queue",
    .doc = "Calls in flight end as usual, and jobs can still be pushed.",
    .options = options,
    .options_size = sizeof(struct pause_options),
    .parse = parse,
    .run = run_pause,
};

extern const struct command cmd_resume;
const struct command cmd_resume = {
    .name = "resume",
    .args = "",
    .help = "Have workers take jobs of the queue again",
    .run = run_resume,
};
