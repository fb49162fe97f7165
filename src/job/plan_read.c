/* The recipe as given: known effects, allowed parameters, and what may stand together. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "job/plan.h"

void plan_init(struct plan *plan)
{
    *plan = (struct plan){.steps = NULL};
}

void plan_done(struct plan *plan)
{
    if (plan != NULL) {
        mem_free(plan->steps);
        plan_init(plan);
    }
}

/* "effect", or "recipe[2].effect". */
static void where_format(const struct plan *plan, uint32_t i, char where[32])
{
    if (plan->count == 1) {
        (void)snprintf(where, 32, "effect");
    } else {
        (void)snprintf(where, 32, "recipe[%" PRIu32 "].effect", i);
    }
}

static int refuse_unknown(const struct plan *plan, uint32_t i, const char *name, struct err *err)
{
    char where[32];
    char known[ERR_MSG_MAX] = "";
    size_t used = 0;
    where_format(plan, i, where);
    const struct list_node *head = &plan->catalogue->effects.head;
    for (struct list_node *node = head->next; node != head && used < sizeof known;
         node = node->next) {
        const struct effect *effect = CONTAINER_OF(node, struct effect, node);
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", effect->name);
    }
    return err_set(err, ERR_INVALID, "%s: \"%s\" is not in the catalogue; known:%s", where, name,
                   known);
}

static int
step_read(struct plan *plan, uint32_t i, const struct envelope_step *given, struct err *err)
{
    struct plan_step *step = &plan->steps[i];
    step->effect = catalogue_find(plan->catalogue, given->effect);
    if (step->effect == NULL) {
        return refuse_unknown(plan, i, given->effect, err);
    }
    int code = effect_check_params(step->effect, &given->params, &step->params, err);
    if (code != 0 && plan->count > 1) {
        err_ignore(err_wrap(err, "recipe[%" PRIu32 "].params", i)); /* returns this very code */
    }
    return code;
}

/* How a step may stand beside those before it. */
static int step_check(const struct plan *plan, uint32_t i, struct err *err)
{
    const struct effect *effect = plan->steps[i].effect;
    CHECK(effect != NULL);
    if (plan->count > 1 && effect->order.family[0] == '\0') {
        return err_set(err, ERR_INVALID,
                       "recipe[%" PRIu32 "].effect: %s stands alone: a recipe of several effects "
                       "is for ID photos",
                       i, effect->name);
    }
    if (strcmp(effect->order.family, plan->steps[0].effect->order.family) != 0) {
        return err_set(err, ERR_INVALID, "recipe[%" PRIu32 "].effect: %s does not go with %s", i,
                       effect->name, plan->steps[0].effect->name);
    }
    for (uint32_t k = 0; k < i; k++) {
        const struct effect *earlier = plan->steps[k].effect;
        if (strcmp(earlier->order.kind, effect->order.kind) == 0) {
            return err_set(err, ERR_INVALID,
                           "recipe[%" PRIu32 "].effect: %s after %s at recipe[%" PRIu32
                           "]: effects "
                           "of one kind do not stack, so replace the earlier one",
                           i, effect->name, earlier->name, k);
        }
    }
    if (effect->order.no_picture && i > 0) {
        return err_set(err, ERR_INVALID,
                       "recipe[%" PRIu32 "].effect: %s makes no picture: it may stand only first",
                       i, effect->name);
    }
    return 0;
}

int plan_read(struct plan *plan,
              const struct catalogue *catalogue,
              const struct envelope_step *steps,
              uint32_t count,
              struct err *err)
{
    CHECK(plan->steps == NULL);
    CHECK(count >= 1 && count <= ENVELOPE_STEPS_MAX);
    plan->steps = mem_zalloc(count, sizeof *plan->steps);
    if (plan->steps == NULL) {
        return err_set(err, ERR_NO_MEMORY, "no memory for a plan of %" PRIu32 " steps", count);
    }
    plan->catalogue = catalogue;
    plan->count = count;
    int code = 0;
    for (uint32_t i = 0; i < count && code == 0; i++) {
        code = step_read(plan, i, &steps[i], err);
    }
    for (uint32_t i = 0; i < count && code == 0; i++) {
        code = step_check(plan, i, err);
    }
    if (code == 0) {
        const struct order_rules *order = &plan->steps[0].effect->order;
        plan->records = order->family[0] != '\0';
        plan->has_check = plan->records && order->no_picture;
    }
    return code;
}
