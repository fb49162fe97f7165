#include "wire/mpack.h"

#include <msgpack.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    SIZE_BYTES_MAX = 4
};

/* What a header says about what follows it. */
enum body_kind {
    BODY_NONE,     /* the header is all */
    BODY_FIXED,    /* `value` bytes */
    BODY_SIZED,    /* a length of `value` bytes, then as many bytes as that says */
    BODY_EXT,      /* the same, and one byte of type before them */
    BODY_ITEMS,    /* items; their number is in the low bits that `value` masks */
    BODY_PAIRS,    /* pairs, in the same way */
    BODY_MASKED,   /* bytes; their number is in the low bits that `value` masks */
    BODY_ITEMS_OF, /* a count of `value` bytes, then that many items */
    BODY_PAIRS_OF, /* a count of `value` bytes, then that many pairs */
    BODY_RESERVED  /* no msgpack */
};

/* The whole format: first bytes up to and including `last`, in ascending order. */
static const struct header {
    uint8_t last;
    enum body_kind body;
    uint8_t value;
} headers[] = {
    {0x7f, BODY_NONE,     0   }, /* positive fixint */
    {0x8f, BODY_PAIRS,    0x0f}, /* fixmap */
    {0x9f, BODY_ITEMS,    0x0f}, /* fixarray */
    {0xbf, BODY_MASKED,   0x1f}, /* fixstr */
    {0xc0, BODY_NONE,     0   }, /* nil */
    {0xc1, BODY_RESERVED, 0   },
    {0xc3, BODY_NONE,     0   }, /* false, true */
    {0xc4, BODY_SIZED,    1   }, /* bin 8 */
    {0xc5, BODY_SIZED,    2   }, /* bin 16 */
    {0xc6, BODY_SIZED,    4   }, /* bin 32 */
    {0xc7, BODY_EXT,      1   }, /* ext 8 */
    {0xc8, BODY_EXT,      2   }, /* ext 16 */
    {0xc9, BODY_EXT,      4   }, /* ext 32 */
    {0xca, BODY_FIXED,    4   }, /* float 32 */
    {0xcb, BODY_FIXED,    8   }, /* float 64 */
    {0xcc, BODY_FIXED,    1   }, /* uint 8 */
    {0xcd, BODY_FIXED,    2   }, /* uint 16 */
    {0xce, BODY_FIXED,    4   }, /* uint 32 */
    {0xcf, BODY_FIXED,    8   }, /* uint 64 */
    {0xd0, BODY_FIXED,    1   }, /* int 8 */
    {0xd1, BODY_FIXED,    2   }, /* int 16 */
    {0xd2, BODY_FIXED,    4   }, /* int 32 */
    {0xd3, BODY_FIXED,    8   }, /* int 64 */
    {0xd4, BODY_FIXED,    2   }, /* fixext 1, each with its byte of type */
    {0xd5, BODY_FIXED,    3   }, /* fixext 2 */
    {0xd6, BODY_FIXED,    5   }, /* fixext 4 */
    {0xd7, BODY_FIXED,    9   }, /* fixext 8 */
    {0xd8, BODY_FIXED,    17  }, /* fixext 16 */
    {0xd9, BODY_SIZED,    1   }, /* str 8 */
    {0xda, BODY_SIZED,    2   }, /* str 16 */
    {0xdb, BODY_SIZED,    4   }, /* str 32 */
    {0xdc, BODY_ITEMS_OF, 2   }, /* array 16 */
    {0xdd, BODY_ITEMS_OF, 4   }, /* array 32 */
    {0xde, BODY_PAIRS_OF, 2   }, /* map 16 */
    {0xdf, BODY_PAIRS_OF, 4   }, /* map 32 */
    {0xff, BODY_NONE,     0   }, /* negative fixint */
};

/* One value without what is in it. */
struct head {
    uint64_t len;   /* bytes of header and payload; without items */
    uint64_t items; /* values that follow and belong to it */
    bool is_container;
};

/* The walk: how many values each open container still waits for. */
struct walk {
    struct slice rest;
    uint64_t waiting[NODE_DEPTH_MAX + 1];
    unsigned depth;
    uint32_t count;
};

struct mpack {
    msgpack_unpacked unpacked; /* owned */
};

static void mpack_next(struct node_iter *iter, struct node *ret_key, struct node *ret_value);

static const struct node_source mpack_source = {.bytes_as_base64 = false, .next = mpack_next};

static const struct header *header_find(uint8_t first)
{
    size_t i = 0;
    while (first > headers[i].last) {
        i++;
    }
    return &headers[i];
}

static uint64_t read_size(const uint8_t *bytes, size_t n)
{
    CHECK(n <= SIZE_BYTES_MAX);
    uint64_t size = 0;
    for (size_t i = 0; i < n; i++) {
        size = size << 8 | bytes[i];
    }
    return size;
}

/* False for a reserved byte, or when the header itself is cut short. */
static bool head_read(struct slice bytes, struct head *ret_head)
{
    if (bytes.len == 0) {
        return false;
    }
    const struct header *header = header_find(bytes.ptr[0]);
    bool has_size = header->body == BODY_SIZED || header->body == BODY_EXT ||
                    header->body == BODY_ITEMS_OF || header->body == BODY_PAIRS_OF;
    size_t size_bytes = has_size ? header->value : 0;
    if (bytes.len < 1 + size_bytes) {
        return false;
    }
    uint64_t size = read_size(bytes.ptr + 1, size_bytes);
    uint64_t low = bytes.ptr[0] & header->value;
    const struct head heads[] = {
        [BODY_NONE] = {1,                           0,        false},
        [BODY_FIXED] = {1 + (uint64_t)header->value, 0,        false},
        [BODY_SIZED] = {1 + size_bytes + size,       0,        false},
        [BODY_EXT] = {2 + size_bytes + size,       0,        false},
        [BODY_ITEMS] = {1,                           low,      true },
        [BODY_PAIRS] = {1,                           2 * low,  true },
        [BODY_MASKED] = {1 + low,                     0,        false},
        [BODY_ITEMS_OF] = {1 + size_bytes,              size,     true },
        [BODY_PAIRS_OF] = {1 + size_bytes,              2 * size, true },
        [BODY_RESERVED] = {1,                           0,        false},
    };
    *ret_head = heads[header->body];
    return header->body != BODY_RESERVED;
}

/* Takes one head off the rest; a container becomes the innermost open one. */
static int walk_step(struct walk *walk, struct err *err)
{
    struct head head;
    if (!head_read(walk->rest, &head)) {
        return walk->rest.len > 0 && walk->rest.ptr[0] == 0xc1
                   ? err_set(err, ERR_MALFORMED, "not msgpack: the reserved byte 0xc1")
                   : err_set(err, ERR_MALFORMED, "the msgpack is cut short");
    }
    /* Each item takes one byte at least. */
    if (head.len > walk->rest.len || head.items > walk->rest.len - head.len) {
        return err_set(err, ERR_MALFORMED,
                       "the msgpack is cut short: a header claims more than the %zu bytes left",
                       walk->rest.len - 1);
    }
    if (++walk->count > NODE_COUNT_MAX) {
        return err_set(err, ERR_MALFORMED, "msgpack of more than %d values", (int)NODE_COUNT_MAX);
    }
    walk->rest = slice_of(walk->rest.ptr + head.len, walk->rest.len - (size_t)head.len);
    walk->waiting[walk->depth]--;
    if (head.is_container) {
        if (walk->depth == NODE_DEPTH_MAX) {
            return err_set(err, ERR_MALFORMED, "msgpack nested deeper than %d levels",
                           (int)NODE_DEPTH_MAX);
        }
        walk->waiting[++walk->depth] = head.items;
    }
    while (walk->depth > 0 && walk->waiting[walk->depth] == 0) {
        walk->depth--;
    }
    return 0;
}

int mpack_measure(struct slice bytes, size_t *ret_len, struct err *err)
{
    struct walk walk = {.rest = bytes, .waiting = {1}};
    do {
        int code = walk_step(&walk, err);
        if (code != 0) {
            return code;
        }
    } while (walk.depth > 0);
    *ret_len = bytes.len - walk.rest.len;
    return 0;
}

/* The next value of what was measured before, and the rest behind it. */
static struct slice take_value(struct slice *rest)
{
    size_t len;
    int code = mpack_measure(*rest, &len, NULL);
    CHECK(code == 0);
    struct slice value = slice_of(rest->ptr, len);
    *rest = slice_of(rest->ptr + len, rest->len - len);
    return value;
}

/* The text of an encoded str; empty for anything else, and then no key that is looked for. */
static struct slice text_of(struct slice encoded)
{
    uint8_t first = encoded.ptr[0];
    const struct header *header = header_find(first);
    bool is_fixed = header->body == BODY_MASKED;
    bool is_sized = first >= 0xd9 && first <= 0xdb;
    size_t skip = 1 + (is_sized ? (size_t)header->value : 0);
    return is_fixed || is_sized ? slice_of(encoded.ptr + skip, encoded.len - skip)
                                : slice_of(NULL, 0);
}

bool mpack_find_encoded(struct slice map, const char *key, struct slice *ret_value)
{
    struct head head;
    bool is_read = head_read(map, &head);
    CHECK(is_read && head.is_container);
    struct slice rest = slice_of(map.ptr + head.len, map.len - (size_t)head.len);
    for (uint64_t i = 0; i < head.items / 2; i++) {
        struct slice name = take_value(&rest);
        struct slice value = take_value(&rest);
        if (slice_is(text_of(name), key)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

int mpack_read(struct slice bytes, struct mpack **ret_mpack, struct err *err)
{
    size_t len;
    int code = mpack_measure(bytes, &len, err);
    if (code != 0) {
        return code;
    }
    if (len != bytes.len) {
        return err_set(err, ERR_MALFORMED, "%zu bytes are left over behind the msgpack value",
                       bytes.len - len);
    }
    struct mpack *mpack = mem_alloc(sizeof *mpack);
    if (mpack == NULL) {
        return err_set(err, ERR_NO_MEMORY, "no memory to read msgpack");
    }
    msgpack_unpacked_init(&mpack->unpacked);
    size_t offset = 0;
    msgpack_unpack_return status =
        msgpack_unpack_next(&mpack->unpacked, (const char *)bytes.ptr, bytes.len, &offset);
    if (status != MSGPACK_UNPACK_SUCCESS) {
        mpack_free(mpack);
        return status == MSGPACK_UNPACK_NOMEM_ERROR
                   ? err_set(err, ERR_NO_MEMORY, "no memory to read msgpack")
                   : err_set(err, ERR_MALFORMED, "not msgpack: msgpack-c refuses it");
    }
    *ret_mpack = mpack;
    return 0;
}

void mpack_free(struct mpack *mpack)
{
    if (mpack != NULL) {
        msgpack_unpacked_destroy(&mpack->unpacked);
        mem_free(mpack);
    }
}

static struct node mpack_node(msgpack_object *object)
{
    struct node node = {.source = &mpack_source, .origin = object};
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        node.kind = NODE_NULL;
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        node.kind = NODE_BOOL;
        node.truth = object->via.boolean;
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        node.kind = object->via.u64 > INT64_MAX ? NODE_BIG : NODE_INT;
        node.big = object->via.u64;
        node.integer = node.kind == NODE_INT ? (int64_t)object->via.u64 : 0;
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        node.kind = NODE_INT;
        node.integer = object->via.i64;
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        node.kind = NODE_REAL;
        node.real = object->via.f64;
        break;
    case MSGPACK_OBJECT_STR:
        node.kind = NODE_TEXT;
        node.bytes = slice_of(object->via.str.ptr, object->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        node.kind = NODE_BYTES;
        node.bytes = slice_of(object->via.bin.ptr, object->via.bin.size);
        break;
    case MSGPACK_OBJECT_EXT:
        node.kind = NODE_EXT;
        node.ext_type = object->via.ext.type;
        node.bytes = slice_of(object->via.ext.ptr, object->via.ext.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        node.kind = NODE_ARRAY;
        node.count = object->via.array.size;
        break;
    case MSGPACK_OBJECT_MAP:
        node.kind = NODE_MAP;
        node.count = object->via.map.size;
        break;
    }
    return node;
}

static void mpack_next(struct node_iter *iter, struct node *ret_key, struct node *ret_value)
{
    msgpack_object *parent = iter->parent.origin;
    if (iter->parent.kind == NODE_ARRAY) {
        *ret_value = mpack_node(&parent->via.array.ptr[iter->index]);
        return;
    }
    msgpack_object_kv *pair = &parent->via.map.ptr[iter->index];
    *ret_key = mpack_node(&pair->key);
    *ret_value = mpack_node(&pair->val);
}

struct node mpack_root(struct mpack *mpack)
{
    return mpack_node(&mpack->unpacked.data);
}
