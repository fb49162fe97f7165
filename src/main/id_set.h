/* A set of texts known by their 64-bit hashes: 16 bytes each at most, for millions of ids. Two
 * texts of one hash are taken for one: with a million of them the chance is one in 36 million. */
#ifndef RETOUCH_MAIN_ID_SET_H
#define RETOUCH_MAIN_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct id_set {
    uint64_t *slots; /* owned; 0: free */
    size_t size;     /* a power of two, or 0 */
    size_t count;
};

void id_set_init(struct id_set *set);
void id_set_done(struct id_set *set);
/* ERR_NO_MEMORY. */
int id_set_add(struct id_set *set, struct slice text) MUST_CHECK;
bool id_set_has(const struct id_set *set, struct slice text);

#endif
