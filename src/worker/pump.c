#include "worker/pump.h"

#include "base/check.h"
#include "worker/slot.h"
#include "worker/worker.h"

enum {
    TURN_OF_THE_LONGEST_UNASKED = 8, /* every so many asks: the lower inboxes never starve */
    HELD_MAX_MS = 1000,              /* an element that no slot is free for goes back after this */
    CALL_EXTRA_BYTES = 64 << 10      /* of a call in flight beside image and answer */
};

/* Elements that it is worth taking now: slots, calls and bytes all bound it. */
static uint32_t pump_room(const struct worker *worker)
{
    if (worker->phase != WORKER_RUNNING || !worker_has_redis(worker)) {
        return 0;
    }
    if (worker->bytes_held > 0 && worker->bytes_held * 2 >= worker->admission.bytes_max) {
        return 0; /* an answer is about as large as its image: half is kept for answers */
    }
    uint32_t busy = worker->slots_busy.len;
    uint32_t free = worker->slots_max > busy ? worker->slots_max - busy : 0;
    uint32_t waiting = worker->phases[PHASE_CLAIMING] + worker->phases[PHASE_BEGINNING] +
                       worker->phases[PHASE_LOADING] + worker->phases[PHASE_WAITING];
    uint32_t room = admission_room(&worker->admission, loop_at_ms(worker->loop), waiting);
    return room < free ? room : free;
}

static struct feed *pump_feed(const struct worker *worker, uint32_t rank)
{
    return &worker->served[rank / PRIORITY_COUNT].feeds[rank % PRIORITY_COUNT];
}

static uint32_t pump_feeds(const struct worker *worker)
{
    return worker->served_count * PRIORITY_COUNT;
}

/* The first in order of preference; now and then the one that was not asked for longest. */
static struct feed *pump_choose(struct worker *worker)
{
    struct feed *best = NULL;
    bool share = worker->asks % TURN_OF_THE_LONGEST_UNASKED == TURN_OF_THE_LONGEST_UNASKED - 1;
    for (uint32_t rank = 0; rank < pump_feeds(worker); rank++) {
        struct feed *feed = pump_feed(worker, rank);
        if (!feed_may_be_asked(feed)) {
            continue;
        }
        if (best == NULL || (share && feed->served_at_ask < best->served_at_ask)) {
            best = feed;
        }
    }
    return best;
}

static void pump_take_held(struct worker *worker, struct feed *feed)
{
    struct slot *slot = slot_for_element(worker, feed);
    if (slot != NULL) {
        feed->held_at_ms = 0;
        slot_take_element(slot, &feed->held);
    }
}

static void pump_held(struct worker *worker)
{
    int64_t now = loop_at_ms(worker->loop);
    for (uint32_t rank = 0; rank < pump_feeds(worker); rank++) {
        struct feed *feed = pump_feed(worker, rank);
        if (feed->held_at_ms == 0) {
            continue;
        }
        if (pump_room(worker) > 0 && feed->served->registered) {
            pump_take_held(worker, feed);
        } else if (now - feed->held_at_ms > HELD_MAX_MS || worker->phase != WORKER_RUNNING) {
            feed_return(feed);
        }
    }
}

/* A batch at a time where several inboxes may have something, so that their order is kept. */
static void pump_ask(struct worker *worker)
{
    for (uint32_t room = pump_room(worker); room > 0;) {
        struct feed *feed = pump_choose(worker);
        if (feed == NULL) {
            return;
        }
        worker->asks++;
        uint32_t asked = feed_ask(feed, room);
        if (asked == 0) {
            return;
        }
        room -= asked;
    }
}

static void pump_wait(struct worker *worker)
{
    if (pump_room(worker) == 0) {
        return;
    }
    for (uint32_t rank = 0; rank < pump_feeds(worker); rank++) {
        struct feed *feed = pump_feed(worker, rank);
        if (feed->state == FEED_EMPTY && feed->asked == 0 && worker_holds_lease(feed->served) &&
            !feed->served->figures.paused) {
            feed_wait(feed);
        }
    }
}

static void pump_park_blocked(struct worker *worker)
{
    struct outcome outcome;
    outcome_park(&outcome, credential_state_reason(worker->admission.state),
                 worker_credential_opens_in_ms(worker));
    while (list_first(&worker->waiting) != NULL) {
        slot_settle(CONTAINER_OF(list_first(&worker->waiting), struct slot, wait_node), &outcome);
    }
}

/* False: nothing more goes now. */
static bool pump_admit_one(struct worker *worker, struct slot *slot)
{
    uint64_t bytes = 2 * (uint64_t)slot->image.len + CALL_EXTRA_BYTES;
    if (slot_expire(slot)) {
        return true;
    }
    bool may_go = admission_try(&worker->admission, loop_at_ms(worker->loop), bytes);
    if (may_go) {
        slot_admit(slot, bytes);
    }
    return may_go;
}

static void pump_admit(struct worker *worker)
{
    struct list_node *node;
    if (!worker_has_redis(worker)) {
        return; /* no mark could be put on record: no call may start */
    }
    while ((node = list_first(&worker->waiting)) != NULL &&
           pump_admit_one(worker, CONTAINER_OF(node, struct slot, wait_node))) {}
    if (worker->admission.state == CREDENTIAL_BLOCKED &&
        worker_credential_opens_in_ms(worker) > 0) {
        pump_park_blocked(worker);
    }
}

void pump_turn(struct worker *worker)
{
    for (uint32_t rank = 0; rank < pump_feeds(worker); rank++) {
        feed_settle(pump_feed(worker, rank));
    }
    pump_held(worker);
    pump_ask(worker);
    pump_wait(worker);
    pump_admit(worker);
}
