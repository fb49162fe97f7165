#include "main/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/mpack.h"
#include "wire/node.h"

/* Status fields that are numbers, by name or by how the name ends. */
static const char *const number_names[] = {
    "step",         "steps",        "attempts",     "sent",          "http_status", "unknowns",
    "result_count", "result_bytes", "result_width", "result_height", "fence",       "waits",
};

void record_init(struct record *record)
{
    record->doc = yyjson_mut_doc_new(NULL);
    record->root = yyjson_mut_obj(record->doc);
    record->depth = 0;
    yyjson_mut_doc_set_root(record->doc, record->root);
}

void record_done(struct record *record)
{
    yyjson_mut_doc_free(record->doc);
    record->doc = NULL;
}

/* Without memory the document is dropped, which record_print tells. */
static void add(struct record *record, const char *name, yyjson_mut_val *value)
{
    if (record->doc == NULL) {
        return;
    }
    yyjson_mut_val *into = record->depth > 0 ? record->open[record->depth - 1] : record->root;
    bool added = name != NULL
                     ? yyjson_mut_obj_add(into, yyjson_mut_strcpy(record->doc, name), value)
                     : yyjson_mut_arr_append(into, value);
    if (!added) {
        record_done(record);
    }
}

static void open_value(struct record *record, const char *name, yyjson_mut_val *value)
{
    CHECK(record->depth < RECORD_DEPTH_MAX);
    add(record, name, value);
    record->open[record->depth++] = value;
}

void record_open_list(struct record *record, const char *name)
{
    open_value(record, name, yyjson_mut_arr(record->doc));
}

void record_open_object(struct record *record, const char *name)
{
    open_value(record, name, yyjson_mut_obj(record->doc));
}

void record_close(struct record *record)
{
    CHECK(record->depth > 0);
    record->depth--;
}

static yyjson_mut_val *text_value(yyjson_mut_doc *doc, struct slice text)
{
    return yyjson_mut_strncpy(doc, text.ptr != NULL ? (const char *)text.ptr : "", text.len);
}

void record_text(struct record *record, const char *name, struct slice text)
{
    add(record, name, text_value(record->doc, text));
}

void record_string(struct record *record, const char *name, const char *text)
{
    record_text(record, name, slice_text(text));
}

void record_int(struct record *record, const char *name, int64_t number)
{
    add(record, name, yyjson_mut_sint(record->doc, number));
}

void record_real(struct record *record, const char *name, double number)
{
    add(record, name, yyjson_mut_real(record->doc, number));
}

void record_bool(struct record *record, const char *name, bool truth)
{
    add(record, name, yyjson_mut_bool(record->doc, truth));
}

static yyjson_mut_val *node_value(yyjson_mut_doc *doc, const struct node *node);

static yyjson_mut_val *node_children(yyjson_mut_doc *doc, const struct node *node)
{
    bool is_map = node->kind == NODE_MAP;
    yyjson_mut_val *parent = is_map ? yyjson_mut_obj(doc) : yyjson_mut_arr(doc);
    struct node_iter iter;
    struct node key = {.kind = NODE_NULL};
    struct node value = {.kind = NODE_NULL};
    node_iter_init(&iter, node);
    while (node_iter_next(&iter, &key, &value)) {
        yyjson_mut_val *item = node_value(doc, &value);
        if (is_map) {
            (void)yyjson_mut_obj_add(parent, text_value(doc, key.bytes), item);
        } else {
            (void)yyjson_mut_arr_append(parent, item);
        }
    }
    return parent;
}

static yyjson_mut_val *node_value(yyjson_mut_doc *doc, const struct node *node)
{
    switch (node->kind) {
    case NODE_BOOL:
        return yyjson_mut_bool(doc, node->truth);
    case NODE_INT:
        return yyjson_mut_sint(doc, node->integer);
    case NODE_BIG:
        return yyjson_mut_uint(doc, node->big);
    case NODE_REAL:
        return yyjson_mut_real(doc, node->real);
    case NODE_TEXT:
    case NODE_BYTES:
        return text_value(doc, node->bytes);
    case NODE_ARRAY:
    case NODE_MAP:
        return node_children(doc, node);
    case NODE_NULL:
    case NODE_EXT:
    case NODE_KIND_COUNT:
    default:
        return yyjson_mut_null(doc);
    }
}

void record_json(struct record *record, const char *name, struct slice json)
{
    yyjson_doc *doc = json.len > 0 ? yyjson_read((const char *)json.ptr, json.len, 0) : NULL;
    if (doc == NULL || record->doc == NULL) {
        record_text(record, name, json);
    } else {
        add(record, name, yyjson_val_mut_copy(record->doc, yyjson_doc_get_root(doc)));
    }
    yyjson_doc_free(doc);
}

void record_msgpack(struct record *record, const char *name, struct slice msgpack)
{
    struct mpack *mpack = NULL;
    struct err err = {.code = 0};
    if (record->doc == NULL) {
        return;
    }
    if (mpack_read(msgpack, &mpack, &err) != 0) {
        add(record, name, yyjson_mut_null(record->doc));
        return;
    }
    struct node root = mpack_root(mpack);
    add(record, name, node_value(record->doc, &root));
    mpack_free(mpack);
}

static bool is_number(const char *name)
{
    size_t len = strlen(name);
    bool number = len > 3 && strcmp(name + len - 3, "_ms") == 0;
    for (size_t i = 0; i < sizeof number_names / sizeof number_names[0]; i++) {
        number = number || strcmp(name, number_names[i]) == 0;
    }
    return number;
}

void record_status(struct record *record, const struct retouch_status *status)
{
    const char *name = NULL;
    const char *value = NULL;
    size_t len = 0;
    record_string(record, "id", status->id);
    record_string(record, "state", retouch_state_name(status->state));
    for (size_t i = 0; (value = retouch_status_at(status, i, &name, &len)) != NULL; i++) {
        int64_t number;
        if (strcmp(name, "state") == 0) {
            continue;
        }
        if (strcmp(name, "meta") == 0) {
            record_msgpack(record, name, slice_of(value, len));
        } else if (is_number(name) && text_parse_i64(slice_of(value, len), &number) == 0) {
            record_int(record, name, number);
        } else {
            record_text(record, name, slice_of(value, len));
        }
    }
}

bool record_print(struct record *record)
{
    /* Both flags: bytes that are no UTF-8 become U+FFFD, so that the line is JSON in any case. */
    char *text = record->doc != NULL ? yyjson_mut_write_opts(record->doc,
                                                             YYJSON_WRITE_ALLOW_INVALID_UNICODE |
                                                                 YYJSON_WRITE_ESCAPE_UNICODE,
                                                             NULL, NULL, NULL)
                                     : NULL;
    bool good = text != NULL && puts(text) != EOF;
    mem_free(text);
    record_done(record);
    record_init(record);
    return good;
}

void print_safe(struct slice text)
{
    enum {
        PRINT_MAX = 1024
    };

    char safe[PRINT_MAX];
    (void)text_escape(text, safe, sizeof safe);
    (void)fputs(safe, stdout);
}
