/* retouchd's command line: one table for the flags, their help and the manual page. */
#ifndef RETOUCH_MAIN_RETOUCHD_FLAGS_H
#define RETOUCH_MAIN_RETOUCHD_FLAGS_H

#include <stddef.h>

#include "conf/conf.h"

enum {
    FLAGS_MAX = 64
};

struct flags {
    const char *file;                  /* -c; borrowed from argv; NULL: none */
    struct conf_flag items[FLAGS_MAX]; /* in the order given */
    size_t count;
};

/* Fills flags; a bad flag, --help, --version and --man end the program (2, 0, 0, 0). */
void flags_parse(struct flags *flags, int argc, char **argv);

#endif
