/* Which jobs are about the photo: what its record names, and what statuses and envelopes say. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "client/script.h"
#include "main/purge.h"
#include "wire/envelope.h"

size_t purge_id_count(const struct purge *purge)
{
    return purge->ids.len / sizeof(struct purge_id);
}

const char *purge_id_at(const struct purge *purge, size_t index)
{
    CHECK(index < purge_id_count(purge));
    return (const char *)purge->ids.ptr + index * sizeof(struct purge_id);
}

int purge_exchange(struct purge *purge)
{
    struct retouch *retouch = purge->line->retouch;
    int code = handle_exchange(retouch, 0);
    for (size_t i = 0; i < batch_count(&retouch->batch) && code == 0; i++) {
        code = handle_check(retouch, batch_reply(&retouch->batch, i));
    }
    return code;
}

static int no_memory(struct purge *purge)
{
    return handle_fail(purge->line->retouch, ERR_NO_MEMORY, "no memory for the photo's jobs");
}

static int add_id(struct purge *purge, const char *id)
{
    struct purge_id copy = {""};
    if (id_set_has(&purge->known, slice_text(id))) {
        return 0;
    }
    (void)text_copy(copy.text, sizeof copy.text, slice_text(id));
    if (id_set_add(&purge->known, slice_text(id)) != 0 ||
        buf_append(&purge->ids, &copy, sizeof copy) != 0) {
        return no_memory(purge);
    }
    return 0;
}

/* The next ids to look at; those that are known already need no look. */
static int ask_about(struct purge *purge, struct slice id)
{
    struct purge_id copy = {""};
    if (!text_is_job_id(id) || id_set_has(&purge->known, id)) {
        return 0;
    }
    (void)text_copy(copy.text, sizeof copy.text, id);
    return buf_append(&purge->asked, &copy, sizeof copy) == 0 ? 0 : no_memory(purge);
}

/* Whether an element is about the photo, and of which job it is. */
static bool
element_is_ours(const struct purge *purge, struct slice element, struct purge_id *ret_id)
{
    struct envelope envelope;
    struct buf copy;
    struct err err = {.code = 0};
    envelope_init(&envelope);
    buf_init(&copy, (size_t)ENVELOPE_BYTES_MAX + 64);
    int code = buf_append_slice(&copy, element);
    code = code == 0 ? envelope_decode(&envelope, &copy, &err) : code;
    const char *photo = envelope.out_request_id[0] != '\0' ? envelope.out_request_id : envelope.id;
    bool ours = (code == 0 || code == ERR_INVALID) && strcmp(photo, purge->photo) == 0;
    (void)text_copy(ret_id->text, sizeof ret_id->text, slice_text(envelope.id));
    envelope_done(&envelope);
    buf_done(&copy);
    return ours;
}

/* Of an id that may be ours: its envelope tells. */
static int read_envelope(struct purge *purge, const char *id)
{
    struct purge_id found;
    struct batch *batch = handle_batch(purge->line->retouch);
    batch_command(batch, "GET");
    batch_key(batch, KEY_ENV, id);
    int code = purge_exchange(purge);
    struct slice envelope = code == 0 ? reply_text(batch_reply(batch, 0)) : slice_of(NULL, 0);
    return envelope.len > 0 && element_is_ours(purge, envelope, &found) ? add_id(purge, id) : code;
}

/* Looks at the ids from `first` on, a page at most. */
static int look_at_page(struct purge *purge, const struct purge_id *ids, size_t count)
{
    struct retouch *retouch = purge->line->retouch;
    struct batch *batch = handle_batch(retouch);
    bool maybe[PURGE_PAGE] = {false};
    script_call(retouch, SCRIPT_purge_look, 2 * count);
    for (size_t i = 0; i < count; i++) {
        batch_key(batch, KEY_JOB, ids[i].text);
        batch_key(batch, KEY_ENV, ids[i].text);
    }
    batch_text(batch, purge->photo);
    for (size_t i = 0; i < count; i++) {
        batch_text(batch, ids[i].text);
    }
    int code = purge_exchange(purge);
    const struct reply *answers = code == 0 ? batch_reply(batch, 0) : NULL;
    for (size_t i = 0; i < count && code == 0; i++) {
        struct slice answer = reply_text(reply_at(answers, i));
        maybe[i] = slice_is(answer, "maybe");
        code = slice_is(answer, "yes") ? add_id(purge, ids[i].text) : 0;
    }
    for (size_t i = 0; i < count && code == 0; i++) {
        code = maybe[i] ? read_envelope(purge, ids[i].text) : 0;
    }
    return code;
}

static int look_at_asked(struct purge *purge)
{
    const struct purge_id *ids = (const void *)purge->asked.ptr;
    size_t count = purge->asked.len / sizeof(struct purge_id);
    int code = 0;
    for (size_t at = 0; at < count && code == 0; at += PURGE_PAGE) {
        size_t rest = count - at;
        code = look_at_page(purge, &ids[at], rest < PURGE_PAGE ? rest : PURGE_PAGE);
    }
    buf_clear(&purge->asked);
    return code;
}

/* Of a job that had the photo nothing may be left but events; another photo's job of that id is
 * left alone: its status says so. */
static int add_recorded(struct purge *purge)
{
    struct batch *batch = handle_batch(purge->line->retouch);
    struct buf ids;
    buf_init(&ids, (size_t)1 << 20);
    batch_command(batch, "HKEYS");
    batch_key(batch, KEY_PHOTO, purge->photo);
    int code = purge_exchange(purge);
    const struct reply *fields = code == 0 ? batch_reply(batch, 0) : NULL;
    for (size_t i = 0; i < reply_count(fields) && code == 0; i++) {
        struct slice field = reply_text(reply_at(fields, i));
        struct purge_id id = {""};
        if (slice_starts(field, "j:") && text_is_job_id(slice_of(field.ptr + 2, field.len - 2))) {
            (void)text_copy(id.text, sizeof id.text, slice_of(field.ptr + 2, field.len - 2));
            code = buf_append(&ids, &id, sizeof id) == 0 ? 0 : no_memory(purge);
        }
    }
    for (size_t at = 0; at < ids.len && code == 0; at += sizeof(struct purge_id)) {
        const char *id = (const char *)ids.ptr + at;
        batch = handle_batch(purge->line->retouch);
        batch_command(batch, "HGET");
        batch_key(batch, KEY_JOB, id);
        batch_text(batch, "out_request_id");
        code = purge_exchange(purge);
        struct slice named = code == 0 ? reply_text(batch_reply(batch, 0)) : slice_of(NULL, 0);
        if (code == 0 && (named.len == 0 || slice_is(named, purge->photo))) {
            code = add_id(purge, id);
        }
    }
    buf_done(&ids);
    return code;
}

/* Names of a page, each ended by a NUL, out of the reply. */
static int copy_names(struct purge *purge, const struct reply *page, struct buf *names)
{
    size_t skip = strlen(purge->line->retouch->queue.base);
    int code = 0;
    buf_clear(names);
    for (size_t i = 0; i < reply_count(page) && code == 0; i++) {
        struct slice name = reply_text(reply_at(page, i));
        if (name.len <= skip || memchr(name.ptr, '\0', name.len) != NULL) {
            continue; /* no name of ours */
        }
        code = buf_append(names, name.ptr + skip, name.len - skip);
        code = code == 0 ? buf_append(names, "", 1) : code;
    }
    return code == 0 ? 0 : no_memory(purge);
}

int purge_scan(struct purge *purge,
               const char *pattern,
               int (*visit)(struct purge *purge, struct slice name))
{
    struct retouch *retouch = purge->line->retouch;
    char cursor[24] = "0";
    char match[KEY_BASE_MAX + 16];
    struct buf names;
    int code = 0;
    buf_init(&names, (size_t)64 << 20);
    (void)snprintf(match, sizeof match, "%s%s", retouch->queue.base, pattern);
    do {
        struct batch *batch = handle_batch(retouch);
        batch_command(batch, "SCAN");
        batch_made(batch, slice_text(cursor));
        batch_text(batch, "MATCH");
        batch_made(batch, slice_text(match));
        batch_text(batch, "COUNT");
        batch_int(batch, PURGE_STEP);
        code = purge_exchange(purge);
        const struct reply *reply = code == 0 ? batch_reply(batch, 0) : NULL;
        (void)text_copy(cursor, sizeof cursor, reply_text(reply_at(reply, 0)));
        code = code == 0 ? copy_names(purge, reply_at(reply, 1), &names) : code;
        for (size_t at = 0; at < names.len && code == 0;) {
            struct slice name = slice_text((const char *)names.ptr + at);
            at += name.len + 1;
            code = visit(purge, name);
        }
        code = code == 0 ? look_at_asked(purge) : code;
    } while (code == 0 && strcmp(cursor, "0") != 0);
    buf_done(&names);
    return code;
}

/* ":job:ID" and ":env:ID" */
static int visit_id(struct purge *purge, struct slice name)
{
    enum {
        PREFIX = 5
    };

    return ask_about(purge, slice_of(name.ptr + PREFIX, name.len - PREFIX));
}

/* An element on a claim list, of which nothing else may be known yet: it is remembered as
 * cancelled, so that its worker drops it. */
static int cancel_ahead(struct purge *purge, const char *id)
{
    struct command_line *line = purge->line;
    enum retouch_canceled canceled;
    struct batch *batch = handle_batch(line->retouch);
    purge->held++;
    batch_command(batch, "EXISTS");
    batch_key(batch, KEY_JOB, id);
    int code = purge_exchange(purge);
    if (code != 0 || purge->dry || reply_int(batch_reply(batch, 0)) != 0) {
        return code; /* a duplicate: it is dropped by itself */
    }
    code = add_id(purge, id);
    code =
        code == 0 ? retouch_cancel(line->retouch, id, line->conf.result.ttl_ms, &canceled) : code;
    purge->counts[PURGE_CANCELED] += code == 0;
    return code;
}

/* Out of an inbox, where it can be taken by anybody. */
static int take_element(struct purge *purge, enum key_kind key, struct slice element)
{
    struct batch *batch = handle_batch(purge->line->retouch);
    if (purge->dry) {
        purge->counts[PURGE_ENTRY]++;
        return 0;
    }
    batch_command(batch, "LREM");
    batch_key(batch, key, NULL);
    batch_int(batch, 1);
    batch_slice(batch, element);
    int code = purge_exchange(purge);
    purge->counts[PURGE_ENTRY] += code == 0 ? reply_int(batch_reply(batch, 0)) : 0;
    return code;
}

/* The next element that may be ours into `element`, empty where there is none from `place` on;
 * place: where to go on, -1 at the end of the list. */
static int next_element(
    struct purge *purge, enum key_kind key, const char *suffix, int64_t *place, struct buf *element)
{
    struct retouch *retouch = purge->line->retouch;
    struct batch *batch = handle_batch(retouch);
    buf_clear(element);
    script_call(retouch, SCRIPT_purge_list, 1);
    batch_key(batch, key, suffix);
    batch_int(batch, *place);
    batch_int(batch, PURGE_STEP);
    batch_text(batch, purge->photo);
    int code = purge_exchange(purge);
    if (code != 0) {
        return code;
    }
    *place = reply_int(reply_at(batch_reply(batch, 0), 0));
    struct slice found = reply_text(reply_at(batch_reply(batch, 0), 1));
    return buf_append_slice(element, found) == 0 ? 0 : no_memory(purge);
}

/* From the left, the newest: what comes meanwhile pushes elements towards the places that follow.
 * suffix: of a claim list; NULL: an inbox. */
static int read_list(struct purge *purge, enum key_kind key, const char *suffix)
{
    struct buf element;
    int64_t place = 0;
    int code = 0;
    buf_init(&element, (size_t)ENVELOPE_BYTES_MAX + 64);
    while (code == 0 && place >= 0) {
        struct purge_id id;
        code = next_element(purge, key, suffix, &place, &element);
        if (code != 0 || element.len == 0 || !element_is_ours(purge, buf_view(&element), &id)) {
            continue;
        }
        code = suffix != NULL ? cancel_ahead(purge, id.text)
                              : take_element(purge, key, buf_view(&element));
        place -= suffix == NULL && !purge->dry; /* the next one has moved up */
    }
    buf_done(&element);
    return code;
}

/* How often the worker holds one of our ids: on a claim list, or in flight. */
static int count_held(struct purge *purge, enum key_kind key, const char *suffix)
{
    struct batch *batch = handle_batch(purge->line->retouch);
    size_t count = purge_id_count(purge);
    for (size_t i = 0; i < count; i++) {
        batch_command(batch, key == KEY_CLAIM ? "LPOS" : "HEXISTS");
        batch_key(batch, key, suffix);
        batch_text(batch, purge_id_at(purge, i));
    }
    int code = count > 0 ? purge_exchange(purge) : 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        const struct reply *reply = batch_reply(batch, i);
        bool there = key == KEY_CLAIM ? reply_kind(reply) == REPLY_INT : reply_int(reply) == 1;
        purge->held += there;
    }
    return code;
}

static int visit_claim(struct purge *purge, struct slice name)
{
    char suffix[KEY_MAX];
    size_t skip = strlen(":claim:");
    if (!text_copy(suffix, sizeof suffix - KEY_BASE_MAX - 16,
                   slice_of(name.ptr + skip, name.len - skip))) {
        return 0;
    }
    int code = read_list(purge, KEY_CLAIM, suffix);
    return code == 0 ? count_held(purge, KEY_CLAIM, suffix) : code;
}

static int visit_active(struct purge *purge, struct slice name)
{
    char suffix[KEY_MAX];
    size_t skip = strlen(":active:");
    if (!text_copy(suffix, sizeof suffix - KEY_BASE_MAX - 16,
                   slice_of(name.ptr + skip, name.len - skip))) {
        return 0;
    }
    return count_held(purge, KEY_ACTIVE, suffix);
}

int purge_find_held(struct purge *purge)
{
    purge->held = 0;
    int code = purge_scan(purge, ":claim:*", visit_claim);
    return code == 0 ? purge_scan(purge, ":active:*", visit_active) : code;
}

int purge_find(struct purge *purge)
{
    int code = add_recorded(purge);
    code = code == 0 ? ask_about(purge, slice_text(purge->photo)) : code;
    code = code == 0 ? look_at_asked(purge) : code;
    for (int i = 0; i < PRIORITY_COUNT && code == 0; i++) {
        code = read_list(purge, priority_inbox((enum priority)i), NULL);
    }
    code = code == 0 ? purge_scan(purge, ":job:*", visit_id) : code;
    return code == 0 ? purge_scan(purge, ":env:*", visit_id) : code;
}
