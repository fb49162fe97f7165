/* One value of a decoded document, the same for JSON and msgpack. A node is a view: it is valid as
 * long as the document (struct json, struct mpack) and the bytes it was read from. */
#ifndef RETOUCH_WIRE_NODE_H
#define RETOUCH_WIRE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    NODE_DEPTH_MAX = 32,    /* levels; deeper documents are refused before anything is built */
    NODE_COUNT_MAX = 65536, /* values of one document; x 24 bytes is what their tree may cost */
    NODE_SHOWN_MAX = 64     /* what node_show writes at most, NUL included */
};

enum node_kind {
    NODE_NULL,
    NODE_BOOL,
    NODE_INT,
    NODE_BIG, /* an integer beyond int64 */
    NODE_REAL,
    NODE_TEXT,
    NODE_BYTES, /* msgpack bin */
    NODE_ARRAY,
    NODE_MAP,
    NODE_EXT, /* msgpack extension, timestamps included */
    NODE_KIND_COUNT
};

struct node_source;

struct node {
    enum node_kind kind;
    bool truth;                       /* NODE_BOOL */
    uint32_t count;                   /* NODE_ARRAY: items; NODE_MAP: pairs */
    int64_t integer;                  /* NODE_INT */
    uint64_t big;                     /* NODE_BIG; 0 when even that cannot hold it */
    double real;                      /* NODE_REAL; finite in JSON only */
    struct slice bytes;               /* NODE_TEXT, NODE_BYTES, NODE_EXT */
    int8_t ext_type;                  /* NODE_EXT */
    const struct node_source *source; /* whose document it is of */
    void *origin;                     /* the document's own value, borrowed */
};

/* Walks an array or a map. */
struct node_iter {
    struct node parent;
    uint32_t index; /* of the next item or pair */
    void *at;       /* the document's own place, borrowed */
};

/* How a kind of document is walked; json.c and mpack.c have one each. */
struct node_source {
    bool bytes_as_base64; /* the format has no bytes: base64 text stands for them */
    void (*next)(struct node_iter *iter, struct node *ret_key, struct node *ret_value);
};

/* parent is an array or a map. */
void node_iter_init(struct node_iter *iter, const struct node *parent);
/* False at the end. ret_key is filled for maps only. */
bool node_iter_next(struct node_iter *iter, struct node *ret_key, struct node *ret_value);

/* "null" "bool" "int" "float" "str" "bin" "array" "map" "ext", as PROTOCOL.md calls them. */
const char *node_kind_name(enum node_kind kind);
/* What was given, for messages: a short text escaped in quotes, a number, or "a map of 3". */
const char *node_show(const struct node *node, char text[NODE_SHOWN_MAX]);

#endif
