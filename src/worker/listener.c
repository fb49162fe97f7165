#include "worker/listener.h"

#include <string.h>

#include "base/check.h"
#include "queue/control.h"
#include "worker/keeper.h"
#include "worker/slot.h"
#include "worker/worker.h"

static void listener_cancel(struct served *served, const char *id)
{
    list_foreach_safe(&served->worker->slots_busy, node) {
        struct slot *slot = CONTAINER_OF(node, struct slot, node);
        if (&served->name == slot->feed->inbox.queue && strcmp(slot->envelope.id, id) == 0) {
            slot_cancel(slot);
        }
    }
}

static void listener_on_message(void *data, struct slice channel, struct slice message)
{
    struct served *served = data;
    struct control control = control_read(message);
    (void)channel;
    switch (control.kind) {
    case CONTROL_CANCEL:
        listener_cancel(served, control.id);
        break;
    case CONTROL_LOOK:
        keeper_renew(served->worker);
        break;
    case CONTROL_OTHER:
        break;
    }
}

static void listener_on_state(void *data, enum redis_state state, const struct err *err)
{
    struct served *served = data;
    (void)err; /* the worker's own connections tell why */
    if (state == REDIS_READY) {
        keeper_renew(served->worker); /* what was said meanwhile */
    }
}

int listener_open(struct served *served, struct err *err)
{
    struct worker *worker = served->worker;
    (void)key_format(&served->name, KEY_CONTROL, NULL, served->channel);
    struct redis_options options = {
        .url = &worker->redis_url,
        .connect_timeout_ms = worker->conf.redis.connect_timeout_ms,
        .patience_ms = worker->conf.redis.watchdog_ms,
        .name = "retouchd:listen",
        .subscribe = served->channel,
        .on_message = listener_on_message,
        .on_state = listener_on_state,
        .data = served,
    };
    served->listener = redis_open(worker->loop, &options, err);
    return served->listener != NULL ? 0 : err->code;
}
