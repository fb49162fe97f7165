/* A job on a photo that has a record: recipes of ID-photo effects.
 *
 * Happy path: the photo is taken and its record read; the plan starts at the longest recorded
 * prefix; each step that answers is put on record at once; the last one's picture becomes the
 * job's. Failure modes: another job has the photo -> parked for a moment. The whole recipe is on
 * record -> no call, its picture is stored again. The API does not know a generate id -> that
 * prefix is forgotten and a shorter one found. The lock on the photo is given back by the commit,
 * whatever it records. */
#include "worker/slot_photo.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "queue/photo.h"
#include "worker/slot.h"

enum {
    PHOTO_BUSY_MS = 100 /* at least; with as much jitter again */
};

void slot_photo_refuse(struct slot *slot, const char *error_class, const char *message)
{
    outcome_without_call(&slot->outcome, OUTCOME_DEAD, error_class, message);
    slot_settled(slot);
}

static struct photo_holder photo_holder(const struct slot *slot)
{
    return (struct photo_holder){
        .queue = &slot->feed->served->name,
        .out_request_id = slot->photo_id,
        .worker = slot->worker_id,
        .id = slot->envelope.id,
        .fence = slot->begun.fence,
        .ttl_ms = slot->worker->conf.photo.ttl_ms,
    };
}

/* the source */

static const struct source_row {
    const char *name; /* in the record */
    enum plan_source_kind plan_kind;
    enum digest_source digest;
} source_rows[] = {
    {"bytes",       PLAN_SOURCE_BYTES,       DIGEST_IMAGE      },
    {"url",         PLAN_SOURCE_URL,         DIGEST_URL        },
    {"generate_id", PLAN_SOURCE_GENERATE_ID, DIGEST_GENERATE_ID},
};

static const struct source_row *source_row_of(const struct slot *slot)
{
    const struct envelope *envelope = &slot->envelope;
    if (envelope->image_source == IMAGE_BYTES || envelope->image_source == IMAGE_KEY) {
        return &source_rows[0];
    }
    if (envelope->image_source == IMAGE_URL) {
        return &source_rows[1];
    }
    return envelope->generate_id[0] != '\0' ? &source_rows[2] : NULL;
}

/* What the job brings, as the record will keep it. kind "" where it brings nothing. */
static int source_describe(const struct slot *slot, struct photo_source *ret_source)
{
    const struct envelope *envelope = &slot->envelope;
    const struct source_row *row = source_row_of(slot);
    struct digest digest;
    *ret_source = (struct photo_source){.width = 0};
    if (row == NULL) {
        return 0;
    }
    struct slice content = row->digest == DIGEST_IMAGE ? slot->image
                           : row->digest == DIGEST_URL ? envelope->image
                                                       : slice_text(envelope->generate_id);
    int code = digest_of_source(row->digest, content, &digest);
    if (code != 0) {
        return code;
    }
    (void)snprintf(ret_source->kind, sizeof ret_source->kind, "%s", row->name);
    (void)snprintf(ret_source->digest, sizeof ret_source->digest, "%s", digest.text);
    (void)text_copy(ret_source->generate_id, sizeof ret_source->generate_id,
                    slice_text(envelope->generate_id));
    if (row->digest == DIGEST_URL) {
        (void)text_copy(ret_source->url, sizeof ret_source->url, envelope->image);
    }
    if (row->digest == DIGEST_IMAGE) {
        ret_source->width = slot->image_info.width;
        ret_source->height = slot->image_info.height;
    }
    return 0;
}

/* The source for the plan: the job's own, or the photo's newest one. */
static void source_for_plan(struct slot *slot, struct plan_source *ret_source)
{
    const struct photo_source *source = &slot->source;
    bool own = source_row_of(slot) != NULL;
    *ret_source = (struct plan_source){.kind = PLAN_SOURCE_NONE};
    for (size_t i = 0; i < N_ELEMENTS(source_rows); i++) {
        if (strcmp(source->kind, source_rows[i].name) == 0) {
            *ret_source = (struct plan_source){
                .width = (uint32_t)source->width,
                .height = (uint32_t)source->height,
                .generate_id = source->generate_id[0] != '\0' ? source->generate_id : NULL,
            };
            bool bytes = source_rows[i].plan_kind == PLAN_SOURCE_BYTES;
            ret_source->has_image = bytes ? own : source_rows[i].plan_kind == PLAN_SOURCE_URL;
            /* Bytes that are here can be published; where that is not configured, the publisher
             * says so when it comes to it. */
            ret_source->kind = bytes && own ? PLAN_SOURCE_URL : source_rows[i].plan_kind;
            memcpy(ret_source->digest.text, source->digest, sizeof source->digest);
        }
    }
}

/* the record */

static bool known_find(void *data, const struct digest *digest, struct plan_known *ret_known)
{
    const struct slot *slot = data;
    for (uint32_t i = 0; i < slot->known_count; i++) {
        const struct slot_known *known = &slot->known[i];
        if (!known->there || !digest_equal(&known->digest, digest)) {
            continue;
        }
        const struct photo_record *record = &known->record;
        *ret_known = (struct plan_known){
            .has_result = known->job[0] != '\0' || record->url[0] != '\0' || record->data.len > 0,
        };
        memcpy(ret_known->generate_id, record->generate_id, sizeof ret_known->generate_id);
        memcpy(ret_known->check_id, record->check_id, sizeof ret_known->check_id);
        return true;
    }
    return false;
}

static void
known_take(struct slot_known *known, const struct redis_reply *fields, const struct digest *digest)
{
    known->digest = *digest;
    photo_record_init(&known->record);
    struct slice step = photo_field(fields, "s:", digest->text);
    known->there = step.len > 0 && photo_record_read(&known->record, step) == 0;
    (void)text_copy(known->job, sizeof known->job, photo_field(fields, "r:", digest->text));
}

/* Of the record only what the plan may ask for: its prefixes, and an earlier check of the photo. */
static int known_read(struct slot *slot, const struct redis_reply *fields)
{
    const struct plan *plan = &slot->plan;
    slot->known = mem_zalloc(plan->count + 1, sizeof *slot->known);
    if (slot->known == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        known_take(&slot->known[slot->known_count++], fields, &plan->steps[i].digest);
    }
    if (plan->check_digest.text[0] != '\0') {
        known_take(&slot->known[slot->known_count++], fields, &plan->check_digest);
    }
    return 0;
}

void slot_photo_clear(struct slot *slot)
{
    for (uint32_t i = 0; i < slot->known_count; i++) {
        photo_record_done(&slot->known[i].record);
    }
    mem_free(slot->known);
    slot->known = NULL;
    slot->known_count = 0;
    plan_done(&slot->plan);
}

/* going on: to a call, or to what is on record */

/* plan_start has been called: what is next? */
static void photo_go_on(struct slot *slot)
{
    const struct plan_step *step = plan_next(&slot->plan);
    if (step == NULL) {
        slot_step(slot, JOB_KNOWN);
        return;
    }
    bool from_image = plan_start_of(&slot->plan) == NULL;
    bool by_bytes = from_image && slot->image.len > 0 && effect_accepts_bytes(step->effect);
    slot->effect = step->effect;
    if (from_image && slot->image.len > 0 && !by_bytes && slot->image_url.len == 0) {
        slot_step(slot, JOB_PUBLISH);
        return;
    }
    slot_step(slot, JOB_READY);
}

void slot_photo_start(struct slot *slot)
{
    struct err err = {0};
    if (plan_start(&slot->plan, known_find, slot, &err) != 0) {
        slot_photo_refuse(slot, "invalid", err.msg);
        return;
    }
    if (slot->source.url[0] != '\0' && slot->image_url.len == 0) {
        slot->image_url = slice_text(slot->source.url);
    }
    photo_go_on(slot);
}

/* recalling: the photo is taken, its record read */

int photo_recall_ask(struct slot *slot, struct err *err)
{
    struct photo_holder holder = photo_holder(slot);
    struct buf text;
    slot->has_photo = true; /* from the question on: its answer may be lost */
    buf_init(&text, PHOTO_RECORD_MAX);
    int code = source_describe(slot, &slot->source);
    if (code == 0 && slot->source.kind[0] != '\0') {
        code = photo_source_write(&slot->source, &text);
    }
    if (code != 0) {
        code = err_set(err, code, "the photo's source cannot be described");
    } else {
        code = photo_open(&slot->worker->call, slot->worker->control, &slot->request, &holder,
                          buf_view(&text), err);
    }
    buf_done(&text);
    return code;
}

static void recall_opened(struct slot *slot, const struct redis_reply *fields)
{
    struct plan_source source;
    struct err err = {0};
    if (slot->source.kind[0] == '\0') {
        err_ignore(photo_source_read(&slot->source, photo_field(fields, "source", "")));
        /* a photo without a source is refused by the plan */
    }
    source_for_plan(slot, &source);
    if (plan_order(&slot->plan, &source, &err) != 0) {
        slot_photo_refuse(slot, "invalid", err.msg);
        return;
    }
    if (known_read(slot, fields) != 0) {
        slot_photo_refuse(slot, "internal", "no memory for the photo's record");
        return;
    }
    slot_photo_start(slot);
    slot->worker->stats.steps_saved += slot->plan.saved;
}

void photo_recall_on_reply(struct redis_request *request,
                           struct redis_reply *reply,
                           const struct err *err)
{
    struct slot *slot = request->data;
    const struct redis_reply *fields = NULL;
    if (!slot_heard(slot, err)) {
        return;
    }
    if (photo_open_read(reply, &fields)) {
        recall_opened(slot, fields);
        return;
    }
    outcome_park(&slot->outcome, "photo",
                 PHOTO_BUSY_MS + (int64_t)rng_below(&slot->worker->rng, PHOTO_BUSY_MS));
    slot_settled(slot);
}

/* checkpointing: a step has answered */

/* What a program needs to ask for the same again; "" where that is too long to keep. */
static int record_params(struct photo_record *record, const struct plan_step *step)
{
    struct buf json;
    buf_init(&json, sizeof record->params_json - 1);
    int code = effect_params_canonical(step->effect, &step->params, &json);
    if (code == 0) {
        (void)text_copy(record->params_json, sizeof record->params_json, buf_view(&json));
    }
    buf_done(&json);
    return code == ERR_TOO_BIG ? 0 : code;
}

static int
checkpoint_record(struct slot *slot, const struct plan_step *step, struct photo_record *record)
{
    const struct api_response *response = &slot->response;
    const struct plan *plan = &slot->plan;
    photo_record_init(record);
    (void)snprintf(record->effect, sizeof record->effect, "%s", step->effect->name);
    (void)effect_params_show(step->effect, &step->params, record->params, sizeof record->params);
    if (plan->next > 0 && plan_start_of(plan) != NULL) {
        memcpy(record->from, plan->steps[plan->next - 1].digest.text, sizeof record->from);
    }
    (void)snprintf(record->generate_id, sizeof record->generate_id, "%s", response->generate_id);
    (void)snprintf(record->check_id, sizeof record->check_id, "%s", response->check_id);
    (void)snprintf(record->job, sizeof record->job, "%s", slot->envelope.id);
    if (response->result_count > 0 && response->results[0].kind == API_RESULT_URL) {
        (void)text_copy(record->url, sizeof record->url, response->results[0].bytes);
    }
    record->width = response->width;
    record->height = response->height;
    record->at_ms = worker_unix_ms(slot->worker);
    record->api_ms = slot->api_ms;
    int code = record_params(record, step);
    return code == 0 ? buf_append_slice(&record->data, buf_view(&response->data)) : code;
}

int photo_checkpoint_ask(struct slot *slot, struct err *err)
{
    const struct plan_step *step = plan_next(&slot->plan);
    struct photo_holder holder = photo_holder(slot);
    struct photo_record record;
    struct buf text;
    buf_init(&text, PHOTO_RECORD_MAX);
    int code = checkpoint_record(slot, step, &record);
    if (code == 0) {
        code = photo_record_write(&record, &text);
    }
    struct photo_step done = {
        .sequence = slot->sequence,
        .call_number = slot->call_number,
        .steps_done = slot->plan.next + 1,
        .digest = step->digest.text,
        .record = buf_view(&text),
        .generate_id = slot->response.generate_id,
        .check_id = slot->response.check_id,
        .api_ms = slot->api_ms,
    };
    if (code != 0) {
        code = err_set(err, code, "the step cannot be recorded");
    } else {
        code = photo_checkpoint(&slot->worker->call, slot->worker->control, &slot->request, &holder,
                                &done, err);
    }
    photo_record_done(&record);
    buf_done(&text);
    return code;
}

/* The record counts the attempt that succeeded; what follows begins anew. */
static void checkpoint_count(struct slot *slot)
{
    slot->outcome.attempts_add = 0;
    slot->begun.attempts++;
    slot->begun.step_attempts = slot->begun.attempts;
    slot->begun.unknowns = slot->begun.waits = 0;
}

void photo_checkpoint_on_reply(struct redis_request *request,
                               struct redis_reply *reply,
                               const struct err *err)
{
    struct slot *slot = request->data;
    struct err refused = {0};
    if (!slot_heard(slot, err)) {
        return;
    }
    bool ours = photo_checkpoint_read(reply);
    bool last = slot->plan.next + 1 == slot->plan.count;
    if (!ours && !last) {
        /* The job has gone on without us: it finds this step on record, and must not end here. */
        outcome_without_call(&slot->outcome, OUTCOME_BACK, "", "");
        slot_settled(slot);
        return;
    }
    if (ours) {
        checkpoint_count(slot);
    }
    int code =
        plan_advance(&slot->plan, slot->response.generate_id, slot->response.check_id, &refused);
    if (code != 0) {
        slot_photo_refuse(slot, "rejected", refused.msg);
    } else if (plan_next(&slot->plan) != NULL) {
        slot_forget_answer(slot);
        photo_go_on(slot);
    } else if (slot_wants_link(slot)) {
        slot_step(slot, JOB_LINK);
    } else {
        slot_settled(slot);
    }
}

/* forgetting: a generate id that the API does not know */

int photo_forget_ask(struct slot *slot, struct err *err)
{
    struct photo_holder holder = photo_holder(slot);
    return photo_forget(slot->worker->control, &slot->request, &holder, slot->forgotten.text, err);
}

void photo_forget_on_reply(struct redis_request *request,
                           struct redis_reply *reply,
                           const struct err *err)
{
    struct slot *slot = request->data;
    (void)reply;
    if (!slot_heard(slot, err)) {
        return;
    }
    for (uint32_t i = 0; i < slot->known_count; i++) {
        if (digest_equal(&slot->known[i].digest, &slot->forgotten)) {
            slot->known[i].there = false;
        }
    }
    slot_forget_answer(slot);
    slot_photo_start(slot);
}

bool slot_photo_must_forget(struct slot *slot)
{
    const struct api_response *response = &slot->response;
    struct plan *plan = &slot->plan;
    struct err err = {0};
    int code = ERR_INVALID;
    if (!plan->records || !response->has_code) {
        return false;
    }
    if (effect_says_unknown_check(slot->effect, response->code)) {
        code = plan_forget_check(plan, &slot->forgotten, &err);
    }
    if (code != 0 && plan_start_of(plan) != NULL &&
        effect_says_unknown_id(slot->effect, response->code)) {
        code = plan_forget(plan, &slot->forgotten, &err);
    }
    if (code == 0) {
        log_event(LOG_INFO, "recorded_id_unknown", LOG_TEXT("job", slot->envelope.id),
                  LOG_TEXT("effect", slot->effect->name));
    }
    return code == 0;
}
