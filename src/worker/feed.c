#include "worker/feed.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "worker/slot.h"
#include "worker/worker.h"

enum {
    FEED_BATCH_MAX = 128, /* LMOVEs in one pipeline */
    FEED_BLOCK_MS = 2000, /* one blocking read in the server; shorter than half a lease */
    FEED_PAUSE_MS = 1000  /* after Redis refused a claim: it would refuse the next one too */
};

static struct worker *feed_worker(const struct feed *feed)
{
    return feed->served->worker;
}

static void feed_drop_held(struct feed *feed)
{
    buf_done(&feed->held);
    feed->held_at_ms = 0;
}

void feed_return(struct feed *feed)
{
    feed_unblock(feed); /* what came by it would only have to go back, too */
    if (feed->state != FEED_DOWN) {
        feed->state = FEED_RETURN;
    }
    feed_drop_held(feed);
}

void feed_begun(struct feed *feed)
{
    CHECK(feed->unbegun > 0);
    feed->unbegun--;
}

/* Redis does not do what was asked: an inbox that is no list, a user that may not, no memory. */
static void feed_refused(struct feed *feed, const struct err *err)
{
    feed_return(feed);
    if (redis_state(feed->redis) != REDIS_READY) {
        return; /* not refused: the connection was lost */
    }
    feed->rest_until_ms = loop_at_ms(feed_worker(feed)->loop) + FEED_PAUSE_MS;
    feed_worker(feed)->stats.redis_errors++;
    if (!feed->complained) {
        feed->complained = true;
        log_event(LOG_ERROR, "claim_refused", LOG_TEXT("queue", feed->served->name.name),
                  LOG_TEXT("priority", priority_name(feed->inbox.priority)),
                  LOG_TEXT("error", err->msg));
    }
}

static void
feed_on_returned(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct feed *feed = request->data;
    feed->returning = false;
    if (err->code != 0) {
        feed_refused(feed, err);
        return;
    }
    if (redis_reply_int(reply) > 0) {
        log_event(LOG_INFO, "claims_returned", LOG_TEXT("queue", feed->served->name.name),
                  LOG_TEXT("priority", priority_name(feed->inbox.priority)),
                  LOG_NUM("elements", redis_reply_int(reply)));
    }
    if (feed->state == FEED_RETURNING) {
        memcpy(feed->claimer, feed_worker(feed)->id, sizeof feed->claimer);
        feed->state = FEED_EMPTY;
    }
}

void feed_settle(struct feed *feed)
{
    struct worker *worker = feed_worker(feed);
    struct err err = {0};
    if (feed->state != FEED_RETURN || feed->returning || feed->asked > 0 || feed->unbegun > 0 ||
        loop_at_ms(worker->loop) < feed->rest_until_ms) {
        return;
    }
    feed->return_request.on_reply = feed_on_returned;
    feed->return_request.data = feed;
    if (claim_return(&worker->call, feed->redis, &feed->return_request, &feed->inbox, feed->claimer,
                     &err) == 0) {
        feed->state = FEED_RETURNING;
        feed->returning = true;
    }
}

bool feed_may_be_asked(const struct feed *feed)
{
    return feed->state == FEED_READY && feed->asked == 0 && feed->held_at_ms == 0 &&
           worker_holds_lease(feed->served) && !feed->served->figures.paused;
}

static void feed_batch_over(struct feed *feed)
{
    if (feed->state != FEED_READY) {
        return;
    }
    if (feed->dry) {
        feed->state = FEED_EMPTY;
        feed->batch = 1;
    } else if (feed->batch < FEED_BATCH_MAX) {
        feed->batch *= 2;
    }
}

static void
feed_on_element(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct slot *slot = request->data;
    struct feed *feed = slot->feed;
    struct buf element;
    buf_init(&element, SIZE_MAX);
    CHECK(feed->asked > 0);
    feed->asked--;
    feed->doubtful = feed->doubtful || err->code != 0;
    bool taken = err->code == 0 && redis_reply_take(reply, &element);
    if (!taken) {
        feed->dry = true;
        slot_release(slot);
    } else if (feed->state == FEED_READY) {
        slot_take_element(slot, &element);
    } else {
        slot_release(slot); /* it goes back with the rest of the claim list */
    }
    buf_done(&element);
    if (err->code == 0) {
        feed->complained = false;
    } else if (feed->state == FEED_READY) {
        feed_refused(feed, err);
    }
    if (feed->asked == 0) {
        feed_batch_over(feed);
    }
}

uint32_t feed_ask(struct feed *feed, uint32_t most)
{
    struct worker *worker = feed_worker(feed);
    uint32_t wanted = most < feed->batch ? most : feed->batch;
    struct err err = {0};
    feed->dry = false;
    uint32_t asked = 0;
    for (; asked < wanted; asked++) {
        struct slot *slot = slot_claim(worker, feed);
        if (slot == NULL) {
            break;
        }
        slot->request.on_reply = feed_on_element;
        slot->request.data = slot;
        if (claim_ask(feed->redis, &slot->request, &feed->inbox, feed->claimer, &err) != 0) {
            slot_release(slot);
            break;
        }
        feed->asked++;
    }
    feed->served_at_ask = worker->asks;
    return asked;
}

static void
feed_on_waited(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct feed *feed = request->data;
    struct worker *worker = feed_worker(feed);
    CHECK(feed->asked > 0);
    feed->asked--;
    feed->doubtful = feed->doubtful || err->code != 0;
    if (feed->state != FEED_WAITING) {
        return; /* on its way down or back: an element that came is in the claim list */
    }
    if (err->code != 0) {
        feed_refused(feed, err);
    } else if (redis_reply_take(reply, &feed->held)) {
        feed->held_at_ms = loop_at_ms(worker->loop);
        feed->state = FEED_READY;
        feed->batch = 2;
    } else {
        feed->state = FEED_EMPTY;
    }
}

void feed_wait(struct feed *feed)
{
    struct worker *worker = feed_worker(feed);
    int64_t half_lease = worker->conf.worker.lease_ms / 2;
    struct err err = {0};
    CHECK(feed->state == FEED_EMPTY && feed->asked == 0);
    feed->wait_request.on_reply = feed_on_waited;
    feed->wait_request.data = feed;
    if (claim_wait(feed->redis, &feed->wait_request, &feed->inbox, feed->claimer,
                   half_lease < FEED_BLOCK_MS ? half_lease : FEED_BLOCK_MS,
                   worker->conf.redis.watchdog_ms, &err) == 0) {
        feed->asked = 1;
        feed->state = FEED_WAITING;
    }
}

void feed_wake(struct feed *feed)
{
    if (feed->state == FEED_EMPTY && feed->asked == 0) {
        feed->state = FEED_READY;
    }
}

static void
feed_on_unblocked(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct feed *feed = request->data;
    (void)reply;
    (void)err; /* the blocking read ends by itself soon enough */
    feed->unblocking = false;
}

void feed_unblock(struct feed *feed)
{
    char id[24];
    struct err err = {0};
    bool reading = feed->state == FEED_WAITING && feed->asked > 0;
    if (!reading || feed->unblocking || feed_worker(feed)->phase >= WORKER_CLOSING) {
        return;
    }
    (void)snprintf(id, sizeof id, "%" PRId64, redis_client_id(feed->redis));
    struct slice args[] = {slice_text("CLIENT"), slice_text("UNBLOCK"), slice_text(id)};
    feed->unblock_request.on_reply = feed_on_unblocked;
    feed->unblock_request.data = feed;
    feed->unblock_request.patience_ms = 0;
    feed->unblocking = redis_send(feed_worker(feed)->control, &feed->unblock_request, args,
                                  N_ELEMENTS(args), &err) == 0;
}

static void feed_on_state(void *data, enum redis_state state, const struct err *err)
{
    struct feed *feed = data;
    (void)err; /* the worker's own connections tell why */
    if (state == REDIS_READY) {
        feed->state = FEED_RETURN;
        feed->batch = 1;
        feed->rest_until_ms = 0;
    } else {
        feed->state = FEED_DOWN;
        feed_drop_held(feed);
        feed_worker(feed)->stats.redis_reconnects += state == REDIS_DOWN ? 1 : 0;
    }
}

int feed_open(struct feed *feed, struct served *served, enum priority priority, struct err *err)
{
    struct worker *worker = served->worker;
    struct redis_options options = {
        .url = &worker->redis_url,
        .connect_timeout_ms = worker->conf.redis.connect_timeout_ms,
        .patience_ms = worker->conf.redis.watchdog_ms,
        .name = "retouchd:claim",
        .scripts = worker->scripts.all,
        .script_count = SCRIPT_COUNT,
        .on_state = feed_on_state,
        .data = feed,
    };
    *feed = (struct feed){
        .served = served,
        .inbox = {.queue = &served->name, .priority = priority},
        .state = FEED_DOWN,
        .batch = 1,
    };
    buf_init(&feed->held, SIZE_MAX);
    memcpy(feed->claimer, worker->id, sizeof feed->claimer);
    feed->redis = redis_open(worker->loop, &options, err);
    return feed->redis != NULL ? 0 : err->code;
}
