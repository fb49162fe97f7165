/* The keys of a catalogue file: where each goes in struct effect and what is allowed. */
#ifndef RETOUCH_WIRE_EFFECT_KEY_H
#define RETOUCH_WIRE_EFFECT_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

/* Reads the value into a field of `size` bytes; ERR_MALFORMED where it is not allowed. */
typedef int key_set_fn(void *field, size_t size, struct slice value);

struct key_row {
    const char *section; /* "param" stands for [param NAME] */
    const char *key;
    size_t offset; /* in struct effect; in struct param_rule for [param NAME] */
    size_t size;
    key_set_fn *set;
    const char *allowed;
};

enum {
    KEY_ROWS_MAX = 64 /* so that the keys given fit the bits of a uint64_t */
};

/* NULL when there is none. */
const struct key_row *key_row_find(struct slice section, const char *key);
/* The key that may have been meant: the least edits, another section counts as one. */
const struct key_row *key_row_nearest(struct slice section, const char *key);
unsigned key_row_index(const struct key_row *row); /* below KEY_ROWS_MAX */

/* The part of *rest before the first `mark`, without blanks around it; *rest becomes what follows.
 * False, and nothing happens: there is no mark. */
bool text_cut(struct slice *rest, const char *mark, struct slice *ret_part);
struct slice text_trimmed(struct slice text);

#endif
