/* The fields `effect`, `params` and `recipe`: what is to be done, checked for its shape; the
 * catalogue checks the rest. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/envelope_field.h"

enum {
    STEP_WHERE_MAX = 24, /* "recipe[15]" */
    WHERE_MAX = 96       /* "recipe[15].params.NAME" with the name shown escaped */
};

static const char effect_allowed[] = "str of 1 to 64 of A-Z a-z 0-9 . _ -";

static int steps_new(struct envelope *envelope, uint32_t count, struct err *err)
{
    CHECK(count >= 1 && count <= ENVELOPE_STEPS_MAX);
    struct envelope_step *steps = mem_zalloc(count, sizeof *steps);
    if (steps == NULL) {
        return err_set(err, ERR_NO_MEMORY, "no memory for %" PRIu32 " steps", count);
    }
    mem_free(envelope->steps);
    envelope->steps = steps;
    envelope->step_count = count;
    return 0;
}

/* The one step of `effect` and `params`, whichever of them comes first. */
static int single_step(struct envelope *envelope, struct err *err)
{
    return envelope->step_count == 1 ? 0 : steps_new(envelope, 1, err);
}

static int
set_effect(struct envelope_step *step, const char *where, const struct node *node, struct err *err)
{
    if (node->kind != NODE_TEXT || !text_is_reply_name(node->bytes)) {
        return field_refuse(err, where, node, effect_allowed);
    }
    bool fits = text_copy(step->effect, sizeof step->effect, node->bytes);
    CHECK(fits);
    return 0;
}

static bool value_from_node(const struct node *node, struct value *ret_value)
{
    struct value value = {.kind = VALUE_TEXT};
    switch (node->kind) {
    case NODE_TEXT:
        value.text = node->bytes;
        break;
    case NODE_INT:
        value.kind = VALUE_INT;
        value.integer = node->integer;
        break;
    case NODE_REAL:
        value.kind = VALUE_REAL;
        value.real = node->real;
        break;
    case NODE_BOOL:
        value.kind = VALUE_BOOL;
        value.truth = node->truth;
        break;
    case NODE_NULL:
    case NODE_BIG:
    case NODE_BYTES:
    case NODE_ARRAY:
    case NODE_MAP:
    case NODE_EXT:
    case NODE_KIND_COUNT:
        return false;
    }
    *ret_value = value;
    bool is_finite = value.kind != VALUE_REAL || isfinite(value.real);
    return is_finite && (value.kind != VALUE_TEXT || text_is_utf8(value.text));
}

static bool name_is_good(const struct node *key)
{
    return key->kind == NODE_TEXT && key->bytes.len >= 1 && key->bytes.len <= PARAM_NAME_MAX &&
           memchr(key->bytes.ptr, '\0', key->bytes.len) == NULL && text_is_utf8(key->bytes);
}

static int add_param(struct params *params,
                     const char *where,
                     const struct node *key,
                     const struct node *value,
                     struct err *err)
{
    if (!name_is_good(key)) {
        char named[WHERE_MAX];
        (void)snprintf(named, sizeof named, "%s: name", where);
        return field_refuse(err, named, key, "str of 1 to 32 bytes");
    }
    struct param *param = &params->items[params->count];
    bool fits = text_copy(param->name, sizeof param->name, key->bytes);
    CHECK(fits);
    char shown[NODE_SHOWN_MAX];
    if (params_find(params, param->name) != NULL) {
        return err_set(err, ERR_INVALID, "%s: %s given twice, once allowed", where,
                       node_show(key, shown));
    }
    if (!value_from_node(value, &param->value)) {
        char named[WHERE_MAX];
        (void)snprintf(named, sizeof named, "%s: %s", where, node_show(key, shown));
        return field_refuse(err, named, value, "str (UTF-8), int (64 bits), float or bool");
    }
    params->count++;
    return 0;
}

static int
set_params(struct params *params, const char *where, const struct node *node, struct err *err)
{
    if (node->kind != NODE_MAP || node->count > PARAMS_MAX) {
        return field_refuse(err, where, node, "map of at most 24");
    }
    struct node_iter iter;
    struct node key;
    struct node value;
    int code = 0;
    node_iter_init(&iter, node);
    while (code == 0 && node_iter_next(&iter, &key, &value)) {
        code = add_param(params, where, &key, &value, err);
    }
    return code;
}

int steps_set_effect(struct reading *reading, const struct node *node, struct err *err)
{
    int code = single_step(reading->envelope, err);
    return code != 0 ? code : set_effect(&reading->envelope->steps[0], "effect", node, err);
}

int steps_set_params(struct reading *reading, const struct node *node, struct err *err)
{
    int code = single_step(reading->envelope, err);
    return code != 0 ? code : set_params(&reading->envelope->steps[0].params, "params", node, err);
}

/* One pair of a step's map. */
static int set_step_field(struct envelope_step *step,
                          const char *where,
                          const struct node *key,
                          const struct node *value,
                          struct err *err)
{
    char named[WHERE_MAX];
    if (key->kind == NODE_TEXT && slice_is(key->bytes, "effect")) {
        (void)snprintf(named, sizeof named, "%s.effect", where);
        return step->effect[0] == '\0' ? set_effect(step, named, value, err)
                                       : err_set(err, ERR_INVALID, "%s: given twice", named);
    }
    if (key->kind == NODE_TEXT && slice_is(key->bytes, "params")) {
        (void)snprintf(named, sizeof named, "%s.params", where);
        return set_params(&step->params, named, value, err);
    }
    return field_refuse(err, where, key, "effect and params");
}

static int
set_step(struct envelope_step *step, const char *where, const struct node *node, struct err *err)
{
    struct node_iter iter;
    struct node key;
    struct node value;
    int code = 0;
    if (node->kind != NODE_MAP) {
        return field_refuse(err, where, node, "map of effect and params");
    }
    uint32_t params_seen = 0;
    node_iter_init(&iter, node);
    while (code == 0 && node_iter_next(&iter, &key, &value)) {
        params_seen += key.kind == NODE_TEXT && slice_is(key.bytes, "params");
        code = params_seen > 1 ? err_set(err, ERR_INVALID, "%s.params: given twice", where)
                               : set_step_field(step, where, &key, &value, err);
    }
    if (code == 0 && step->effect[0] == '\0') {
        return err_set(err, ERR_INVALID, "%s.effect: missing, required in every step", where);
    }
    return code;
}

int steps_set_recipe(struct reading *reading, const struct node *node, struct err *err)
{
    struct envelope *envelope = reading->envelope;
    int code = steps_new(envelope, node->count, err);
    if (code != 0) {
        return code;
    }
    envelope->is_recipe = true;
    struct node_iter iter;
    struct node unused;
    struct node item;
    node_iter_init(&iter, node);
    for (uint32_t i = 0; code == 0 && node_iter_next(&iter, &unused, &item); i++) {
        char where[STEP_WHERE_MAX];
        (void)snprintf(where, sizeof where, "recipe[%" PRIu32 "]", i);
        code = set_step(&envelope->steps[i], where, &item, err);
    }
    return code;
}

static size_t texts_len(const struct envelope *envelope)
{
    size_t len = 0;
    for (uint32_t s = 0; s < envelope->step_count; s++) {
        const struct params *params = &envelope->steps[s].params;
        for (uint32_t p = 0; p < params->count; p++) {
            len += params->items[p].value.text.len;
        }
    }
    return len;
}

static int own_text(struct buf *texts, struct slice *text)
{
    size_t at = texts->len;
    int code = buf_append_slice(texts, *text);
    text->ptr = texts->ptr + at;
    return code;
}

/* Reserved as a whole beforehand, so that the views stay where they are. */
int steps_own_texts(struct envelope *envelope, struct err *err)
{
    size_t len = texts_len(envelope);
    int code = len > 0 ? buf_reserve(&envelope->texts, len) : 0;
    for (uint32_t s = 0; code == 0 && len > 0 && s < envelope->step_count; s++) {
        struct params *params = &envelope->steps[s].params;
        for (uint32_t p = 0; code == 0 && p < params->count; p++) {
            code = own_text(&envelope->texts, &params->items[p].value.text);
        }
    }
    return code == 0 ? 0 : err_set(err, code, "no memory for the parameters' texts");
}
