/* Walking by cursor: a page is copied out of the reply, then each name is visited. */
#include <string.h>

#include "base/text.h"
#include "client/handle.h"
#include "main/fsck.h"

enum {
    NAMES_MAX = 64 << 20, /* bytes of one page: Redis may return a small key whole */
    CURSOR_MAX = 24
};

int fsck_exchange(struct fsck *fsck, bool errors_too)
{
    struct retouch *retouch = fsck->line->retouch;
    int code = handle_exchange(retouch, 0);
    for (size_t i = 0; i < batch_count(&retouch->batch) && code == 0 && !errors_too; i++) {
        code = handle_check(retouch, batch_reply(&retouch->batch, i));
    }
    return code;
}

static void
batch_scan(struct retouch *retouch, const char *command, enum key_kind key, char *cursor)
{
    struct batch *batch = handle_batch(retouch);
    char pattern[KEY_BASE_MAX + 8];
    batch_command(batch, command);
    if (key != KEY_COUNT) {
        batch_key(batch, key, NULL);
    }
    batch_made(batch, slice_text(cursor));
    if (key == KEY_COUNT) { /* neither prefix nor queue can hold a letter of a pattern */
        (void)snprintf(pattern, sizeof pattern, "%s:*", retouch->queue.base);
        batch_text(batch, "MATCH");
        batch_made(batch, slice_text(pattern));
    }
    batch_text(batch, "COUNT");
    batch_int(batch, FSCK_STEP);
}

/* Names, each ended by a NUL, into `names`; the next cursor. */
static int copy_page(struct fsck *fsck, enum key_kind key, struct buf *names, char *cursor)
{
    const struct retouch *retouch = fsck->line->retouch;
    const struct reply *reply = batch_reply(&retouch->batch, 0);
    const struct reply *page = reply_at(reply, 1);
    size_t skip = key == KEY_COUNT ? strlen(retouch->queue.base) : 0;
    size_t stride = key == KEY_COUNT ? 1 : 2; /* a member with its score, a field with its value */
    int code = 0;
    buf_clear(names);
    (void)text_copy(cursor, CURSOR_MAX, reply_text(reply_at(reply, 0)));
    for (size_t i = 0; i < reply_count(page) && code == 0; i += stride) {
        struct slice name = reply_text(reply_at(page, i));
        if (name.len < skip || memchr(name.ptr, '\0', name.len) != NULL) {
            continue; /* no name of ours */
        }
        code = buf_append(names, name.ptr + skip, name.len - skip);
        code = code == 0 ? buf_append(names, "", 1) : code;
    }
    return code == 0 ? 0 : handle_fail(fsck->line->retouch, code, "no memory for a page of names");
}

static int visit_page(struct fsck *fsck,
                      const struct buf *names,
                      int (*visit)(struct fsck *fsck, struct slice name))
{
    int code = 0;
    for (size_t at = 0; at < names->len && code == 0;) {
        struct slice name = slice_text((const char *)names->ptr + at);
        at += name.len + 1;
        code = visit(fsck, name);
    }
    return code;
}

int fsck_scan(struct fsck *fsck,
              const char *command,
              enum key_kind key,
              int (*visit)(struct fsck *fsck, struct slice name))
{
    char cursor[CURSOR_MAX] = "0";
    struct buf names;
    int code = 0;
    buf_init(&names, NAMES_MAX);
    do {
        batch_scan(fsck->line->retouch, command, key, cursor);
        code = fsck_exchange(fsck, false);
        code = code == 0 ? copy_page(fsck, key, &names, cursor) : code;
        code = code == 0 ? visit_page(fsck, &names, visit) : code;
    } while (code == 0 && strcmp(cursor, "0") != 0);
    buf_done(&names);
    return code;
}
