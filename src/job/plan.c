#include "job/plan.h"

#include <string.h>

#include "base/check.h"
#include "base/text.h"

/* The first step that makes a picture. */
static uint32_t picture_start(const struct plan *plan)
{
    return plan->has_check ? 1 : 0;
}

static bool known_find(const struct digest *digest,
                       plan_find_fn *find,
                       void *data,
                       struct plan_known *ret_known)
{
    return find != NULL && digest->text[0] != '\0' && find(data, digest, ret_known);
}

/* Whether the recipe can go on, or end, after the step of this index. */
static bool is_recorded(const struct plan *plan, uint32_t i, const struct plan_known *known)
{
    bool is_last = i + 1 == plan->count;
    return is_last ? known->has_result && !plan->result_gone
                   : known->generate_id[0] != '\0' && !plan->steps[i].forgotten;
}

static void start_set(struct plan *plan, const char *generate_id)
{
    (void)text_copy(plan->generate_id, sizeof plan->generate_id, slice_text(generate_id));
}

/* Sets next and generate_id to what follows the longest recorded prefix. */
static void prefix_find(struct plan *plan, plan_find_fn *find, void *data)
{
    struct plan_known known;
    for (uint32_t i = plan->count; i > picture_start(plan); i--) {
        if (known_find(&plan->steps[i - 1].digest, find, data, &known) &&
            is_recorded(plan, i - 1, &known)) {
            plan->next = i;
            start_set(plan, known.generate_id);
            return;
        }
    }
    plan->next = picture_start(plan);
    start_set(plan, plan->source.kind == PLAN_SOURCE_GENERATE_ID ? plan->source.generate_id : "");
}

/* The check has to be called where its id is wanted and not known, or where it is the whole job. */
static void check_find(struct plan *plan, plan_find_fn *find, void *data)
{
    struct plan_known known;
    bool is_known = known_find(&plan->check_digest, find, data, &known);
    bool is_all = plan->has_check && plan->count == 1;
    plan->check_id[0] = '\0';
    if (is_known) {
        (void)text_copy(plan->check_id, sizeof plan->check_id, slice_text(known.check_id));
    }
    if (is_all) {
        plan->next = is_known && is_recorded(plan, 0, &known) ? 1 : 0;
    } else if (plan->next == picture_start(plan) && plan->check_id[0] == '\0') {
        plan->next = 0;
    }
}

/* Whether the step's last parameter is the check id that check_id_hand_over gave it. */
static bool check_id_is_handed_over(const struct plan *plan, const struct plan_step *step)
{
    const struct params *params = &step->params;
    const struct value *last = params->count > 0 ? &params->items[params->count - 1].value : NULL;
    return last != NULL && last->text.ptr == (const uint8_t *)plan->check_id;
}

/* Gives the step to call the check id, unless the producer gave one. */
static void check_id_hand_over(struct plan *plan)
{
    struct plan_step *step = &plan->steps[plan->next];
    const struct param_rule *rule =
        plan->next < plan->count ? effect_rule_of_role(step->effect, PARAM_ROLE_CHECK_ID) : NULL;
    size_t len = strlen(plan->check_id);
    if (rule == NULL || rule->kind != PARAM_TEXT) {
        return;
    }
    struct params *params = &step->params;
    if (check_id_is_handed_over(plan, step)) {
        params->count--; /* of an earlier start */
    }
    if (len > 0 && (double)len <= rule->max && params_find(params, rule->name) == NULL &&
        params->count < PARAMS_MAX) {
        struct param *param = &params->items[params->count++];
        memcpy(param->name, rule->name, sizeof param->name);
        param->value = (struct value){.kind = VALUE_TEXT, .text = slice_of(plan->check_id, len)};
    }
}

static int image_check_there(const struct plan *plan, const struct effect *effect, struct err *err)
{
    bool is_image = plan->source.kind == PLAN_SOURCE_BYTES || plan->source.kind == PLAN_SOURCE_URL;
    if (is_image && !plan->source.has_image) {
        return err_set(err, ERR_INVALID,
                       "image: %s has to start from the image, which is not kept: send the "
                       "image again",
                       effect->name);
    }
    switch (plan->source.kind) {
    case PLAN_SOURCE_BYTES:
        if (!effect_accepts_bytes(effect)) {
            return err_set(err, ERR_INVALID,
                           "image: %s takes a URL, not bytes: put the photo where the API can "
                           "fetch it, and give image.url",
                           effect->name);
        }
        break;
    case PLAN_SOURCE_URL:
        if (!effect->accepts_url) {
            return err_set(err, ERR_INVALID,
                           "image.url: this effect takes the image's bytes, not a URL");
        }
        break;
    case PLAN_SOURCE_NONE:
    case PLAN_SOURCE_GENERATE_ID:
    default:
        return err_set(err, ERR_INVALID,
                       plan->records ? "image: this photo is not known yet: send the image"
                                     : "image: required for this effect: bytes, or a map with one "
                                       "of data, url, key");
    }
    return 0;
}

int plan_start(struct plan *plan, plan_find_fn *find, void *data, struct err *err)
{
    CHECK(plan->steps != NULL);
    prefix_find(plan, plan->records ? find : NULL, data);
    if (plan->records) {
        check_find(plan, find, data);
    }
    plan->saved = plan->next;
    if (plan->next == plan->count) {
        return 0;
    }
    check_id_hand_over(plan);
    const struct effect *effect = plan->steps[plan->next].effect;
    if (plan->generate_id[0] == '\0') {
        return image_check_there(plan, effect, err);
    }
    return effect->style == REQUEST_IMG_URL
               ? 0
               : err_set(err, ERR_INVALID, "generate_id: %s takes none: send the image",
                         effect->name);
}

const struct plan_step *plan_next(const struct plan *plan)
{
    return plan->next < plan->count ? &plan->steps[plan->next] : NULL;
}

const struct plan_step *plan_last(const struct plan *plan)
{
    CHECK(plan->count > 0);
    return &plan->steps[plan->count - 1];
}

const char *plan_start_of(const struct plan *plan)
{
    return plan->generate_id[0] != '\0' ? plan->generate_id : NULL;
}

int plan_advance(struct plan *plan, const char *generate_id, const char *check_id, struct err *err)
{
    CHECK(plan->next < plan->count);
    const struct effect *effect = plan->steps[plan->next].effect;
    bool is_check = plan->has_check && plan->next == 0;
    bool goes_on = plan->next + 1 < plan->count;
    if (!is_check && goes_on && generate_id[0] == '\0') {
        return err_set(err, ERR_INVALID,
                       "%s answered without a generate id, so %s cannot go on from it",
                       effect->name, plan->steps[plan->next + 1].effect->name);
    }
    plan->next++;
    if (is_check) {
        (void)text_copy(plan->check_id, sizeof plan->check_id, slice_text(check_id));
    } else {
        start_set(plan, generate_id);
    }
    if (goes_on) {
        check_id_hand_over(plan);
    }
    return 0;
}

int plan_forget(struct plan *plan, struct digest *ret_digest, struct err *err)
{
    CHECK(plan->next < plan->count);
    CHECK(plan->generate_id[0] != '\0');
    if (plan->next <= picture_start(plan)) {
        return err_set(err, ERR_INVALID,
                       "generate_id: the API does not know it (any more): send the image");
    }
    struct plan_step *giver = &plan->steps[plan->next - 1];
    if (giver->forgotten) {
        return err_set(err, ERR_INVALID,
                       "%s: the API does not know the generate id that it has just given",
                       giver->effect->name);
    }
    giver->forgotten = true;
    *ret_digest = giver->digest;
    return 0;
}

int plan_forget_check(struct plan *plan, struct digest *ret_digest, struct err *err)
{
    CHECK(plan->next < plan->count);
    if (plan->check_forgotten || !check_id_is_handed_over(plan, &plan->steps[plan->next])) {
        return err_set(err, ERR_INVALID, "the check id is not one that is on record");
    }
    plan->check_forgotten = true;
    *ret_digest = plan->check_digest;
    return 0;
}

void plan_forget_result(struct plan *plan)
{
    plan->result_gone = true;
}
