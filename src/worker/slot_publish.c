/* An effect takes a URL, and the job has bytes: they are published first. */
#include <stdio.h>

#include "worker/slot.h"
#include "worker/slot_photo.h"

void photo_publish_enter(struct slot *slot)
{
    struct err err = {0};
    struct publication_image image = {
        .bytes = slot->image,
        .format = slot->image_info.format,
        .now_unix_ms = worker_unix_ms(slot->worker),
    };
    if (publication_start(slot->worker->publisher, &slot->publication, &image, &err) != 0) {
        slot_photo_refuse(slot, "invalid", err.msg);
    }
}

void slot_on_published(struct publication *publication)
{
    struct slot *slot = publication->data;
    if (publication->err.code != 0) {
        outcome_park(&slot->outcome, "retry", slot->worker->conf.retry.base_ms);
        slot->outcome.error_class = "network";
        (void)snprintf(slot->outcome.message, sizeof slot->outcome.message,
                       "publishing the image: %.400s", publication->err.msg);
        slot_settled(slot);
        return;
    }
    slot->image_url = buf_view(&publication->url);
    slot_step(slot, JOB_READY);
}
