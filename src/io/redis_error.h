/* What an error reply of Redis means for the request and for the connection. */
#ifndef RETOUCH_IO_REDIS_ERROR_H
#define RETOUCH_IO_REDIS_ERROR_H

#include <stdbool.h>

#include "base/slice.h"

struct redis_error {
    const char *word; /* first word of the reply; NULL: any other */
    int code;         /* for the request */
    bool redial;      /* the connection is of no use any more */
    bool no_script;   /* the script cache was flushed */
};

/* Never NULL; static. text is an error reply without its '-'. */
const struct redis_error *redis_error_find(struct slice text);

#endif
