/* Where each step of a recipe stands for the source that the job has, and what each prefix is
 * called in the photo's record. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "job/plan.h"

enum {
    PARAMS_TEXT_MAX = 4 << 20 /* PARAMS_MAX texts of 64 KiB, some escaped */
};

struct size {
    uint32_t width, height; /* px; 0 where not known */
};

/* An unknown size is left to the API. */
static bool exceeds(struct size size, uint32_t side)
{
    uint32_t shorter = size.width < size.height ? size.width : size.height;
    return shorter == 0 || shorter > side;
}

static uint32_t side_of(const struct plan_step *step, enum param_role role)
{
    const struct param_rule *rule = effect_rule_of_role(step->effect, role);
    const struct value *value = rule != NULL ? params_find(&step->params, rule->name) : NULL;
    bool fits = value != NULL && value->kind == VALUE_INT && value->integer > 0 &&
                value->integer <= UINT32_MAX;
    return fits ? (uint32_t)value->integer : 0;
}

static struct size size_made_by(const struct plan_step *step)
{
    return (struct size){side_of(step, PARAM_ROLE_WIDTH), side_of(step, PARAM_ROLE_HEIGHT)};
}

/* Index of the effect on which the others depend; count: the recipe has none. */
static uint32_t first_find(const struct plan *plan)
{
    uint32_t i = 0;
    while (i < plan->count && !plan->steps[i].effect->order.first) {
        i++;
    }
    return i;
}

static void step_move(struct plan *plan, uint32_t from, uint32_t to)
{
    struct plan_step moved = plan->steps[from];
    for (; from < to; from++) {
        plan->steps[from] = plan->steps[from + 1];
    }
    for (; from > to; from--) {
        plan->steps[from] = plan->steps[from - 1];
    }
    plan->steps[to] = moved;
}

static int refuse_size(const struct effect *effect, struct size size, struct err *err)
{
    return err_set(err, ERR_INVALID,
                   "%s: needs an image whose shorter side exceeds %" PRIu32 " px, and this one is "
                   "%" PRIu32 "x%" PRIu32 ": send a larger one",
                   effect->name, effect->order.side_above, size.width, size.height);
}

static int
refuse_both(const struct effect *effect, struct size made, struct size original, struct err *err)
{
    return err_set(err, ERR_INVALID,
                   "%s: needs an image whose shorter side exceeds %" PRIu32 " px: the photo made "
                   "is %" PRIu32 "x%" PRIu32 ", the original %" PRIu32 "x%" PRIu32
                   ": send a larger original, or make a larger photo",
                   effect->name, effect->order.side_above, made.width, made.height, original.width,
                   original.height);
}

/* The step goes where its image is large enough: its own place if that will do, or the other side
 * of the making. */
static int step_place(struct plan *plan, uint32_t i, struct err *err)
{
    const struct effect *effect = plan->steps[i].effect;
    uint32_t side = effect->order.side_above;
    uint32_t first = first_find(plan);
    struct size original = {plan->source.width, plan->source.height};
    if (first == plan->count || i == first) {
        return exceeds(original, side) ? 0 : refuse_size(effect, original, err);
    }
    struct size made = size_made_by(&plan->steps[first]);
    bool fits_made = exceeds(made, side);
    bool fits_original = effect->order.on_original && exceeds(original, side);
    if (!fits_made && !fits_original) {
        return effect->order.on_original ? refuse_both(effect, made, original, err)
                                         : refuse_size(effect, made, err);
    }
    bool fits = i > first ? fits_made : fits_original;
    if (!fits) {
        step_move(plan, i, first); /* from behind: before it; from before: right behind it */
    }
    return 0;
}

/* Each sized effect once; they are listed before, since they may change places. */
static int steps_place(struct plan *plan, struct err *err)
{
    const struct effect *sized[ENVELOPE_STEPS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct effect *effect = plan->steps[i].effect;
        if (effect->order.side_above > 0 && !effect->order.no_picture) {
            sized[count++] = effect;
        }
    }
    int code = 0;
    for (uint32_t k = 0; k < count && code == 0; k++) {
        uint32_t i = 0;
        while (plan->steps[i].effect != sized[k]) {
            i++;
        }
        code = step_place(plan, i, err);
    }
    return code;
}

static const struct effect *first_of_family(const struct plan *plan)
{
    const struct list_node *head = &plan->catalogue->effects.head;
    for (struct list_node *node = head->next; node != head; node = node->next) {
        const struct effect *effect = CONTAINER_OF(node, struct effect, node);
        if (effect->order.first &&
            strcmp(effect->order.family, plan->steps[0].effect->order.family) == 0) {
            return effect;
        }
    }
    return NULL;
}

/* What stands before the making, or without it on an image, must be fit for originals. */
static int check_first(const struct plan *plan, struct err *err)
{
    uint32_t first = first_find(plan);
    uint32_t start = plan->has_check ? 1 : 0;
    const struct effect *needed = first_of_family(plan);
    bool has_first = first < plan->count;
    if (needed == NULL || (!has_first && plan->source.kind == PLAN_SOURCE_GENERATE_ID)) {
        return 0;
    }
    bool alone = plan->count - start == 1;
    for (uint32_t i = start; i < first; i++) {
        const struct effect *effect = plan->steps[i].effect;
        if (!effect->order.on_original || (!has_first && !alone)) {
            return err_set(err, ERR_INVALID, "%s: %s must come first%s", effect->name, needed->name,
                           has_first ? "" : ", or give the generate_id of a photo that is made");
        }
    }
    return 0;
}

static int step_digest(const struct plan_step *step,
                       const struct digest *before,
                       struct digest *ret_digest,
                       struct err *err)
{
    struct buf text;
    buf_init(&text, PARAMS_TEXT_MAX);
    int code = effect_params_canonical(step->effect, &step->params, &text);
    if (code == 0) {
        code = digest_of_step(before, step->effect->name, buf_view(&text), ret_digest);
    }
    buf_done(&text);
    return code == 0 ? 0 : err_set(err, code, "%s: cannot be digested", step->effect->name);
}

/* A check of this photo that an earlier job may have made, where this one brings none. */
static int check_find_digest(struct plan *plan, struct err *err)
{
    const struct list_node *head = &plan->catalogue->effects.head;
    for (struct list_node *node = head->next; node != head; node = node->next) {
        struct plan_step step = {.effect = CONTAINER_OF(node, struct effect, node)};
        const struct order_rules *order = &step.effect->order;
        struct params none = {.count = 0};
        struct err unused; /* a check that needs parameters is not one to be found here */
        if (order->no_picture && strcmp(order->family, plan->steps[0].effect->order.family) == 0 &&
            effect_check_params(step.effect, &none, &step.params, &unused) == 0) {
            return step_digest(&step, &plan->source.digest, &plan->check_digest, err);
        }
    }
    return 0;
}

static int plan_digest(struct plan *plan, struct err *err)
{
    const struct digest *before = &plan->source.digest;
    int code = 0;
    for (uint32_t i = 0; i < plan->count && code == 0; i++) {
        struct plan_step *step = &plan->steps[i];
        code = step_digest(step, before, &step->digest, err);
        bool is_check = plan->has_check && i == 0;
        before = is_check ? before : &step->digest;
    }
    if (code == 0 && plan->has_check) {
        plan->check_digest = plan->steps[0].digest;
        return 0;
    }
    return code != 0 ? code : check_find_digest(plan, err);
}

int plan_order(struct plan *plan, const struct plan_source *source, struct err *err)
{
    CHECK(plan->steps != NULL);
    CHECK((source->kind == PLAN_SOURCE_GENERATE_ID) == (source->generate_id != NULL));
    plan->source = *source;
    if (!plan->records) {
        return 0;
    }
    int code = steps_place(plan, err);
    code = code != 0 ? code : check_first(plan, err);
    return code != 0 ? code : plan_digest(plan, err);
}
