/* A recipe that is on record whole: its result is stored again for this job, without a call. */
#include <stdio.h>

#include "base/check.h"
#include "queue/photo.h"
#include "worker/slot.h"
#include "worker/slot_photo.h"

static struct slot_known *known_of(struct slot *slot, const struct plan_step *step)
{
    for (uint32_t i = 0; i < slot->known_count; i++) {
        if (digest_equal(&slot->known[i].digest, &step->digest)) {
            return &slot->known[i];
        }
    }
    CHECK_UNREACHABLE();
}

static void reuse_result(struct slot *slot, const struct photo_record *record)
{
    struct api_response *response = &slot->response;
    (void)snprintf(response->generate_id, sizeof response->generate_id, "%s", record->generate_id);
    (void)snprintf(response->check_id, sizeof response->check_id, "%s", record->check_id);
    response->result_count = record->data.len > 0 ? 0 : 1;
    response->results[0] = (struct api_result){
        .kind = API_RESULT_URL,
        .bytes = slice_text(record->url),
    };
    slot->link_next = 0;
    slot->reusing = true;
    slot->outcome = (struct outcome){.action = OUTCOME_DONE, .error_class = ""};
}

/* There is nothing left of the result: the last step is called again. */
static void reuse_give_up(struct slot *slot)
{
    plan_forget_result(&slot->plan);
    slot->reusing = false;
    slot_forget_answer(slot);
    slot_photo_start(slot);
}

int photo_reuse_ask(struct slot *slot, struct err *err)
{
    struct slot_known *known = known_of(slot, plan_last(&slot->plan));
    char key[KEY_MAX];
    reuse_result(slot, &known->record);
    struct slice args[] = {slice_text("GET"),
                           key_format(&slot->feed->served->name, KEY_RESULT,
                                      known->job[0] != '\0' ? known->job : slot->envelope.id, key)};
    return redis_send(slot->worker->bulk, &slot->request, args, N_ELEMENTS(args), err);
}

void photo_reuse_on_reply(struct redis_request *request,
                          struct redis_reply *reply,
                          const struct err *err)
{
    struct slot *slot = request->data;
    struct slot_known *known = known_of(slot, plan_last(&slot->plan));
    if (!slot_heard(slot, err)) {
        return;
    }
    if (known->record.data.len > 0) {
        slot->response.data.len = 0;
        if (buf_append_slice(&slot->response.data, buf_view(&known->record.data)) != 0) {
            slot_photo_refuse(slot, "internal", "no memory for the recorded result");
            return;
        }
        slot_settled(slot);
    } else if (slot->envelope.store == STORE_URL && known->record.url[0] != '\0') {
        slot_settled(slot);
    } else if (redis_reply_take(reply, &slot->links[0]) &&
               image_inspect(buf_view(&slot->links[0]), &slot->response.results[0].info, NULL) ==
                   0) {
        slot->link_next = 1;
        slot_settled(slot);
    } else if (known->record.url[0] != '\0') {
        buf_done(&slot->links[0]);
        slot_step(slot, JOB_LINK);
    } else {
        reuse_give_up(slot);
    }
}

bool slot_photo_link_lost(struct slot *slot)
{
    if (!slot->reusing) {
        return false;
    }
    reuse_give_up(slot);
    return true;
}
