#include "wire/json.h"

#include <string.h>
#include <yyjson.h>

#include "base/check.h"
#include "base/mem.h"

_Static_assert(JSON_PADDING >= YYJSON_PADDING_SIZE, "the padding that yyjson asks for");

enum {
    COUNT_BLOCK = 64, /* a loop of fixed length is one that compilers turn into vectors */
    /* yyjson reserves 16 bytes for every 6 of text before it reads (untouched pages cost nothing)
     * and grows by half when that is not enough. */
    VALUE_BYTES = 16,
    TEXT_BYTES_PER_VALUE = 6,
    MEMORY_FLOOR_BYTES = 2 * VALUE_BYTES * NODE_COUNT_MAX
};

struct json {
    yyjson_doc *doc;      /* owned */
    yyjson_alc allocator; /* bounded; the document frees itself through it */
    size_t memory_left;   /* bytes that may still be reserved */
};

static void json_next(struct node_iter *iter, struct node *ret_key, struct node *ret_value);

static const struct node_source json_source = {.bytes_as_base64 = true, .next = json_next};

/* Blocks carry their size in front, so that freeing gives back what was counted. */
struct block {
    size_t size;
    size_t unused; /* keeps what follows aligned for yyjson's values */
};

static void *bounded_malloc(void *ctx, size_t size)
{
    struct json *json = ctx;
    if (size > json->memory_left) {
        return NULL;
    }
    struct block *block = mem_alloc(sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    json->memory_left -= size;
    return block + 1;
}

static void bounded_free(void *ctx, void *ptr)
{
    struct json *json = ctx;
    if (ptr != NULL) {
        struct block *block = (struct block *)ptr - 1;
        json->memory_left += block->size;
        mem_free(block);
    }
}

static void *bounded_realloc(void *ctx, void *ptr, size_t old_size, size_t size)
{
    (void)old_size;
    struct json *json = ctx;
    struct block *block = (struct block *)ptr - 1;
    if (size > json->memory_left + block->size) {
        return NULL;
    }
    size_t before = block->size;
    block = mem_realloc(block, sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    json->memory_left = json->memory_left + before - size;
    return block + 1;
}

/* Every value but the first stands behind one of these; those within texts count too, so that this
 * is an upper bound. */
static unsigned count_block(const uint8_t *bytes, size_t len)
{
    uint8_t count = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = bytes[i];
        count = (uint8_t)(count + (c == ',') + (c == ':') + (c == '[') + (c == '{'));
    }
    return count;
}

static bool has_too_many_values(struct slice text)
{
    size_t count = 1;
    size_t at = 0;
    for (; at + COUNT_BLOCK <= text.len && count <= NODE_COUNT_MAX; at += COUNT_BLOCK) {
        count += count_block(text.ptr + at, COUNT_BLOCK);
    }
    if (at + COUNT_BLOCK > text.len) {
        count += count_block(text.ptr + at, text.len - at);
    }
    return count > NODE_COUNT_MAX;
}

/* Recursion ends at levels = 0, whatever the document. */
static bool is_deeper_than(yyjson_val *value, unsigned levels)
{
    if (!yyjson_is_ctn(value)) {
        return false;
    }
    if (levels == 0) {
        return true;
    }
    size_t index;
    size_t max;
    yyjson_val *key;
    yyjson_val *item;
    if (yyjson_is_obj(value)) {
        yyjson_obj_foreach(value, index, max, key, item)
        {
            if (is_deeper_than(item, levels - 1)) {
                return true;
            }
        }
        return false;
    }
    yyjson_arr_foreach(value, index, max, item)
    {
        if (is_deeper_than(item, levels - 1)) {
            return true;
        }
    }
    return false;
}

static int json_parse(struct json *json, struct buf *text, struct err *err)
{
    yyjson_read_err flaw;
    json->doc =
        yyjson_read_opts((char *)text->ptr, text->len, YYJSON_READ_INSITU, &json->allocator, &flaw);
    if (json->doc == NULL) {
        if (flaw.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
            return err_set(err, ERR_NO_MEMORY, "no memory to read JSON");
        }
        return err_set(err, ERR_MALFORMED, "not JSON: %s at byte %zu", flaw.msg, flaw.pos);
    }
    if (is_deeper_than(yyjson_doc_get_root(json->doc), NODE_DEPTH_MAX)) {
        return err_set(err, ERR_MALFORMED, "JSON nested deeper than %d levels",
                       (int)NODE_DEPTH_MAX);
    }
    return 0;
}

int json_read(struct buf *text, struct json **ret_json, struct err *err)
{
    if (text->len == 0) {
        return err_set(err, ERR_MALFORMED, "not JSON: empty");
    }
    if (has_too_many_values(buf_view(text))) {
        return err_set(err, ERR_MALFORMED, "JSON of more than %d values", (int)NODE_COUNT_MAX);
    }
    int code = buf_reserve(text, JSON_PADDING);
    if (code != 0) {
        return err_set(err, code, "no room to read JSON of %zu bytes", text->len);
    }
    memset(text->ptr + text->len, 0, JSON_PADDING);
    struct json *json = mem_alloc(sizeof *json);
    if (json == NULL) {
        return err_set(err, ERR_NO_MEMORY, "no memory to read JSON");
    }
    size_t expected = text->len / TEXT_BYTES_PER_VALUE * VALUE_BYTES;
    *json = (struct json){
        .allocator = {bounded_malloc, bounded_realloc, bounded_free, json},
        .memory_left = expected + MEMORY_FLOOR_BYTES,
    };
    code = json_parse(json, text, err);
    if (code != 0) {
        json_free(json);
        return code;
    }
    *ret_json = json;
    return 0;
}

void json_free(struct json *json)
{
    if (json != NULL) {
        yyjson_doc_free(json->doc);
        mem_free(json);
    }
}

static enum node_kind number_kind(yyjson_val *value)
{
    if (yyjson_is_real(value)) {
        return NODE_REAL;
    }
    return yyjson_is_uint(value) && yyjson_get_uint(value) > INT64_MAX ? NODE_BIG : NODE_INT;
}

static enum node_kind json_kind(yyjson_val *value)
{
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_BOOL:
        return NODE_BOOL;
    case YYJSON_TYPE_NUM:
        return number_kind(value);
    case YYJSON_TYPE_STR:
        return NODE_TEXT;
    case YYJSON_TYPE_ARR:
        return NODE_ARRAY;
    case YYJSON_TYPE_OBJ:
        return NODE_MAP;
    default:
        return NODE_NULL;
    }
}

static struct node json_node(yyjson_val *value)
{
    return (struct node){
        .kind = json_kind(value),
        .truth = yyjson_get_bool(value),
        .count = (uint32_t)(yyjson_is_obj(value) ? yyjson_obj_size(value) : yyjson_arr_size(value)),
        .integer = yyjson_get_sint(value),
        .big = yyjson_get_uint(value),
        .real = yyjson_get_real(value),
        .bytes = slice_of(yyjson_get_str(value), yyjson_get_len(value)),
        .source = &json_source,
        .origin = value,
    };
}

static void json_next(struct node_iter *iter, struct node *ret_key, struct node *ret_value)
{
    yyjson_val *parent = iter->parent.origin;
    if (iter->parent.kind == NODE_ARRAY) {
        yyjson_arr_iter items = yyjson_arr_iter_with(parent);
        if (iter->index > 0) {
            items.idx = iter->index;
            items.cur = iter->at;
        }
        *ret_value = json_node(yyjson_arr_iter_next(&items));
        iter->at = items.cur;
        return;
    }
    yyjson_obj_iter pairs = yyjson_obj_iter_with(parent);
    if (iter->index > 0) {
        pairs.idx = iter->index;
        pairs.cur = iter->at;
    }
    yyjson_val *key = yyjson_obj_iter_next(&pairs);
    *ret_key = json_node(key);
    *ret_value = json_node(yyjson_obj_iter_get_val(key));
    iter->at = pairs.cur;
}

struct node json_root(const struct json *json)
{
    return json_node(yyjson_doc_get_root(json->doc));
}

bool json_find(const struct json *json, const char *pointer, struct node *ret_node)
{
    yyjson_val *value = yyjson_doc_ptr_get(json->doc, pointer);
    if (value == NULL) {
        return false;
    }
    *ret_node = json_node(value);
    return true;
}

yyjson_val *json_root_value(const struct json *json)
{
    return yyjson_doc_get_root(json->doc);
}
