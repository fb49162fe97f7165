/* The phases of a job on a photo that has a record; see slot_photo.c. */
#ifndef RETOUCH_WORKER_SLOT_PHOTO_H
#define RETOUCH_WORKER_SLOT_PHOTO_H

#include <stdbool.h>

#include "base/err.h"
#include "io/redis.h"

struct slot;
struct publication;

int photo_recall_ask(struct slot *slot, struct err *err) MUST_CHECK;
redis_reply_fn photo_recall_on_reply;
int photo_checkpoint_ask(struct slot *slot, struct err *err) MUST_CHECK;
redis_reply_fn photo_checkpoint_on_reply;
int photo_forget_ask(struct slot *slot, struct err *err) MUST_CHECK;
redis_reply_fn photo_forget_on_reply;
int photo_reuse_ask(struct slot *slot, struct err *err) MUST_CHECK;
redis_reply_fn photo_reuse_on_reply;
void photo_publish_enter(struct slot *slot);
void slot_on_published(struct publication *publication);

/* The plan is started, or started again; the slot goes on by it. */
void slot_photo_start(struct slot *slot);
/* The job is dead, of that error class. */
void slot_photo_refuse(struct slot *slot, const char *error_class, const char *message);
/* The answer says that an id of ours is unknown, and there is something to fall back on. */
bool slot_photo_must_forget(struct slot *slot);
/* The link of a recorded result is dead: true where the job goes on in another way. */
bool slot_photo_link_lost(struct slot *slot);
void slot_photo_clear(struct slot *slot);

#endif
