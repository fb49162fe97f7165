/* The record of a photo: which generate id and result each prefix of effects gave (PROTOCOL.md, 6).
 */
#ifndef RETOUCH_QUEUE_PHOTO_H
#define RETOUCH_QUEUE_PHOTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "io/redis.h"
#include "queue/call.h"

enum {
    PHOTO_LOCK_MAX = 192 /* worker:fence:id */
};

/* Who has the photo, and for which job. Texts are borrowed. */
struct photo_holder {
    const struct queue_name *queue;
    const char *out_request_id;
    const char *worker;
    const char *id;
    int64_t fence;
    int64_t ttl_ms; /* of the record, from its last use */
};

void photo_lock_text(char text[PHOTO_LOCK_MAX], const char *worker, int64_t fence, const char *id);

/* Takes the photo and reads its record. source: what the job starts from, as a record's text, or
 * empty. */
int photo_open(struct call *call,
               struct redis *redis,
               struct redis_request *request,
               const struct photo_holder *holder,
               struct slice source,
               struct err *err) MUST_CHECK;
/* False: another job has it. Otherwise ret_record is the array of fields and values. */
bool photo_open_read(const struct redis_reply *reply, const struct redis_reply **ret_record);
/* The value of a field of that array; prefix and name together are the field. Empty: not there. */
struct slice photo_field(const struct redis_reply *record, const char *prefix, const char *name);

struct photo_step {
    int64_t sequence;     /* of the job's element */
    uint32_t call_number; /* of the call that answered */
    uint32_t steps_done;
    const char *digest;      /* borrowed */
    struct slice record;     /* borrowed */
    const char *generate_id; /* borrowed; "": none */
    const char *check_id;    /* borrowed; "": none */
    int64_t api_ms;
};

int photo_checkpoint(struct call *call,
                     struct redis *redis,
                     struct redis_request *request,
                     const struct photo_holder *holder,
                     const struct photo_step *step,
                     struct err *err) MUST_CHECK;
/* False: the job is no longer ours. */
bool photo_checkpoint_read(const struct redis_reply *reply);

/* The API no longer knows what this prefix names. */
int photo_forget(struct redis *redis,
                 struct redis_request *request,
                 const struct photo_holder *holder,
                 const char *digest,
                 struct err *err) MUST_CHECK;

#endif
