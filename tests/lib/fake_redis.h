/* What the connections (fake_redis.c) and the answers (fake_queue.c) of the fake Redis share. */
#ifndef RETOUCH_LIB_FAKE_REDIS_H
#define RETOUCH_LIB_FAKE_REDIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "io/redis.h"

enum {
    QUESTION_ARGS_MAX = 256,
    REPLY_ITEMS_MAX = 16
};

struct question {
    struct redis *redis;
    struct redis_request *request;
    const char *name; /* the script's or the command's */
    struct slice args[QUESTION_ARGS_MAX];
    size_t count;
    size_t key_count;
    uint8_t *bytes;        /* owned: behind args */
    int64_t asked_at_ms;   /* virtual */
    uint64_t number;       /* order of all questions */
    struct list_node node; /* in redis->questions */
};

struct redis_reply {
    enum redis_kind kind;
    int64_t integer;
    struct buf text;
    struct redis_reply *items; /* owned; REPLY_ITEMS_MAX */
    size_t count;
};

/* What became of a question. */
enum fake_answer {
    FAKE_WAITS, /* a blocking read without an element */
    FAKE_ANSWERED,
    FAKE_REFUSED, /* the reply's text is an error */
    FAKE_LOST     /* carried out; the answer does not arrive */
};

enum fake_answer fake_queue_answer(const struct question *question, struct redis_reply *reply);
/* When a blocking read comes back empty. */
int64_t fake_queue_wait_until_ms(const struct question *question);
void fake_queue_reset(void);
/* A blocking read of that connection comes back empty. */
void fake_redis_unblock(int64_t client_id);
/* To all subscribers of that channel. */
void fake_redis_publish(struct slice message);

void fake_reply_text(struct redis_reply *reply, struct slice text);
void fake_reply_int(struct redis_reply *reply, int64_t integer);
struct redis_reply *fake_reply_add(struct redis_reply *reply); /* makes it an array */

#endif
