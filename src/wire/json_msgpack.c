#include "wire/json_msgpack.h"

#include <yyjson.h>

#include <msgpack.h>

#include "base/mem.h"

enum {
    JSON_MSGPACK_DEPTH_MAX = 16 /* levels of nesting */
};

static int packer_write(void *data, const char *bytes, size_t len)
{
    return buf_append(data, bytes, len);
}

static int pack_value(msgpack_packer *packer, yyjson_val *value, unsigned depth);

static int pack_text(msgpack_packer *packer, yyjson_val *value)
{
    size_t len = yyjson_get_len(value);
    int code = msgpack_pack_str(packer, len);
    return code != 0 ? code : msgpack_pack_str_body(packer, yyjson_get_str(value), len);
}

static int pack_number(msgpack_packer *packer, yyjson_val *value)
{
    if (yyjson_is_uint(value)) {
        return msgpack_pack_uint64(packer, yyjson_get_uint(value));
    }
    return yyjson_is_sint(value) ? msgpack_pack_int64(packer, yyjson_get_sint(value))
                                 : msgpack_pack_double(packer, yyjson_get_real(value));
}

static int pack_object(msgpack_packer *packer, yyjson_val *object, unsigned depth)
{
    int code = msgpack_pack_map(packer, yyjson_obj_size(object));
    size_t index;
    size_t max;
    yyjson_val *name;
    yyjson_val *value;
    yyjson_obj_foreach(object, index, max, name, value)
    {
        code = code != 0 ? code : pack_text(packer, name);
        code = code != 0 ? code : pack_value(packer, value, depth + 1);
    }
    return code;
}

static int pack_array(msgpack_packer *packer, yyjson_val *array, unsigned depth)
{
    int code = msgpack_pack_array(packer, yyjson_arr_size(array));
    size_t index;
    size_t max;
    yyjson_val *value;
    yyjson_arr_foreach(array, index, max, value)
    {
        code = code != 0 ? code : pack_value(packer, value, depth + 1);
    }
    return code;
}

static int pack_value(msgpack_packer *packer, yyjson_val *value, unsigned depth)
{
    if (depth > JSON_MSGPACK_DEPTH_MAX) {
        return ERR_INVALID;
    }
    if (yyjson_is_obj(value)) {
        return pack_object(packer, value, depth);
    }
    if (yyjson_is_arr(value)) {
        return pack_array(packer, value, depth);
    }
    if (yyjson_is_str(value)) {
        return pack_text(packer, value);
    }
    if (yyjson_is_num(value)) {
        return pack_number(packer, value);
    }
    if (yyjson_is_null(value)) {
        return msgpack_pack_nil(packer);
    }
    return yyjson_is_true(value) ? msgpack_pack_true(packer) : msgpack_pack_false(packer);
}

static void *yyjson_alloc(void *data, size_t size)
{
    (void)data;
    return mem_alloc(size);
}

static void *yyjson_again(void *data, void *ptr, size_t old_size, size_t size)
{
    (void)data;
    (void)old_size;
    return mem_realloc(ptr, size);
}

static void yyjson_release(void *data, void *ptr)
{
    (void)data;
    mem_free(ptr);
}

int json_to_msgpack(struct slice json, struct buf *dest, struct err *err)
{
    const yyjson_alc allocator = {
        .malloc = yyjson_alloc, .realloc = yyjson_again, .free = yyjson_release};

    /* Without the in-place flag the text is only read: the cast is the library's signature. */
    union {
        const uint8_t *given;
        char *taken;
    } text = {.given = json.ptr};

    yyjson_read_err read_err = {.code = 0};
    yyjson_doc *doc = yyjson_read_opts(text.taken, json.len, 0, &allocator, &read_err);
    if (doc == NULL && read_err.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
        return err_set(err, ERR_NO_MEMORY, "no memory");
    }
    if (doc == NULL) {
        return err_set(err, ERR_MALFORMED, "no JSON: %s at byte %zu",
                       read_err.msg != NULL ? read_err.msg : "empty", read_err.pos);
    }
    msgpack_packer packer;
    msgpack_packer_init(&packer, dest, packer_write);
    yyjson_val *root = yyjson_doc_get_root(doc);
    int code = yyjson_is_obj(root) ? pack_value(&packer, root, 1)
                                   : err_set(err, ERR_INVALID, "a JSON object is wanted");
    if (code == ERR_INVALID && yyjson_is_obj(root)) {
        err_set(err, code, "nested more than %d levels", JSON_MSGPACK_DEPTH_MAX);
    } else if (code == ERR_TOO_BIG) {
        err_set(err, code, "more than %zu bytes as msgpack", dest->max);
    } else if (code == ERR_NO_MEMORY) {
        err_set(err, code, "no memory");
    }
    yyjson_doc_free(doc);
    return code;
}
