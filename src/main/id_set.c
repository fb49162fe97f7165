#include "main/id_set.h"

#include "base/mem.h"

enum {
    SIZE_FIRST = 1024
};

void id_set_init(struct id_set *set)
{
    *set = (struct id_set){.slots = NULL};
}

void id_set_done(struct id_set *set)
{
    mem_free(set->slots);
    id_set_init(set);
}

/* FNV-1a, its bits mixed once more (as splitmix64 does), never 0. */
static uint64_t hash_of(struct slice text)
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ text.ptr[i]) * 1099511628211U;
    }
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
    hash ^= hash >> 31;
    return hash != 0 ? hash : 1;
}

/* Where the hash is, or the free slot where it belongs; at most half of the slots are taken. */
static size_t slot_of(const uint64_t *slots, size_t size, uint64_t hash)
{
    size_t at = hash & (size - 1);
    while (slots[at] != 0 && slots[at] != hash) {
        at = (at + 1) & (size - 1);
    }
    return at;
}

static int grow(struct id_set *set)
{
    size_t size = set->size > 0 ? set->size * 2 : SIZE_FIRST;
    uint64_t *slots = mem_zalloc(size, sizeof *slots);
    if (slots == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < set->size; i++) {
        if (set->slots[i] != 0) {
            slots[slot_of(slots, size, set->slots[i])] = set->slots[i];
        }
    }
    mem_free(set->slots);
    set->slots = slots;
    set->size = size;
    return 0;
}

int id_set_add(struct id_set *set, struct slice text)
{
    uint64_t hash = hash_of(text);
    if (set->count * 2 >= set->size) {
        int code = grow(set);
        if (code != 0) {
            return code;
        }
    }
    size_t at = slot_of(set->slots, set->size, hash);
    set->count += set->slots[at] == 0;
    set->slots[at] = hash;
    return 0;
}

bool id_set_has(const struct id_set *set, struct slice text)
{
    uint64_t hash = hash_of(text);
    return set->size > 0 && set->slots[slot_of(set->slots, set->size, hash)] == hash;
}
