/* The jobs of a watch: found by id, each in one of three lists. */
#ifndef RETOUCH_CLIENT_WATCH_SET_H
#define RETOUCH_CLIENT_WATCH_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/slice.h"
#include "retouch/retouch.h"

struct watched {
    char id[RETOUCH_ID_MAX + 1];
    struct retouch_status *status; /* owned; in `ended` alone */
    struct watched *next;          /* in its bucket */
    struct list *list;             /* borrowed: the one it is in */
    struct list_node node;
};

struct watch_set {
    struct watched **buckets; /* owned; a power of two */
    size_t bucket_count;
    size_t count;          /* owned objects */
    struct list unchecked; /* the status is to be read */
    struct list waiting;   /* not ended when last read: an event will tell */
    struct list ended;     /* to be given out, in order */
};

void watch_set_init(struct watch_set *set);
void watch_set_done(struct watch_set *set);
/* NULL when it is not there. */
struct watched *watch_set_find(const struct watch_set *set, struct slice id);
/* Into `unchecked`; 0 also where it is there already. ERR_NO_MEMORY. */
int watch_set_add(struct watch_set *set, const char *id) MUST_CHECK;
/* To the end of another list; all of one list likewise. */
void watch_set_move(struct watched *watched, struct list *to);
void watch_set_move_all(struct list *from, struct list *to);
/* The first of `ended`: its status is the caller's, NULL where there is none. */
struct retouch_status *watch_set_take(struct watch_set *set);

#endif
