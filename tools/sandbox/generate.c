/* Generate ids and check ids: a ring of the newest, and a cache for their pictures.
 *
 * An id says where in the ring it is: g-N-RANDOM. The random part is drawn anew by every sandbox,
 * so that an id of an earlier run is never taken for one of this. */
#include "generate.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "mem.h"
#include "timers.h"

#define PICTURES_MAX_BYTES ((size_t)256 * 1024 * 1024)

struct generates {
    pthread_mutex_t lock;
    struct generate *ring[GENERATE_KEPT]; /* owned; NULL where there is none */
    uint64_t count;
    int64_t ttl_ms;
    struct cache *pictures; /* owned; locks for itself */
};

/* A picture and its mask on their way into the cache. */
struct cargo {
    struct bytes *picture;
    struct bytes *matte;
};

struct generates *generates_new(int64_t ttl_ms)
{
    struct generates *generates = mem_zalloc(1, sizeof *generates);
    pthread_mutex_init(&generates->lock, NULL);
    generates->ttl_ms = ttl_ms;
    generates->pictures = cache_new(PICTURES_MAX_BYTES);
    return generates;
}

void generates_forget(struct generates *generates)
{
    pthread_mutex_lock(&generates->lock);
    for (size_t i = 0; i < GENERATE_KEPT; i++) {
        struct generate **slot = &generates->ring[i];
        if (*slot != NULL && !(*slot)->is_check) {
            mem_free(*slot);
            *slot = NULL;
        }
    }
    pthread_mutex_unlock(&generates->lock);
}

void generates_free(struct generates *generates)
{
    for (size_t i = 0; i < GENERATE_KEPT; i++) {
        mem_free(generates->ring[i]);
    }
    cache_free(generates->pictures);
    pthread_mutex_destroy(&generates->lock);
    mem_free(generates);
}

static bool load(void *data, struct result *result)
{
    struct cargo *cargo = data;
    result->image = *cargo->picture;
    result->matte = *cargo->matte;
    result->format = PICTURE_JPEG;
    *cargo->picture = (struct bytes){0};
    *cargo->matte = (struct bytes){0};
    return true;
}

static void picture_store(struct generates *generates, const char *id, struct cargo *cargo)
{
    uint8_t key[DIGEST_BYTES];
    digest_of(id, strlen(id), key);
    const struct result *stored = cache_get(generates->pictures, key, load, cargo);
    if (stored != NULL) {
        cache_put(generates->pictures, stored);
    }
}

void generates_add(struct generates *generates,
                   struct generate *generate,
                   struct bytes *picture,
                   struct bytes *matte)
{
    struct cargo cargo = {.picture = picture, .matte = matte};
    uint32_t chance = 0;
    (void)!getrandom(&chance, sizeof chance, 0);
    pthread_mutex_lock(&generates->lock);
    uint64_t number = ++generates->count;
    pthread_mutex_unlock(&generates->lock);
    generate->expires_at_ms = clock_at_ms() + generates->ttl_ms;
    snprintf(generate->id, sizeof generate->id, "%c-%" PRIu64 "-%08" PRIx32,
             generate->is_check ? 'k' : 'g', number, chance);
    if (!generate->is_check) {
        picture_store(generates, generate->id, &cargo);
    }
    struct generate *kept = mem_alloc(sizeof *kept);
    *kept = *generate;
    pthread_mutex_lock(&generates->lock);
    struct generate **slot = &generates->ring[number % GENERATE_KEPT];
    mem_free(*slot);
    *slot = kept;
    pthread_mutex_unlock(&generates->lock);
}

bool generates_find(struct generates *generates, const char *id, struct generate *ret_generate)
{
    const char *digits = id[0] != '\0' && id[1] == '-' ? id + 2 : "";
    uint64_t number = strtoull(digits, NULL, 10);
    pthread_mutex_lock(&generates->lock);
    const struct generate *found = generates->ring[number % GENERATE_KEPT];
    bool known =
        found != NULL && strcmp(found->id, id) == 0 && clock_at_ms() < found->expires_at_ms;
    if (known) {
        *ret_generate = *found;
    }
    pthread_mutex_unlock(&generates->lock);
    return known;
}

const struct result *generates_picture(struct generates *generates, const struct generate *generate)
{
    uint8_t key[DIGEST_BYTES];
    digest_of(generate->id, strlen(generate->id), key);
    return cache_find(generates->pictures, key);
}

void generates_put(struct generates *generates, const struct result *picture)
{
    cache_put(generates->pictures, picture);
}
