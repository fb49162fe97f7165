#include "client/status.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/handle.h"

enum {
    STATUS_BYTES_MAX = 1 << 20 /* far more than the 8 KiB of section 1: a foreign hash is refused */
};

static const char *const state_names[RETOUCH_STATE_COUNT] = {
    [RETOUCH_STATE_NONE] = "none",           [RETOUCH_STATE_QUEUED] = "queued",
    [RETOUCH_STATE_SCHEDULED] = "scheduled", [RETOUCH_STATE_RUNNING] = "running",
    [RETOUCH_STATE_DONE] = "done",           [RETOUCH_STATE_DEAD] = "dead",
    [RETOUCH_STATE_CANCELED] = "canceled",   [RETOUCH_STATE_EXPIRED] = "expired",
    [RETOUCH_STATE_UNKNOWN] = "unknown",
};

#define TEXT(field)                                          \
    {                                                        \
#        field, offsetof(struct retouch_status, field), true \
    }
#define NUMBER(field)                                         \
    {                                                         \
#        field, offsetof(struct retouch_status, field), false \
    }

/* The fields that struct retouch_status shows; the others are found by name. */
static const struct status_row {
    const char *name;
    size_t offset;
    bool is_text;
} rows[] = {
    TEXT(reason),         TEXT(effect),         TEXT(worker),         NUMBER(step),
    NUMBER(steps),        NUMBER(attempts),     NUMBER(sent),         NUMBER(enqueued_ms),
    NUMBER(started_ms),   NUMBER(finished_ms),  NUMBER(due_ms),       NUMBER(wait_ms),
    NUMBER(api_ms),       NUMBER(total_ms),     NUMBER(http_status),  TEXT(error_class),
    TEXT(error_code),     TEXT(error_message),  TEXT(generate_id),    TEXT(out_request_id),
    NUMBER(result_count), NUMBER(result_bytes), NUMBER(result_width), NUMBER(result_height),
    TEXT(result_type),    TEXT(result_url),     TEXT(result_json),
};

struct status_field {
    const char *name;  /* in texts */
    const char *value; /* in texts, a NUL behind it */
    size_t len;        /* of the value */
};

/* One block of memory: this, the fields, the texts. */
struct status {
    struct retouch_status shown; /* first: the caller's pointer is this one's */
    size_t count;
    struct status_field fields[];
};

static const struct status *status_of(const struct retouch_status *shown)
{
    return (const void *)shown;
}

enum retouch_state status_parse_state(struct slice name)
{
    for (int i = 0; i < RETOUCH_STATE_COUNT; i++) {
        if (slice_is(name, state_names[i])) {
            return (enum retouch_state)i;
        }
    }
    return RETOUCH_STATE_NONE;
}

static char *put_text(char **at, struct slice text)
{
    char *start = *at;
    if (text.len > 0) {
        memcpy(start, text.ptr, text.len);
    }
    start[text.len] = '\0';
    *at = start + text.len + 1;
    return start;
}

static void show_fields(struct status *status)
{
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        char *field = (char *)&status->shown + rows[i].offset;
        size_t len = 0;
        const char *value = retouch_status_field(&status->shown, rows[i].name, &len);
        if (rows[i].is_text) {
            const char *text = value != NULL ? value : "";
            memcpy(field, &text, sizeof text);
        } else {
            int64_t number = 0;
            err_ignore(text_parse_i64(slice_of(value, value != NULL ? len : 0), &number)); /* 0 */
            memcpy(field, &number, sizeof number);
        }
    }
    size_t len = 0;
    const char *state = retouch_status_field(&status->shown, "state", &len);
    status->shown.state =
        state != NULL ? status_parse_state(slice_of(state, len)) : RETOUCH_STATE_NONE;
}

int status_new(const char *id,
               const struct reply *reply,
               struct retouch_status **ret_status,
               struct err *err)
{
    size_t count = reply_count(reply) / 2;
    size_t bytes = strlen(id) + 1;
    for (size_t i = 0; i < 2 * count; i++) {
        bytes += reply_text(reply_at(reply, i)).len + 1;
    }
    if (bytes > STATUS_BYTES_MAX) {
        return err_set(err, ERR_TOO_BIG, "the status of %s has %zu bytes", id, bytes);
    }
    struct status *status =
        mem_zalloc(1, sizeof *status + count * sizeof(struct status_field) + bytes);
    if (status == NULL) {
        return err_set(err, ERR_NO_MEMORY, "no memory for a status");
    }
    char *at = (char *)&status->fields[count];
    status->shown.id = put_text(&at, slice_text(id));
    status->count = count;
    for (size_t i = 0; i < count; i++) {
        struct slice value = reply_text(reply_at(reply, 2 * i + 1));
        status->fields[i].name = put_text(&at, reply_text(reply_at(reply, 2 * i)));
        status->fields[i].value = put_text(&at, value);
        status->fields[i].len = value.len;
    }
    show_fields(status);
    *ret_status = &status->shown;
    return 0;
}

void retouch_status_free(struct retouch_status *status)
{
    mem_free(status);
}

const char *
retouch_status_field(const struct retouch_status *status, const char *name, size_t *ret_len)
{
    const struct status *inner = status_of(status);
    for (size_t i = 0; i < inner->count; i++) {
        if (strcmp(inner->fields[i].name, name) == 0) {
            if (ret_len != NULL) {
                *ret_len = inner->fields[i].len;
            }
            return inner->fields[i].value;
        }
    }
    return NULL;
}

const char *retouch_status_at(const struct retouch_status *status,
                              size_t index,
                              const char **ret_name,
                              size_t *ret_len)
{
    const struct status *inner = status_of(status);
    if (index >= inner->count) {
        return NULL;
    }
    *ret_name = inner->fields[index].name;
    *ret_len = inner->fields[index].len;
    return inner->fields[index].value;
}

const char *retouch_state_name(enum retouch_state state)
{
    bool known = (int)state >= 0 && state < RETOUCH_STATE_COUNT;
    return state_names[known ? state : RETOUCH_STATE_NONE];
}

int retouch_state_is_end(enum retouch_state state)
{
    return state == RETOUCH_STATE_NONE || state >= RETOUCH_STATE_DONE;
}

int retouch_get_statuses(struct retouch *retouch,
                         const char *const *ids,
                         size_t count,
                         struct retouch_status **ret_statuses)
{
    struct batch *batch = handle_batch(retouch);
    if (batch == NULL) {
        return RETOUCH_ERROR_INVALID;
    }
    memset(ret_statuses, 0, count * sizeof *ret_statuses);
    for (size_t i = 0; i < count; i++) {
        if (!text_is_job_id(slice_text(ids[i]))) {
            return handle_fail(retouch, ERR_INVALID, "\"%.80s\" is no job id", ids[i]);
        }
        batch_command(batch, "HGETALL");
        batch_key(batch, KEY_JOB, ids[i]);
    }
    int code = count > 0 ? handle_exchange(retouch, 0) : 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        const struct reply *reply = batch_reply(batch, i);
        code = handle_check(retouch, reply);
        if (code == 0) {
            code = handle_code(status_new(ids[i], reply, &ret_statuses[i], &retouch->err));
        }
    }
    for (size_t i = 0; i < count && code != 0; i++) {
        retouch_status_free(ret_statuses[i]);
        ret_statuses[i] = NULL;
    }
    return code;
}

int retouch_get_status(struct retouch *retouch, const char *id, struct retouch_status **ret_status)
{
    struct retouch_status *status = NULL;
    int code = retouch_get_statuses(retouch, &id, 1, &status);
    if (code == 0 && status->state == RETOUCH_STATE_NONE) {
        retouch_status_free(status);
        return handle_fail(retouch, ERR_NOT_FOUND, "no job %s in queue %s", id,
                           retouch->queue.name);
    }
    if (code == 0) {
        *ret_status = status;
    }
    return code;
}
