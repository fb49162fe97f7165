/* What the fake Redis knows: lists, stored bytes, jobs that were begun; and its answers. A row per
 * script or command; what matters in a story is told. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lib/fake_redis.h"
#include "lib/fake_world.h"
#include "lib/unit.h"

enum {
    LISTS_MAX = 32,
    ELEMENTS_MAX = 256,
    ANSWERS_MAX = 16,
    JOBS_MAX = 256,
    STORED_MAX = 64,
    WORDS_MAX = 160
};

struct fake_list {
    char key[128];
    struct buf elements[ELEMENTS_MAX]; /* owned; the first is taken next */
    uint32_t len;
};

struct fake_job {
    char id[65];
    char sequence[24];
    int64_t fence; /* 0: not begun */
};

static struct {
    struct fake_list lists[LISTS_MAX];

    struct {
        char key[128];
        struct buf bytes;
    } stored[STORED_MAX];

    struct {
        char question[64];
        char answer[64];
        bool open;
    } answers[ANSWERS_MAX];
    struct fake_job jobs[JOBS_MAX];
    int64_t fence;
    int64_t delay_ms;
    const char *refused_inbox; /* borrowed; NULL: none */
    const char *refused_error; /* borrowed */
    bool paused;
} redis;

void fake_queue_reset(void)
{
    for (size_t i = 0; i < LISTS_MAX; i++) {
        for (size_t n = 0; n < redis.lists[i].len; n++) {
            buf_done(&redis.lists[i].elements[n]);
        }
    }
    for (size_t i = 0; i < STORED_MAX; i++) {
        buf_done(&redis.stored[i].bytes);
    }
    memset(&redis, 0, sizeof redis);
}

/* lists and stored bytes */

static const char *key_end(struct slice key, char text[128])
{
    (void)text_copy(text, 128, key);
    const char *end = strstr(text, "}:");
    return end != NULL ? end + 2 : text;
}

static struct fake_list *list_of(const char *key)
{
    for (size_t i = 0; i < LISTS_MAX; i++) {
        struct fake_list *list = &redis.lists[i];
        if (list->key[0] == '\0') {
            (void)snprintf(list->key, sizeof list->key, "%s", key);
        }
        if (strcmp(list->key, key) == 0) {
            return list;
        }
    }
    fail_msg("more than %d lists", LISTS_MAX);
    return NULL;
}

static struct fake_list *list_at(const struct question *question, size_t index)
{
    char text[128];
    return list_of(key_end(question->args[index], text));
}

static void list_insert(struct fake_list *list, bool front, struct slice element)
{
    assert_true(list->len < ELEMENTS_MAX);
    size_t at = front ? 0 : list->len;
    memmove(&list->elements[at + 1], &list->elements[at], (list->len - at) * sizeof(struct buf));
    buf_init(&list->elements[at], SIZE_MAX);
    assert_int_equal(buf_append_slice(&list->elements[at], element), 0);
    list->len++;
}

static void list_drop(struct fake_list *list, size_t at)
{
    assert_true(at < list->len);
    buf_done(&list->elements[at]);
    list->len--;
    memmove(&list->elements[at], &list->elements[at + 1], (list->len - at) * sizeof(struct buf));
}

static struct buf *stored_find(const char *key, bool make)
{
    for (size_t i = 0; i < STORED_MAX; i++) {
        if (make && redis.stored[i].key[0] == '\0') {
            (void)snprintf(redis.stored[i].key, sizeof redis.stored[i].key, "%s", key);
            buf_init(&redis.stored[i].bytes, SIZE_MAX);
        }
        if (strcmp(redis.stored[i].key, key) == 0) {
            return &redis.stored[i].bytes;
        }
    }
    return NULL;
}

void world_store(const char *key_or_id, struct slice bytes)
{
    struct buf *stored = stored_find(key_or_id, true);
    assert_non_null(stored);
    buf_clear(stored);
    assert_int_equal(buf_append_slice(stored, bytes), 0);
}

void world_push(const char *inbox, struct slice element)
{
    list_insert(list_of(inbox), false, element);
}

void world_refuse(const char *inbox, const char *error)
{
    redis.refused_inbox = inbox;
    redis.refused_error = error;
}

uint32_t world_inbox_len(const char *inbox)
{
    return list_of(inbox)->len;
}

void world_pause(bool paused)
{
    world_tell(paused ? "pause" : "resume");
    redis.paused = paused;
    fake_redis_publish(slice_text(paused ? "pause" : "resume"));
}

void world_publish(const char *message)
{
    world_tell("%s", message);
    fake_redis_publish(slice_text(message));
}

int64_t world_delay_ms(void)
{
    return redis.delay_ms;
}

/* answers that the test gave */

void world_answer(const char *question, const char *answer)
{
    for (size_t i = 0; i < ANSWERS_MAX; i++) {
        if (!redis.answers[i].open) {
            redis.answers[i].open = true;
            (void)snprintf(redis.answers[i].question, 64, "%s", question);
            (void)snprintf(redis.answers[i].answer, 64, "%s", answer);
            return;
        }
    }
    fail_msg("more than %d answers", ANSWERS_MAX);
}

/* The words for this question: the test's, or `usual`. Tells both; false when they get lost. */
static bool answer_tell(const char *question, const char *usual, char words[64])
{
    bool lost = false;
    (void)snprintf(words, 64, "%s", usual);
    for (size_t i = 0; i < ANSWERS_MAX; i++) {
        size_t len = strlen(redis.answers[i].question);
        if (redis.answers[i].open && strncmp(question, redis.answers[i].question, len) == 0) {
            (void)snprintf(words, 64, "%s", redis.answers[i].answer);
            redis.answers[i].open = false;
            break;
        }
    }
    char *end = strstr(words, "lost!");
    if (end != NULL) {
        lost = true;
        *end = '\0';
        if (words[0] == '\0') {
            (void)snprintf(words, 64, "%s", usual);
        } else if (end[-1] == ' ') {
            end[-1] = '\0';
        }
    }
    world_tell("%s: %s%s", question, words, lost ? ", and redis is lost" : "");
    return !lost;
}

static enum fake_answer answer_of(bool heard)
{
    return heard ? FAKE_ANSWERED : FAKE_LOST;
}

static void text_of(struct slice text, char dest[65])
{
    (void)text_copy(dest, 65, text);
}

/* An argument of a script, counted from 0 behind its keys. */
static struct slice arg_of(const struct question *question, size_t index)
{
    assert_true(question->key_count + index < question->count);
    return question->args[question->key_count + index];
}

static int64_t number_of(const struct question *question, size_t index)
{
    int64_t number = 0;
    assert_int_equal(text_parse_i64(arg_of(question, index), &number), 0);
    return number;
}

/* claims */

/* A bare id as it is, JSON by its id, else by its size. */
static void element_name(struct slice element, char name[80])
{
    static const char mark[] = "\"id\":\"";
    const uint8_t *id = memmem(element.ptr, element.len, mark, sizeof mark - 1);
    if (text_is_job_id(element)) {
        (void)snprintf(name, 80, "%.*s", SLICE_ARG(element));
    } else if (id != NULL) {
        id += sizeof mark - 1;
        size_t rest = element.len - (size_t)(id - element.ptr);
        const uint8_t *end = memchr(id, '"', rest);
        (void)snprintf(name, 80, "{%.*s}", end != NULL ? (int)(end - id) : 0, (const char *)id);
    } else {
        (void)snprintf(name, 80, "%zu bytes", element.len);
    }
}

static enum fake_answer answer_move(const struct question *question, struct redis_reply *reply)
{
    struct fake_list *inbox = list_at(question, 0);
    char name[80];
    char line[WORDS_MAX];
    char words[64];
    if (redis.refused_inbox != NULL && strcmp(redis.refused_inbox, inbox->key) == 0) {
        fake_reply_text(reply, slice_text(redis.refused_error));
        return FAKE_REFUSED;
    }
    if (inbox->len == 0) {
        bool waits = strcmp(question->name, "BLMOVE") == 0;
        return waits ? FAKE_WAITS : FAKE_ANSWERED;
    }
    element_name(buf_view(&inbox->elements[0]), name);
    (void)snprintf(line, sizeof line, "claim %s", inbox->key);
    bool heard = answer_tell(line, name, words);
    list_insert(list_at(question, 1), false, buf_view(&inbox->elements[0]));
    fake_reply_text(reply, buf_view(&inbox->elements[0]));
    list_drop(inbox, 0);
    return answer_of(heard);
}

int64_t fake_queue_wait_until_ms(const struct question *question)
{
    double seconds = 0;
    if (strcmp(question->name, "BLMOVE") != 0) {
        return INT64_MAX;
    }
    assert_int_equal(text_parse_double(question->args[4], &seconds), 0);
    return question->asked_at_ms + (int64_t)(seconds * 1000);
}

static enum fake_answer answer_unclaim(const struct question *question, struct redis_reply *reply)
{
    struct fake_list *claim = list_at(question, 0);
    struct fake_list *inbox = list_at(question, 1);
    fake_reply_int(reply, claim->len);
    if (claim->len > 0) {
        world_tell("return %s: %" PRIu32, inbox->key, claim->len);
    }
    while (claim->len > 0) {
        list_insert(inbox, true, buf_view(&claim->elements[claim->len - 1]));
        list_drop(claim, claim->len - 1);
    }
    return FAKE_ANSWERED;
}

static enum fake_answer answer_reject(const struct question *question, struct redis_reply *reply)
{
    struct fake_list *claim = list_at(question, 0);
    char line[WORDS_MAX];
    char words[64];
    (void)snprintf(line, sizeof line, "reject %.*s bytes", SLICE_ARG(arg_of(question, 1)));
    bool heard = answer_tell(line, "done", words);
    bool done = strcmp(words, "done") == 0;
    if (done) {
        list_drop(claim, 0);
    }
    fake_reply_int(reply, done ? 1 : 0);
    return answer_of(heard);
}

/* jobs */

static struct fake_job *job_of(const char *id)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        if (redis.jobs[i].id[0] == '\0') {
            (void)snprintf(redis.jobs[i].id, sizeof redis.jobs[i].id, "%s", id);
        }
        if (strcmp(redis.jobs[i].id, id) == 0) {
            return &redis.jobs[i];
        }
    }
    fail_msg("more than %d jobs", JOBS_MAX);
    return NULL;
}

static bool begin_fits(const struct fake_list *claim, const char *id, int64_t element_len)
{
    if (claim->len == 0) {
        return false;
    }
    struct slice element = buf_view(&claim->elements[0]);
    return element_len > 0 ? (int64_t)element.len == element_len : slice_is(element, id);
}

/* The oldest claimed element is the job's from now on. */
static void begin_take(struct fake_list *claim, struct fake_job *job, bool raw)
{
    assert_true(claim->len > 0);
    if (raw) {
        world_store(job->id, buf_view(&claim->elements[0]));
    }
    list_drop(claim, 0);
}

static enum fake_answer answer_begin(const struct question *question, struct redis_reply *reply)
{
    struct fake_list *claim = list_at(question, 0);
    char id[65];
    char sequence[65];
    char line[WORDS_MAX];
    char words[64];
    text_of(arg_of(question, 1), id);
    text_of(arg_of(question, 2), sequence);
    struct fake_job *job = job_of(id);
    bool raw = number_of(question, 3) > 0;
    bool again = job->fence > 0 && strcmp(job->sequence, sequence) == 0;
    const char *usual = again                                            ? "ok"
                        : redis.paused                                   ? "paused"
                        : !begin_fits(claim, id, number_of(question, 3)) ? "mismatch"
                                                                         : "ok";
    (void)snprintf(line, sizeof line, "begin %s", id);
    bool heard = answer_tell(line, usual, words);
    char *numbers = strchr(words, ' ');
    if (numbers != NULL) {
        *numbers++ = '\0';
    }
    bool ok = strcmp(words, "ok") == 0;
    bool untouched = strcmp(words, "paused") == 0 || strcmp(words, "lost") == 0 ||
                     strcmp(words, "mismatch") == 0;
    if (!again && !untouched) {
        begin_take(claim, job, raw && ok);
    }
    if (ok && !again) {
        job->fence = ++redis.fence;
        (void)snprintf(job->sequence, sizeof job->sequence, "%.20s", sequence);
    }
    fake_reply_text(fake_reply_add(reply), slice_text(words));
    fake_reply_int(fake_reply_add(reply), world_unix_ms());
    fake_reply_int(fake_reply_add(reply), job->fence);
    for (size_t i = 0; i < 5; i++) { /* attempts, sent, unknowns, waits, attempts of the step */
        fake_reply_int(fake_reply_add(reply), numbers != NULL ? strtoll(numbers, &numbers, 10) : 0);
    }
    const struct buf *envelope = stored_find(id, false);
    fake_reply_text(fake_reply_add(reply),
                    raw || envelope == NULL ? slice_of(NULL, 0) : buf_view(envelope));
    return answer_of(heard);
}

static enum fake_answer answer_sent(const struct question *question, struct redis_reply *reply)
{
    char line[WORDS_MAX];
    char words[64];
    (void)snprintf(line, sizeof line, "sent %.*s %.*s", SLICE_ARG(arg_of(question, 0)),
                   SLICE_ARG(arg_of(question, 3)));
    bool heard = answer_tell(line, "yes", words);
    fake_reply_int(fake_reply_add(reply), strcmp(words, "yes") == 0 ? 1 : 0);
    fake_reply_int(fake_reply_add(reply), world_unix_ms());
    return answer_of(heard);
}

static struct slice commit_field(const struct question *question, const char *name)
{
    for (size_t i = question->key_count; i + 1 < question->count; i++) {
        if (slice_is(question->args[i], name)) {
            return question->args[i + 1];
        }
    }
    return slice_of(NULL, 0);
}

/* "commit a1 retry limit throttled", "commit a1 back unsent" */
static void commit_line(const struct question *question, char line[WORDS_MAX])
{
    struct slice reason = arg_of(question, 4);
    struct slice error_class = commit_field(question, "error_class");
    (void)snprintf(line, WORDS_MAX, "commit %.*s %.*s%s%.*s%s%.*s%s%s",
                   SLICE_ARG(arg_of(question, 0)), SLICE_ARG(arg_of(question, 2)),
                   reason.len > 0 ? " " : "", SLICE_ARG(reason), error_class.len > 0 ? " " : "",
                   SLICE_ARG(error_class), number_of(question, 5) > 0 ? " +1" : "",
                   number_of(question, 6) > 0 ? " unsent" : "");
}

static enum fake_answer answer_commit(const struct question *question, struct redis_reply *reply)
{
    char id[65];
    char line[WORDS_MAX];
    char words[64];
    text_of(arg_of(question, 0), id);
    struct fake_job *job = job_of(id);
    struct slice action = arg_of(question, 2);
    bool ours = job->fence == number_of(question, 1);
    commit_line(question, line);
    bool heard = answer_tell(line, ours ? "done" : "repeated", words);
    if (strcmp(words, "done") == 0 && slice_is(action, "back")) {
        list_insert(list_of("jobs"), true, slice_text(id));
    }
    if (slice_is(action, "retry")) {
        redis.delay_ms = number_of(question, 3);
    }
    job->fence = 0;
    fake_reply_text(fake_reply_add(reply), slice_text(words));
    fake_reply_text(fake_reply_add(reply), action);
    return answer_of(heard);
}

/* leases and the rest */

static enum fake_answer answer_lease(const struct question *question, struct redis_reply *reply)
{
    static const char *const inboxes[] = {"jobs", "jobs:high", "jobs:low"};
    char words[64] = "";
    bool heard = true;
    bool asked_for = false;
    for (size_t i = 0; i < ANSWERS_MAX; i++) {
        asked_for =
            asked_for || (redis.answers[i].open && strcmp(redis.answers[i].question, "lease") == 0);
    }
    if (slice_is(arg_of(question, 2), "1")) {
        heard = answer_tell("register", "ok", words);
    } else if (asked_for) {
        heard = answer_tell("lease", "ok", words);
    }
    fake_reply_int(fake_reply_add(reply), strcmp(words, "lapsed") == 0 ? 0 : 1);
    fake_reply_int(fake_reply_add(reply), world_unix_ms());
    fake_reply_int(fake_reply_add(reply), redis.paused ? 1 : 0);
    for (size_t i = 0; i < N_ELEMENTS(inboxes); i++) {
        fake_reply_int(fake_reply_add(reply), list_of(inboxes[i])->len);
    }
    for (size_t i = 0; i < 3; i++) { /* scheduled, dead, unknown */
        fake_reply_int(fake_reply_add(reply), 0);
    }
    return answer_of(heard);
}

static enum fake_answer answer_leave(const struct question *question, struct redis_reply *reply)
{
    (void)question;
    world_tell("leave");
    fake_reply_int(reply, 0);
    return FAKE_ANSWERED;
}

static enum fake_answer answer_sweep(const struct question *question, struct redis_reply *reply)
{
    (void)question;
    fake_reply_int(fake_reply_add(reply), world_unix_ms());
    fake_reply_int(fake_reply_add(reply), -1);
    fake_reply_add(reply)->kind = REDIS_ARRAY;
    fake_reply_add(reply)->kind = REDIS_ARRAY;
    return FAKE_ANSWERED;
}

static enum fake_answer answer_get(const struct question *question, struct redis_reply *reply)
{
    char key[65];
    char line[WORDS_MAX];
    char words[64];
    char usual[64] = "nothing";
    text_of(question->args[0], key);
    const struct buf *stored = stored_find(key, false);
    if (stored != NULL) {
        (void)snprintf(usual, sizeof usual, "%zu bytes", stored->len);
        fake_reply_text(reply, buf_view(stored));
    }
    (void)snprintf(line, sizeof line, "GET %s", key);
    return answer_of(answer_tell(line, usual, words));
}

static enum fake_answer answer_client(const struct question *question, struct redis_reply *reply)
{
    int64_t client_id = 0;
    assert_int_equal(text_parse_i64(question->args[1], &client_id), 0);
    fake_redis_unblock(client_id);
    fake_reply_int(reply, 1);
    return FAKE_ANSWERED;
}

static enum fake_answer answer_nothing(const struct question *question, struct redis_reply *reply)
{
    (void)question;
    (void)reply;
    return FAKE_ANSWERED;
}

static const struct {
    const char *name;
    enum fake_answer (*answer)(const struct question *question, struct redis_reply *reply);
} rows[] = {
    {"LMOVE",   answer_move   },
    {"BLMOVE",  answer_move   },
    {"GET",     answer_get    },
    {"CLIENT",  answer_client },
    {"INFO",    answer_nothing},
    {"unclaim", answer_unclaim},
    {"reject",  answer_reject },
    {"begin",   answer_begin  },
    {"sent",    answer_sent   },
    {"commit",  answer_commit },
    {"lease",   answer_lease  },
    {"leave",   answer_leave  },
    {"sweep",   answer_sweep  },
    {"overdue", answer_nothing},
};

enum fake_answer fake_queue_answer(const struct question *question, struct redis_reply *reply)
{
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].name, question->name) == 0) {
            return rows[i].answer(question, reply);
        }
    }
    fail_msg("no answer for %s", question->name);
    return FAKE_ANSWERED;
}
