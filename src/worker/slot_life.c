/* Where slots come from and go to: what the feeds, the pump, the worker and the drain do with them.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "worker/slot.h"

static void slot_on_timer(void *data)
{
    struct slot *slot = data;
    if (slot->phase == PHASE_FETCHING) {
        slot_step(slot, JOB_LINK);
    }
}

static struct slot *slot_make(struct worker *worker)
{
    struct slot *slot = mem_zalloc(1, sizeof *slot);
    if (slot == NULL) {
        return NULL;
    }
    slot->worker = worker;
    slot->phase = PHASE_FREE;
    slot->timer = timer_new(worker->loop, slot_on_timer, slot);
    if (slot->timer == NULL) {
        mem_free(slot);
        return NULL;
    }
    slot_init_parts(slot);
    worker->slots_made++;
    worker->phases[PHASE_FREE]++;
    return slot;
}

struct slot *slot_for_element(struct worker *worker, struct feed *feed)
{
    struct list_node *node = list_pop_front(&worker->slots_free);
    struct slot *slot = node != NULL ? CONTAINER_OF(node, struct slot, node)
                        : worker->slots_made < worker->slots_max ? slot_make(worker)
                                                                 : NULL;
    if (slot != NULL) {
        slot->feed = feed;
        memcpy(slot->worker_id, worker->id, sizeof slot->worker_id);
        list_push_back(&worker->slots_busy, &slot->node);
    }
    return slot;
}

struct slot *slot_claim(struct worker *worker, struct feed *feed)
{
    struct slot *slot = slot_for_element(worker, feed);
    if (slot != NULL) {
        slot_step(slot, JOB_ASKED);
    }
    return slot;
}

void slot_release(struct slot *slot)
{
    slot_step(slot, JOB_EMPTY);
}

void slot_refuse_envelope(struct slot *slot, int code, const struct err *err)
{
    if (code == ERR_NO_MEMORY && slot->envelope.id[0] != '\0') {
        outcome_park(&slot->outcome, "retry", slot->worker->conf.retry.base_ms); /* it passes */
    } else {
        outcome_without_call(&slot->outcome, OUTCOME_DEAD, "invalid", err->msg);
    }
}

void slot_take_element(struct slot *slot, struct buf *element)
{
    struct worker *worker = slot->worker;
    enum element_kind kind = element_kind_of(buf_view(element));
    struct err err = {0};
    int code = ERR_MALFORMED;
    bool junk = kind == ELEMENT_JUNK;
    slot->sequence = ++worker->sequence;
    slot->feed->unbegun++;
    worker->stats.claimed++;
    /* In the order of their elements, whatever order their slots were asked for in. */
    list_remove(&worker->slots_busy, &slot->node);
    list_push_back(&worker->slots_busy, &slot->node);
    if (kind == ELEMENT_ID) {
        (void)text_copy(slot->envelope.id, sizeof slot->envelope.id, buf_view(element));
        buf_done(element);
        slot_step(slot, JOB_ELEMENT);
        return;
    }
    slot->element_len = slot->bytes_held = element->len;
    slot->ends = claim_ends_of(buf_view(element));
    worker->bytes_held += element->len;
    if (junk) {
        err_ignore(err_set(&err, ERR_MALFORMED,
                           "neither an envelope (a msgpack or JSON map) nor a job's id"));
        buf_done(element);
    } else {
        code = envelope_decode(&slot->envelope, element, &err);
        junk = code == ERR_MALFORMED;
        slot->refused = code != 0 && !junk;
    }
    if (junk || slot->refused) {
        slot_refuse_envelope(slot, code, &err);
    }
    slot_step(slot, junk ? JOB_JUNK : JOB_ELEMENT);
}

bool slot_is_late(const struct slot *slot)
{
    return slot->envelope.deadline_ms > 0 &&
           worker_unix_ms(slot->worker) >= slot->envelope.deadline_ms;
}

bool slot_expire(struct slot *slot)
{
    CHECK(slot->phase == PHASE_WAITING);
    if (!slot_is_late(slot)) {
        return false;
    }
    struct outcome outcome;
    outcome_without_call(&outcome, OUTCOME_EXPIRED, "", "");
    slot_settle(slot, &outcome);
    return true;
}

void slot_admit(struct slot *slot, uint64_t bytes)
{
    CHECK(slot->phase == PHASE_WAITING);
    list_remove(&slot->worker->waiting, &slot->wait_node);
    slot->admitted_bytes = bytes;
    slot->admitted_at_ms = loop_at_ms(slot->worker->loop);
    slot->call_number++;
    slot_step(slot, JOB_ADMITTED);
}

void slot_settle(struct slot *slot, const struct outcome *outcome)
{
    CHECK(slot->phase == PHASE_WAITING);
    list_remove(&slot->worker->waiting, &slot->wait_node);
    slot->outcome = *outcome;
    slot_settled(slot);
}

void slot_abort(struct slot *slot)
{
    if (slot->phase == PHASE_CALLING) {
        slot->aborted = true;
        fetch_cancel(&slot->fetch);
    }
}

static void slot_cancel_fetch(struct slot *slot)
{
    if (timer_is_active(slot->timer)) {
        timer_stop(slot->timer);
        slot_result_lost(slot, "canceled");
        slot_settled(slot);
    } else {
        fetch_cancel(&slot->fetch);
    }
}

/* In phases that are not named the scripts find it out by the fence. */
void slot_cancel(struct slot *slot)
{
    if (slot->phase == PHASE_WAITING) {
        struct outcome outcome;
        outcome_without_call(&outcome, OUTCOME_CANCELED, "", "");
        slot_settle(slot, &outcome);
    } else if (slot->phase == PHASE_FETCHING) {
        slot_cancel_fetch(slot);
    } else {
        slot_abort(slot);
    }
}

void slot_free(struct slot *slot)
{
    slot_clear(slot);
    timer_close(slot->timer);
    mem_free(slot);
}
