/* The field `image`: bytes, or a map that says where they are. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "wire/base64.h"
#include "wire/envelope_field.h"
#include "wire/url.h"

enum {
    DATA_PREFIX_MAX = 256 /* bytes of "data:...;base64," */
};

static const char image_allowed[] = "bin (in JSON base64 text), or a map with exactly one of data, "
                                    "url and key,";

/* Says nothing of what is in it: it may be the image. */
static int
refuse_kind(struct err *err, const char *where, const struct node *given, const char *allowed)
{
    return err_set(err, ERR_INVALID, "%s: %s given, %s allowed", where, node_kind_name(given->kind),
                   allowed);
}

/* The bytes of a slice of the element, to be decoded in place. */
static uint8_t *writable(struct envelope *envelope, struct slice part)
{
    return envelope->element.ptr + (part.ptr - envelope->element.ptr);
}

/* Behind "data:...;base64,", or the text itself where it does not begin with "data:". */
static const char *skip_data_prefix(struct slice *text)
{
    static const char mark[] = ";base64";
    size_t mark_len = sizeof mark - 1;
    if (text->len < 5 || strncasecmp((const char *)text->ptr, "data:", 5) != 0) {
        return NULL;
    }
    size_t reach = text->len < DATA_PREFIX_MAX ? text->len : DATA_PREFIX_MAX;
    const uint8_t *comma = memchr(text->ptr, ',', reach);
    size_t before = comma != NULL ? (size_t)(comma - text->ptr) : 0;
    if (before < mark_len ||
        strncasecmp((const char *)text->ptr + before - mark_len, mark, mark_len) != 0) {
        return "a data: URL without ;base64";
    }
    *text = slice_of(comma + 1, text->len - before - 1);
    return NULL;
}

static int set_base64(struct envelope *envelope,
                      const char *where,
                      struct slice text,
                      struct slice *ret_bytes,
                      struct err *err)
{
    const char *flaw = skip_data_prefix(&text);
    if (flaw != NULL) {
        return err_set(err, ERR_INVALID, "%s: %s given, base64 text allowed", where, flaw);
    }
    size_t len = 0;
    if (base64_decode_in_place(writable(envelope, text), text.len, &len) != 0) {
        return err_set(err, ERR_INVALID,
                       "%s: text of %zu bytes given that is no base64, the standard alphabet "
                       "(A-Z a-z 0-9 + /) allowed",
                       where, text.len);
    }
    *ret_bytes = slice_of(text.ptr, len);
    return 0;
}

static int
set_data(struct envelope *envelope, const char *where, const struct node *node, struct err *err)
{
    struct slice bytes = node->bytes;
    if (node->kind == NODE_TEXT && node->source->bytes_as_base64) {
        int code = set_base64(envelope, where, node->bytes, &bytes, err);
        if (code != 0) {
            return code;
        }
    } else if (node->kind != NODE_BYTES) {
        return refuse_kind(err, where, node, "bin (in JSON base64 text)");
    }
    if (bytes.len == 0) {
        return err_set(err, ERR_INVALID, "%s: empty, the bytes of a JPEG or PNG allowed", where);
    }
    envelope->image_source = IMAGE_BYTES;
    envelope->image = bytes;
    return 0;
}

static int set_url(struct envelope *envelope, const struct node *node, struct err *err)
{
    if (node->kind != NODE_TEXT) {
        return refuse_kind(err, "image.url", node, "str");
    }
    if (!text_is_utf8(node->bytes)) {
        return err_set(err, ERR_INVALID, "image.url: str given that is no UTF-8, UTF-8 allowed");
    }
    /* Whether it may be private is for whoever fetches it to say. */
    int code = url_check(node->bytes, true, err);
    if (code != 0) {
        return err_wrap(err, "image.url");
    }
    envelope->image_source = IMAGE_URL;
    envelope->image = node->bytes;
    return 0;
}

static int set_key(struct envelope *envelope, const struct node *node, struct err *err)
{
    bool fits = node->kind == NODE_TEXT && node->bytes.len >= 1 &&
                node->bytes.len <= ENVELOPE_KEY_MAX && text_is_utf8(node->bytes);
    if (!fits) {
        return field_refuse(err, "image.key", node, "str of 1 to 1024 bytes, UTF-8,");
    }
    envelope->image_source = IMAGE_KEY;
    envelope->image = node->bytes;
    return 0;
}

static int set_map(struct envelope *envelope, const struct node *node, struct err *err)
{
    struct node_iter iter;
    struct node key;
    struct node value;
    if (node->count != 1) {
        return field_refuse(err, "image", node, image_allowed);
    }
    node_iter_init(&iter, node);
    bool found = node_iter_next(&iter, &key, &value) && key.kind == NODE_TEXT;
    if (found && slice_is(key.bytes, "data")) {
        return set_data(envelope, "image.data", &value, err);
    }
    if (found && slice_is(key.bytes, "url")) {
        return set_url(envelope, &value, err);
    }
    if (found && slice_is(key.bytes, "key")) {
        return set_key(envelope, &value, err);
    }
    char shown[NODE_SHOWN_MAX];
    return err_set(err, ERR_INVALID, "image: map with %s given, %s allowed", node_show(&key, shown),
                   image_allowed);
}

int image_set(struct reading *reading, const struct node *node, struct err *err)
{
    bool is_bytes =
        node->kind == NODE_BYTES || (node->kind == NODE_TEXT && node->source->bytes_as_base64);
    if (is_bytes) {
        return set_data(reading->envelope, "image", node, err);
    }
    return node->kind == NODE_MAP ? set_map(reading->envelope, node, err)
                                  : refuse_kind(err, "image", node, image_allowed);
}
