/* Writes one call of the API: URL with credentials, and a body that streams the image. */
#include "wire/api_request.h"

#include <string.h>

#include "wire/url.h"

enum {
    URL_BYTES_MAX = 16 << 10,  /* base, path, and two credentials percent-encoded */
    PREFIX_BYTES_MAX = 4 << 20 /* PARAMS_MAX texts of 64 KiB, some escaped */
};

void api_request_init(struct api_request *request)
{
    *request = (struct api_request){.body = {.offset = 0}};
    buf_init(&request->url, URL_BYTES_MAX);
    buf_init(&request->prefix, PREFIX_BYTES_MAX);
    buf_init(&request->suffix, PREFIX_BYTES_MAX);
}

void api_request_done(struct api_request *request)
{
    if (request != NULL) {
        if (request->url.ptr != NULL) {
            explicit_bzero(request->url.ptr, request->url.cap);
        }
        buf_done(&request->url);
        buf_done(&request->prefix);
        buf_done(&request->suffix);
        request->body = (struct body){.offset = 0};
    }
}

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* The image's bytes are sent, rather than its URL or an id. */
static bool streams_image(const struct api_call *call)
{
    return call->image_url.len == 0 && !given(call->generate_id);
}

static int url_write(struct buf *url, const struct api_call *call)
{
    struct slice base = slice_text(call->base_url);
    while (base.len > 0 && base.ptr[base.len - 1] == '/') {
        base.len--;
    }
    int code = buf_append_slice(url, base);
    code = code != 0 ? code : buf_append_text(url, call->effect->path);
    code = code != 0 ? code : buf_append_text(url, "?api_key=");
    code = code != 0 ? code : url_append_value(url, slice_text(call->access_key));
    code = code != 0 ? code : buf_append_text(url, "&api_secret=");
    code = code != 0 ? code : url_append_value(url, slice_text(call->secret_key));
    if (code == 0 && buf_cstr(url) == NULL) {
        code = ERR_NO_MEMORY;
    }
    return code;
}

/* Appends "field":"text" for a text of any bytes, and `after`. */
static int member_write(struct buf *dest, const char *field, struct slice text, const char *after)
{
    int code = buf_printf(dest, "\"%s\":\"", field);
    for (size_t i = 0; i < text.len && code == 0; i++) {
        uint8_t c = text.ptr[i];
        bool plain = c >= 0x20 && c != '"' && c != '\\';
        code = plain ? buf_append(dest, &c, 1) : buf_printf(dest, "\\u%04x", c);
    }
    code = code != 0 ? code : buf_append_text(dest, "\"");
    return code != 0 ? code : buf_append_text(dest, after);
}

/* Encoded so, a URL has nothing in it that JSON would want escaped. */
static int
url_member_write(struct buf *dest, const char *field, struct slice url, const char *after)
{
    int code = buf_printf(dest, "\"%s\":\"", field);
    code = code != 0 ? code : url_append_encoded(dest, url);
    code = code != 0 ? code : buf_append_text(dest, "\"");
    return code != 0 ? code : buf_append_text(dest, after);
}

/* {"parameter":{...},"extra":{},"media_info_list":[{"media_data":"...","media_profiles":{...}}]} */
static int media_list_write(struct api_request *request, const struct api_call *call)
{
    static const char tail[] = "\"media_profiles\":{\"media_data_type\":\"%s\"}}]}";
    bool is_url = call->image_url.len > 0;
    int code = buf_append_text(&request->prefix, "{\"parameter\":");
    code = code != 0 ? code : effect_params_write(call->effect, call->params, &request->prefix);
    code = code != 0 ? code
                     : buf_append_text(&request->prefix, ",\"extra\":{},\"media_info_list\":[{");
    if (is_url) {
        code = code != 0 ? code
                         : url_member_write(&request->prefix, "media_data", call->image_url, ",");
        return code != 0 ? code : buf_printf(&request->suffix, tail, "url");
    }
    code = code != 0 ? code : buf_append_text(&request->prefix, "\"media_data\":\"");
    code = code != 0 ? code : buf_append_text(&request->suffix, "\",");
    return code != 0 ? code : buf_printf(&request->suffix, tail, "jpg");
}

/* {"out_request_id":"...","img_url":"..." or "mt_generate_id":"...","parameter":{...}}, with the
 * catalogue's names. */
static int img_url_write(struct api_request *request, const struct api_call *call)
{
    const struct request_fields *fields = &call->effect->request;
    struct buf *dest = &request->prefix;
    int code = buf_append_text(dest, "{");
    if (given(call->out_request_id)) {
        struct slice id = slice_text(call->out_request_id);
        code = code != 0 ? code : member_write(dest, fields->out_request_id, id, ",");
    }
    if (given(call->generate_id)) {
        struct slice id = slice_text(call->generate_id);
        code = code != 0 ? code : member_write(dest, fields->generate_id, id, ",");
    } else if (call->image_url.len > 0) {
        code = code != 0 ? code : url_member_write(dest, fields->image_url, call->image_url, ",");
    }
    code = code != 0 ? code : buf_printf(dest, "\"%s\":", fields->parameter);
    code = code != 0 ? code : effect_params_write(call->effect, call->params, dest);
    if (streams_image(call)) {
        code = code != 0 ? code : buf_printf(dest, ",\"%s\":\"", fields->image_data);
        return code != 0 ? code : buf_append_text(&request->suffix, "\"}");
    }
    return code != 0 ? code : buf_append_text(dest, "}");
}

/* NULL, or why the effect cannot be called with this input. */
static const char *input_flaw(const struct api_call *call)
{
    const struct effect *effect = call->effect;
    bool has_url = call->image_url.len > 0;
    bool has_id = given(call->generate_id);
    if (effect->style == REQUEST_IMG_URL) {
        bool has_bytes = effect_accepts_bytes(effect) && call->image.len > 0;
        return has_id || has_url || has_bytes
                   ? NULL
                   : "needs image.url or generate_id: it takes no image bytes";
    }
    if (has_id) {
        return "takes no generate_id: send the image";
    }
    if (has_url && !effect->accepts_url) {
        return "takes no URL: send the image's bytes";
    }
    return has_url || call->image.len > 0 ? NULL : "needs an image";
}

int api_request_write(struct api_request *request, const struct api_call *call, struct err *err)
{
    const char *flaw = input_flaw(call);
    if (flaw != NULL) {
        return err_set(err, ERR_INVALID, "%s %s", call->effect->name, flaw);
    }
    buf_clear(&request->url);
    buf_clear(&request->prefix);
    buf_clear(&request->suffix);
    bool is_list = call->effect->style == REQUEST_MEDIA_LIST;
    int code = url_write(&request->url, call);
    if (code == 0) {
        code = is_list ? media_list_write(request, call) : img_url_write(request, call);
    }
    if (code != 0) {
        return err_set(err, code, "%s: the request cannot be written: %s", call->effect->name,
                       err_name(code));
    }
    bool streams = streams_image(call);
    request->body = (struct body){
        .prefix = buf_view(&request->prefix),
        .payload = streams ? call->image : slice_of(NULL, 0),
        .suffix = buf_view(&request->suffix),
        .payload_base64 = streams,
    };
    return 0;
}
