#include "main/man.h"

#include <stdio.h>
#include <string.h>

#include "main/command.h"

void man_print_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("_*\\#<>[]`~+", *text) != NULL) {
            (void)putchar('\\');
        }
        (void)putchar(*text);
    }
}

static void print_option(const struct argp_option *option)
{
    (void)fputs("*", stdout);
    if (option->key > ' ' && option->key < 127) {
        (void)printf("-%c*, *", option->key);
    }
    (void)fputs("--", stdout);
    man_print_text(option->name);
    (void)fputs("*", stdout);
    if (option->arg != NULL) {
        (void)fputs(" _", stdout);
        man_print_text(option->arg);
        (void)fputs("_", stdout);
    }
    (void)fputs("\n\t", stdout);
    man_print_text(option->doc);
    (void)fputs("\n\n", stdout);
}

void man_print_options(const struct argp_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        if ((options->flags & OPTION_HIDDEN) == 0) {
            print_option(options);
        }
    }
}

static void print_command(const struct command *command)
{
    (void)fputs("## retouch ", stdout);
    man_print_text(command->name);
    (void)putchar(' ');
    man_print_text(command->args);
    (void)fputs("\n\n", stdout);
    man_print_text(command->help);
    (void)fputs(".\n\n", stdout);
    if (command->doc != NULL) {
        man_print_text(command->doc);
        (void)fputs("\n\n", stdout);
    }
    man_print_options(command->options);
}

int man_print(const struct command *const *commands, size_t count)
{
    (void)fputs("retouch(1)\n\n# NAME\n\nretouch - hand images to retouch, follow the jobs, look "
                "after the queue\n\n# SYNOPSIS\n\n*retouch* _COMMAND_ [_OPTION_...] "
                "[_ARGUMENT_...]\n\n# COMMANDS\n\n",
                stdout);
    for (size_t i = 0; i < count; i++) {
        print_command(commands[i]);
    }
    (void)fputs("# OPTIONS OF EVERY COMMAND\n\n", stdout);
    man_print_options(command_shared_options);
    (void)fputs("# EXIT STATUS\n\n*0*\n\tAll done.\n\n*1*\n\tSome job did not end as done, or was "
                "not found.\n\n*2*\n\tUsage.\n\n*3*\n\tRedis is not reachable.\n\n# ENVIRONMENT\n\n"
                "*RETOUCH\\_REDIS*\n\tThe Redis server, where --redis is not given.\n\n# SEE "
                "ALSO\n\n*retouchd*(1)\n",
                stdout);
    return fflush(stdout) == 0 ? COMMAND_DONE : COMMAND_NOT_ALL;
}
