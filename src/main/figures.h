/* What a queue's keys say in numbers: depths and counters, one round trip for `stats` and `top`. */
#ifndef RETOUCH_MAIN_FIGURES_H
#define RETOUCH_MAIN_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#include "client/handle.h"

struct figure_row {
    const char *name;
    const char *command; /* whose answer is the figure */
    enum key_kind key;
};

/* A counter of P:stats that is shown whether it was ever counted or not. */
struct counter_row {
    const char *name;
    const char *text; /* for people */
};

enum {
    FIGURE_COUNT = 9,
    COUNTER_COUNT = 13
};

extern const struct figure_row figure_rows[FIGURE_COUNT];
extern const struct counter_row counter_rows[COUNTER_COUNT];

/* Adds FIGURE_COUNT commands, then HGETALL of P:stats. */
void figures_ask(struct batch *batch);
/* The answer to figures_ask whose first command was the batch's first. */
const struct reply *figures_counters(const struct batch *batch);
/* A field of such a hash; 0 where it is not there. */
int64_t counter_of(const struct reply *hash, const char *name);
/* Whether counter_rows has it. */
bool counter_is_known(struct slice name);

#endif
