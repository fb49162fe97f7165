#include "queue/control.h"

#include "base/text.h"

struct control control_read(struct slice message)
{
    static const char cancel[] = "cancel ";
    struct control control = {.kind = CONTROL_OTHER};
    if (slice_is(message, "pause") || slice_is(message, "resume")) {
        control.kind = CONTROL_LOOK;
    } else if (slice_starts(message, cancel)) {
        size_t skip = sizeof cancel - 1;
        struct slice id = slice_of(message.ptr + skip, message.len - skip);
        if (text_is_job_id(id)) {
            control.kind = CONTROL_CANCEL;
            (void)text_copy(control.id, sizeof control.id, id);
        }
    }
    return control;
}
