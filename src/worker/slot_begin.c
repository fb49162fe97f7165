/* From an element to a job that is ready for its call: begun or rejected, its image at hand. */
#include "worker/slot_begin.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "worker/slot.h"

/* The image is here, or none is needed. */
static void slot_go_with_image(struct slot *slot)
{
    if (slot_check_image(slot, &slot->outcome) != 0) {
        slot_settled(slot);
    } else if (slot->plan.records) {
        slot_step(slot, JOB_RECALL);
    } else if (slot_order_alone(slot, &slot->outcome) != 0) {
        slot_settled(slot);
    } else {
        slot_step(slot, JOB_READY);
    }
}

/* Decides before any call: refused, expired, or parked until its time. */
static void slot_go_by_plan(struct slot *slot)
{
    if (slot_plan(slot, &slot->outcome) != 0) {
        slot_settled(slot);
    } else if (slot->envelope.image_source == IMAGE_KEY) {
        slot_step(slot, JOB_BY_KEY);
    } else {
        slot_go_with_image(slot);
    }
}

/* begin */

/* The effects joined by '+', as the status shows them. */
static void begin_title(const struct envelope *envelope, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t i = 0; i < envelope->step_count && used < size; i++) {
        int len =
            snprintf(text + used, size - used, "%s%s", i > 0 ? "+" : "", envelope->steps[i].effect);
        used += len > 0 ? (size_t)len : 0;
    }
}

int slot_begin_ask(struct slot *slot, struct err *err)
{
    char effect[ENVELOPE_STEPS_MAX * (ENVELOPE_NAME_MAX + 1) + 1] = "";
    if (slot->element_len > 0) {
        begin_title(&slot->envelope, effect, sizeof effect);
    }
    struct begin begin = {
        .inbox = &slot->feed->inbox,
        .worker = slot->worker_id,
        .id = slot->envelope.id,
        .sequence = slot->sequence,
        .element_len = slot->element_len,
        .id_at = slot->element_len > 0 ? slot->envelope.id_at : 0,
        .effect = effect,
        .steps = slot->envelope.step_count,
        .dead_ttl_ms = slot->worker->conf.dead.ttl_ms,
        .reply_to = slot->element_len > 0 ? slot->envelope.reply_to : "",
        .now_unix_ms = worker_unix_ms(slot->worker),
    };
    return begin_send(&slot->worker->call, slot->worker->bulk, &slot->request, &begin, err);
}

/* A bare id's envelope comes with the answer. */
static int begin_decode(struct slot *slot)
{
    char id[ENVELOPE_ID_MAX + 1];
    struct err err = {0};
    memcpy(id, slot->envelope.id, sizeof id);
    slot->bytes_held = slot->begun.envelope.len;
    slot->worker->bytes_held += slot->bytes_held;
    int code = envelope_decode(&slot->envelope, &slot->begun.envelope, &err);
    if (code == 0 && strcmp(id, slot->envelope.id) != 0) {
        code = err_set(&err, ERR_INVALID, "the stored envelope is of another job, \"%s\"",
                       slot->envelope.id);
    }
    memcpy(slot->envelope.id, id, sizeof id);
    if (code != 0) {
        slot_refuse_envelope(slot, code, &err);
    }
    return code;
}

static void begin_go_on(struct slot *slot)
{
    struct worker *worker = slot->worker;
    worker->stats.begun++;
    worker_saw_clock(worker, slot->begun.now_unix_ms);
    slot->begun_at_ms = loop_at_ms(worker->loop);
    if (slot->refused || (slot->element_len == 0 && begin_decode(slot) != 0)) {
        slot_settled(slot);
        return;
    }
    slot_go_by_plan(slot);
}

static void begin_not_ours(struct slot *slot)
{
    struct worker *worker = slot->worker;
    struct feed *feed = slot->feed;
    switch (slot->begun.answer) {
    case BEGIN_DUPLICATE:
        worker->stats.duplicates++;
        log_event(LOG_INFO, "duplicate_dropped", LOG_TEXT("job", slot->envelope.id));
        break;
    case BEGIN_MISSING:
        worker->stats.rejected++;
        log_event(LOG_WARN, "rejected", LOG_TEXT("job", slot->envelope.id),
                  LOG_TEXT("reason", "no envelope is stored"));
        break;
    case BEGIN_PAUSED:
        feed->served->figures.paused = true;
        feed_return(feed);
        break;
    case BEGIN_LOST:
        if (strcmp(slot->worker_id, worker->id) == 0) {
            worker_lose_lease(worker);
        }
        feed_return(feed);
        break;
    case BEGIN_MISMATCH:
        log_event(LOG_WARN, "claim_mismatch", LOG_TEXT("job", slot->envelope.id));
        feed_return(feed);
        break;
    case BEGIN_GONE:
    case BEGIN_OK:
        break;
    }
    slot_step(slot, JOB_GONE);
}

void slot_begin_on_reply(struct redis_request *request,
                         struct redis_reply *reply,
                         const struct err *err)
{
    struct slot *slot = request->data;
    struct err read = {0};
    if (!slot_heard(slot, err)) {
        return;
    }
    if (begin_read(reply, &slot->begun, &read) != 0) {
        (void)slot_heard(slot, &read);
        return;
    }
    feed_begun(slot->feed);
    if (slot->begun.answer == BEGIN_OK) {
        begin_go_on(slot);
    } else {
        begin_not_ours(slot);
    }
}

/* reject */

int slot_reject_ask(struct slot *slot, struct err *err)
{
    struct worker *worker = slot->worker;
    return claim_reject(&worker->call, worker->bulk, &slot->request, &slot->feed->inbox,
                        slot->worker_id, &slot->ends, slot->outcome.message, worker_unix_ms(worker),
                        err);
}

void slot_reject_on_reply(struct redis_request *request,
                          struct redis_reply *reply,
                          const struct err *err)
{
    struct slot *slot = request->data;
    if (!slot_heard(slot, err)) {
        return;
    }
    feed_begun(slot->feed);
    if (redis_reply_int(reply) == 1) {
        slot->worker->stats.rejected++;
        log_event(LOG_WARN, "rejected", LOG_NUM("bytes", slot->element_len),
                  LOG_TEXT("reason", slot->outcome.message));
    } else {
        feed_return(slot->feed);
    }
    slot_step(slot, JOB_RECORDED);
}

/* the image behind a key */

int slot_load_ask(struct slot *slot, struct err *err)
{
    struct slice args[] = {slice_text("GET"), slot->envelope.image};
    return redis_send(slot->worker->bulk, &slot->request, args, N_ELEMENTS(args), err);
}

void slot_load_on_reply(struct redis_request *request,
                        struct redis_reply *reply,
                        const struct err *err)
{
    struct slot *slot = request->data;
    if (err->code == ERR_REPLY) {
        outcome_without_call(&slot->outcome, OUTCOME_DEAD, "invalid",
                             "image.key: the key holds no string");
        slot_settled(slot);
        return;
    }
    if (!slot_heard(slot, err)) {
        return;
    }
    if (!redis_reply_take(reply, &slot->keyed_image)) {
        outcome_without_call(&slot->outcome, OUTCOME_DEAD, "invalid",
                             "image.key: nothing is stored under that key");
        slot_settled(slot);
        return;
    }
    slot->bytes_held += slot->keyed_image.len;
    slot->worker->bytes_held += slot->keyed_image.len;
    slot_go_with_image(slot);
}
