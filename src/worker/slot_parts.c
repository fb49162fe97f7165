#include "worker/slot.h"
#include "worker/slot_photo.h"

/* Everything but identity: owner, timer, list membership. */
static void slot_reset_fields(struct slot *slot)
{
    slot->stalled = slot->refused = slot->complained = slot->aborted = false;
    slot->feed = NULL;
    slot->sequence = 0;
    slot->element_len = slot->bytes_held = 0;
    slot->effect = NULL;
    slot->image_info = (struct image_info){.width = 0};
    slot->image_url = slice_of(NULL, 0);
    slot->photo_id[0] = '\0';
    slot->has_photo = slot->reusing = false;
    slot->source.kind[0] = slot->source.url[0] = '\0';
    slot->known = NULL;
    slot->known_count = 0;
    slot->begun = (struct begun){.answer = BEGIN_GONE};
    slot->call_number = slot->link_next = slot->fetch_tries = slot->commit_tries = 0;
    slot->image = slice_of(NULL, 0);
    slot->admitted_bytes = 0;
    slot->admitted_at_ms = 0;
    slot->begun_at_ms = slot->called_at_ms = slot->api_ms = 0;
    slot->outcome = (struct outcome){.error_class = ""};
}

void slot_init_parts(struct slot *slot)
{
    envelope_init(&slot->envelope);
    plan_init(&slot->plan);
    slot->publication = (struct publication){.data = slot, .on_done = slot_on_published};
    buf_init(&slot->begun.envelope, SIZE_MAX);
    buf_init(&slot->keyed_image, SIZE_MAX);
    buf_init(&slot->link_url, 3 * ENVELOPE_URL_MAX + 1);
    for (size_t i = 0; i < API_RESULTS_MAX; i++) {
        buf_init(&slot->links[i], SIZE_MAX);
    }
    api_request_init(&slot->api_request);
    api_response_init(&slot->response);
    fetch_init(&slot->fetch);
    slot_reset_fields(slot);
}

void slot_clear(struct slot *slot)
{
    publication_end(&slot->publication);
    slot_photo_clear(slot);
    envelope_done(&slot->envelope);
    buf_done(&slot->begun.envelope);
    buf_done(&slot->keyed_image);
    buf_done(&slot->link_url);
    for (size_t i = 0; i < API_RESULTS_MAX; i++) {
        buf_done(&slot->links[i]);
    }
    api_request_done(&slot->api_request);
    api_response_done(&slot->response);
    fetch_done(&slot->fetch);
    slot_init_parts(slot);
}
