#include "main/photo_recipe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "base/check.h"

/* A parameter's value as the library wants it: text. NULL for what no parameter can be. */
static const char *value_text(yyjson_val *value, char number[32])
{
    if (yyjson_is_str(value)) {
        return yyjson_get_str(value);
    }
    if (yyjson_is_bool(value)) {
        return yyjson_get_bool(value) ? "true" : "false";
    }
    if (yyjson_is_int(value)) {
        (void)snprintf(number, 32, "%" PRId64, yyjson_get_sint(value));
        return number;
    }
    if (yyjson_is_real(value)) {
        (void)snprintf(number, 32, "%.17g", yyjson_get_real(value));
        return number;
    }
    return NULL;
}

/* Appends a step of the record. False: its parameters are not on record. */
static bool take_step(struct photo_recipe *recipe, const struct photo_record *record)
{
    size_t at = recipe->count;
    struct retouch_step *step = &recipe->steps[at];
    size_t size = 0;
    yyjson_val *name;
    yyjson_doc *doc = yyjson_read(record->params_json, strlen(record->params_json), 0);
    if (doc == NULL) {
        return false;
    }
    recipe->docs[recipe->doc_count++] = doc;
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!yyjson_is_obj(root) || yyjson_obj_size(root) > RETOUCH_PARAMS_MAX) {
        return false;
    }
    *step = (struct retouch_step){.effect = record->effect, .params = recipe->params[at]};
    yyjson_obj_iter iter;
    yyjson_obj_iter_init(root, &iter);
    while ((name = yyjson_obj_iter_next(&iter)) != NULL) {
        const char *text = value_text(yyjson_obj_iter_get_val(name), recipe->numbers[at][size]);
        if (text == NULL) {
            return false;
        }
        recipe->params[at][size++] =
            (struct retouch_param){.name = yyjson_get_str(name), .value = text};
    }
    step->param_count = size;
    recipe->count++;
    return true;
}

/* Indexes of the chain, the last step first. Its length, or 0 where it is not whole. */
static size_t read_chain(const struct photo_tree *tree, int chain[RETOUCH_STEPS_MAX])
{
    size_t len = 0;
    int index = photo_tree_find(tree, tree->current);
    while (index != PHOTO_NONE && len < RETOUCH_STEPS_MAX) {
        const struct photo_node *node = &tree->nodes[index];
        chain[len++] = index;
        index = node->parent;
        if (index == PHOTO_NONE) {
            return node->record.from[0] == '\0' ? len : 0;
        }
    }
    return 0;
}

int photo_recipe_read(struct photo_recipe *recipe, const struct photo_tree *tree, struct err *err)
{
    int chain[RETOUCH_STEPS_MAX];
    memset(recipe, 0, sizeof *recipe);
    if (tree->current[0] == '\0') {
        return err_set(err, ERR_INVALID, "photo %s has no current picture: no recipe was made",
                       tree->photo);
    }
    size_t len = read_chain(tree, chain);
    if (len == 0) {
        return err_set(err, ERR_INVALID,
                       "the current recipe of photo %s is not wholly on record any more: push it "
                       "anew",
                       tree->photo);
    }
    for (size_t i = len; i > 0; i--) {
        const struct photo_record *record = &tree->nodes[chain[i - 1]].record;
        if (!take_step(recipe, record)) {
            return err_set(err, ERR_INVALID,
                           "the parameters of %s are not on record (it was made by an older "
                           "version): push the recipe anew",
                           record->effect);
        }
    }
    return 0;
}

void photo_recipe_done(struct photo_recipe *recipe)
{
    for (size_t i = 0; i < recipe->doc_count; i++) {
        yyjson_doc_free(recipe->docs[i]);
    }
    recipe->count = recipe->doc_count = 0;
}

static size_t find_step(const struct photo_recipe *recipe, const char *effect)
{
    size_t at = 0;
    while (at < recipe->count && strcmp(recipe->steps[at].effect, effect) != 0) {
        at++;
    }
    return at;
}

int photo_recipe_drop(struct photo_recipe *recipe, const char *effect, struct err *err)
{
    size_t at = find_step(recipe, effect);
    if (at == recipe->count) {
        char known[256] = "";
        size_t used = 0;
        for (size_t i = 0; i < recipe->count && used < sizeof known; i++) {
            used +=
                (size_t)snprintf(known + used, sizeof known - used, " %s", recipe->steps[i].effect);
        }
        return err_set(err, ERR_INVALID, "%.64s is not in the current recipe:%s", effect, known);
    }
    if (recipe->count == 1) {
        return err_set(err, ERR_INVALID, "%.64s is all there is: nothing would be left", effect);
    }
    recipe->count--;
    memmove(&recipe->steps[at], &recipe->steps[at + 1],
            (recipe->count - at) * sizeof recipe->steps[0]);
    return 0;
}

int photo_recipe_put(struct photo_recipe *recipe, const struct retouch_step *step, struct err *err)
{
    size_t at = find_step(recipe, step->effect);
    if (at == RETOUCH_STEPS_MAX) {
        return err_set(err, ERR_INVALID,
                       "the current recipe has %d steps, more than which none "
                       "can have",
                       RETOUCH_STEPS_MAX);
    }
    recipe->count += at == recipe->count;
    recipe->steps[at] = *step;
    return 0;
}
