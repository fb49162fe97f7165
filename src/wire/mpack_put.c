/* Writes msgpack into a buffer, by way of msgpack-c's packer. */
#include <msgpack.h>

#include "base/check.h"
#include "wire/mpack.h"

/* Where a packer writes to, and the first failure. */
struct sink {
    struct buf *dest; /* borrowed */
    int code;
};

static int on_packed(void *data, const char *bytes, size_t len)
{
    struct sink *sink = data;
    if (sink->code == 0) {
        sink->code = buf_append(sink->dest, bytes, len);
    }
    return sink->code;
}

static msgpack_packer packer_for(struct sink *sink)
{
    return (msgpack_packer){.data = sink, .callback = on_packed};
}

int mpack_put_null(struct buf *dest)
{
    struct sink sink = {.dest = dest};
    msgpack_packer packer = packer_for(&sink);
    msgpack_pack_nil(&packer);
    return sink.code;
}

int mpack_put_bool(struct buf *dest, bool truth)
{
    struct sink sink = {.dest = dest};
    msgpack_packer packer = packer_for(&sink);
    if (truth) {
        msgpack_pack_true(&packer);
    } else {
        msgpack_pack_false(&packer);
    }
    return sink.code;
}

int mpack_put_int(struct buf *dest, int64_t integer)
{
    struct sink sink = {.dest = dest};
    msgpack_packer packer = packer_for(&sink);
    msgpack_pack_int64(&packer, integer);
    return sink.code;
}

static int mpack_put_big(struct buf *dest, uint64_t big)
{
    struct sink sink = {.dest = dest};
    msgpack_packer packer = packer_for(&sink);
    msgpack_pack_uint64(&packer, big);
    return sink.code;
}

int mpack_put_real(struct buf *dest, double real)
{
    struct sink sink = {.dest = dest};
    msgpack_packer packer = packer_for(&sink);
    msgpack_pack_double(&packer, real);
    return sink.code;
}

int mpack_put_text(struct buf *dest, struct slice text)
{
    struct sink sink = {.dest = dest};
    msgpack_packer packer = packer_for(&sink);
    msgpack_pack_str_with_body(&packer, text.ptr, text.len);
    return sink.code;
}

int mpack_put_bytes(struct buf *dest, struct slice bytes)
{
    struct sink sink = {.dest = dest};
    msgpack_packer packer = packer_for(&sink);
    msgpack_pack_bin_with_body(&packer, bytes.ptr, bytes.len);
    return sink.code;
}

static int mpack_put_ext(struct buf *dest, const struct node *node)
{
    struct sink sink = {.dest = dest};
    msgpack_packer packer = packer_for(&sink);
    msgpack_pack_ext_with_body(&packer, node->bytes.ptr, node->bytes.len, node->ext_type);
    return sink.code;
}

int mpack_put_array(struct buf *dest, uint32_t count)
{
    struct sink sink = {.dest = dest};
    msgpack_packer packer = packer_for(&sink);
    msgpack_pack_array(&packer, count);
    return sink.code;
}

int mpack_put_map(struct buf *dest, uint32_t count)
{
    struct sink sink = {.dest = dest};
    msgpack_packer packer = packer_for(&sink);
    msgpack_pack_map(&packer, count);
    return sink.code;
}

/* One value without what is in it. */
static int mpack_put_head(struct buf *dest, const struct node *node)
{
    switch (node->kind) {
    case NODE_NULL:
        return mpack_put_null(dest);
    case NODE_BOOL:
        return mpack_put_bool(dest, node->truth);
    case NODE_INT:
        return mpack_put_int(dest, node->integer);
    case NODE_BIG:
        return mpack_put_big(dest, node->big);
    case NODE_REAL:
        return mpack_put_real(dest, node->real);
    case NODE_TEXT:
        return mpack_put_text(dest, node->bytes);
    case NODE_BYTES:
        return mpack_put_bytes(dest, node->bytes);
    case NODE_EXT:
        return mpack_put_ext(dest, node);
    case NODE_ARRAY:
        return mpack_put_array(dest, node->count);
    case NODE_MAP:
        return mpack_put_map(dest, node->count);
    case NODE_KIND_COUNT:
        break;
    }
    CHECK_UNREACHABLE();
}

/* Recursion is bounded by NODE_DEPTH_MAX, which reading has checked. */
int mpack_put_node(struct buf *dest, const struct node *node)
{
    int code = mpack_put_head(dest, node);
    if (code != 0 || (node->kind != NODE_ARRAY && node->kind != NODE_MAP)) {
        return code;
    }
    struct node_iter iter;
    struct node key;
    struct node value;
    node_iter_init(&iter, node);
    while (code == 0 && node_iter_next(&iter, &key, &value)) {
        if (node->kind == NODE_MAP) {
            code = mpack_put_node(dest, &key);
        }
        if (code == 0) {
            code = mpack_put_node(dest, &value);
        }
    }
    return code;
}
