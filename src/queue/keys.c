#include "queue/keys.h"

#include <stdio.h>

#include "base/check.h"
#include "base/text.h"

static const char *const key_texts[KEY_COUNT] = {
#define X(name, text) text,
#include "queue/keys.def"
#undef X
};

static const struct priority_row {
    const char *name;
    enum key_kind inbox;
    const char *claim_suffix;
} priorities[PRIORITY_COUNT] = {
    [PRIORITY_HIGH] = {"high",   KEY_JOBS_HIGH, ":high"},
    [PRIORITY_NORMAL] = {"normal", KEY_JOBS,      ""     },
    [PRIORITY_LOW] = {"low",    KEY_JOBS_LOW,  ":low" },
};

int queue_name_init(struct queue_name *queue, const char *prefix, const char *name, struct err *err)
{
    if (!text_is_queue_name(slice_text(name))) {
        return err_set(
            err, ERR_INVALID,
            "queue name \"%.64s\" is not allowed: 1 to 32 of a-z 0-9 _ -, a letter or digit first",
            name);
    }
    if (!text_is_reply_name(slice_text(prefix)) || strlen(prefix) > KEY_PREFIX_MAX) {
        return err_set(err, ERR_INVALID,
                       "key prefix \"%.64s\" is not allowed: 1 to %d of A-Z a-z 0-9 . _ -", prefix,
                       KEY_PREFIX_MAX);
    }
    (void)snprintf(queue->name, sizeof queue->name, "%s", name);
    (void)snprintf(queue->base, sizeof queue->base, "%s:{%s}", prefix, name);
    return 0;
}

struct slice key_format(const struct queue_name *queue,
                        enum key_kind kind,
                        const char *suffix,
                        char dest[KEY_MAX])
{
    CHECK(kind < KEY_COUNT);
    int len = snprintf(dest, KEY_MAX, "%s%s%s", queue->base, key_texts[kind],
                       suffix != NULL ? suffix : "");
    CHECK(len > 0 && len < KEY_MAX);
    return slice_of(dest, (size_t)len);
}

const char *priority_name(enum priority priority)
{
    CHECK(priority < PRIORITY_COUNT);
    return priorities[priority].name;
}

int priority_parse(const char *name, enum priority *ret_priority, struct err *err)
{
    for (int i = 0; i < PRIORITY_COUNT; i++) {
        if (slice_is(slice_text(name), priorities[i].name)) {
            *ret_priority = (enum priority)i;
            return 0;
        }
    }
    return err_set(err, ERR_INVALID, "priority \"%.32s\" is not known: high, normal or low", name);
}

enum key_kind priority_inbox(enum priority priority)
{
    CHECK(priority < PRIORITY_COUNT);
    return priorities[priority].inbox;
}

char *priority_claim_suffix(enum priority priority, const char *worker, char dest[KEY_MAX])
{
    CHECK(priority < PRIORITY_COUNT);
    (void)snprintf(dest, KEY_MAX, "%s%s", worker, priorities[priority].claim_suffix);
    return dest;
}
