#include "io/redis_command.h"

#include <stdbool.h>

#include "base/check.h"

enum {
    COPY_MAX_BYTES = 4096 /* a larger argument goes past the scratch buffer */
};

/* hiredis' own command functions copy every argument into a new string and that string into the
 * output buffer. Here the head goes through redisAsyncFormattedCommand, which registers the
 * callback; what follows is appended to the output buffer directly. */
static void flush(struct redis_command *command)
{
    const char *text = buf_cstr(command->scratch); /* hiredis reads up to the NUL */
    size_t len = command->scratch->len;
    if (text == NULL) {
        command->code = ERR_NO_MEMORY;
        return;
    }
    int status = REDIS_OK;
    if (!command->begun) {
        status = redisAsyncFormattedCommand(command->ac, command->fn, command->privdata, text, len);
    } else if (len > 0) {
        status = redisAppendFormattedCommand(&command->ac->c, text, len);
    }
    command->begun = true;
    command->code = status == REDIS_OK ? 0 : ERR_NO_MEMORY;
    buf_clear(command->scratch);
}

static void append_large(struct redis_command *command, struct slice bytes)
{
    flush(command);
    if (command->code == 0 && redisAppendFormattedCommand(&command->ac->c, (const char *)bytes.ptr,
                                                          bytes.len) != REDIS_OK) {
        command->code = ERR_NO_MEMORY;
    }
}

void redis_command_begin(struct redis_command *command, size_t count)
{
    CHECK(count > 0);
    buf_clear(command->scratch);
    command->begun = false;
    command->code = buf_printf(command->scratch, "*%zu\r\n", count);
}

void redis_command_add(struct redis_command *command, struct slice arg)
{
    if (command->code == 0) {
        command->code = buf_printf(command->scratch, "$%zu\r\n", arg.len);
    }
    if (command->code != 0) {
        return;
    }
    if (arg.len > COPY_MAX_BYTES) {
        append_large(command, arg);
    } else {
        command->code = buf_append_slice(command->scratch, arg);
    }
    if (command->code == 0) {
        command->code = buf_append(command->scratch, "\r\n", 2);
    }
    if (command->code == 0 && command->scratch->len > COPY_MAX_BYTES) {
        flush(command);
    }
}

void redis_command_add_all(struct redis_command *command, const struct slice *args, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        redis_command_add(command, args[i]);
    }
}

void redis_command_add_formatted(struct redis_command *command, struct slice formatted)
{
    if (command->code == 0) {
        append_large(command, formatted);
    }
}

int redis_command_end(struct redis_command *command)
{
    if (command->code == 0) {
        flush(command);
    }
    return command->code;
}

int redis_command_format(struct buf *dest, const struct slice *args, size_t count)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        code = buf_printf(dest, "$%zu\r\n", args[i].len);
        if (code == 0) {
            code = buf_append_slice(dest, args[i]);
        }
        if (code == 0) {
            code = buf_append(dest, "\r\n", 2);
        }
    }
    return code;
}
