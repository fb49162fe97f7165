/* Writes one command into a hiredis connection, copying large arguments once only. */
#ifndef RETOUCH_IO_REDIS_COMMAND_H
#define RETOUCH_IO_REDIS_COMMAND_H

#include <stddef.h>

#include <hiredis/async.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct redis_command {
    redisAsyncContext *ac; /* borrowed */
    redisCallbackFn *fn;   /* called with the reply, or with NULL */
    void *privdata;        /* for fn */
    struct buf *scratch;   /* borrowed; small arguments gather here */
    bool begun;            /* a part is on its way: the command can only be ended or cut off */
    int code;              /* first failure; the rest is skipped */
};

/* count arguments in all, the command's name included. */
void redis_command_begin(struct redis_command *command, size_t count);
void redis_command_add(struct redis_command *command, struct slice arg);
void redis_command_add_all(struct redis_command *command, const struct slice *args, size_t count);
/* Arguments already formatted by redis_command_format. */
void redis_command_add_formatted(struct redis_command *command, struct slice formatted);
/* 0, or the first failure; if command->begun is set then, the connection has been given half a
 * command and must be closed. */
int redis_command_end(struct redis_command *command) MUST_CHECK;

/* Appends arguments as the protocol has them. */
int redis_command_format(struct buf *dest, const struct slice *args, size_t count) MUST_CHECK;

#endif
