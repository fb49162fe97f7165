/* The request of an effect: the checks that the vendor's document states. */
#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <yyjson.h>

#include "digest.h"
#include "fetch.h"
#include "flags.h"
#include "picture.h"
#include "query.h"
#include "visit.h"

enum {
    SIDE_MIN = 48,                     /* px */
    SIDE_MAX = 4096,                   /* px */
    IMAGE_MAX_BYTES = 2 * 1024 * 1024, /* "2MB", of the file */
    MEDIA_MAX = 16
};

enum refusal {
    REFUSE_KEY,
    REFUSE_CONTENT_TYPE,
    REFUSE_NOT_JSON,
    REFUSE_MISSING,
    REFUSE_TYPE,
    REFUSE_VALUE,
    REFUSE_BASE64,
    REFUSE_FETCH,
    REFUSE_FORMAT,
    REFUSE_TOO_LARGE,
    REFUSE_SMALL_SIDE,
    REFUSE_LARGE_SIDE
};

/* The document names no codes for these; each is the vendor's nearest general one. */
static const struct {
    int status;
    int code;
} refusals[] = {
    [REFUSE_KEY] = {401, 90002}, /* key or secret missing or unknown */
    [REFUSE_CONTENT_TYPE] = {400, 21101}, /* not application/json */
    [REFUSE_NOT_JSON] = {400, 21101}, /* body is no JSON object */
    [REFUSE_MISSING] = {400, 21102}, /* a field is missing */
    [REFUSE_TYPE] = {400, 21103}, /* a field has another type */
    [REFUSE_VALUE] = {400, 21104}, /* a value that is not allowed */
    [REFUSE_BASE64] = {400, 21105}, /* media_data is not base64 */
    [REFUSE_FETCH] = {400, 10003}, /* the URL cannot be fetched */
    [REFUSE_FORMAT] = {400, 10025}, /* neither JPG nor PNG, or damaged */
    [REFUSE_TOO_LARGE] = {400, 22203}, /* more than 2 MB */
    [REFUSE_SMALL_SIDE] = {400, 20007}, /* a side below 48 px */
    [REFUSE_LARGE_SIDE] = {400, 20008}, /* a side above 4096 px */
};

#define REFUSE(visit, why, ...) \
    (answer_fail(&(visit)->answer, refusals[why].status, refusals[why].code, __VA_ARGS__), false)

static bool same(const char *expected, const char *given)
{
    return expected == NULL ? given[0] != '\0' : strcmp(expected, given) == 0;
}

bool request_check_key(struct visit *visit)
{
    char key[128] = "";
    char secret[128] = "";
    const struct flags *flags = visit->sandbox->flags;
    if (!query_get(visit->query, "api_key", key, sizeof key) ||
        !query_get(visit->query, "api_secret", secret, sizeof secret)) {
        return REFUSE(visit, REFUSE_KEY, "api_key and api_secret are required");
    }
    if (!same(flags->api_key, key) || !same(flags->api_secret, secret)) {
        return REFUSE(visit, REFUSE_KEY, "api_key or api_secret is not known");
    }
    return true;
}

bool request_check_content_type(struct visit *visit)
{
    static const char json[] = "application/json";
    const char *type = visit->content_type != NULL ? visit->content_type : "";
    size_t len = sizeof json - 1;
    if (strncasecmp(type, json, len) != 0 ||
        (type[len] != '\0' && strchr("; ", type[len]) == NULL)) {
        return REFUSE(visit, REFUSE_CONTENT_TYPE, "Content-Type must be application/json");
    }
    return true;
}

bool request_check_fields(struct visit *visit, yyjson_val *root)
{
    if (!yyjson_is_obj(root)) {
        return REFUSE(visit, REFUSE_NOT_JSON, "the body must be a JSON object");
    }
    yyjson_val *parameter = yyjson_obj_get(root, "parameter");
    yyjson_val *extra = yyjson_obj_get(root, "extra");
    yyjson_val *list = yyjson_obj_get(root, "media_info_list");
    if (parameter == NULL || list == NULL) {
        const char *name = parameter == NULL ? "parameter" : "media_info_list";
        return REFUSE(visit, REFUSE_MISSING, "%s is required", name);
    }
    if (!yyjson_is_obj(parameter)) {
        return REFUSE(visit, REFUSE_TYPE, "parameter must be an object");
    }
    if (extra != NULL && !yyjson_is_obj(extra)) {
        return REFUSE(visit, REFUSE_TYPE, "extra must be an object");
    }
    if (!yyjson_is_arr(list)) {
        return REFUSE(visit, REFUSE_TYPE, "media_info_list must be a list of objects");
    }
    if (yyjson_arr_size(list) == 0 || yyjson_arr_size(list) > MEDIA_MAX) {
        return REFUSE(visit, REFUSE_VALUE, "media_info_list must have 1 to %d items", MEDIA_MAX);
    }
    return true;
}

static bool check_text(struct visit *visit, const struct param_rule *rule, yyjson_val *value)
{
    if (!yyjson_is_str(value)) {
        return REFUSE(visit, REFUSE_TYPE, "parameter.%s must be a string", rule->name);
    }
    char wanted[64];
    int len = snprintf(wanted, sizeof wanted, "|%s|", yyjson_get_str(value));
    if (rule->allowed != NULL &&
        (len >= (int)sizeof wanted || strchr(yyjson_get_str(value), '|') != NULL ||
         strstr(rule->allowed, wanted) == NULL)) {
        return REFUSE(visit, REFUSE_VALUE, "parameter.%s must be one of %s", rule->name,
                      rule->allowed);
    }
    return true;
}

static bool check_number(struct visit *visit, const struct param_rule *rule, yyjson_val *value)
{
    double number = yyjson_get_num(value);
    if (!yyjson_is_num(value)) {
        return REFUSE(visit, REFUSE_TYPE, "parameter.%s must be a number", rule->name);
    }
    if (number < (double)rule->min || number > (double)rule->max) {
        return REFUSE(visit, REFUSE_VALUE, "parameter.%s must be %" PRId64 " to %" PRId64,
                      rule->name, rule->min, rule->max);
    }
    return true;
}

bool request_check_parameter(struct visit *visit,
                             yyjson_val *parameter,
                             const struct param_rule *rules)
{
    for (const struct param_rule *rule = rules; rule->name != NULL; rule++) {
        yyjson_val *value = yyjson_obj_get(parameter, rule->name);
        if (value == NULL && rule->required) {
            return REFUSE(visit, REFUSE_MISSING, "parameter.%s is required", rule->name);
        }
        if (value == NULL) {
            continue;
        }
        bool ok = rule->type == PARAM_TEXT ? check_text(visit, rule, value)
                                           : check_number(visit, rule, value);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool check_size(struct visit *visit, const struct bytes *image)
{
    struct picture size = {0};
    if (image->len > IMAGE_MAX_BYTES) {
        return REFUSE(visit, REFUSE_TOO_LARGE, "the image has more than 2 MB");
    }
    if (picture_format_of(image->ptr, image->len) == PICTURE_OTHER ||
        !picture_measure(image->ptr, image->len, &size)) {
        return REFUSE(visit, REFUSE_FORMAT, "the image must be JPG or PNG");
    }
    if (size.width < SIDE_MIN || size.height < SIDE_MIN) {
        return REFUSE(visit, REFUSE_SMALL_SIDE, "%dx%d is below the least size, 48x48", size.width,
                      size.height);
    }
    if (size.width > SIDE_MAX || size.height > SIDE_MAX) {
        return REFUSE(visit, REFUSE_LARGE_SIDE, "%dx%d is above the largest size, 4096x4096",
                      size.width, size.height);
    }
    return true;
}

/* A bare "media_data_type" of the profiles: jpg or url. */
static bool read_type(struct visit *visit, yyjson_val *item, bool *ret_is_url)
{
    yyjson_val *profiles = yyjson_obj_get(item, "media_profiles");
    if (profiles == NULL) {
        return REFUSE(visit, REFUSE_MISSING, "media_profiles is required");
    }
    if (!yyjson_is_obj(profiles)) {
        return REFUSE(visit, REFUSE_TYPE, "media_profiles must be an object");
    }
    yyjson_val *type = yyjson_obj_get(profiles, "media_data_type");
    if (type != NULL && !yyjson_is_str(type)) {
        return REFUSE(visit, REFUSE_TYPE, "media_data_type must be a string");
    }
    *ret_is_url = type != NULL && yyjson_equals_str(type, "url");
    if (type != NULL && !*ret_is_url && !yyjson_equals_str(type, "jpg")) {
        return REFUSE(visit, REFUSE_VALUE, "media_data_type must be jpg or url");
    }
    return true;
}

bool request_read_image(struct visit *visit, yyjson_val *item, struct bytes *ret_image)
{
    bool is_url = false;
    if (!yyjson_is_obj(item)) {
        return REFUSE(visit, REFUSE_TYPE, "media_info_list must be a list of objects");
    }
    yyjson_val *data = yyjson_obj_get(item, "media_data");
    if (data == NULL) {
        return REFUSE(visit, REFUSE_MISSING, "media_data is required");
    }
    if (!yyjson_is_str(data)) {
        return REFUSE(visit, REFUSE_TYPE, "media_data must be a string");
    }
    if (!read_type(visit, item, &is_url)) {
        return false;
    }
    const char *text = yyjson_get_str(data);
    size_t len = yyjson_get_len(data);
    ret_image->max = IMAGE_MAX_BYTES + 1;
    if (is_url) {
        if (!fetch_loopback(text, ret_image) && ret_image->len < IMAGE_MAX_BYTES) {
            return REFUSE(visit, REFUSE_FETCH, "the image cannot be fetched from its URL");
        }
        return check_size(visit, ret_image);
    }
    if (base64_decoded_len(text, len) > IMAGE_MAX_BYTES) {
        return REFUSE(visit, REFUSE_TOO_LARGE, "the image has more than 2 MB");
    }
    ret_image->max = 0; /* bounded by the body; the decoder wants up to 2 bytes more */
    if (!base64_decode(text, len, ret_image)) {
        return REFUSE(visit, REFUSE_BASE64, "media_data is not base64");
    }
    return check_size(visit, ret_image);
}
