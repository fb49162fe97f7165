#include "wire/photo_record.h"

#include <stddef.h>
#include <string.h>
#include <yyjson.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"

/* A field of either struct: a text of `size` bytes at `offset`, or with size 0 a number. */
struct record_row {
    const char *name;
    size_t offset;
    size_t size;
};

#define TEXT(type, field)                                                       \
    {                                                                           \
#        field, offsetof(struct type, field), sizeof(((struct type *)0)->field) \
    }
#define NUMBER(type, field)                     \
    {                                           \
#        field, offsetof(struct type, field), 0 \
    }

static const struct record_row step_rows[] = {
    TEXT(photo_record, effect),      TEXT(photo_record, params),   TEXT(photo_record, from),
    TEXT(photo_record, generate_id), TEXT(photo_record, check_id), TEXT(photo_record, url),
    TEXT(photo_record, params_json), TEXT(photo_record, job),      NUMBER(photo_record, width),
    NUMBER(photo_record, height),    NUMBER(photo_record, at_ms),  NUMBER(photo_record, api_ms),
};

static const struct record_row source_rows[] = {
    TEXT(photo_source, kind),        TEXT(photo_source, digest),  TEXT(photo_source, url),
    TEXT(photo_source, generate_id), NUMBER(photo_source, width), NUMBER(photo_source, height),
};

static bool record_put(yyjson_mut_doc *doc,
                       yyjson_mut_val *object,
                       const struct record_row *row,
                       const void *record)
{
    const char *field = (const char *)record + row->offset;
    if (row->size > 0) {
        return field[0] == '\0' || yyjson_mut_obj_add_str(doc, object, row->name, field);
    }
    int64_t number;
    memcpy(&number, field, sizeof number);
    return number == 0 || yyjson_mut_obj_add_sint(doc, object, row->name, number);
}

static int record_write(const struct record_row *rows,
                        size_t count,
                        const void *record,
                        struct slice data,
                        struct buf *text)
{
    int code = ERR_NO_MEMORY;
    char *json = NULL;
    size_t len = 0;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = doc != NULL ? yyjson_mut_obj(doc) : NULL;
    bool good = object != NULL;
    for (size_t i = 0; good && i < count; i++) {
        good = record_put(doc, object, &rows[i], record);
    }
    if (good && data.len > 0) {
        good = yyjson_mut_obj_add_strn(doc, object, "data", (const char *)data.ptr, data.len);
    }
    if (good) {
        yyjson_mut_doc_set_root(doc, object);
        json = yyjson_mut_write(doc, YYJSON_WRITE_ALLOW_INVALID_UNICODE, &len);
    }
    if (json != NULL) {
        code = buf_append(text, json, len);
    }
    mem_free(json);
    yyjson_mut_doc_free(doc);
    return code;
}

static void record_get(yyjson_val *object, const struct record_row *row, void *record)
{
    char *field = (char *)record + row->offset;
    yyjson_val *value = yyjson_obj_get(object, row->name);
    if (row->size > 0) {
        const char *text = yyjson_get_str(value);
        (void)text_copy(field, row->size, slice_of(text, text != NULL ? yyjson_get_len(value) : 0));
    } else {
        int64_t number = yyjson_get_sint(value);
        memcpy(field, &number, sizeof number);
    }
}

static int record_read(
    const struct record_row *rows, size_t count, void *record, struct slice text, struct buf *data)
{
    if (text.len == 0 || text.len > PHOTO_RECORD_MAX) {
        return ERR_MALFORMED;
    }
    yyjson_doc *doc = yyjson_read((const char *)text.ptr, text.len, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    int code = yyjson_is_obj(root) ? 0 : ERR_MALFORMED;
    for (size_t i = 0; code == 0 && i < count; i++) {
        record_get(root, &rows[i], record);
    }
    yyjson_val *given = yyjson_obj_get(root, "data");
    if (code == 0 && data != NULL && yyjson_is_str(given)) {
        buf_clear(data);
        code = buf_append(data, yyjson_get_str(given), yyjson_get_len(given));
    }
    yyjson_doc_free(doc);
    return code;
}

void photo_record_init(struct photo_record *record)
{
    *record = (struct photo_record){.width = 0};
    buf_init(&record->data, PHOTO_RECORD_MAX);
}

void photo_record_done(struct photo_record *record)
{
    buf_done(&record->data);
}

int photo_record_write(const struct photo_record *record, struct buf *text)
{
    return record_write(step_rows, N_ELEMENTS(step_rows), record, buf_view(&record->data), text);
}

int photo_record_read(struct photo_record *record, struct slice text)
{
    return record_read(step_rows, N_ELEMENTS(step_rows), record, text, &record->data);
}

int photo_source_write(const struct photo_source *source, struct buf *text)
{
    return record_write(source_rows, N_ELEMENTS(source_rows), source, slice_of(NULL, 0), text);
}

int photo_source_read(struct photo_source *source, struct slice text)
{
    return record_read(source_rows, N_ELEMENTS(source_rows), source, text, NULL);
}
