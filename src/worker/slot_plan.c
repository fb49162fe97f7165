/* What stands before a call: is the effect known, are its parameters allowed, is it time, is the
 * image one that the API accepts. Whatever fails here costs nothing. */
#include <stdio.h>

#include "base/check.h"
#include "wire/url.h"
#include "worker/slot.h"

static int plan_refuse(struct outcome *ret_outcome, const char *message)
{
    outcome_without_call(ret_outcome, OUTCOME_DEAD, "invalid", message);
    return ERR_INVALID;
}

static int plan_effects(struct slot *slot, struct outcome *ret_outcome)
{
    const struct envelope *envelope = &slot->envelope;
    struct err err = {0};
    if (plan_read(&slot->plan, slot->worker->catalogue, envelope->steps, envelope->step_count,
                  &err) != 0) {
        return plan_refuse(ret_outcome, err.msg);
    }
    slot->effect = slot->plan.steps[0].effect;
    (void)snprintf(slot->photo_id, sizeof slot->photo_id, "%s",
                   envelope->out_request_id[0] != '\0' ? envelope->out_request_id : envelope->id);
    return 0;
}

static int plan_source(struct slot *slot, struct outcome *ret_outcome)
{
    const struct envelope *envelope = &slot->envelope;
    struct err err = {0};
    if (envelope->image_source == IMAGE_NONE && !slot->plan.records) {
        return plan_refuse(ret_outcome, "image: required for this effect: bytes, or a map with one "
                                        "of data, url, key");
    }
    if (envelope->image_source != IMAGE_URL) {
        return 0;
    }
    if (!slot->effect->accepts_url) {
        return plan_refuse(ret_outcome,
                           "image.url: this effect takes the image's bytes, not a URL");
    }
    if (url_check(envelope->image, slot->worker->conf.api.allow_private, &err) != 0) {
        err_ignore(err_wrap(&err, "image.url")); /* the code is known: it is refused */
        return plan_refuse(ret_outcome, err.msg);
    }
    return 0;
}

enum {
    CLOCK_SLACK_MS = 2 /* clocks are read in whole milliseconds: never too early */
};

static int plan_time(const struct slot *slot, struct outcome *ret_outcome)
{
    int64_t now = worker_unix_ms(slot->worker);
    if (slot_is_late(slot)) {
        outcome_without_call(ret_outcome, OUTCOME_EXPIRED, "", "");
        return ERR_TIMEOUT;
    }
    if (slot->envelope.not_before_ms > now) {
        outcome_park(ret_outcome, "delay", slot->envelope.not_before_ms - now + CLOCK_SLACK_MS);
        return ERR_TIMEOUT;
    }
    return 0;
}

int64_t slot_unknown_retries(const struct slot *slot)
{
    return slot->effect->unknown_retries >= 0 ? slot->effect->unknown_retries
                                              : (int64_t)slot->worker->conf.retry.unknown;
}

int64_t slot_max_attempts(const struct slot *slot)
{
    return slot->envelope.max_attempts > 0 ? slot->envelope.max_attempts
                                           : (int64_t)slot->worker->conf.retry.max_attempts;
}

/* A worker may have ended with this job's request out: may it be called again? */
static int plan_past(const struct slot *slot, struct outcome *ret_outcome)
{
    const struct begun *begun = &slot->begun;
    if (begun->unknowns <= slot_unknown_retries(slot) &&
        begun->attempts - begun->step_attempts < slot_max_attempts(slot)) {
        return 0;
    }
    outcome_without_call(ret_outcome, OUTCOME_UNKNOWN, "lost_worker",
                         "the worker ended with a request out, and no further repeat is allowed");
    return ERR_INVALID;
}

int slot_plan(struct slot *slot, struct outcome *ret_outcome)
{
    int code = plan_effects(slot, ret_outcome);
    if (code == 0) {
        code = plan_source(slot, ret_outcome);
    }
    if (code == 0) {
        code = plan_past(slot, ret_outcome);
    }
    if (code == 0) {
        code = plan_time(slot, ret_outcome);
    }
    return code;
}

int slot_check_image(struct slot *slot, struct outcome *ret_outcome)
{
    const struct envelope *envelope = &slot->envelope;
    struct err err = {0};
    if (envelope->image_source == IMAGE_NONE) {
        return 0;
    }
    if (envelope->image_source == IMAGE_URL) {
        slot->image_url = envelope->image;
        return 0; /* the API fetches it: nothing to look into here */
    }
    slot->image =
        envelope->image_source == IMAGE_KEY ? buf_view(&slot->keyed_image) : envelope->image;
    if (image_check(slot->image, &slot->effect->image, &slot->image_info, &err) != 0) {
        err_ignore(err_wrap(&err, "image")); /* the code is known: it is refused */
        return plan_refuse(ret_outcome, err.msg);
    }
    slot->worker->stats.images_in_bytes += slot->image.len;
    return 0;
}

int slot_order_alone(struct slot *slot, struct outcome *ret_outcome)
{
    struct plan_source source = {.kind = PLAN_SOURCE_BYTES, .has_image = true};
    struct err err = {0};
    if (slot->envelope.image_source == IMAGE_URL) {
        source.kind = PLAN_SOURCE_URL;
    }
    source.width = slot->image_info.width;
    source.height = slot->image_info.height;
    if (plan_order(&slot->plan, &source, &err) != 0 ||
        plan_start(&slot->plan, NULL, NULL, &err) != 0) {
        return plan_refuse(ret_outcome, err.msg);
    }
    return 0;
}
