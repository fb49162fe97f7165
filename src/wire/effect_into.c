#include "wire/effect_into.h"

#include <string.h>

#include "base/check.h"
#include "wire/effect_key.h"

/* One of the two, by its own rule. */
static int part_add(const struct effect *effect,
                    const char *name,
                    struct slice text,
                    struct params *spread,
                    struct err *err)
{
    const struct param_rule *target = effect_rule_find(effect, name);
    struct value given = {.kind = VALUE_TEXT, .text = text};
    CHECK(target != NULL); /* the reading of the file has seen to it */
    CHECK(spread->count < PARAMS_MAX);
    struct param *param = &spread->items[spread->count];
    int code = param_read(target, &given, &param->value, err);
    if (code == 0) {
        memcpy(param->name, target->name, sizeof param->name);
        spread->count++;
    }
    return code;
}

int into_spread(const struct effect *effect,
                const struct param_rule *rule,
                const struct value *word,
                struct params *spread,
                struct err *err)
{
    struct value size;
    struct slice first;
    int code = param_read(rule, word, &size, err);
    if (code != 0) {
        return code;
    }
    struct slice second = size.text;
    if (!text_cut(&second, "x", &first)) {
        return err_set(err, ERR_INVALID, "%s: \"%.*s\" is no pair such as 295x413", rule->name,
                       SLICE_ARG(size.text));
    }
    code = part_add(effect, rule->into[0], first, spread, err);
    return code != 0 ? code : part_add(effect, rule->into[1], second, spread, err);
}

static int exclude(const struct effect *effect,
                   const struct param_rule *rule,
                   const struct params *params,
                   struct err *err)
{
    for (uint32_t i = 0; i < rule->into_count; i++) {
        if (params_find(params, rule->into[i]) != NULL) {
            return err_set(err, ERR_INVALID, "%s: %s and %s exclude each other: give one of them",
                           effect->name, rule->name, rule->into[i]);
        }
    }
    return 0;
}

int into_spread_all(const struct effect *effect,
                    const struct params *given,
                    struct params *spread,
                    struct err *err)
{
    for (uint32_t i = 0; i < given->count; i++) {
        const struct param_rule *rule = effect_rule_find(effect, given->items[i].name);
        CHECK(rule != NULL); /* unknown names were refused */
        if (rule->into_count == 0) {
            continue;
        }
        if (exclude(effect, rule, given, err) != 0 || exclude(effect, rule, spread, err) != 0) {
            return ERR_INVALID;
        }
        if (into_spread(effect, rule, &given->items[i].value, spread, err) != 0) {
            return err_wrap(err, "%s", effect->name);
        }
    }
    return 0;
}

static bool stands_for(const struct param_rule *rule, const char *name)
{
    for (uint32_t i = 0; i < rule->into_count; i++) {
        if (strcmp(rule->into[i], name) == 0) {
            return true;
        }
    }
    return false;
}

const struct param_rule *into_find(const struct effect *effect, const struct param_rule *target)
{
    for (uint32_t i = 0; i < effect->param_count; i++) {
        if (stands_for(&effect->params[i], target->name)) {
            return &effect->params[i];
        }
    }
    return NULL;
}
