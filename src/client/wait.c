/* Waiting for a list of jobs: a watch, and the statuses put where their ids stand. */
#include <string.h>

#include "base/clock.h"
#include "client/handle.h"

static int add_all(struct retouch_watch *watch, const char *const *ids, size_t count)
{
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        code = retouch_watch_add(watch, ids[i]);
    }
    return code;
}

static int drain(struct retouch_watch *watch, int64_t timeout_ms)
{
    int64_t end_at_ms = clock_at_ms() + timeout_ms;
    int code = 0;
    while (code == 0 && retouch_watch_count(watch) > 0) {
        struct retouch_status *status = NULL;
        int64_t left_ms = end_at_ms - clock_at_ms();
        left_ms = left_ms > 0 ? left_ms : 0;
        code = retouch_watch_next(watch, timeout_ms < 0 ? -1 : left_ms, &status);
        retouch_status_free(status);
    }
    return code;
}

int retouch_wait(struct retouch *retouch,
                 const char *const *ids,
                 size_t count,
                 int64_t timeout_ms,
                 struct retouch_status **ret_statuses)
{
    memset(ret_statuses, 0, count * sizeof *ret_statuses);
    struct retouch_watch *watch = retouch_watch_new(retouch);
    if (watch == NULL) {
        return handle_code(retouch->err.code);
    }
    int code = add_all(watch, ids, count);
    code = code == 0 ? drain(watch, timeout_ms) : code;
    retouch_watch_free(watch);
    if (code != 0 && code != RETOUCH_ERROR_TIMEOUT) {
        return code;
    }
    struct err failure = retouch->err;
    int read_code = retouch_get_statuses(retouch, ids, count, ret_statuses);
    if (read_code == 0 && code != 0) {
        retouch->err = failure;
    }
    return read_code != 0 ? read_code : code;
}
