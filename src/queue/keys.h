/* The names of a queue's Redis keys. */
#ifndef RETOUCH_QUEUE_KEYS_H
#define RETOUCH_QUEUE_KEYS_H

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    QUEUE_NAME_MAX = 32,
    KEY_PREFIX_MAX = 32,
    KEY_BASE_MAX = KEY_PREFIX_MAX + QUEUE_NAME_MAX + 4, /* PREFIX:{NAME} and a NUL */
    KEY_MAX = 256 /* the base, the longest row of keys.def, an id or worker of 128, a NUL */
};

enum key_kind {
#define X(name, text) KEY_##name,
#include "queue/keys.def"
#undef X
    KEY_COUNT
};

/* The three inboxes of a queue, in the order in which they are served. */
enum priority {
    PRIORITY_HIGH,
    PRIORITY_NORMAL,
    PRIORITY_LOW,
    PRIORITY_COUNT
};

struct queue_name {
    char name[QUEUE_NAME_MAX + 1];
    char base[KEY_BASE_MAX]; /* "rt:{default}" */
};

/* ERR_INVALID for a name or prefix that is not allowed. */
int queue_name_init(struct queue_name *queue, const char *prefix, const char *name, struct err *err)
    MUST_CHECK;
/* suffix: the id, name or worker of keys whose row ends with a colon; else NULL. */
struct slice key_format(const struct queue_name *queue,
                        enum key_kind kind,
                        const char *suffix,
                        char dest[KEY_MAX]);

/* "high", "normal", "low" */
const char *priority_name(enum priority priority);
/* ERR_INVALID for another name. */
int priority_parse(const char *name, enum priority *ret_priority, struct err *err) MUST_CHECK;
enum key_kind priority_inbox(enum priority priority);
/* The claim list of a worker for one inbox: "W", "W:high" or "W:low" as the suffix of KEY_CLAIM. */
char *priority_claim_suffix(enum priority priority, const char *worker, char dest[KEY_MAX]);

#endif
