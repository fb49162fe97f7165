/* The effects of the common shape: a table of paths, the rules of their parameters and what they do
 * to a picture. */
#include "effect.h"

#include <string.h>
#include <yyjson.h>

#include "cache.h"
#include "cartoon.h"
#include "fault.h"
#include "link.h"
#include "mem.h"
#include "request.h"
#include "timers.h"
#include "tint.h"
#include "visit.h"

typedef bool effect_fn(struct picture *picture, yyjson_val *parameter);

struct effect {
    const char *path;
    const struct param_rule *rules;
    effect_fn *apply;
};

static bool apply_cartoon(struct picture *picture, yyjson_val *parameter)
{
    (void)parameter;
    cartoon_apply(picture);
    return true;
}

static bool apply_tint(struct picture *picture, yyjson_val *parameter)
{
    yyjson_val *alpha = yyjson_obj_get(parameter, "alpha");
    const char *name = yyjson_get_str(yyjson_obj_get(parameter, "filter_id"));
    return tint_apply(picture, name, alpha != NULL ? (int)yyjson_get_num(alpha) : 100);
}

static const struct param_rule emoji_rules[] = {
    {"rsp_media_type", PARAM_TEXT, true, "|jpg|url|", 0, 0},
    {"version",            PARAM_TEXT, false, NULL, 0, 0},
    {0              },
};

static const struct param_rule filter_rules[] = {
    {"rsp_media_type", PARAM_TEXT, false, "|jpg|url|", 0, 0},
    {"version",           PARAM_TEXT, false, NULL, 0, 0},
    {"filter_id",               PARAM_TEXT, false, "|warm|cool|mono|", 0, 0},
    {"alpha",                PARAM_NUMBER, false, NULL, 0, 100},
    {0},
};

static const struct effect effects[] = {
    {"/v1/EmojMaterialH5", emoji_rules,  apply_cartoon},
    {"/v1/filter",         filter_rules, apply_tint   },
};

/* All that making one result takes. */
struct making {
    const struct effect *effect;
    yyjson_val *parameter;
    const struct bytes *image;
    enum picture_format format;
};

static bool make_result(void *data, struct result *result)
{
    const struct making *making = data;
    struct picture picture = {0};
    bool ok = picture_decode(making->image->ptr, making->image->len, &picture) &&
              making->effect->apply(&picture, making->parameter) &&
              picture_encode(&picture, making->format, &result->image) &&
              base64_encode(result->image.ptr, result->image.len, &result->base64);
    result->format = making->format;
    digest_of(result->image.ptr, result->image.len, result->digest);
    picture_done(&picture);
    return ok;
}

/* The digest of everything the result depends on. */
static void making_key(const struct making *making, const uint8_t *image_digest, uint8_t *key)
{
    struct bytes all = {0};
    char *parameter = yyjson_val_write(making->parameter, 0, NULL);
    bool ok = bytes_printf(&all, "%s %d %s ", making->effect->path, (int)making->format,
                           parameter != NULL ? parameter : "") &&
              bytes_append(&all, image_digest, DIGEST_BYTES);
    digest_of(all.ptr, ok ? all.len : 0, key);
    mem_free(parameter);
    bytes_done(&all);
}

/* How the answer carries its pictures: NULL for base64, else what the link answers. */
static const char *
link_name_of(const struct visit *visit, yyjson_val *parameter, char *text, size_t size)
{
    const struct fault *fault = visit->fault;
    yyjson_val *asked = yyjson_obj_get(parameter, "rsp_media_type");
    bool url = asked != NULL && yyjson_equals_str(asked, "url");
    if (fault == NULL) {
        return url ? "ok" : NULL;
    }
    if (fault->kind == FAULT_RESULT_URL_HTML || fault->kind == FAULT_RESULT_URL_STATUS) {
        return link_fault_name(visit, text, size);
    }
    if (fault->kind == FAULT_ANSWER_AS && fault->form != FORM_AS_ASKED) {
        return fault->form == FORM_URL ? "ok" : NULL;
    }
    return url ? "ok" : NULL;
}

/* Appends one item of the answer's media_info_list. */
static bool append_item(const struct visit *visit,
                        const struct result *result,
                        const uint8_t *key,
                        const char *link_name,
                        struct bytes *out)
{
    bool ok = bytes_printf(out, "{\"media_data\":\"");
    if (link_name != NULL) {
        ok = ok && link_format(visit, key, link_name, out);
    } else {
        ok = ok && bytes_append(out, result->base64.ptr, result->base64.len);
    }
    return ok && bytes_printf(out, "\",\"media_profiles\":{\"media_data_type\":\"%s\"}}",
                              link_name != NULL ? "url" : "jpg");
}

static void remember_result(struct visit *visit, const struct result *result)
{
    if (!visit->call.result_known) {
        memcpy(visit->call.result_digest, result->digest, DIGEST_BYTES);
        visit->call.result_known = true;
    }
}

static void remember_image(struct visit *visit, const uint8_t *digest)
{
    if (!visit->call.image_known) {
        memcpy(visit->call.image_digest, digest, DIGEST_BYTES);
        visit->call.image_known = true;
    }
}

/* One picture: read, make (or find), append. */
static bool
serve_item(struct visit *visit, struct making *making, yyjson_val *item, struct bytes *out)
{
    struct bytes image = {0};
    uint8_t image_digest[DIGEST_BYTES];
    uint8_t key[DIGEST_BYTES];
    char link_text[16];
    bool ok = request_read_image(visit, item, &image);
    if (!ok) {
        goto out;
    }
    digest_of(image.ptr, image.len, image_digest);
    remember_image(visit, image_digest);
    making->image = &image;
    making_key(making, image_digest, key);
    const struct result *result = cache_get(visit->sandbox->cache, key, make_result, making);
    ok = result != NULL;
    if (!ok) {
        answer_fail(&visit->answer, 400, 10026, "the image cannot be decoded");
        goto out;
    }
    remember_result(visit, result);
    const char *name = link_name_of(visit, making->parameter, link_text, sizeof link_text);
    ok = append_item(visit, result, key, name, out);
    cache_put(visit->sandbox->cache, result);
out:
    bytes_done(&image);
    return ok;
}

/* The parameter of the answer goes before the list, which is why the list is written first. */
static bool write_answer(struct visit *visit,
                         yyjson_val *parameter,
                         int64_t began_at_ms,
                         const struct bytes *items)
{
    yyjson_val *version = yyjson_obj_get(parameter, "version");
    yyjson_val *type = yyjson_obj_get(parameter, "rsp_media_type");
    char *version_text = yyjson_val_write(version, 0, NULL);
    struct bytes *body = &visit->answer.body;
    answer_set(&visit->answer, 200, content_json, "");
    bool ok = bytes_reserve(body, items->len + 256) &&
              bytes_printf(body,
                           "{\"parameter\":{\"time\":%.9f,\"version\":%s,"
                           "\"rsp_media_type\":\"%s\"},\"media_info_list\":[",
                           (double)(clock_at_ms() - began_at_ms + 1) / 1000.0,
                           version_text != NULL ? version_text : "\"1.0.0\"",
                           type != NULL ? yyjson_get_str(type) : "jpg") &&
              bytes_append(body, items->ptr, items->len) && bytes_append(body, "]}", 2);
    mem_free(version_text);
    return ok;
}

static bool serve_items(struct visit *visit, const struct effect *effect, yyjson_val *root)
{
    int64_t began_at_ms = clock_at_ms();
    bool png = visit->fault != NULL && visit->fault->kind == FAULT_ANSWER_AS &&
               visit->fault->form == FORM_PNG;
    struct making making = {.effect = effect,
                            .parameter = yyjson_obj_get(root, "parameter"),
                            .format = png ? PICTURE_PNG : PICTURE_JPEG};
    struct bytes items = {0};
    bool ok = true;
    size_t i;
    size_t n;
    yyjson_val *item;
    yyjson_arr_foreach(yyjson_obj_get(root, "media_info_list"), i, n, item)
    {
        ok = ok && (i == 0 || bytes_append(&items, ",", 1)) &&
             serve_item(visit, &making, item, &items);
    }
    ok = ok && write_answer(visit, making.parameter, began_at_ms, &items);
    bytes_done(&items);
    return ok;
}

static void remember_parameter(struct visit *visit, yyjson_val *root)
{
    enum {
        PARAMETER_MAX = 4096
    };

    size_t len = 0;
    char *text = yyjson_val_write(yyjson_obj_get(root, "parameter"), 0, &len);
    if (text != NULL && len <= PARAMETER_MAX) {
        visit->call.parameter = mem_copy_text(text, len);
    }
    mem_free(text);
}

static const struct effect *effect_find(const char *path)
{
    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++) {
        if (strcmp(effects[i].path, path) == 0) {
            return &effects[i];
        }
    }
    return NULL;
}

void effect_serve(struct visit *visit)
{
    const struct effect *effect = effect_find(visit->path);
    if (effect == NULL) {
        answer_fail(&visit->answer, 404, 90014, "no such effect: %.100s", visit->path);
        return;
    }
    if (!request_check_key(visit) || !request_check_content_type(visit)) {
        return;
    }
    yyjson_doc *doc = yyjson_read((char *)visit->body->ptr, visit->body->len, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    remember_parameter(visit, root);
    visit->call.billed =
        request_check_fields(visit, root) &&
        request_check_parameter(visit, yyjson_obj_get(root, "parameter"), effect->rules) &&
        serve_items(visit, effect, root);
    yyjson_doc_free(doc);
}
