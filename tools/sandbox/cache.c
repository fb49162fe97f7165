/* Results by what they were made of.
 *
 * A table of chains over the key and a list in order of last use. An entry that is being made is in
 * the table already, so that a second caller waits for it instead of making it again. What exceeds
 * the limit leaves from the old end, unless somebody holds it. */
#include "cache.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "mem.h"

enum {
    CHAINS = 4096
};

enum entry_state {
    ENTRY_MAKING,
    ENTRY_READY,
    ENTRY_FAILED
};

struct entry {
    struct result result; /* first: cache_put gets back from it to the entry */
    uint8_t key[DIGEST_BYTES];
    enum entry_state state;
    unsigned holders;
    struct entry *chain; /* next of the same chain */
    struct entry *newer; /* towards the last used */
    struct entry *older;
};

struct cache {
    pthread_mutex_t lock;
    pthread_cond_t made;
    struct entry *chains[CHAINS];
    struct entry *newest;
    struct entry *oldest;
    size_t bytes;
    size_t bytes_max;
};

struct cache *cache_new(size_t bytes_max)
{
    struct cache *cache = mem_zalloc(1, sizeof *cache);
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->made, NULL);
    cache->bytes_max = bytes_max;
    return cache;
}

static struct entry **chain_of(struct cache *cache, const uint8_t *key)
{
    return &cache->chains[(size_t)(key[0] | key[1] << 8) % CHAINS];
}

static size_t entry_bytes(const struct entry *entry)
{
    return sizeof *entry + entry->result.image.cap + entry->result.base64.cap +
           entry->result.matte.cap;
}

static void use_unlink(struct cache *cache, struct entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void use_link(struct cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void entry_drop(struct cache *cache, struct entry *entry)
{
    struct entry **at = chain_of(cache, entry->key);
    while (*at != entry) {
        at = &(*at)->chain;
    }
    *at = entry->chain;
    use_unlink(cache, entry);
    if (entry->state == ENTRY_READY) {
        cache->bytes -= entry_bytes(entry);
    }
    bytes_done(&entry->result.image);
    bytes_done(&entry->result.base64);
    bytes_done(&entry->result.matte);
    mem_free(entry);
}

static void shrink(struct cache *cache)
{
    struct entry *entry = cache->oldest;
    while (entry != NULL && cache->bytes > cache->bytes_max) {
        struct entry *newer = entry->newer;
        if (entry->holders == 0) {
            entry_drop(cache, entry);
        }
        entry = newer;
    }
}

static struct entry *entry_find(struct cache *cache, const uint8_t *key)
{
    struct entry *entry = *chain_of(cache, key);
    while (entry != NULL && memcmp(entry->key, key, DIGEST_BYTES) != 0) {
        entry = entry->chain;
    }
    return entry;
}

static struct entry *entry_add(struct cache *cache, const uint8_t *key)
{
    struct entry *entry = mem_zalloc(1, sizeof *entry);
    memcpy(entry->key, key, DIGEST_BYTES);
    entry->chain = *chain_of(cache, key);
    *chain_of(cache, key) = entry;
    use_link(cache, entry);
    return entry;
}

/* Holding the lock: makes the entry's result without it. */
static void entry_make(struct cache *cache, struct entry *entry, cache_make_fn *make, void *data)
{
    pthread_mutex_unlock(&cache->lock);
    bool ok = make(data, &entry->result);
    pthread_mutex_lock(&cache->lock);
    entry->state = ok ? ENTRY_READY : ENTRY_FAILED;
    if (ok) {
        cache->bytes += entry_bytes(entry);
    }
    pthread_cond_broadcast(&cache->made);
}

/* Holding the lock: one holder less. */
static void entry_release(struct cache *cache, struct entry *entry)
{
    entry->holders--;
    if (entry->state == ENTRY_FAILED && entry->holders == 0) {
        entry_drop(cache, entry);
    }
    shrink(cache);
}

const struct result *
cache_get(struct cache *cache, const uint8_t key[DIGEST_BYTES], cache_make_fn *make, void *data)
{
    pthread_mutex_lock(&cache->lock);
    struct entry *entry = entry_find(cache, key);
    if (entry == NULL) {
        entry = entry_add(cache, key);
        entry->holders++;
        entry_make(cache, entry, make, data);
    } else {
        entry->holders++;
        while (entry->state == ENTRY_MAKING) {
            pthread_cond_wait(&cache->made, &cache->lock);
        }
        use_unlink(cache, entry);
        use_link(cache, entry);
    }
    bool ready = entry->state == ENTRY_READY;
    if (!ready) {
        entry_release(cache, entry);
    }
    pthread_mutex_unlock(&cache->lock);
    return ready ? &entry->result : NULL;
}

const struct result *cache_find(struct cache *cache, const uint8_t key[DIGEST_BYTES])
{
    pthread_mutex_lock(&cache->lock);
    struct entry *entry = entry_find(cache, key);
    bool ready = entry != NULL && entry->state == ENTRY_READY;
    if (ready) {
        entry->holders++;
        use_unlink(cache, entry);
        use_link(cache, entry);
    }
    pthread_mutex_unlock(&cache->lock);
    return ready ? &entry->result : NULL;
}

void cache_put(struct cache *cache, const struct result *result)
{
    /* A result lives as the first member of its entry, which is the cache's own to change. */
    uintptr_t address = (uintptr_t)result;
    struct entry *entry = (struct entry *)address;
    pthread_mutex_lock(&cache->lock);
    entry_release(cache, entry);
    pthread_mutex_unlock(&cache->lock);
}

void cache_free(struct cache *cache)
{
    while (cache->oldest != NULL) {
        entry_drop(cache, cache->oldest);
    }
    pthread_cond_destroy(&cache->made);
    pthread_mutex_destroy(&cache->lock);
    mem_free(cache);
}
