/* retouch: the command for producers and operators. Its commands are the rows of commands.def. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "main/command.h"
#include "main/man.h"

#define X(name) extern const struct command cmd_##name;
#include "main/commands.def"
#undef X

static const struct command *const commands[] = {
#define X(name) &cmd_##name,
#include "main/commands.def"
#undef X
};

static void print_help(FILE *to)
{
    (void)fputs("Usage: retouch COMMAND [OPTION...] [ARGUMENT...]\n"
                "Hand images to retouch, follow the jobs, look after the queue.\n\n",
                to);
    for (size_t i = 0; i < N_ELEMENTS(commands); i++) {
        (void)fprintf(to, "  %-8s %-16s %s\n", commands[i]->name, commands[i]->args,
                      commands[i]->help);
    }
    (void)fputs(
        "\n`retouch COMMAND --help` tells more about one command.\n"
        "Exit status: 0 all done, 1 some job is not done or not found, 2 usage, 3 Redis not "
        "reachable.\n",
        to);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance; texts beyond 31 bytes are far from everything. */
static size_t distance_of(const char *a, const char *b)
{
    size_t row[32];
    size_t len_a = strlen(a);
    size_t len_b = strlen(b);
    if (len_a >= N_ELEMENTS(row) || len_b >= N_ELEMENTS(row)) {
        return N_ELEMENTS(row);
    }
    for (size_t j = 0; j <= len_b; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= len_a; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= len_b; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[len_b];
}

static int refuse_command(const char *name)
{
    const struct command *nearest = commands[0];
    for (size_t i = 1; i < N_ELEMENTS(commands); i++) {
        if (distance_of(name, commands[i]->name) < distance_of(name, nearest->name)) {
            nearest = commands[i];
        }
    }
    (void)fprintf(stderr, "retouch: there is no command \"%s\"", name);
    if (distance_of(name, nearest->name) <= 1 + strlen(nearest->name) / 3) {
        (void)fprintf(stderr, "; did you mean \"%s\"?\n", nearest->name);
    } else {
        (void)fputs("; `retouch --help` lists them\n", stderr);
    }
    return COMMAND_USAGE;
}

int main(int argc, char **argv)
{
    argp_err_exit_status = COMMAND_USAGE;
    argp_program_bug_address = NULL;
    const char *first = argc > 1 ? argv[1] : NULL;
    if (first == NULL) {
        print_help(stderr);
        return COMMAND_USAGE;
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 || strcmp(first, "help") == 0) {
        print_help(stdout);
        return COMMAND_DONE;
    }
    if (strcmp(first, "--version") == 0) {
        (void)printf("retouch %s\n", retouch_version());
        return COMMAND_DONE;
    }
    if (strcmp(first, "--man") == 0) {
        return man_print(commands, N_ELEMENTS(commands));
    }
    const struct command *command = find_command(first);
    return command != NULL ? command_main(command, argc - 1, argv + 1) : refuse_command(first);
}
