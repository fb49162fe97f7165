/* The table of an envelope's fields, and the setters of those that are one plain value. */
#include "wire/envelope_field.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/check.h"
#include "base/text.h"
#include "wire/mpack.h"

enum {
    ALLOWED_MAX = 96, /* what is allowed, in a message */
    INTS = 1 << NODE_INT,
    TEXTS = 1 << NODE_TEXT,
    MAPS = 1 << NODE_MAP,
    ARRAYS = 1 << NODE_ARRAY,
    ANY = INTS | TEXTS | MAPS | ARRAYS /* the setter tells for itself */
};

#define TIME_MS_MAX    INT64_C(253402300799999) /* the last millisecond of the year 9999 */
#define TTL_MS_MAX     INT64_C(31536000000)     /* 365 days */
#define TIMEOUT_MS_MAX INT64_C(3600000)         /* one hour */

struct field;

typedef int field_set_fn(struct reading *reading, const struct node *node, struct err *err);

/* min and max: of an int its value, of a text its bytes, of an array its items. */
struct field {
    const char *name;
    unsigned kinds;
    int64_t min, max;
    field_set_fn *set;   /* NULL: a plain int or text, kept at `offset` */
    size_t offset;       /* in struct envelope; 0: not kept */
    const char *allowed; /* NULL: told from the columns before */
};

static int set_store(struct reading *reading, const struct node *node, struct err *err);
static int set_reply_to(struct reading *reading, const struct node *node, struct err *err);
static int set_meta(struct reading *reading, const struct node *node, struct err *err);

#define AT(member) offsetof(struct envelope, member)

/* clang-format off */
static const struct field fields[FIELD_COUNT] = {
    [FIELD_V]              = {"v",              INTS,   1, 1,                  NULL,             0,                  NULL},
    [FIELD_ID]             = {"id",             ANY,    0, 0,                  NULL,             0,                  "str as of PROTOCOL.md, section 1"},
    [FIELD_EFFECT]         = {"effect",         ANY,    0, 0,                  steps_set_effect, 0,                  NULL},
    [FIELD_PARAMS]         = {"params",         ANY,    0, 0,                  steps_set_params, 0,                  NULL},
    [FIELD_RECIPE]         = {"recipe",         ARRAYS, 1, ENVELOPE_STEPS_MAX, steps_set_recipe, 0,                  "array of 1 to 16 maps"},
    [FIELD_IMAGE]          = {"image",          ANY,    0, 0,                  image_set,        0,                  NULL},
    [FIELD_OUT_REQUEST_ID] = {"out_request_id", TEXTS,  1, ENVELOPE_NAME_MAX,  NULL,             AT(out_request_id), NULL},
    [FIELD_GENERATE_ID]    = {"generate_id",    TEXTS,  1, ENVELOPE_TEXT_MAX,  NULL,             AT(generate_id),    NULL},
    [FIELD_NOT_BEFORE_MS]  = {"not_before_ms",  INTS,   0, TIME_MS_MAX,        NULL,             AT(not_before_ms),  NULL},
    [FIELD_DEADLINE_MS]    = {"deadline_ms",    INTS,   1, TIME_MS_MAX,        NULL,             AT(deadline_ms),    NULL},
    [FIELD_MAX_ATTEMPTS]   = {"max_attempts",   INTS,   1, 100,                NULL,             AT(max_attempts),   NULL},
    [FIELD_TIMEOUT_MS]     = {"timeout_ms",     INTS,   1, TIMEOUT_MS_MAX,     NULL,             AT(timeout_ms),     NULL},
    [FIELD_RESULT_TTL_MS]  = {"result_ttl_ms",  INTS,   1, TTL_MS_MAX,         NULL,             AT(result_ttl_ms),  NULL},
    [FIELD_STORE]          = {"store",          TEXTS,  0, INT64_MAX,          set_store,        0,                  "str bytes or url"},
    [FIELD_REPLY_TO]       = {"reply_to",       TEXTS,  0, INT64_MAX,          set_reply_to,     0,                  "str of 1 to 64 of A-Z a-z 0-9 . _ -"},
    [FIELD_META]           = {"meta",           MAPS,   0, 0,                  set_meta,         0,                  "map"},
    [FIELD_TRACEPARENT]    = {"traceparent",    TEXTS,  1, ENVELOPE_TEXT_MAX,  NULL,             AT(traceparent),    NULL},
};

/* clang-format on */

int field_refuse(struct err *err, const char *where, const struct node *given, const char *allowed)
{
    char shown[NODE_SHOWN_MAX];
    return err_set(err, ERR_INVALID, "%s: %s given, %s allowed", where, node_show(given, shown),
                   allowed);
}

/* "int 1 to 100", "str of 1 to 64 bytes", or the row's own words. */
static const char *field_allowed(const struct field *field, char text[ALLOWED_MAX])
{
    if (field->allowed != NULL) {
        return field->allowed;
    }
    bool is_int = field->kinds == INTS;
    if (field->min == field->max) {
        (void)snprintf(text, ALLOWED_MAX, "int %" PRId64, field->min);
        return text;
    }
    (void)snprintf(text, ALLOWED_MAX, "%s%" PRId64 " to %" PRId64 "%s", is_int ? "int " : "str of ",
                   field->min, field->max, is_int ? "" : " bytes");
    return text;
}

/* What min and max are about. */
static int64_t field_measure(const struct node *node)
{
    switch (node->kind) {
    case NODE_INT:
        return node->integer;
    case NODE_TEXT:
        return (int64_t)node->bytes.len;
    case NODE_NULL:
    case NODE_BOOL:
    case NODE_BIG:
    case NODE_REAL:
    case NODE_BYTES:
    case NODE_ARRAY:
    case NODE_MAP:
    case NODE_EXT:
    case NODE_KIND_COUNT:
        break;
    }
    return node->count;
}

/* A kind that the row allows, within its bounds. */
static bool field_fits(const struct field *field, const struct node *node)
{
    if (field->kinds == ANY) {
        return true;
    }
    if ((field->kinds & 1U << node->kind) == 0) {
        return false;
    }
    int64_t measure = field_measure(node);
    return field->kinds == MAPS || (measure >= field->min && measure <= field->max);
}

static bool has_control_characters(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

/* Keeps a plain value; a text becomes one that ends in NUL, so it must hold none. */
static int field_keep(const struct field *field,
                      struct envelope *envelope,
                      const struct node *node,
                      struct err *err)
{
    if (field->offset == 0) {
        return 0;
    }
    uint8_t *at = (uint8_t *)envelope + field->offset;
    if (node->kind == NODE_INT) {
        memcpy(at, &node->integer, sizeof node->integer);
        return 0;
    }
    if (!text_is_utf8(node->bytes) || has_control_characters(node->bytes)) {
        return field_refuse(err, field->name, node, "UTF-8 without control characters");
    }
    memcpy(at, node->bytes.ptr, node->bytes.len);
    at[node->bytes.len] = '\0';
    return 0;
}

static int field_set(const struct field *field,
                     struct reading *reading,
                     const struct node *node,
                     struct err *err)
{
    if (!field_fits(field, node)) {
        char allowed[ALLOWED_MAX];
        return field_refuse(err, field->name, node, field_allowed(field, allowed));
    }
    return field->set != NULL ? field->set(reading, node, err)
                              : field_keep(field, reading->envelope, node, err);
}

static int set_store(struct reading *reading, const struct node *node, struct err *err)
{
    bool is_url = slice_is(node->bytes, "url");
    if (!is_url && !slice_is(node->bytes, "bytes")) {
        return field_refuse(err, "store", node, fields[FIELD_STORE].allowed);
    }
    reading->envelope->store = is_url ? STORE_URL : STORE_BYTES;
    return 0;
}

static int set_reply_to(struct reading *reading, const struct node *node, struct err *err)
{
    struct envelope *envelope = reading->envelope;
    if (!text_is_reply_name(node->bytes)) {
        return field_refuse(err, "reply_to", node, fields[FIELD_REPLY_TO].allowed);
    }
    bool fits = text_copy(envelope->reply_to, sizeof envelope->reply_to, node->bytes);
    CHECK(fits);
    return 0;
}

/* msgpack keeps its very bytes, so that it is handed back unchanged; JSON is encoded. */
static int set_meta(struct reading *reading, const struct node *node, struct err *err)
{
    struct envelope *envelope = reading->envelope;
    bool has_bytes = reading->meta.len > 0;
    int code = has_bytes ? buf_append_slice(&envelope->meta_bytes, reading->meta)
                         : mpack_put_node(&envelope->meta_bytes, node);
    if (code == ERR_TOO_BIG) {
        buf_done(&envelope->meta_bytes);
        return err_set(err, ERR_INVALID,
                       "meta: map of %" PRIu32 " given that takes more than %d bytes as msgpack, "
                       "at most %d allowed",
                       node->count, (int)ENVELOPE_META_MAX, (int)ENVELOPE_META_MAX);
    }
    if (code != 0) {
        return err_set(err, code, "no memory for meta");
    }
    envelope->meta = buf_view(&envelope->meta_bytes);
    return 0;
}

static const struct field *field_find(struct slice name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (slice_is(name, fields[i].name)) {
            return &fields[i];
        }
    }
    return NULL;
}

static int refuse_unknown(const struct node *key, struct err *err)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        size_t distance = text_distance(key->bytes, slice_text(fields[i].name));
        if (distance < least) {
            least = distance;
            nearest = fields[i].name;
        }
    }
    char shown[NODE_SHOWN_MAX];
    return err_set(err, ERR_INVALID, "%s: no field has this name%s%s", node_show(key, shown),
                   nearest != NULL ? "; the nearest is " : "", nearest != NULL ? nearest : "");
}

static int reading_add(struct reading *reading,
                       const struct node *key,
                       const struct node *value,
                       struct err *err)
{
    if (key->kind != NODE_TEXT) {
        return field_refuse(err, "name of a field", key, "str");
    }
    if (slice_starts(key->bytes, "x-")) {
        return 0;
    }
    const struct field *field = field_find(key->bytes);
    if (field == NULL) {
        return refuse_unknown(key, err);
    }
    size_t id = (size_t)(field - fields);
    if (reading->seen[id]) {
        return err_set(err, id == FIELD_ID ? ERR_MALFORMED : ERR_INVALID,
                       "%s: given twice, once allowed", field->name);
    }
    reading->seen[id] = true;
    reading->values[id] = *value;
    return 0;
}

int reading_gather(struct reading *reading, const struct node *root, struct err *err)
{
    struct node_iter iter;
    struct node key;
    struct node value;
    int first = 0;
    node_iter_init(&iter, root);
    while (node_iter_next(&iter, &key, &value)) {
        struct err fault = {.code = 0};
        int code = reading_add(reading, &key, &value, &fault);
        if (code != 0 && (first == 0 || code == ERR_MALFORMED)) {
            first = code;
            *err = fault;
        }
    }
    return first;
}

/* JSON may spell an id with escapes. Decoded in place, such an id leaves the rest of its spelling
 * behind it, and no spelling of an id's character holds what may follow a value. */
static bool id_is_plain(const struct envelope *envelope, struct slice id)
{
    struct slice element = buf_view(&envelope->element);
    size_t at = (size_t)(id.ptr - element.ptr) + id.len;
    if (element.ptr[0] != '{') {
        return true;
    }
    for (at++; at < element.len; at++) {
        uint8_t c = element.ptr[at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            return c == ',' || c == '}';
        }
    }
    return false;
}

int reading_take_id(struct reading *reading, struct err *err)
{
    struct envelope *envelope = reading->envelope;
    const struct node *id = &reading->values[FIELD_ID];
    if (!reading->seen[FIELD_ID]) {
        return err_set(err, ERR_MALFORMED, "id: missing");
    }
    if (id->kind != NODE_TEXT || !text_is_job_id(id->bytes)) {
        err_ignore(field_refuse(err, "id", id, "str [A-Za-z0-9][A-Za-z0-9._-]{0,63}"));
        err->code = ERR_MALFORMED; /* without an id there is no job that could be invalid */
        return err->code;
    }
    bool fits = text_copy(envelope->id, sizeof envelope->id, id->bytes);
    CHECK(fits);
    envelope->id_at = 0;
    if (id_is_plain(envelope, id->bytes)) {
        envelope->id_at = (size_t)(id->bytes.ptr - envelope->element.ptr) + 1;
    }
    return 0;
}

int reading_check_whole(const struct reading *reading, struct err *err)
{
    const bool *seen = reading->seen;
    if (seen[FIELD_RECIPE] && seen[FIELD_EFFECT]) {
        return err_set(err, ERR_INVALID, "recipe: given beside effect, one of the two allowed");
    }
    if (seen[FIELD_RECIPE] && seen[FIELD_PARAMS]) {
        return err_set(err, ERR_INVALID,
                       "params: given beside recipe, allowed beside effect and within a step");
    }
    if (!seen[FIELD_RECIPE] && !seen[FIELD_EFFECT]) {
        return err_set(err, ERR_INVALID, "effect: missing; effect or recipe is required");
    }
    if (!seen[FIELD_IMAGE] && !seen[FIELD_GENERATE_ID] && !seen[FIELD_OUT_REQUEST_ID]) {
        return err_set(err, ERR_INVALID,
                       "image: missing; image, generate_id or the out_request_id of a known photo "
                       "is required");
    }
    return 0;
}

int reading_fill(struct reading *reading, struct err *err)
{
    int first = 0;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!reading->seen[i] || i == FIELD_ID) {
            continue;
        }
        struct err fault = {.code = 0};
        int code = field_set(&fields[i], reading, &reading->values[i], &fault);
        if (code != 0 && (first == 0 || code == ERR_NO_MEMORY)) {
            first = code;
            *err = fault;
        }
        if (code == ERR_NO_MEMORY) {
            break;
        }
    }
    return first;
}
