#include "main/command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"

enum {
    KEY_REDIS = COMMAND_KEY_SHARED,
    KEY_QUEUE,
    KEY_PREFIX,
    KEY_JSON,
    KEY_SET
};

const struct argp_option command_shared_options[] = {
    {.name = "redis",
     .key = KEY_REDIS,
     .arg = "URL",
     .doc = "Redis server: redis://, rediss:// or unix:// (environment: RETOUCH_REDIS)"},
    {.name = "queue",                       .key = KEY_QUEUE, .arg = "NAME", .doc = "Queue (default: default)"},
    {.name = "prefix",
     .key = KEY_PREFIX,
     .arg = "TEXT",
     .doc = "First part of every key (default: rt)"},
    {.name = "config",.key = 'c', .arg = "FILE", .doc = "Configuration file, as of retouchd"},
    {.name = "set", .key = KEY_SET, .arg = "SECTION.KEY=VALUE", .doc = "Set one configuration key"},
    {.name = "json",                   .key = KEY_JSON, .doc = "Print one JSON object per line"},
    {.name = NULL                     },
};

/* Flags that are keys of the configuration. */
static const struct {
    int key;
    const char *flag;
    const char *conf_key; /* NULL: --set */
} conf_flags[] = {
    {KEY_REDIS,  "--redis",  "redis.url"   },
    {KEY_QUEUE,  "--queue",  "queue.names" },
    {KEY_PREFIX, "--prefix", "redis.prefix"},
    {KEY_SET,    "--set",    NULL          },
};

void command_warn(const struct command_line *line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fflush(stdout);
    (void)fprintf(stderr, "retouch %s: ", line->command->name);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

int command_fail(const struct command_line *line, int code)
{
    command_warn(line, "%s", retouch_error(line->retouch));
    if (code == RETOUCH_ERROR_UNREACHABLE) {
        return COMMAND_NO_REDIS;
    }
    return code == RETOUCH_ERROR_INVALID ? COMMAND_USAGE : COMMAND_NOT_ALL;
}

int64_t command_duration(struct argp_state *state, const char *name, const char *text)
{
    int64_t ms = 0;
    if (text_parse_duration(slice_text(text), &ms) != 0) {
        argp_error(state, "%s: \"%s\" is no duration such as 500ms, 10s, 5m, 24h or 7d", name,
                   text);
    }
    return ms;
}

int64_t command_number(struct argp_state *state, const char *name, const char *text, int64_t max)
{
    int64_t number = 0;
    if (text_parse_i64(slice_text(text), &number) != 0 || number < 1 || number > max) {
        argp_error(state, "%s: \"%s\" is no number from 1 to %" PRId64, name, text, max);
    }
    return number;
}

static error_t parse_conf_flag(int key, char *arg, struct argp_state *state)
{
    struct command_line *line = state->input;
    for (size_t i = 0; i < N_ELEMENTS(conf_flags); i++) {
        if (conf_flags[i].key != key) {
            continue;
        }
        if (line->flag_count == N_ELEMENTS(line->flags)) {
            argp_error(state, "more than %zu of --redis, --queue, --prefix and --set",
                       line->flag_count);
        }
        line->flags[line->flag_count++] = (struct conf_flag){
            .flag = conf_flags[i].flag, .key = conf_flags[i].conf_key, .value = arg};
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void check_args(struct argp_state *state, const struct command_line *line)
{
    const struct command *command = line->command;
    if (line->arg_count < command->args_min) {
        argp_error(state, "%s is missing", command->args);
    } else if (line->arg_count > command->args_max) {
        argp_error(state, "\"%s\" is one argument too many", line->args[command->args_max]);
    }
}

static error_t parse_shared(int key, char *arg, struct argp_state *state)
{
    struct command_line *line = state->input;
    if (key == 'c') {
        line->config_file = arg;
        return 0;
    }
    if (key == KEY_JSON) {
        line->json = true;
        return 0;
    }
    return parse_conf_flag(key, arg, state);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct command_line *line = state->input;
    const struct command *command = line->command;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = line;
    } else if (key == ARGP_KEY_ARGS) {
        line->args = &state->argv[state->next];
        line->arg_count = (size_t)(state->argc - state->next);
        return 0;
    } else if (key == ARGP_KEY_END) {
        check_args(state, line);
    }
    return command->parse != NULL ? command->parse(key, arg, state, line->options)
                                  : ARGP_ERR_UNKNOWN;
}

static error_t parse_line(struct command_line *line, int argc, char **argv)
{
    const struct command *command = line->command;
    const struct argp shared = {.options = command_shared_options, .parser = parse_shared};
    const struct argp_child children[] = {
        {.argp = &shared, .header = "Everywhere:", .group = 1},
        {.argp = NULL    }
    };
    char doc[4096];
    (void)snprintf(doc, sizeof doc, "%s.%s%s", command->help, command->doc != NULL ? "\v" : "",
                   command->doc != NULL ? command->doc : "");
    const struct argp argp = {.options = command->options,
                              .parser = parse,
                              .args_doc = command->args,
                              .doc = doc,
                              .children = children};
    return argp_parse(&argp, argc, argv, 0, NULL, line);
}

static int connect_line(struct command_line *line)
{
    if (line->command->offline) {
        return COMMAND_DONE;
    }
    line->retouch = retouch_new();
    if (line->retouch == NULL) {
        command_warn(line, "no memory");
        return COMMAND_NOT_ALL;
    }
    retouch_set_timeouts(line->retouch, line->conf.redis.connect_timeout_ms,
                         line->conf.redis.watchdog_ms, -1);
    int code =
        retouch_connect(line->retouch, line->conf.redis.url, line->queue, line->conf.redis.prefix);
    return code != 0 ? command_fail(line, code) : COMMAND_DONE;
}

static int load_conf(struct command_line *line)
{
    struct err err = {.code = 0};
    const struct conf_sources sources = {.file = line->config_file,
                                         .find_env = getenv,
                                         .flags = line->flags,
                                         .n_flags = line->flag_count};
    conf_init(&line->conf);
    if (conf_load(&line->conf, &sources, &err) != 0) {
        command_warn(line, "%s", err.msg);
        return COMMAND_USAGE;
    }
    line->queue = line->conf.queue.names.name[0];
    return COMMAND_DONE;
}

int command_main(const struct command *command, int argc, char **argv)
{
    char name[64];
    struct command_line line = {.command = command};
    (void)snprintf(name, sizeof name, "retouch %s", command->name);
    argv[0] = name;
    line.options = mem_zalloc(1, command->options_size + 1);
    if (line.options == NULL) {
        command_warn(&line, "no memory");
        return COMMAND_NOT_ALL;
    }
    int status = parse_line(&line, argc, argv) == 0 ? COMMAND_DONE : COMMAND_USAGE;
    status = status == COMMAND_DONE ? load_conf(&line) : status;
    status = status == COMMAND_DONE ? connect_line(&line) : status;
    if (status == COMMAND_DONE) {
        status = command->run(&line);
    }
    if (fflush(stdout) != 0 && status == COMMAND_DONE) {
        command_warn(&line, "standard output cannot be written");
        status = COMMAND_NOT_ALL;
    }
    retouch_close(line.retouch);
    conf_done(&line.conf);
    mem_free(line.options);
    return status;
}
