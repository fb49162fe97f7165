/* Intrusive doubly linked list with a length. A node is in one list at most. */
#ifndef RETOUCH_BASE_LIST_H
#define RETOUCH_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

struct list_node {
    struct list_node *prev; /* borrowed; NULL when in no list */
    struct list_node *next; /* borrowed */
};

struct list {
    struct list_node head; /* sentinel */
    uint32_t len;
};

static inline void list_init(struct list *list)
{
    list->head.prev = list->head.next = &list->head;
    list->len = 0;
}

static inline bool list_linked(const struct list_node *node)
{
    return node->next != NULL;
}

static inline void
list_insert_before(struct list *list, struct list_node *at, struct list_node *node)
{
    CHECK(!list_linked(node));
    CHECK(at->prev != NULL);
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
    list->len++;
}

static inline void list_push_back(struct list *list, struct list_node *node)
{
    list_insert_before(list, &list->head, node);
}

static inline void list_push_front(struct list *list, struct list_node *node)
{
    list_insert_before(list, list->head.next, node);
}

static inline void list_remove(struct list *list, struct list_node *node)
{
    CHECK(list_linked(node));
    CHECK(list->len > 0);
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = NULL;
    list->len--;
}

static inline struct list_node *list_first(const struct list *list)
{
    return list->len > 0 ? list->head.next : NULL;
}

static inline struct list_node *list_last(const struct list *list)
{
    return list->len > 0 ? list->head.prev : NULL;
}

static inline struct list_node *list_pop_front(struct list *list)
{
    struct list_node *node = list_first(list);
    if (node != NULL) {
        list_remove(list, node);
    }
    return node;
}

/* The body may remove `node`, and nothing else. */
#define list_foreach_safe(list, node)                                           \
    for (struct list_node *node = (list)->head.next, *node##_next = node->next; \
         node != &(list)->head; node = node##_next, node##_next = node->next)

#endif
