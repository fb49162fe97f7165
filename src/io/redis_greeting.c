/* What a new connection hears first, in one go: who we are, is it a Redis that we can use, here
 * are the scripts. The first answer that is not as it should be ends the dial with a message. */
#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "io/redis_inner.h"

enum {
    ARGS_MAX = 3,
    NUMBER_MAX = 24,
    VERSION_MAJOR = 6, /* BLMOVE, and scripts as the project writes them, need 6.2 */
    VERSION_MINOR = 2
};

/* A question; args NULL: not asked on this connection. */
struct question {
    struct slice args[ARGS_MAX];
    size_t count;
    char number[NUMBER_MAX];
};

typedef void ask_fn(const struct redis *redis, struct question *question);
/* Fails the connection, and returns false, when the answer is not as it should be. */
typedef bool judge_fn(struct redis *redis, const struct redis_reply *reply);

static void ask(struct question *question, const char *name, const char *arg)
{
    question->args[0] = slice_text(name);
    question->args[1] = slice_text(arg);
    question->count = arg != NULL ? 2 : 1;
}

/* AUTH: old servers know only the password. */

static void ask_auth(const struct redis *redis, struct question *question)
{
    const struct redis_url *url = redis->options.url;
    if (url->password[0] == '\0') {
        return;
    }
    if (url->user[0] == '\0') {
        ask(question, "AUTH", url->password);
        return;
    }
    ask(question, "AUTH", url->user);
    question->args[question->count++] = slice_text(url->password);
}

static bool judge_status(struct redis *redis, const struct redis_reply *reply)
{
    if (redis_reply_kind(reply) != REDIS_TEXT) {
        redis_fail(redis, "not a Redis server: it answers with the wrong kind");
        return false;
    }
    return true;
}

/* INFO: version and role. */

static void ask_server(const struct redis *redis, struct question *question)
{
    (void)redis;
    ask(question, "INFO", "server");
}

/* The value of "NAME:value" in INFO's answer; empty when it is not there. */
static struct slice find_info(const struct redis_reply *reply, const char *name)
{
    struct slice text = redis_reply_text(reply);
    size_t name_len = strlen(name);
    const uint8_t *at = text.len > 0 ? memmem(text.ptr, text.len, name, name_len) : NULL;
    if (at == NULL) {
        return slice_of(NULL, 0);
    }
    const uint8_t *value = at + name_len;
    const uint8_t *text_end = text.ptr + text.len;
    const uint8_t *end = memchr(value, '\r', (size_t)(text_end - value));
    return slice_of(value, (size_t)((end != NULL ? end : text_end) - value));
}

static int64_t leading_number(struct slice *text)
{
    size_t len = 0;
    while (len < text->len && text->ptr[len] >= '0' && text->ptr[len] <= '9') {
        len++;
    }
    int64_t value = 0;
    err_ignore(text_parse_i64(slice_of(text->ptr, len), &value)); /* 0 is too old */
    size_t skipped = len < text->len ? len + 1 : len;
    *text = slice_of(text->ptr + skipped, text->len - skipped);
    return value;
}

static bool judge_server(struct redis *redis, const struct redis_reply *reply)
{
    struct slice version = find_info(reply, "redis_version:");
    if (version.len == 0) {
        redis_fail(redis, "not a Redis server: INFO names no redis_version");
        return false;
    }
    struct slice rest = version;
    int64_t major = leading_number(&rest);
    int64_t minor = leading_number(&rest);
    if (major < VERSION_MAJOR || (major == VERSION_MAJOR && minor < VERSION_MINOR)) {
        redis_fail(redis, "Redis %.*s is too old: %d.%d or newer is needed", SLICE_ARG(version),
                   VERSION_MAJOR, VERSION_MINOR);
        return false;
    }
    return true;
}

static void ask_role(const struct redis *redis, struct question *question)
{
    (void)redis;
    ask(question, "INFO", "replication");
}

static bool judge_role(struct redis *redis, const struct redis_reply *reply)
{
    if (slice_is(find_info(reply, "role:"), "slave") &&
        slice_is(find_info(reply, "slave_read_only:"), "1")) {
        redis_fail(redis, "a read-only replica: the master is needed");
        return false;
    }
    return true;
}

/* SELECT, CLIENT, PING. */

static void ask_select(const struct redis *redis, struct question *question)
{
    uint32_t db = redis->options.url->db;
    if (db > 0) {
        (void)snprintf(question->number, sizeof(question->number), "%" PRIu32, db);
        ask(question, "SELECT", question->number);
    }
}

static void ask_name(const struct redis *redis, struct question *question)
{
    if (redis->options.name != NULL) {
        ask(question, "CLIENT", "SETNAME");
        question->args[question->count++] = slice_text(redis->options.name);
    }
}

static void ask_id(const struct redis *redis, struct question *question)
{
    (void)redis;
    ask(question, "CLIENT", "ID");
}

static bool judge_id(struct redis *redis, const struct redis_reply *reply)
{
    redis->client_id = redis_reply_int(reply);
    return true;
}

/* Refused while Redis is LOADING, unlike all before. */
static void ask_ping(const struct redis *redis, struct question *question)
{
    (void)redis;
    ask(question, "PING", NULL);
}

/* In this order; the scripts come behind. */
static const struct {
    const char *name; /* for messages */
    ask_fn *ask;
    judge_fn *judge;
} steps[] = {
    {"AUTH",             ask_auth,   judge_status},
    {"INFO server",      ask_server, judge_server},
    {"SELECT",           ask_select, judge_status},
    {"CLIENT SETNAME",   ask_name,   judge_status},
    {"CLIENT ID",        ask_id,     judge_id    },
    {"INFO replication", ask_role,   judge_role  },
    {"PING",             ask_ping,   judge_status},
};

/* Answers. */

/* An answer belongs to a step, or, past the last step, to a script. */
static const char *name_of(const struct redis *redis, size_t index)
{
    return index < N_ELEMENTS(steps) ? steps[index].name
                                     : redis->options.scripts[index - N_ELEMENTS(steps)]->name;
}

static bool judge_script(struct redis *redis, size_t index, const struct redis_reply *reply)
{
    const struct redis_script *script = redis->options.scripts[index - N_ELEMENTS(steps)];
    if (!slice_is(redis_reply_text(reply), script->sha1)) {
        redis_fail(redis, "script %s: SCRIPT LOAD answers with another SHA1", script->name);
        return false;
    }
    return true;
}

static bool judge(struct redis *redis, size_t index, const redisReply *answer)
{
    const struct redis_reply *reply = (const struct redis_reply *)(const void *)answer;
    if (answer->type == REDIS_REPLY_ERROR) {
        redis_fail(redis, "%s: %s", name_of(redis, index), answer->str);
        return false;
    }
    return index < N_ELEMENTS(steps) ? steps[index].judge(redis, reply)
                                     : judge_script(redis, index, reply);
}

static void on_answer(redisAsyncContext *ac, void *answer, void *privdata)
{
    struct redis *redis = ac->data;
    if (redis == NULL || answer == NULL) {
        return; /* given up, or lost: that is told elsewhere */
    }
    if (!judge(redis, (size_t)(uintptr_t)privdata, answer) || --redis->greetings_left > 0) {
        return;
    }
    struct err err;
    if (redis->options.subscribe == NULL) {
        redis_ready(redis);
    } else if (redis_subscribe(redis, &err) != 0) {
        redis_fail(redis, "%s", err.msg);
    }
}

/* Questions. */

static int send_question(
    struct redis *redis, const struct slice *args, size_t count, size_t index, struct err *err)
{
    struct redis_command command;
    redis_command_prepare(redis, &command, on_answer, (void *)(uintptr_t)index);
    redis_command_begin(&command, count);
    redis_command_add_all(&command, args, count);
    redis->greetings_left++;
    return redis_command_send(redis, &command, NULL, err);
}

int redis_greet(struct redis *redis, struct err *err)
{
    int code = 0;
    redis->greetings_left = 0;
    for (size_t i = 0; code == 0 && i < N_ELEMENTS(steps); i++) {
        struct question question = {.count = 0};
        steps[i].ask(redis, &question);
        if (question.count > 0) {
            code = send_question(redis, question.args, question.count, i, err);
        }
    }
    for (size_t i = 0; code == 0 && i < redis->options.script_count; i++) {
        struct slice args[] = {
            slice_text("SCRIPT"),
            slice_text("LOAD"),
            slice_text(redis->options.scripts[i]->source),
        };
        code = send_question(redis, args, N_ELEMENTS(args), N_ELEMENTS(steps) + i, err);
    }
    return code;
}
