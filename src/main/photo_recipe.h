/* The recipe that a photo's current picture was made by, to be asked for again in another form. */
#ifndef RETOUCH_MAIN_PHOTO_RECIPE_H
#define RETOUCH_MAIN_PHOTO_RECIPE_H

#include <stddef.h>

#include "base/buf.h"
#include "main/photo_tree.h"

struct yyjson_doc;

struct photo_recipe {
    struct retouch_step steps[RETOUCH_STEPS_MAX];
    struct retouch_param params[RETOUCH_STEPS_MAX][RETOUCH_PARAMS_MAX];
    struct yyjson_doc *docs[RETOUCH_STEPS_MAX]; /* owned: texts of the parameters */
    char numbers[RETOUCH_STEPS_MAX][RETOUCH_PARAMS_MAX][32];
    size_t count;
    size_t doc_count;
};

/* The chain of the current step. The tree must outlive the recipe. ERR_INVALID with the words for a
 * record from which it cannot be read; the recipe is to be freed in every case. */
int photo_recipe_read(struct photo_recipe *recipe,
                      const struct photo_tree *tree,
                      struct err *err) MUST_CHECK;
void photo_recipe_done(struct photo_recipe *recipe);
/* ERR_INVALID: the effect is not in it, or nothing would be left. */
int photo_recipe_drop(struct photo_recipe *recipe, const char *effect, struct err *err) MUST_CHECK;
/* In the place of the same effect, or behind the last. ERR_INVALID: no room. */
int photo_recipe_put(struct photo_recipe *recipe,
                     const struct retouch_step *step,
                     struct err *err) MUST_CHECK;

#endif
