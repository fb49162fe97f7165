/* INFO's text and control messages come from the server: whatever they are, they are read or
 * ignored. */
#include "base/check.h"
#include "base/text.h"
#include "queue/control.h"
#include "queue/health.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct health health;
    struct control control = control_read(slice_of(data, size));
    CHECK(control.kind != CONTROL_CANCEL || text_is_job_id(slice_text(control.id)));
    size_t half = size / 2;
    health_read(&health, slice_of(data, half), slice_of(data + half, size - half));
    for (size_t i = 0; i < HEALTH_COUNT; i++) {
        CHECK(memchr(health.detail[i], '\0', HEALTH_DETAIL_MAX) != NULL);
    }
    return 0;
}
