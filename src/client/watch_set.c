#include "client/watch_set.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    WATCH_BUCKETS_FIRST = 64
};

void watch_set_init(struct watch_set *set)
{
    *set = (struct watch_set){.buckets = NULL};
    list_init(&set->unchecked);
    list_init(&set->waiting);
    list_init(&set->ended);
}

static struct watched *watched_of(struct list_node *node)
{
    return CONTAINER_OF(node, struct watched, node);
}

static void free_list(struct list *list)
{
    for (struct list_node *node; (node = list_pop_front(list)) != NULL;) {
        retouch_status_free(watched_of(node)->status);
        mem_free(watched_of(node));
    }
}

void watch_set_done(struct watch_set *set)
{
    free_list(&set->unchecked);
    free_list(&set->waiting);
    free_list(&set->ended);
    mem_free(set->buckets);
    set->buckets = NULL;
    set->bucket_count = set->count = 0;
}

/* FNV-1a: ids are the caller's own, no hostile choice to withstand. */
static uint64_t hash_of(struct slice id)
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < id.len; i++) {
        hash = (hash ^ id.ptr[i]) * 1099511628211U;
    }
    return hash;
}

static struct watched **bucket_of(const struct watch_set *set, struct slice id)
{
    return &set->buckets[hash_of(id) & (set->bucket_count - 1)];
}

struct watched *watch_set_find(const struct watch_set *set, struct slice id)
{
    struct watched *watched = set->bucket_count > 0 ? *bucket_of(set, id) : NULL;
    while (watched != NULL && !slice_is(id, watched->id)) {
        watched = watched->next;
    }
    return watched;
}

static void rehash(struct watch_set *set, struct list *list)
{
    list_foreach_safe(list, node) {
        struct watched *watched = watched_of(node);
        struct watched **bucket = bucket_of(set, slice_text(watched->id));
        watched->next = *bucket;
        *bucket = watched;
    }
}

static int grow(struct watch_set *set)
{
    size_t count = set->bucket_count > 0 ? set->bucket_count * 2 : WATCH_BUCKETS_FIRST;
    struct watched **buckets = mem_zalloc(count, sizeof(struct watched *));
    if (buckets == NULL) {
        return ERR_NO_MEMORY;
    }
    mem_free(set->buckets);
    set->buckets = buckets;
    set->bucket_count = count;
    rehash(set, &set->unchecked);
    rehash(set, &set->waiting);
    rehash(set, &set->ended);
    return 0;
}

int watch_set_add(struct watch_set *set, const char *id)
{
    struct slice text = slice_text(id);
    CHECK(text.len <= RETOUCH_ID_MAX);
    if (watch_set_find(set, text) != NULL) {
        return 0;
    }
    if (set->count == set->bucket_count && grow(set) != 0) {
        return ERR_NO_MEMORY;
    }
    struct watched *watched = mem_zalloc(1, sizeof *watched);
    if (watched == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(watched->id, id, text.len + 1);
    struct watched **bucket = bucket_of(set, text);
    watched->next = *bucket;
    *bucket = watched;
    set->count++;
    watched->list = &set->unchecked;
    list_push_back(watched->list, &watched->node);
    return 0;
}

void watch_set_move(struct watched *watched, struct list *to)
{
    list_remove(watched->list, &watched->node);
    list_push_back(to, &watched->node);
    watched->list = to;
}

void watch_set_move_all(struct list *from, struct list *to)
{
    for (struct list_node *node; (node = list_first(from)) != NULL;) {
        watch_set_move(watched_of(node), to);
    }
}

struct retouch_status *watch_set_take(struct watch_set *set)
{
    struct list_node *node = list_pop_front(&set->ended);
    if (node == NULL) {
        return NULL;
    }
    struct watched *watched = watched_of(node);
    struct watched **link = bucket_of(set, slice_text(watched->id));
    while (*link != watched) {
        link = &(*link)->next;
    }
    *link = watched->next;
    struct retouch_status *status = watched->status;
    mem_free(watched);
    set->count--;
    return status;
}
