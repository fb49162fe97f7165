/* msgpack by way of msgpack-c: every header is checked against the bytes that are there before the
 * library, which reserves memory for what a header claims, sees any of it. */
#ifndef RETOUCH_WIRE_MPACK_H
#define RETOUCH_WIRE_MPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/node.h"

/* Reading. */

struct mpack;

/* Length of the first value in bytes. ERR_MALFORMED: cut short, a reserved byte, deeper than
 * NODE_DEPTH_MAX or of more than NODE_COUNT_MAX values. Reserves nothing. */
int mpack_measure(struct slice bytes, size_t *ret_len, struct err *err) MUST_CHECK;
/* The encoded value of the first pair of `map` whose key is the text `key`; both were measured
 * before. False when there is none. */
bool mpack_find_encoded(struct slice map, const char *key, struct slice *ret_value);

/* Exactly one value, which fills all of bytes; texts and bytes in it are views of them.
 * ERR_MALFORMED as above, or bytes left over; ERR_NO_MEMORY. */
int mpack_read(struct slice bytes, struct mpack **ret_mpack, struct err *err) MUST_CHECK;
void mpack_free(struct mpack *mpack); /* accepts NULL */
struct node mpack_root(struct mpack *mpack);

/* Writing: each appends one value, or the header of a map or array whose `count` items follow.
 * ERR_TOO_BIG (dest is then longer than before, but by no whole value) or ERR_NO_MEMORY. */
int mpack_put_null(struct buf *dest) MUST_CHECK;
int mpack_put_bool(struct buf *dest, bool truth) MUST_CHECK;
int mpack_put_int(struct buf *dest, int64_t integer) MUST_CHECK;
int mpack_put_real(struct buf *dest, double real) MUST_CHECK;
int mpack_put_text(struct buf *dest, struct slice text) MUST_CHECK;
int mpack_put_bytes(struct buf *dest, struct slice bytes) MUST_CHECK;
int mpack_put_array(struct buf *dest, uint32_t count) MUST_CHECK;
int mpack_put_map(struct buf *dest, uint32_t count) MUST_CHECK;
/* A value of any document with all that is in it. */
int mpack_put_node(struct buf *dest, const struct node *node) MUST_CHECK;

#endif
