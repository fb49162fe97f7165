#include "wire/envelope.h"

#include "base/mem.h"
#include "base/text.h"
#include "wire/envelope_field.h"
#include "wire/json.h"
#include "wire/mpack.h"

void envelope_init(struct envelope *envelope)
{
    *envelope = (struct envelope){.steps = NULL, .image_source = IMAGE_NONE};
    /* Room for the zero bytes that reading JSON in place needs behind the text. */
    buf_init(&envelope->element, ENVELOPE_BYTES_MAX + JSON_PADDING);
    buf_init(&envelope->meta_bytes, ENVELOPE_META_MAX);
    buf_init(&envelope->texts, ENVELOPE_BYTES_MAX);
}

void envelope_done(struct envelope *envelope)
{
    mem_free(envelope->steps);
    buf_done(&envelope->element);
    buf_done(&envelope->meta_bytes);
    buf_done(&envelope->texts);
    envelope_init(envelope);
}

enum element_kind element_kind_of(struct slice element)
{
    if (element.len == 0) {
        return ELEMENT_JUNK;
    }
    uint8_t first = element.ptr[0];
    bool is_map = (first >= 0x80 && first <= 0x8f) || first == 0xde || first == 0xdf;
    if (is_map || first == '{') {
        return ELEMENT_ENVELOPE;
    }
    return text_is_job_id(element) ? ELEMENT_ID : ELEMENT_JUNK;
}

/* From the fields of the document to the envelope. The first fault of a job that has an id decides,
 * but what can still be read is read: it says whom to tell. */
static int envelope_read(struct reading *reading, const struct node *root, struct err *err)
{
    struct err fault = {.code = 0};
    int code = reading_gather(reading, root, &fault);
    if (code == ERR_MALFORMED) {
        *err = fault;
        return code;
    }
    int id_code = reading_take_id(reading, err);
    if (id_code != 0) {
        return id_code;
    }
    if (code == 0) {
        code = reading_check_whole(reading, &fault);
    }
    struct err later = {.code = 0};
    int fill_code = reading_fill(reading, &later);
    if (fill_code == ERR_NO_MEMORY || code == 0) {
        fault = later;
        code = fill_code;
    }
    if (code == 0) {
        code = steps_own_texts(reading->envelope, &fault);
    }
    if (code != 0) {
        *err = fault;
    }
    return code;
}

static int envelope_read_json(struct envelope *envelope, struct err *err)
{
    struct json *json = NULL;
    int code = json_read(&envelope->element, &json, err);
    if (code != 0) {
        return code;
    }
    struct reading reading = {.envelope = envelope};
    struct node root = json_root(json);
    code = envelope_read(&reading, &root, err);
    json_free(json);
    return code;
}

static int envelope_read_mpack(struct envelope *envelope, struct err *err)
{
    struct slice element = buf_view(&envelope->element);
    struct mpack *mpack = NULL;
    int code = mpack_read(element, &mpack, err);
    if (code != 0) {
        return code;
    }
    struct reading reading = {.envelope = envelope};
    /* Absent is as good as empty: an encoded map has one byte at least. */
    if (!mpack_find_encoded(element, "meta", &reading.meta)) {
        reading.meta = slice_of(NULL, 0);
    }
    struct node root = mpack_root(mpack);
    code = envelope_read(&reading, &root, err);
    mpack_free(mpack);
    return code;
}

int envelope_decode(struct envelope *envelope, struct buf *element, struct err *err)
{
    struct err unused;
    err = err != NULL ? err : &unused;
    size_t max = envelope->element.max;
    buf_take(&envelope->element, element);
    envelope->element.max = max;
    struct slice bytes = buf_view(&envelope->element);
    if (bytes.len > ENVELOPE_BYTES_MAX) {
        return err_set(err, ERR_MALFORMED, "element of %zu bytes given, at most %d allowed",
                       bytes.len, (int)ENVELOPE_BYTES_MAX);
    }
    if (element_kind_of(bytes) != ELEMENT_ENVELOPE) {
        return err_set(err, ERR_MALFORMED, "neither a msgpack map nor a JSON object");
    }
    return bytes.ptr[0] == '{' ? envelope_read_json(envelope, err)
                               : envelope_read_mpack(envelope, err);
}

void envelope_drop_image(struct envelope *envelope)
{
    envelope->image = slice_of(NULL, 0);
    buf_done(&envelope->element);
}
