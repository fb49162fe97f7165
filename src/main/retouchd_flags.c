#include "main/retouchd_flags.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "conf/conf_print.h"

enum {
    FLAG_MAN = 256, /* beyond the letters */
    FLAG_FIRST
};

/* One row per flag that sets a key; key NULL: the value is SECTION.KEY=VALUE. */
static const struct flag_row {
    const char *name;
    const char *key;
    const char *value;
    const char *help;
} flag_rows[] = {
    {"redis",        "redis.url",          "URL",
     "Redis: redis://[user:pass@]host:port[/db], rediss://... or unix:///path[?db=N]"                               },
    {"queue",        "queue.names",        "NAME[,NAME...]",    "Queues to serve, in order of preference"           },
    {"api-base-url", "api.base_url",       "URL",               "Where the image API is"                            },
    {"concurrency",  "worker.concurrency", "N",                 "Calls in flight at most"                           },
    {"listen",       "admin.listen",       "ADDR:PORT|none",    "Where metrics and health are served"               },
    {"log-level",    "log.level",          "LEVEL",             "error, warn, info or debug"                        },
    {"set",          NULL,                 "SECTION.KEY=VALUE", "Sets any key of the configuration; may be repeated"},
};

static const char program_doc[] = "Takes image jobs from Redis lists, calls the image API with "
                                  "many of them at once, and writes the "
                                  "pictures and their status back to Redis."
                                  "\v";

/* argp looks for it by name. */
__attribute__((visibility("default"))) const char *argp_program_version =
    "retouchd " RETOUCH_VERSION;

static void flags_print_man(void)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    (void)printf(
        "retouchd(1)\n\n# NAME\n\nretouchd - worker of the image-job queue\n\n# SYNOPSIS\n\n"
        "*retouchd* [-c FILE] [OPTION...]\n\n# DESCRIPTION\n\n%.*s\n\n# OPTIONS\n\n"
        "*-c*, *--config* _FILE_\n\tReads the configuration file (INI).\n\n",
        (int)sizeof program_doc - 2, program_doc);
    for (size_t i = 0; i < N_ELEMENTS(flag_rows); i++) {
        (void)printf("*--%s* _%s_\n\t%s.\n\n", flag_rows[i].name, flag_rows[i].value,
                     flag_rows[i].help);
    }
    if (conf_man(&text) == 0) {
        (void)printf("%.*s", SLICE_ARG(buf_view(&text)));
    }
    (void)printf(
        "\n# SIGNALS\n\n*SIGTERM*, *SIGINT*\n\tTakes no more jobs, finishes the calls in flight "
        "(at most worker.drain_timeout), hands the rest back and exits 0; a second one cuts the "
        "calls off.\n\n*SIGHUP*\n\tReads the configuration again; a bad file is reported and the "
        "running one kept.\n\n# EXIT STATUS\n\n0 after a drain, 2 for a bad flag or configuration, "
        "1 for anything else.\n\n# SEE ALSO\n\n*retouch*(1)\n");
    buf_done(&text);
}

static error_t flags_on_option(int key, char *value, struct argp_state *state)
{
    struct flags *flags = state->input;
    if (key == 'c') {
        flags->file = value;
        return 0;
    }
    if (key == FLAG_MAN) {
        flags_print_man();
        exit(0);
    }
    if (key == ARGP_KEY_ARG) {
        argp_error(state, "unexpected argument \"%s\": retouchd takes flags only", value);
    }
    if (key < FLAG_FIRST || key >= FLAG_FIRST + (int)N_ELEMENTS(flag_rows)) {
        return ARGP_ERR_UNKNOWN;
    }
    if (flags->count == FLAGS_MAX) {
        argp_error(state, "more than %d flags", FLAGS_MAX);
    }
    static char names[FLAGS_MAX][32];
    const struct flag_row *row = &flag_rows[key - FLAG_FIRST];
    (void)snprintf(names[flags->count], sizeof names[0], "--%s", row->name);
    flags->items[flags->count] =
        (struct conf_flag){.flag = names[flags->count], .key = row->key, .value = value};
    flags->count++;
    return 0;
}

/* The keys of the configuration below the flags; argp frees the text. */
static char *flags_help(int key, const char *text, void *input)
{
    struct buf keys;
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC) {
        return (char *)(uintptr_t)text;
    }
    buf_init(&keys, 1 << 20);
    if (buf_append_text(&keys, "Configuration keys (file, or --set):\n\n") != 0 ||
        conf_help(&keys) != 0 || buf_cstr(&keys) == NULL) {
        buf_done(&keys);
        return NULL;
    }
    return (char *)keys.ptr;
}

void flags_parse(struct flags *flags, int argc, char **argv)
{
    struct argp_option options[N_ELEMENTS(flag_rows) + 3] = {
        {"config", 'c',      "FILE", 0,             "Configuration file (INI)", 0},
        {"man",    FLAG_MAN, NULL,   OPTION_HIDDEN, NULL,                       0},
    };
    for (size_t i = 0; i < N_ELEMENTS(flag_rows); i++) {
        options[2 + i] = (struct argp_option){.name = flag_rows[i].name,
                                              .key = FLAG_FIRST + (int)i,
                                              .arg = flag_rows[i].value,
                                              .doc = flag_rows[i].help};
    }
    struct argp argp = {.options = options,
                        .parser = flags_on_option,
                        .doc = program_doc,
                        .help_filter = flags_help};
    argp_err_exit_status = 2;
    (void)argp_parse(&argp, argc, argv, 0, NULL, flags);
}
