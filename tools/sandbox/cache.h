/* Results by what they were made of, so that the same photo is worked on once. Bounded,
 * thread-safe.
 */
#ifndef SANDBOX_CACHE_H
#define SANDBOX_CACHE_H

#include "bytes.h"
#include "digest.h"
#include "picture.h"

/* A finished picture; stays until its last holder has put it back. */
struct result {
    struct bytes image;  /* the file */
    struct bytes base64; /* the same, encoded; may be empty */
    struct bytes matte;  /* the mask that belongs to it; mostly empty */
    enum picture_format format;
    uint8_t digest[DIGEST_BYTES]; /* of the file */
};

struct cache;

struct cache *cache_new(size_t bytes_max);
void cache_free(struct cache *cache);

/* Fills an empty result, or returns false. Runs without the lock. */
typedef bool cache_make_fn(void *data, struct result *result);

/* The result of this key, made now if need be; others who want the same key wait meanwhile. NULL
 * when it could not be made. Hand it back by cache_put. */
const struct result *
cache_get(struct cache *cache, const uint8_t key[DIGEST_BYTES], cache_make_fn *make, void *data);
/* NULL when it is not (or no longer) there. Hand it back by cache_put. */
const struct result *cache_find(struct cache *cache, const uint8_t key[DIGEST_BYTES]);
void cache_put(struct cache *cache, const struct result *result);

#endif
