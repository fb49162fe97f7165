#include "main/ended_walk.h"

#include "base/text.h"
#include "client/handle.h"

int ended_walk_init(struct ended_walk *walk,
                    struct command_line *line,
                    enum key_kind index,
                    int64_t younger_ms)
{
    struct batch *batch = handle_batch(line->retouch);
    *walk = (struct ended_walk){.line = line, .index = index};
    batch_command(batch, "TIME");
    int code = handle_exchange(line->retouch, 0);
    const struct reply *time = code == 0 ? batch_reply(batch, 0) : NULL;
    code = code == 0 ? handle_check(line->retouch, time) : code;
    walk->until_ms = reply_int(reply_at(time, 0)) * 1000 + reply_int(reply_at(time, 1)) / 1000;
    walk->until_ms -= younger_ms;
    return code;
}

static void read_page(struct ended_walk *walk, const struct reply *page)
{
    for (size_t i = 0; i + 1 < reply_count(page) && walk->count < ENDED_PAGE; i += 2) {
        (void)text_copy(walk->ids[walk->count], sizeof walk->ids[0], reply_text(reply_at(page, i)));
        walk->ended_ms[walk->count] = reply_int(reply_at(page, i + 1));
        walk->count++;
    }
}

int ended_walk_next(struct ended_walk *walk)
{
    struct retouch *retouch = walk->line->retouch;
    struct batch *batch = handle_batch(retouch);
    batch_command(batch, "ZRANGEBYSCORE");
    batch_key(batch, walk->index, NULL);
    batch_int(batch, walk->score_ms);
    batch_int(batch, walk->until_ms);
    batch_text(batch, "WITHSCORES");
    batch_text(batch, "LIMIT");
    batch_int(batch, walk->seen);
    batch_int(batch, ENDED_PAGE);
    walk->count = 0;
    int code = handle_exchange(retouch, 0);
    code = code == 0 ? handle_check(retouch, batch_reply(batch, 0)) : code;
    if (code == 0) {
        read_page(walk, batch_reply(batch, 0));
    }
    return code;
}

void ended_walk_keep(struct ended_walk *walk, size_t index)
{
    if (walk->ended_ms[index] != walk->score_ms) {
        walk->score_ms = walk->ended_ms[index];
        walk->seen = 0;
    }
    walk->seen++;
}
