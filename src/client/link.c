#include "client/link.h"

#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <hiredis/hiredis.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "client/quiet_pipe.h"
#include "io/redis_tls.h"

enum {
    LINK_CONNECT_MS = 5000,
    LINK_ANSWER_MS = 5000,
    LINK_RECONNECT_MS = 10000,
    LINK_PAUSE_MS = 50,      /* between dials, doubling ... */
    LINK_PAUSE_MAX_MS = 1000 /* ... up to this */
};

/* Redis cannot serve now, but will: the same as no answer. */
static const char *const passing_errors[] = {
    "LOADING ", "READONLY ", "MASTERDOWN ", "BUSY ", "TRYAGAIN ", "CLUSTERDOWN ",
};

void link_init(struct link *link)
{
    *link = (struct link){.connect_ms = LINK_CONNECT_MS,
                          .answer_ms = LINK_ANSWER_MS,
                          .reconnect_ms = LINK_RECONNECT_MS};
}

static void hang_up(struct link *link)
{
    if (link->context != NULL) {
        redisFree(link->context);
        link->context = NULL;
    }
}

void link_done(struct link *link)
{
    hang_up(link);
    redis_tls_free(link->tls);
    link->tls = NULL;
    explicit_bzero(&link->url, sizeof link->url);
}

static struct timeval timeval_of(int64_t ms)
{
    int64_t some = ms > 0 ? ms : 1;
    return (struct timeval){.tv_sec = some / 1000, .tv_usec = some % 1000 * 1000};
}

static int fail(struct link *link, struct err *err)
{
    char url[512];
    const char *why = link->context != NULL && link->context->errstr[0] != '\0'
                          ? link->context->errstr
                          : "no memory";
    err_set(err, ERR_UNAVAILABLE, "Redis at %s: %s", redis_url_masked(&link->url, url, sizeof url),
            why);
    hang_up(link);
    return ERR_UNAVAILABLE;
}

/* Sends one command of the greeting; an error reply is a failure. */
static int greet(struct link *link, const char *const *words, int count, struct err *err)
{
    struct quiet_pipe quiet;
    const char *argv[4];
    CHECK(count <= (int)N_ELEMENTS(argv));
    memcpy(argv, words, (size_t)count * sizeof words[0]);
    quiet_pipe_start(&quiet);
    redisReply *reply = redisCommandArgv(link->context, count, argv, NULL);
    quiet_pipe_stop(&quiet);
    if (reply == NULL) {
        return fail(link, err);
    }
    int code = 0;
    if (reply->type == REDIS_REPLY_ERROR) {
        char url[512];
        code = err_set(err, ERR_UNAVAILABLE, "Redis at %s: %s: %s",
                       redis_url_masked(&link->url, url, sizeof url), words[0], reply->str);
        hang_up(link);
    }
    freeReplyObject(reply);
    return code;
}

static int log_in(struct link *link, struct err *err)
{
    const struct redis_url *url = &link->url;
    int code = 0;
    if (url->password[0] != '\0' && url->user[0] != '\0') {
        const char *const words[] = {"AUTH", url->user, url->password};
        code = greet(link, words, 3, err);
    } else if (url->password[0] != '\0') {
        const char *const words[] = {"AUTH", url->password};
        code = greet(link, words, 2, err);
    }
    if (code == 0 && url->db != 0) {
        char db[24];
        (void)snprintf(db, sizeof db, "%u", (unsigned)url->db);
        const char *const words[] = {"SELECT", db};
        code = greet(link, words, 2, err);
    }
    return code;
}

static int secure(struct link *link, struct err *err)
{
    if (link->url.kind != REDIS_URL_TLS) {
        return 0;
    }
    if (link->tls == NULL) {
        link->tls = redis_tls_new(err);
    }
    int code = link->tls != NULL ? redis_tls_start(link->tls, link->context, link->url.host, err)
                                 : ERR_UNSUPPORTED;
    if (code != 0) {
        hang_up(link);
    }
    return code;
}

static int dial(struct link *link, struct err *err)
{
    struct timeval patience = timeval_of(link->connect_ms);
    link->context = link->url.kind == REDIS_URL_UNIX
                        ? redisConnectUnixWithTimeout(link->url.path, patience)
                        : redisConnectWithTimeout(link->url.host, link->url.port, patience);
    if (link->context == NULL || link->context->err != 0 ||
        redisSetTimeout(link->context, timeval_of(link->answer_ms)) != REDIS_OK) {
        return fail(link, err);
    }
    if (link->url.kind != REDIS_URL_UNIX) {
        (void)redisEnableKeepAlive(link->context);
    }
    int code = secure(link, err);
    code = code != 0 ? code : log_in(link, err);
    if (code == 0) {
        link->dials++;
    }
    return code;
}

int link_open(struct link *link, const struct redis_url *url, struct err *err)
{
    hang_up(link);
    redis_tls_free(link->tls);
    link->tls = NULL;
    link->url = *url;
    return dial(link, err);
}

static int append_command(struct link *link, const struct batch *batch, size_t index)
{
    enum {
        PARTS_MAX = 64 /* of one command: keys and arguments of a script, a page of ids */
    };

    struct slice slices[PARTS_MAX];
    const char *argv[PARTS_MAX];
    size_t lens[PARTS_MAX];
    size_t count = batch_part_count(batch, index);
    CHECK(count <= PARTS_MAX);
    batch_parts(batch, index, slices);
    for (size_t i = 0; i < count; i++) {
        argv[i] = slices[i].ptr != NULL ? (const char *)slices[i].ptr : "";
        lens[i] = slices[i].len;
    }
    return redisAppendCommandArgv(link->context, (int)count, argv, lens);
}

static bool is_passing(const struct reply *reply)
{
    bool passing = false;
    for (size_t i = 0; i < N_ELEMENTS(passing_errors) && reply_kind(reply) == REPLY_ERROR; i++) {
        passing = passing || slice_starts(reply_text(reply), passing_errors[i]);
    }
    return passing;
}

static int read_reply(struct link *link, struct batch *batch, struct err *err)
{
    void *reply = NULL;
    if (redisGetReply(link->context, &reply) != REDIS_OK) {
        return fail(link, err);
    }
    if (is_passing(reply)) {
        char url[512];
        err_set(err, ERR_UNAVAILABLE, "Redis at %s: %.*s",
                redis_url_masked(&link->url, url, sizeof url), SLICE_ARG(reply_text(reply)));
        freeReplyObject(reply);
        hang_up(link);
        return ERR_UNAVAILABLE;
    }
    int code = batch_add_reply(batch, reply);
    if (code != 0) {
        hang_up(link); /* replies that nobody reads must not answer the next batch */
        return err_set(err, code, "no memory for replies");
    }
    return 0;
}

static int exchange_once(struct link *link, struct batch *batch, int64_t block_ms, struct err *err)
{
    struct quiet_pipe quiet;
    batch_drop_replies(batch);
    int code = link->context != NULL ? 0 : dial(link, err);
    if (code != 0) {
        return code;
    }
    size_t count = batch_count(batch);
    for (size_t i = 0; i < count; i++) {
        if (append_command(link, batch, i) != REDIS_OK) {
            hang_up(link);
            return err_set(err, ERR_NO_MEMORY, "no memory for commands");
        }
    }
    if (redisSetTimeout(link->context, timeval_of(link->answer_ms + block_ms)) != REDIS_OK) {
        return fail(link, err);
    }
    quiet_pipe_start(&quiet);
    for (size_t i = 0; i < count && code == 0; i++) {
        code = read_reply(link, batch, err);
    }
    quiet_pipe_stop(&quiet);
    return code;
}

void link_pause(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

int link_exchange(struct link *link, struct batch *batch, int64_t block_ms, struct err *err)
{
    if (batch->code != 0) {
        return err_set(err, batch->code, "the request does not fit into memory");
    }
    int64_t give_up_at_ms = clock_at_ms() + link->reconnect_ms;
    int64_t pause = 0; /* a connection that was closed while idle is dialled again at once */
    for (;;) {
        int code = exchange_once(link, batch, block_ms, err);
        int64_t now_ms = clock_at_ms();
        if (code != ERR_UNAVAILABLE || (pause > 0 && now_ms + pause > give_up_at_ms)) {
            return code;
        }
        link_pause(pause);
        pause = pause == 0 ? LINK_PAUSE_MS : pause * 2;
        pause = pause > LINK_PAUSE_MAX_MS ? LINK_PAUSE_MAX_MS : pause;
    }
}
