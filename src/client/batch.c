#include "client/batch.h"

#include <inttypes.h>
#include <stdio.h>

#include <hiredis/hiredis.h>

#include "base/check.h"

enum {
    BATCH_TEXTS_MAX = 64 << 20, /* bytes: 100,000 jobs of six keys each */
    BATCH_PARTS_MAX = 256 << 20 /* bytes of each array */
};

void batch_init(struct batch *batch, const struct queue_name *queue)
{
    *batch = (struct batch){.queue = queue};
    buf_init(&batch->parts, BATCH_PARTS_MAX);
    buf_init(&batch->commands, BATCH_PARTS_MAX);
    buf_init(&batch->texts, BATCH_TEXTS_MAX);
    buf_init(&batch->replies, BATCH_PARTS_MAX);
}

void batch_done(struct batch *batch)
{
    batch_drop_replies(batch);
    buf_done(&batch->parts);
    buf_done(&batch->commands);
    buf_done(&batch->texts);
    buf_done(&batch->replies);
}

void batch_open(struct batch *batch)
{
    batch_drop_replies(batch);
    buf_clear(&batch->parts);
    buf_clear(&batch->commands);
    buf_clear(&batch->texts);
    batch->code = 0;
}

static struct batch_command *commands_of(const struct batch *batch)
{
    return (void *)batch->commands.ptr;
}

static void add_part(struct batch *batch, struct batch_part part)
{
    if (batch->code == 0) {
        batch->code = buf_append(&batch->parts, &part, sizeof part);
    }
    if (batch->code == 0) {
        commands_of(batch)[batch_count(batch) - 1].count++;
    }
}

void batch_command(struct batch *batch, const char *name)
{
    const struct batch_command command = {.first = batch->parts.len / sizeof(struct batch_part)};
    if (batch->code == 0) {
        batch->code = buf_append(&batch->commands, &command, sizeof command);
    }
    batch_text(batch, name);
}

void batch_slice(struct batch *batch, struct slice slice)
{
    add_part(batch, (struct batch_part){.slice = slice});
}

void batch_text(struct batch *batch, const char *text)
{
    batch_slice(batch, slice_text(text));
}

void batch_made(struct batch *batch, struct slice text)
{
    struct batch_part part = {.slice = text, .offset = batch->texts.len, .made = true};
    if (batch->code == 0) {
        batch->code = buf_append_slice(&batch->texts, text);
    }
    add_part(batch, part);
}

void batch_int(struct batch *batch, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    batch_made(batch, slice_text(text));
}

void batch_key(struct batch *batch, enum key_kind kind, const char *suffix)
{
    char text[KEY_MAX];
    batch_made(batch, key_format(batch->queue, kind, suffix, text));
}

size_t batch_count(const struct batch *batch)
{
    return batch->commands.len / sizeof(struct batch_command);
}

const struct reply *batch_reply(const struct batch *batch, size_t index)
{
    CHECK(index < batch->replies.len / sizeof(struct reply *));
    return ((struct reply *const *)(const void *)batch->replies.ptr)[index];
}

size_t batch_part_count(const struct batch *batch, size_t index)
{
    CHECK(index < batch_count(batch));
    return commands_of(batch)[index].count;
}

void batch_parts(const struct batch *batch, size_t index, struct slice *ret_slices)
{
    const struct batch_command *command = &commands_of(batch)[index];
    const struct batch_part *parts = (const void *)batch->parts.ptr;
    for (size_t i = 0; i < command->count; i++) {
        ret_slices[i] = parts[command->first + i].slice;
        if (parts[command->first + i].made) {
            ret_slices[i].ptr = batch->texts.ptr + parts[command->first + i].offset;
        }
    }
}

int batch_add_reply(struct batch *batch, struct reply *reply)
{
    int code = buf_append(&batch->replies, &reply, sizeof reply);
    if (code != 0) {
        freeReplyObject(reply);
    }
    return code;
}

void batch_drop_replies(struct batch *batch)
{
    struct reply **replies = (void *)batch->replies.ptr;
    for (size_t i = 0; i < batch->replies.len / sizeof(struct reply *); i++) {
        freeReplyObject(replies[i]);
    }
    buf_clear(&batch->replies);
}
