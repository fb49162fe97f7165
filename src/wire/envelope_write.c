#include "wire/envelope_write.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "retouch/retouch.h"
#include "wire/envelope.h"
#include "wire/json.h"
#include "wire/mpack.h"

enum {
    ENVELOPE_ROOM = 4096,    /* bytes reserved for everything but image and meta */
    META_JSON_MAX = 64 << 10 /* bytes: far more than any text of ENVELOPE_META_MAX as msgpack */
};

/* Where the writing stands: the first failure stays. */
struct writer {
    struct buf *dest; /* borrowed */
    uint32_t fields;  /* in the map */
    int code;
};

static void write_text(struct writer *writer, const char *text)
{
    writer->code =
        writer->code != 0 ? writer->code : mpack_put_text(writer->dest, slice_text(text));
}

static void write_map(struct writer *writer, size_t count)
{
    writer->code = writer->code != 0 ? writer->code : mpack_put_map(writer->dest, (uint32_t)count);
}

static void write_name(struct writer *writer, const char *name)
{
    write_text(writer, name);
    writer->fields++;
}

static void write_text_field(struct writer *writer, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        write_name(writer, name);
        write_text(writer, text);
    }
}

static void write_int_field(struct writer *writer, const char *name, int64_t number)
{
    if (number != 0) {
        write_name(writer, name);
        writer->code = writer->code != 0 ? writer->code : mpack_put_int(writer->dest, number);
    }
}

/* Values go as texts: the catalogue knows which are numbers, and a clothes_id of digits is none. */
static void write_params(struct writer *writer, const struct retouch_param *params, size_t count)
{
    write_map(writer, count);
    for (size_t i = 0; i < count; i++) {
        write_text(writer, params[i].name);
        write_text(writer, params[i].value);
    }
}

static void write_effects(struct writer *writer, const struct retouch_job *job)
{
    write_text_field(writer, "effect", job->effect);
    if (job->effect != NULL && job->param_count > 0) {
        write_name(writer, "params");
        write_params(writer, job->params, job->param_count);
    }
    if (job->recipe_count == 0) {
        return;
    }
    write_name(writer, "recipe");
    if (writer->code == 0) {
        writer->code = mpack_put_array(writer->dest, (uint32_t)job->recipe_count);
    }
    for (size_t i = 0; i < job->recipe_count; i++) {
        write_map(writer, 2);
        write_text(writer, "effect");
        write_text(writer, job->recipe[i].effect);
        write_text(writer, "params");
        write_params(writer, job->recipe[i].params, job->recipe[i].param_count);
    }
}

static void write_image(struct writer *writer, const struct retouch_job *job)
{
    const char *reference = job->image_url != NULL ? job->image_url : job->image_key;
    if (job->image == NULL && reference == NULL) {
        return;
    }
    write_name(writer, "image");
    if (reference != NULL) {
        write_map(writer, 1);
        write_text(writer, job->image_url != NULL ? "url" : "key");
        write_text(writer, reference);
        return;
    }
    if (writer->code == 0) {
        writer->code = mpack_put_bytes(writer->dest, slice_of(job->image, job->image_len));
    }
}

/* A JSON object as a msgpack map. */
static int convert_meta(const char *text, struct buf *dest, struct err *err)
{
    struct buf copy; /* reading changes the text */
    struct json *json = NULL;
    buf_init(&copy, META_JSON_MAX);
    int code = buf_append_text(&copy, text);
    if (code == ERR_TOO_BIG) {
        err_set(err, code, "more than %d bytes of JSON", META_JSON_MAX);
    } else if (code == 0) {
        code = json_read(&copy, &json, err);
    }
    if (code == 0) {
        struct node root = json_root(json);
        char shown[NODE_SHOWN_MAX];
        code = root.kind == NODE_MAP ? mpack_put_node(dest, &root)
                                     : err_set(err, ERR_INVALID, "%s given: a map is wanted",
                                               node_show(&root, shown));
        if (code == ERR_TOO_BIG) {
            err_set(err, code, "more than %d bytes as msgpack", ENVELOPE_META_MAX);
        }
    }
    json_free(json);
    buf_done(&copy);
    return code == ERR_NO_MEMORY ? err_set(err, code, "no memory") : code;
}

static int write_meta(struct writer *writer, const struct retouch_job *job, struct err *err)
{
    struct buf made;
    struct slice meta = slice_of(job->meta_msgpack, job->meta_msgpack_len);
    buf_init(&made, ENVELOPE_META_MAX);
    int code = 0;
    if (job->meta_json != NULL) {
        code = convert_meta(job->meta_json, &made, err);
        meta = buf_view(&made);
    }
    if (code != 0) {
        err_wrap(err, "meta");
    } else if (meta.len > ENVELOPE_META_MAX) {
        code = err_set(err, ERR_INVALID, "meta: %zu bytes: at most %d are allowed", meta.len,
                       ENVELOPE_META_MAX);
    } else if (meta.len > 0) {
        write_name(writer, "meta");
        writer->code = writer->code != 0 ? writer->code : buf_append_slice(writer->dest, meta);
    }
    buf_done(&made);
    return code == ERR_NO_MEMORY || code == 0 ? code : ERR_INVALID;
}

static int check_step(const struct retouch_step *step, struct err *err)
{
    if (step->effect == NULL || step->effect[0] == '\0') {
        return err_set(err, ERR_INVALID, "effect: missing");
    }
    if (strlen(step->effect) > ENVELOPE_NAME_MAX) {
        return err_set(err, ERR_INVALID, "effect: longer than %d bytes", ENVELOPE_NAME_MAX);
    }
    if (step->param_count > PARAMS_MAX) {
        return err_set(err, ERR_INVALID, "params: %zu given, at most %d are allowed",
                       step->param_count, PARAMS_MAX);
    }
    for (size_t i = 0; i < step->param_count; i++) {
        const struct retouch_param *param = &step->params[i];
        if (param->name == NULL || param->name[0] == '\0' || param->value == NULL) {
            return err_set(err, ERR_INVALID, "params: number %zu has no name or no value", i + 1);
        }
    }
    return 0;
}

static int check_effects(const struct retouch_job *job, struct err *err)
{
    const struct retouch_step alone = {
        .effect = job->effect, .params = job->params, .param_count = job->param_count};
    if ((job->effect != NULL) == (job->recipe_count > 0)) {
        return err_set(err, ERR_INVALID, "either effect or recipe must be given");
    }
    if (job->recipe_count > ENVELOPE_STEPS_MAX) {
        return err_set(err, ERR_INVALID, "recipe: %zu effects given, at most %d are allowed",
                       job->recipe_count, ENVELOPE_STEPS_MAX);
    }
    int code = job->effect != NULL ? check_step(&alone, err) : 0;
    for (size_t i = 0; i < job->recipe_count && code == 0; i++) {
        code = check_step(&job->recipe[i], err);
        if (code != 0) {
            err_wrap(err, "recipe: number %zu", i + 1);
        }
    }
    return code;
}

static int check_input(const struct retouch_job *job, struct err *err)
{
    int given = (job->image != NULL) + (job->image_url != NULL) + (job->image_key != NULL);
    if (given > 1) {
        return err_set(err, ERR_INVALID, "image: give one of bytes, URL and key, not %d", given);
    }
    if (given + (job->generate_id != NULL) + (job->out_request_id != NULL) == 0) {
        return err_set(err, ERR_INVALID,
                       "image: missing, and neither generate_id nor out_request_id is given");
    }
    if (job->image != NULL && job->image_len == 0) {
        return err_set(err, ERR_INVALID, "image: empty");
    }
    if (job->image_len > ENVELOPE_BYTES_MAX - ENVELOPE_ROOM - ENVELOPE_META_MAX) {
        return err_set(err, ERR_TOO_BIG, "image: %zu bytes: a job takes at most %d", job->image_len,
                       ENVELOPE_BYTES_MAX - ENVELOPE_ROOM - ENVELOPE_META_MAX);
    }
    return 0;
}

static int check_job(const struct retouch_job *job, const char *id, struct err *err)
{
    if (!text_is_job_id(slice_text(id))) {
        return err_set(err, ERR_INVALID,
                       "id \"%.80s\": 1 to 64 of A-Z a-z 0-9 . _ - are allowed, a letter or digit "
                       "first",
                       id);
    }
    if (job->reply_to != NULL && !text_is_reply_name(slice_text(job->reply_to))) {
        return err_set(err, ERR_INVALID,
                       "reply_to \"%.80s\": 1 to 64 of A-Z a-z 0-9 . _ - are allowed",
                       job->reply_to);
    }
    if (job->meta_json != NULL && job->meta_msgpack != NULL) {
        return err_set(err, ERR_INVALID, "meta: give it as JSON or as msgpack, not both");
    }
    if (job->max_attempts < 0 || job->max_attempts > 100) {
        return err_set(err, ERR_INVALID, "max_attempts %" PRId64 ": 1 to 100 are allowed",
                       job->max_attempts);
    }
    if (job->not_before_ms < 0 || job->deadline_ms < 0 || job->timeout_ms < 0 ||
        job->result_ttl_ms < 0) {
        return err_set(err, ERR_INVALID, "times may not be negative");
    }
    int code = check_effects(job, err);
    return code != 0 ? code : check_input(job, err);
}

static void write_rest(struct writer *writer, const struct retouch_job *job)
{
    write_text_field(writer, "out_request_id", job->out_request_id);
    write_text_field(writer, "generate_id", job->generate_id);
    write_int_field(writer, "not_before_ms", job->not_before_ms);
    write_int_field(writer, "deadline_ms", job->deadline_ms);
    write_int_field(writer, "max_attempts", job->max_attempts);
    write_int_field(writer, "timeout_ms", job->timeout_ms);
    write_int_field(writer, "result_ttl_ms", job->result_ttl_ms);
    write_text_field(writer, "store", job->keep_url ? "url" : NULL);
    write_text_field(writer, "reply_to", job->reply_to);
    write_text_field(writer, "traceparent", job->traceparent);
}

int envelope_write(const struct retouch_job *job, const char *id, struct buf *dest, struct err *err)
{
    int code = check_job(job, id, err);
    if (code != 0) {
        return code;
    }
    /* A map16 header is written by hand, since the number of fields is known only at the end. */
    size_t start = dest->len;
    struct writer writer = {.dest = dest,
                            .code = buf_reserve(dest, ENVELOPE_ROOM + job->image_len)};
    if (writer.code == 0) {
        writer.code = buf_append(dest, "\xde\0\0", 3);
    }
    write_int_field(&writer, "v", 1);
    write_text_field(&writer, "id", id);
    write_effects(&writer, job);
    write_rest(&writer, job);
    code = write_meta(&writer, job, err);
    if (code != 0) {
        return code;
    }
    write_image(&writer, job);
    if (writer.code == 0 && dest->len - start > ENVELOPE_BYTES_MAX) {
        writer.code = ERR_TOO_BIG;
    }
    if (writer.code != 0) {
        return err_set(err, writer.code,
                       "the job does not fit into memory or its limit of %d bytes",
                       ENVELOPE_BYTES_MAX);
    }
    CHECK(writer.fields <= UINT8_MAX);
    dest->ptr[start + 2] = (uint8_t)writer.fields;
    return 0;
}
