/* Connections of the fake Redis and their replies: stands for src/io/redis*.c. */
#include "lib/fake_redis.h"

#include <string.h>

#include "base/mem.h"
#include "lib/fake_world.h"
#include "lib/unit.h"

struct redis {
    struct redis_options options;
    enum redis_state state;
    struct list questions;
    int64_t client_id;
    bool unblocked;
    redis_closed_fn *closed;
    void *closed_data;
    struct list_node node; /* in connections */
};

static struct {
    struct list connections;
    bool away;
    uint64_t asked;
    int64_t client_id;
} server;

void fake_redis_reset(void)
{
    server.away = false;
    server.asked = 0;
    server.client_id = 0;
    list_init(&server.connections);
    fake_queue_reset();
}

/* replies */

void fake_reply_text(struct redis_reply *reply, struct slice text)
{
    reply->kind = REDIS_TEXT;
    buf_init(&reply->text, SIZE_MAX);
    assert_int_equal(buf_append_slice(&reply->text, text), 0);
}

void fake_reply_int(struct redis_reply *reply, int64_t integer)
{
    reply->kind = REDIS_INT;
    reply->integer = integer;
}

struct redis_reply *fake_reply_add(struct redis_reply *reply)
{
    reply->kind = REDIS_ARRAY;
    if (reply->items == NULL) {
        reply->items = mem_zalloc(REPLY_ITEMS_MAX, sizeof *reply->items);
        assert_non_null(reply->items);
    }
    assert_true(reply->count < REPLY_ITEMS_MAX);
    return &reply->items[reply->count++];
}

static void reply_done(struct redis_reply *reply)
{
    for (size_t i = 0; i < reply->count; i++) {
        buf_done(&reply->items[i].text);
        mem_free(reply->items[i].items);
    }
    mem_free(reply->items);
    buf_done(&reply->text);
}

enum redis_kind redis_reply_kind(const struct redis_reply *reply)
{
    return reply->kind;
}

int64_t redis_reply_int(const struct redis_reply *reply)
{
    return reply != NULL && reply->kind == REDIS_INT ? reply->integer : 0;
}

struct slice redis_reply_text(const struct redis_reply *reply)
{
    bool text = reply != NULL && reply->kind == REDIS_TEXT;
    return text ? buf_view(&reply->text) : slice_of(NULL, 0);
}

size_t redis_reply_count(const struct redis_reply *reply)
{
    return reply != NULL && reply->kind == REDIS_ARRAY ? reply->count : 0;
}

struct redis_reply *redis_reply_at(const struct redis_reply *reply, size_t index)
{
    return index < redis_reply_count(reply) ? &reply->items[index] : NULL;
}

bool redis_reply_take(struct redis_reply *reply, struct buf *dest)
{
    if (reply == NULL || reply->kind != REDIS_TEXT) {
        return false;
    }
    size_t len = reply->text.len;
    buf_adopt(dest, reply->text.ptr, len);
    reply->text = (struct buf){.max = SIZE_MAX};
    reply->kind = REDIS_NIL;
    return true;
}

/* questions */

static void question_free(struct question *question)
{
    mem_free(question->bytes);
    mem_free(question);
}

/* As after a lost connection: nobody knows whether it was carried out. */
static void question_fail(struct redis *redis, struct question *question, int code)
{
    struct redis_request *request = question->request;
    struct err err = {0};
    list_remove(&redis->questions, &question->node);
    question_free(question);
    err_set(&err, code, "%s", err_name(code));
    request->on_reply(request, NULL, &err);
}

static void redis_fall(struct redis *redis)
{
    struct err err = {0};
    struct list fallen = {.len = 0};
    struct list_node *node;
    list_init(&fallen);
    redis->state = REDIS_DOWN;
    while ((node = list_pop_front(&redis->questions)) != NULL) {
        list_push_back(&fallen, node);
    }
    while ((node = list_first(&fallen)) != NULL) {
        struct question *question = CONTAINER_OF(node, struct question, node);
        list_remove(&fallen, node);
        list_push_back(&redis->questions, node);
        question_fail(redis, question, ERR_UNAVAILABLE);
    }
    if (redis->options.on_state != NULL) {
        err_set(&err, ERR_UNAVAILABLE, "connection lost");
        redis->options.on_state(redis->options.data, REDIS_DOWN, &err);
    }
}

static void server_fall(void)
{
    list_foreach_safe(&server.connections, node) {
        struct redis *redis = CONTAINER_OF(node, struct redis, node);
        if (redis->state == REDIS_READY) {
            redis_fall(redis);
        }
    }
}

void world_lose_redis(void)
{
    world_tell("redis is lost");
    server.away = true;
    server_fall();
    world_settle();
}

void world_find_redis(void)
{
    world_tell("redis is back");
    server.away = false;
    world_settle();
}

static bool redis_head(struct redis *redis, struct question **ret_question)
{
    struct list_node *node = list_first(&redis->questions);
    if (node == NULL || redis->closed != NULL) {
        return false;
    }
    *ret_question = CONTAINER_OF(node, struct question, node);
    return true;
}

/* False: the question waits. */
static bool question_serve(struct redis *redis, struct question *question)
{
    struct redis_request *request = question->request;
    struct redis_reply reply = {.kind = REDIS_NIL};
    struct err err = {0};
    enum fake_answer answer = fake_queue_answer(question, &reply);
    bool over = redis->unblocked || fake_at_ms() >= fake_queue_wait_until_ms(question);
    if (answer == FAKE_WAITS && !over) {
        return false;
    }
    redis->unblocked = false;
    if (answer == FAKE_LOST) {
        server.away = true;
        server_fall();
    } else {
        list_remove(&redis->questions, &question->node);
        question_free(question);
        if (answer == FAKE_REFUSED) {
            err_set(&err, ERR_REPLY, "%.*s", SLICE_ARG(buf_view(&reply.text)));
        }
        request->on_reply(request, answer == FAKE_REFUSED ? NULL : &reply, &err);
    }
    reply_done(&reply);
    return true;
}

/* Of the questions up to `last`, the one asked first that can be answered. */
static bool server_serve(uint64_t last)
{
    uint64_t served = 0;
    for (;;) {
        struct question *first = NULL;
        list_foreach_safe(&server.connections, node) {
            struct question *head;
            if (redis_head(CONTAINER_OF(node, struct redis, node), &head) &&
                head->number > served && head->number <= last &&
                (first == NULL || head->number < first->number)) {
                first = head;
            }
        }
        if (first == NULL) {
            return false;
        }
        served = first->number;
        if (question_serve(first->redis, first)) {
            return true;
        }
    }
}

static bool server_dial(void)
{
    struct err none = {0};
    bool did = false;
    list_foreach_safe(&server.connections, node) {
        struct redis *redis = CONTAINER_OF(node, struct redis, node);
        if (redis->state == REDIS_DOWN && redis->closed == NULL && !server.away) {
            redis->state = REDIS_READY;
            if (redis->options.on_state != NULL) {
                redis->options.on_state(redis->options.data, REDIS_READY, &none);
            }
            did = true;
        }
    }
    return did;
}

static bool server_close(void)
{
    bool did = false;
    list_foreach_safe(&server.connections, node) {
        struct redis *redis = CONTAINER_OF(node, struct redis, node);
        if (redis->closed == NULL) {
            continue;
        }
        for (struct list_node *first; (first = list_first(&redis->questions)) != NULL;) {
            question_fail(redis, CONTAINER_OF(first, struct question, node), ERR_CANCELED);
        }
        list_remove(&server.connections, node);
        redis->closed(redis->closed_data);
        mem_free(redis);
        did = true;
    }
    return did;
}

bool fake_redis_turn(void)
{
    uint64_t last = server.asked;
    bool did = server_dial();
    while (server_serve(last)) {
        did = true;
    }
    return server_close() || did;
}

int64_t fake_redis_due_ms(void)
{
    int64_t due = INT64_MAX;
    list_foreach_safe(&server.connections, node) {
        struct question *head;
        if (redis_head(CONTAINER_OF(node, struct redis, node), &head) &&
            fake_queue_wait_until_ms(head) < due) {
            due = fake_queue_wait_until_ms(head);
        }
    }
    return due;
}

void fake_redis_unblock(int64_t client_id)
{
    list_foreach_safe(&server.connections, node) {
        struct redis *redis = CONTAINER_OF(node, struct redis, node);
        if (redis->client_id == client_id) {
            redis->unblocked = redis->questions.len > 0;
        }
    }
}

void fake_redis_publish(struct slice message)
{
    list_foreach_safe(&server.connections, node) {
        struct redis *redis = CONTAINER_OF(node, struct redis, node);
        if (redis->options.subscribe != NULL && redis->state == REDIS_READY) {
            redis->options.on_message(redis->options.data, slice_text(redis->options.subscribe),
                                      message);
        }
    }
    world_settle();
}

/* io/redis.h */

int redis_script_init(struct redis_script *script)
{
    script->sha1[0] = '\0';
    return 0;
}

struct redis *redis_open(struct loop *loop, const struct redis_options *options, struct err *err)
{
    (void)loop;
    (void)err;
    struct redis *redis = mem_zalloc(1, sizeof *redis);
    assert_non_null(redis);
    redis->options = *options;
    redis->state = REDIS_DOWN;
    redis->client_id = ++server.client_id;
    list_init(&redis->questions);
    list_push_back(&server.connections, &redis->node);
    return redis;
}

void redis_close(struct redis *redis, redis_closed_fn *closed, void *data)
{
    redis->closed = closed;
    redis->closed_data = data;
    redis->state = REDIS_CLOSED;
}

enum redis_state redis_state(const struct redis *redis)
{
    return redis->state;
}

const char *redis_trouble(const struct redis *redis)
{
    return redis->state == REDIS_READY ? "" : "away";
}

size_t redis_backlog_bytes(const struct redis *redis)
{
    (void)redis;
    return 0;
}

int64_t redis_client_id(const struct redis *redis)
{
    return redis->client_id;
}

static int redis_ask(struct redis *redis,
                     struct redis_request *request,
                     const char *name,
                     struct redis_args keys,
                     struct redis_args args,
                     struct err *err)
{
    if (redis->state != REDIS_READY) {
        return err_set(err, ERR_UNAVAILABLE, "not connected");
    }
    struct question *question = mem_zalloc(1, sizeof *question);
    size_t size = 0;
    assert_non_null(question);
    assert_true(keys.count + args.count <= QUESTION_ARGS_MAX);
    for (size_t i = 0; i < keys.count + args.count; i++) {
        question->args[i] = i < keys.count ? keys.items[i] : args.items[i - keys.count];
        size += question->args[i].len;
    }
    question->bytes = mem_alloc(size);
    assert_non_null(question->bytes);
    uint8_t *at = question->bytes;
    for (size_t i = 0; i < keys.count + args.count; i++) {
        size_t len = question->args[i].len;
        if (len > 0) {
            memcpy(at, question->args[i].ptr, len);
        }
        question->args[i] = slice_of(at, len);
        at += len;
    }
    question->redis = redis;
    question->request = request;
    question->name = name;
    question->count = keys.count + args.count;
    question->key_count = keys.count;
    question->asked_at_ms = fake_at_ms();
    question->number = ++server.asked;
    list_push_back(&redis->questions, &question->node);
    return 0;
}

int redis_send(struct redis *redis,
               struct redis_request *request,
               const struct slice *args,
               size_t count,
               struct err *err)
{
    static const char *const known[] = {"LMOVE",  "BLMOVE", "GET",    "INFO",
                                        "CONFIG", "CLIENT", "HGETALL"};
    for (size_t i = 0; i < N_ELEMENTS(known); i++) {
        if (slice_is(args[0], known[i])) {
            struct redis_args none = {.items = NULL};
            struct redis_args rest = {.items = args + 1, .count = count - 1};
            return redis_ask(redis, request, known[i], none, rest, err);
        }
    }
    fail_msg("unknown command %.*s", SLICE_ARG(args[0]));
    return ERR_BUG;
}

int redis_call(struct redis *redis,
               struct redis_request *request,
               const struct redis_script *script,
               struct redis_args keys,
               struct redis_args args,
               struct err *err)
{
    return redis_ask(redis, request, script->name, keys, args, err);
}
