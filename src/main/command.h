/* A command of `retouch`: its row in the table of commands, its line, what all of them share. */
#ifndef RETOUCH_MAIN_COMMAND_H
#define RETOUCH_MAIN_COMMAND_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "retouch/retouch.h"

/* Exit statuses (PROTOCOL.md, section 7). */
enum command_exit {
    COMMAND_DONE = 0,
    COMMAND_NOT_ALL = 1, /* some job did not end as done, or is not there */
    COMMAND_USAGE = 2,
    COMMAND_NO_REDIS = 3
};

/* Keys of long options without a letter: the shared ones from here, a command's own from 600. */
enum {
    COMMAND_KEY_SHARED = 500,
    COMMAND_KEY_OWN = 600
};

struct command_line;

/* One row: everything that help, usage, parsing and the manual page say about a command. */
struct command {
    const char *name;
    const char *args;                  /* "ID...", "" for none */
    const char *help;                  /* one line */
    const char *doc;                   /* paragraphs below the options; NULL: none */
    const struct argp_option *options; /* its own, ended by {0}; NULL: none */
    size_t options_size;               /* of the struct that parse fills; 0: none */
    /* Puts an option into line->options. 0, or what argp_parser_t returns. NULL: no options. */
    error_t (*parse)(int key, char *arg, struct argp_state *state, void *options);
    int (*run)(struct command_line *line); /* returns the exit status */
    size_t args_min;
    size_t args_max; /* SIZE_MAX: any number */
    bool offline;    /* needs no connection */
};

struct command_line {
    const struct command *command; /* borrowed */
    struct conf conf;              /* file, environment, flags */
    const char *queue;             /* borrowed; --queue, or the first configured one */
    const char *config_file;       /* borrowed; NULL: none */
    struct conf_flag flags[16];
    size_t flag_count;
    bool json;               /* --json */
    void *options;           /* owned: of the command */
    char **args;             /* borrowed */
    size_t arg_count;        /* of args */
    struct retouch *retouch; /* owned; NULL for offline commands */
};

extern const struct argp_option command_shared_options[];

/* Parses, connects, runs; argv[0] is the command's name. Returns the exit status. */
int command_main(const struct command *command, int argc, char **argv);
/* Says on standard error what went wrong, as "retouch NAME: ...". */
void command_warn(const struct command_line *line, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Says what the library said; returns the exit status for its code. */
int command_fail(const struct command_line *line, int code);
/* Duration option such as "10s"; usage error through argp otherwise. */
int64_t command_duration(struct argp_state *state, const char *name, const char *text);
/* A number between min and max; usage error through argp otherwise. */
int64_t command_number(struct argp_state *state, const char *name, const char *text, int64_t max);

#endif
