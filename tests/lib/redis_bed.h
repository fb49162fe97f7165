/* A loop with one connection on it that records what it is told, and asks questions in order. */
#ifndef RETOUCH_LIB_REDIS_BED_H
#define RETOUCH_LIB_REDIS_BED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "io/redis.h"

enum {
    BED_ARGS_MAX = 16
};

struct redis_bed {
    struct loop *loop;
    struct redis *redis;
    struct redis_url url;
    struct redis_options options; /* may be changed before redis_bed_open */
    unsigned readies;             /* times on_state said so */
    unsigned downs;
    char reason[ERR_MSG_MAX]; /* of the last down */
    unsigned messages;        /* of a subscriber */
    char message[64];         /* the last one */
    bool closed;
};

/* A question and what came of it. */
struct asked {
    struct redis_request request;
    unsigned answers; /* must end as 1 */
    struct err err;
    enum redis_kind kind;
    int64_t number;
    struct buf text; /* taken from the reply */
};

void redis_bed_init(struct redis_bed *bed, const char *url);
void redis_bed_open(struct redis_bed *bed);
void redis_bed_wait_ready(struct redis_bed *bed); /* for one more time than now */
void redis_bed_wait_down(struct redis_bed *bed);
/* Turns the loop until *flag is at least `least`. */
void redis_bed_wait(struct redis_bed *bed, const unsigned *flag, unsigned least);
/* Sends the words of a command; does not wait. */
void redis_bed_send(struct redis_bed *bed, struct asked *asked, const char *const *words);
/* Sends, waits, and gives the code of the outcome. */
int redis_bed_ask(struct redis_bed *bed, struct asked *asked, const char *const *words);
void asked_init(struct asked *asked);
void asked_done(struct asked *asked);
/* Closes the connection and the loop. */
void redis_bed_done(struct redis_bed *bed);

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
