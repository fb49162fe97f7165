/* The ID-photo family.
 *
 * Happy path: read the request, open what it starts from (an image by its URL, or the picture
 * behind a generate id), see whether the effect may be applied to it, apply it, remember the clean
 * picture under a new generate id, and answer with a link to a copy that carries the watermark. */
#include "idphoto.h"

#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "cache.h"
#include "checkup.h"
#include "fault.h"
#include "fetch.h"
#include "flags.h"
#include "generate.h"
#include "idphoto_request.h"
#include "link.h"
#include "mem.h"
#include "request.h"
#include "visit.h"
#include "watermark.h"

enum {
    SIDE_MIN = 48,
    SIDE_MAX = 4096,
    IMAGE_MAX_BYTES = 10 * 1024 * 1024,
    HAIR_SIDE = 400, /* px; hair wants more */
    PARAMETER_MAX = 4096
};

static const float default_strength = 0.6f;

/* One call. */
struct session {
    struct visit *visit; /* borrowed */
    struct idphoto_request request;
    struct generate from; /* zeroed for an image */
    struct generate to;
    struct picture picture; /* owned, as the mask */
    struct bytes matte;     /* empty for a picture that was never made */
    uint32_t failures;      /* of the check */
};

#define REFUSE(session, why, ...) \
    idphoto_refuse((session)->visit, (session)->request.contract, why, __VA_ARGS__)

static bool refuse_check(const struct session *session)
{
    const char *reason = "";
    int code = checkup_code(session->failures, &reason);
    answer_fail_shaped(&session->visit->answer, 400, contract_shape(session->request.contract),
                       code, reason);
    return false;
}

/* --- where it starts from --- */

static bool open_image(struct session *session)
{
    struct visit *visit = session->visit;
    struct bytes file = {.max = IMAGE_MAX_BYTES};
    struct picture size = {0};
    bool ok = false;
    if (!fetch_image(visit, session->request.image, &file)) {
        REFUSE(session, IDPHOTO_FETCH, "the image cannot be fetched from its URL");
        goto out;
    }
    digest_of(file.ptr, file.len, visit->call.image_digest);
    visit->call.image_known = true;
    if (picture_format_of(file.ptr, file.len) == PICTURE_OTHER ||
        !picture_measure(file.ptr, file.len, &size)) {
        REFUSE(session, IDPHOTO_NO_PICTURE, "the image must be JPG or PNG");
        goto out;
    }
    if (size.width < SIDE_MIN || size.height < SIDE_MIN || size.width > SIDE_MAX ||
        size.height > SIDE_MAX) {
        REFUSE(session, IDPHOTO_SIDE, "%dx%d is not within 48x48 to 4096x4096", size.width,
               size.height);
        goto out;
    }
    ok = picture_decode(file.ptr, file.len, &session->picture);
    if (!ok) {
        REFUSE(session, IDPHOTO_NO_PICTURE, "the image cannot be decoded");
        goto out;
    }
    session->to.frame = frame_find(&session->picture);
out:
    bytes_done(&file);
    return ok;
}

static bool open_generate(struct session *session)
{
    struct generates *generates = session->visit->sandbox->generates;
    const char *id = session->request.generate_id;
    const struct result *stored = NULL;
    if (generates_find(generates, id, &session->from) && !session->from.is_check) {
        stored = generates_picture(generates, &session->from);
    }
    if (stored == NULL) {
        session->from = (struct generate){0};
        return REFUSE(session, IDPHOTO_UNKNOWN_ID, "%.40s is not known or has expired", id);
    }
    bool own = strcmp(session->from.owner, session->request.request_id) == 0;
    bool ok = own && picture_decode(stored->image.ptr, stored->image.len, &session->picture) &&
              bytes_append(&session->matte, stored->matte.ptr, stored->matte.len);
    generates_put(generates, stored);
    if (!own) {
        return REFUSE(session, IDPHOTO_FOREIGN_ID, "%.40s belongs to another photo", id);
    }
    session->to = session->from;
    return ok || REFUSE(session, IDPHOTO_BROKEN, "the picture of %.40s cannot be read", id);
}

/* --- whether it may be --- */

static bool is_made(const struct session *session)
{
    return (session->from.kinds & 1U << IDPHOTO_MAKE) != 0;
}

/* A check id skips the check that make has built in. One that is not known is a wrong value: the
 * code for unknown generate ids would say that the picture is lost. */
static bool check_make(struct session *session)
{
    struct generate check;
    const char *id = idphoto_text(&session->request, WORD_CHECK_ID);
    if (id == NULL) {
        return session->failures == 0 || refuse_check(session);
    }
    if (!generates_find(session->visit->sandbox->generates, id, &check) || !check.is_check) {
        return REFUSE(session, IDPHOTO_VALUE, "%.40s is not known or has expired", id);
    }
    return strcmp(check.owner, session->request.request_id) == 0 ||
           REFUSE(session, IDPHOTO_FOREIGN_ID, "%.40s belongs to another photo", id);
}

static bool check_hair(struct session *session)
{
    int width = session->picture.width;
    int height = session->picture.height;
    if ((width < height ? width : height) <= HAIR_SIDE) {
        return REFUSE(session, IDPHOTO_HAIR_SMALL, "hair needs more than %d px, not %dx%d",
                      HAIR_SIDE, width, height);
    }
    session->failures &= 1U << CHECKUP_FACES;
    return session->failures == 0 || refuse_check(session);
}

static bool check_order(struct session *session)
{
    enum idphoto_kind kind = session->request.kind;
    if (kind == IDPHOTO_MAKE) {
        return check_make(session);
    }
    if (kind == IDPHOTO_HAIR) {
        return check_hair(session);
    }
    return kind == IDPHOTO_CHECK || is_made(session) ||
           REFUSE(session, IDPHOTO_VALUE, "%s needs a photo that was made: call make first",
                  contract_effect(kind));
}

/* --- doing it --- */

static void apply_make(struct session *session)
{
    const struct idphoto_request *request = &session->request;
    struct picture photo = {.width = idphoto_number(request, WORD_WIDTH, 1),
                            .height = idphoto_number(request, WORD_HEIGHT, 1)};
    session->to.backdrop = idphoto_backdrop(request);
    session->matte.len = 0;
    (void)!bytes_reserve(&session->matte, matte_bytes(&photo));
    session->matte.len = matte_bytes(&photo);
    struct matte matte = matte_over(session->matte.ptr, &photo);
    session->to.frame =
        backdrop_make(&session->picture, session->to.frame, &session->to.backdrop, &photo, &matte);
    picture_done(&session->picture);
    session->picture = photo;
}

static const char *material_of(const struct idphoto_request *request)
{
    static const enum word words[] = {WORD_CLOTHES, WORD_MAKEUP, WORD_HAIR};

    const char *material = NULL;
    for (size_t i = 0; i < sizeof words / sizeof words[0] && material == NULL; i++) {
        material = idphoto_text(request, words[i]);
    }
    return material;
}

static void apply_brush(struct session *session)
{
    const struct idphoto_request *request = &session->request;
    struct matte matte = {0};
    struct stroke stroke = {.kind = request->kind,
                            .frame = session->to.frame,
                            .strength = 1.0f,
                            .material = material_of(request)};
    if (request->values[WORD_STRENGTH] != NULL) {
        stroke.strength = (float)idphoto_number(request, WORD_STRENGTH, 0) / 100.0f;
    } else if (request->kind == IDPHOTO_BEAUTY) {
        stroke.strength = default_strength;
    }
    if (session->matte.len > 0) {
        matte = matte_over(session->matte.ptr, &session->picture);
    }
    brush_apply(&session->picture, &matte, &stroke);
}

static void apply(struct session *session)
{
    enum idphoto_kind kind = session->request.kind;
    struct generate *to = &session->to;
    bool stacked = (session->from.kinds & 1U << kind) != 0;
    if (kind == IDPHOTO_MAKE) {
        apply_make(session);
    } else if (kind == IDPHOTO_BACKGROUND) {
        struct backdrop backdrop = idphoto_backdrop(&session->request);
        struct matte matte = matte_over(session->matte.ptr, &session->picture);
        backdrop_replace(&session->picture, &matte, &to->backdrop, &backdrop);
        to->backdrop = backdrop;
    } else {
        apply_brush(session);
    }
    if (stacked) {
        brush_spoil(&session->picture, to->frame);
    }
    const char *watermark = idphoto_text(&session->request, WORD_WATERMARK);
    if (watermark != NULL) {
        snprintf(to->watermark, sizeof to->watermark, "%s", watermark);
    }
    to->kinds |= 1U << kind;
    session->visit->call.stacked = stacked;
}

/* --- the answer --- */

static bool encode_marked(void *data, struct result *result)
{
    struct session *session = data;
    const struct fault *fault = session->visit->fault;
    bool png = fault != NULL && fault->kind == FAULT_ANSWER_AS && fault->form == FORM_PNG;
    result->format = png ? PICTURE_PNG : PICTURE_JPEG;
    watermark_draw(&session->picture, session->to.watermark);
    bool ok = picture_encode(&session->picture, result->format, &result->image);
    digest_of(result->image.ptr, result->image.len, result->digest);
    return ok;
}

static bool write_result(struct session *session, const uint8_t *key)
{
    const struct contract *contract = session->request.contract;
    struct visit *visit = session->visit;
    struct bytes *body = &visit->answer.body;
    char name[16];
    answer_set(&visit->answer, 200, content_json, "");
    return bytes_printf(body, "{\"%s\":0,\"%s\":\"success\",\"%s\":{\"%s\":\"%s\",\"%s\":\"",
                        contract_word(contract, WORD_CODE), contract_word(contract, WORD_MESSAGE),
                        contract_word(contract, WORD_RESULT),
                        contract_word(contract, WORD_RESULT_ID), session->to.id,
                        contract_word(contract, WORD_RESULT_URL)) &&
           link_format(visit, key, link_fault_name(visit, name, sizeof name), body) &&
           bytes_printf(body, "\",\"%s\":%d,\"%s\":%d}}", contract_word(contract, WORD_WIDTH),
                        session->picture.width, contract_word(contract, WORD_HEIGHT),
                        session->picture.height);
}

/* Remembers the clean picture, then marks the one that goes out. */
static bool deliver(struct session *session)
{
    struct visit *visit = session->visit;
    struct bytes clean = {0};
    uint8_t key[DIGEST_BYTES];
    bool ok = picture_encode(&session->picture, PICTURE_JPEG, &clean);
    if (ok) {
        generates_add(visit->sandbox->generates, &session->to, &clean, &session->matte);
        visit->call.generate_id = mem_copy_text(session->to.id, GENERATE_ID_MAX);
        digest_of(session->to.id, strlen(session->to.id), key);
    }
    const struct result *result =
        ok ? cache_get(visit->sandbox->cache, key, encode_marked, session) : NULL;
    ok = result != NULL && write_result(session, key);
    if (result != NULL) {
        memcpy(visit->call.result_digest, result->digest, DIGEST_BYTES);
        visit->call.result_known = true;
        cache_put(visit->sandbox->cache, result);
    }
    bytes_done(&clean);
    return ok || REFUSE(session, IDPHOTO_BROKEN, "the picture cannot be written");
}

static bool deliver_check(struct session *session)
{
    const struct contract *contract = session->request.contract;
    struct visit *visit = session->visit;
    struct bytes *body = &visit->answer.body;
    struct bytes none = {0};
    session->to.is_check = true;
    generates_add(visit->sandbox->generates, &session->to, &none, &none);
    answer_set(&visit->answer, 200, content_json, "");
    return bytes_printf(body,
                        "{\"%s\":0,\"%s\":\"success\",\"%s\":{\"%s\":\"%s\",\"passed\":%s,"
                        "\"items\":",
                        contract_word(contract, WORD_CODE), contract_word(contract, WORD_MESSAGE),
                        contract_word(contract, WORD_RESULT),
                        contract_word(contract, WORD_RESULT_CHECK_ID), session->to.id,
                        session->failures == 0 ? "true" : "false") &&
           checkup_format(session->failures, body) && bytes_append(body, "}}", 2);
}

/* --- the call --- */

static bool run(struct session *session)
{
    const struct idphoto_request *request = &session->request;
    bool opened = request->image != NULL ? open_image(session) : open_generate(session);
    session->failures = checkup_failures(session->visit, request->image);
    if (!opened || !check_order(session)) {
        return false;
    }
    struct generate *to = &session->to;
    snprintf(to->owner, sizeof to->owner, "%s", request->request_id);
    snprintf(to->parent, sizeof to->parent, "%s", session->from.id);
    if (request->kind == IDPHOTO_CHECK) {
        return deliver_check(session);
    }
    apply(session);
    return deliver(session);
}

static void remember(const struct session *session, yyjson_val *root)
{
    const struct idphoto_request *request = &session->request;
    struct call *call = &session->visit->call;
    size_t len = 0;
    char *parameter = yyjson_val_write(
        yyjson_obj_get(root, contract_word(request->contract, WORD_PARAMETER)), 0, &len);
    if (parameter != NULL && len <= PARAMETER_MAX) {
        call->parameter = mem_copy_text(parameter, len);
    }
    mem_free(parameter);
    call->out_request_id = mem_copy_text(request->request_id, GENERATE_TEXT_MAX);
    call->from =
        mem_copy_text(request->image != NULL ? "img_url" : request->generate_id, GENERATE_TEXT_MAX);
}

/* The key and the content type, by the checks of the other family in the words of this one. */
static bool check_envelope(struct visit *visit, const struct contract *contract)
{
    if (request_check_key(visit) && request_check_content_type(visit)) {
        return true;
    }
    bool key = visit->answer.status == 401;
    answer_fail_shaped(&visit->answer, visit->answer.status, contract_shape(contract),
                       key ? visit->answer.code : 10000,
                       key ? "api_key or api_secret is missing or not known"
                           : "Content-Type must be application/json");
    return false;
}

void idphoto_serve(struct visit *visit)
{
    const struct contract *contract = contract_find(visit->sandbox->flags->contract);
    struct session session = {
        .visit = visit,
        .request = {.contract = contract, .kind = contract_kind(contract, visit->path)}
    };
    if (visit->fault != NULL && visit->fault->kind == FAULT_FORGET_GENERATE_IDS) {
        generates_forget(visit->sandbox->generates);
    }
    if (session.request.kind == IDPHOTO_KINDS) {
        answer_fail_shaped(&visit->answer, 404, contract_shape(contract), 90014,
                           "no such interface");
        return;
    }
    visit->call.effect = contract_effect(session.request.kind);
    if (!check_envelope(visit, contract)) {
        return;
    }
    yyjson_doc *doc = yyjson_read((char *)visit->body->ptr, visit->body->len, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    bool ok = idphoto_request_read(visit, root, &session.request);
    remember(&session, root);
    visit->call.billed = ok && run(&session);
    picture_done(&session.picture);
    bytes_done(&session.matte);
    yyjson_doc_free(doc);
}
