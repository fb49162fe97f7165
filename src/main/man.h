/* The manual page of `retouch` as scdoc text, made from the table of commands. */
#ifndef RETOUCH_MAIN_MAN_H
#define RETOUCH_MAIN_MAN_H

#include <stddef.h>

struct argp_option;
struct command;

int man_print(const struct command *const *commands, size_t count);
/* One paragraph per option. */
void man_print_options(const struct argp_option *options);
/* Text with scdoc's own characters escaped. */
void man_print_text(const char *text);

#endif
