/* Writes normalised parameters: for the API, for a digest, for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/effect.h"

enum {
    COLOR_TEXT = 8, /* "#RRGGBB" */
    SHOWN_MAX = 96  /* of one text, for people */
};

static void color_format(const struct value *value, char text[COLOR_TEXT])
{
    (void)snprintf(text, COLOR_TEXT, "#%06" PRIX32, (uint32_t)value->integer & 0xffffff);
}

/* NULL when there is no memory. */
static yyjson_mut_val *
value_write(yyjson_mut_doc *doc, const struct param_rule *rule, const struct value *value)
{
    char color[COLOR_TEXT];
    switch (value->kind) {
    case VALUE_TEXT:
        return yyjson_mut_strn(doc, value->text.len > 0 ? (const char *)value->text.ptr : "",
                               value->text.len);
    case VALUE_REAL:
        return yyjson_mut_real(doc, value->real);
    case VALUE_BOOL:
        return yyjson_mut_bool(doc, value->truth);
    case VALUE_INT:
    default:
        if (rule->kind == PARAM_COLOR) {
            color_format(value, color);
            return yyjson_mut_strcpy(doc, color);
        }
        return yyjson_mut_sint(doc, value->integer);
    }
}

/* Appends the object's text. */
static int object_append(yyjson_mut_val *object, struct buf *dest)
{
    size_t len = 0;
    yyjson_write_err flaw = {.code = YYJSON_WRITE_ERROR_MEMORY_ALLOCATION};
    char *text = object != NULL
                     ? yyjson_mut_val_write_opts(object, YYJSON_WRITE_NOFLAG, NULL, &len, &flaw)
                     : NULL;
    if (text == NULL) {
        /* Or a text that is no UTF-8, or a real that is no number. */
        return flaw.code == YYJSON_WRITE_ERROR_MEMORY_ALLOCATION ? ERR_NO_MEMORY : ERR_INVALID;
    }
    int code = buf_append(dest, text, len);
    mem_free(text);
    return code;
}

/* A parameter as it goes into an object. */
struct member {
    const char *name; /* borrowed */
    const struct param_rule *rule;
    const struct value *value; /* borrowed */
};

static int members_write(const struct member *members, uint32_t count, struct buf *dest)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = doc != NULL ? yyjson_mut_obj(doc) : NULL;
    for (uint32_t i = 0; object != NULL && i < count; i++) {
        yyjson_mut_val *name = yyjson_mut_str(doc, members[i].name);
        yyjson_mut_val *value = value_write(doc, members[i].rule, members[i].value);
        object = yyjson_mut_obj_add(object, name, value) ? object : NULL;
    }
    int code = object_append(object, dest);
    yyjson_mut_doc_free(doc);
    return code;
}

static struct member member_of(const struct effect *effect, const struct param *param)
{
    const struct param_rule *rule = effect_rule_find(effect, param->name);
    CHECK(rule != NULL); /* effect_check_params has seen to it */
    return (struct member){.name = rule->name, .rule = rule, .value = &param->value};
}

int effect_params_write(const struct effect *effect, const struct params *params, struct buf *dest)
{
    struct member members[PARAMS_MAX];
    for (uint32_t i = 0; i < params->count; i++) {
        members[i] = member_of(effect, &params->items[i]);
        members[i].name = members[i].rule->field;
    }
    return members_write(members, params->count, dest);
}

int effect_params_canonical(const struct effect *effect,
                            const struct params *params,
                            struct buf *dest)
{
    struct member members[PARAMS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < params->count; i++) {
        struct member member = member_of(effect, &params->items[i]);
        if (member.rule->role == PARAM_ROLE_CHECK_ID) {
            continue;
        }
        uint32_t at = count++;
        for (; at > 0 && strcmp(members[at - 1].name, member.name) > 0; at--) {
            members[at] = members[at - 1];
        }
        members[at] = member;
    }
    return members_write(members, count, dest);
}

static void value_show(const struct member *member, char text[SHOWN_MAX])
{
    const struct value *value = member->value;
    switch (value->kind) {
    case VALUE_TEXT:
        (void)text_escape(value->text, text, SHOWN_MAX);
        break;
    case VALUE_REAL:
        (void)snprintf(text, SHOWN_MAX, "%.16g", value->real);
        break;
    case VALUE_BOOL:
        (void)snprintf(text, SHOWN_MAX, "%s", value->truth ? "yes" : "no");
        break;
    case VALUE_INT:
    default:
        if (member->rule->kind == PARAM_COLOR) {
            color_format(value, text);
        } else {
            (void)snprintf(text, SHOWN_MAX, "%" PRId64, value->integer);
        }
        break;
    }
}

char *effect_params_show(const struct effect *effect,
                         const struct params *params,
                         char *text,
                         size_t size)
{
    CHECK(size > 0);
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < params->count && used < size; i++) {
        struct member member = member_of(effect, &params->items[i]);
        char value[SHOWN_MAX];
        value_show(&member, value);
        used += (size_t)snprintf(text + used, size - used, "%s%s=%s", i > 0 ? " " : "", member.name,
                                 value);
    }
    return text;
}
