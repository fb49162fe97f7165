/* The Lua scripts: every change of a queue's state is one of these, atomic in Redis. Each script's
 * file states its keys, arguments and answers. */
#ifndef RETOUCH_QUEUE_SCRIPTS_H
#define RETOUCH_QUEUE_SCRIPTS_H

#include <stddef.h>

#include "base/err.h"
#include "io/redis.h"

enum script_kind {
#define X(name) SCRIPT_##name,
#include "queue/scripts.def"
#undef X
    SCRIPT_COUNT
};

struct scripts {
    struct redis_script script[SCRIPT_COUNT];
    struct redis_script *all[SCRIPT_COUNT]; /* the same, as redis_options wants them */
    char *sources[SCRIPT_COUNT];            /* owned: prelude and script */
};

int scripts_init(struct scripts *scripts, struct err *err) MUST_CHECK;
void scripts_done(struct scripts *scripts);

#endif
