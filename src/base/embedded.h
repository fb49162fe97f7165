/* Files built into the program by tools/embed. */
#ifndef RETOUCH_BASE_EMBEDDED_H
#define RETOUCH_BASE_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name;  /* the file's name without its folder */
    const char *bytes; /* its contents, and a NUL that len does not count */
    size_t len;
};

#endif
