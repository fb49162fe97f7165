/* Any element has a verdict; a job has a valid id and a message, a good one its steps in bounds. */
#include "base/check.h"
#include "base/text.h"
#include "wire/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touches every byte, so that the sanitizer sees a view that leads astray. */
static void touch(struct slice bytes)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        sum = (uint8_t)(sum + bytes.ptr[i]);
    }
}

static void check_steps(const struct envelope *envelope)
{
    CHECK(envelope->step_count >= 1 && envelope->step_count <= ENVELOPE_STEPS_MAX);
    for (uint32_t s = 0; s < envelope->step_count; s++) {
        const struct envelope_step *step = &envelope->steps[s];
        CHECK(text_is_reply_name(slice_text(step->effect)));
        CHECK(step->params.count <= PARAMS_MAX);
        for (uint32_t p = 0; p < step->params.count; p++) {
            CHECK(params_find(&step->params, step->params.items[p].name) ==
                  &step->params.items[p].value);
            touch(step->params.items[p].value.text);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf element;
    buf_init(&element, ENVELOPE_BYTES_MAX);
    CHECK(buf_append(&element, data, size) == 0);
    struct envelope envelope;
    struct err err = {.code = 0};
    envelope_init(&envelope);
    int code = envelope_decode(&envelope, &element, &err);
    CHECK(code == 0 || code == ERR_MALFORMED || code == ERR_INVALID);
    CHECK(code == err.code && (code == 0 || err.msg[0] != '\0'));
    CHECK(code == ERR_MALFORMED || text_is_job_id(slice_text(envelope.id)));
    CHECK(text_is_utf8(slice_text(envelope.out_request_id)));
    CHECK(envelope.meta.len <= ENVELOPE_META_MAX);
    touch(envelope.image);
    if (code == 0) {
        envelope_drop_image(&envelope);
        check_steps(&envelope);
        touch(envelope.meta);
    }
    envelope_done(&envelope);
    return 0;
}
