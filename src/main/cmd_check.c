/* retouch check: is everything here fit for work? One line per question, with what to do. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "client/handle.h"
#include "main/command.h"
#include "main/record.h"
#include "queue/health.h"
#include "wire/effect.h"

enum grade {
    GRADE_OK,
    GRADE_WARN,
    GRADE_FAIL
};

enum {
    WORKERS_MAX = 1000,  /* that are counted */
    CLOCK_SKEW_MS = 5000 /* beyond this, deadlines set by this machine are off */
};

struct check {
    struct command_line *line; /* borrowed */
    struct slice info;         /* Redis's INFO, borrowed */
    enum grade worst;
};

static void tell(struct check *check, enum grade grade, const char *subject, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

static void tell(struct check *check, enum grade grade, const char *subject, const char *fmt, ...)
{
    static const char *const names[] = {"ok", "warn", "FAIL"};
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    check->worst = grade > check->worst ? grade : check->worst;
    if (!check->line->json) {
        (void)printf("%-4s  %-16s  %s\n", names[grade], subject, text);
        return;
    }
    struct record record;
    record_init(&record);
    record_string(&record, "check", subject);
    record_string(&record, "grade", grade == GRADE_FAIL ? "fail" : names[grade]);
    record_string(&record, "message", text);
    err_ignore(record_print(&record)); /* the stream's error is found when it is flushed */
    record_done(&record);
}

/* The value of "name:value" in INFO; empty when it is not there. */
static struct slice info_find(const struct check *check, const char *name)
{
    size_t len = strlen(name);
    struct slice rest = check->info;
    while (rest.len > len) {
        const uint8_t *end = memchr(rest.ptr, '\r', rest.len);
        size_t line_len = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
        if (line_len > len && memcmp(rest.ptr, name, len) == 0 && rest.ptr[len] == ':') {
            return slice_of(rest.ptr + len + 1, line_len - len - 1);
        }
        size_t step = line_len + 2 < rest.len ? line_len + 2 : rest.len;
        rest = slice_of(rest.ptr + step, rest.len - step);
    }
    return slice_of(NULL, 0);
}

static void check_version(struct check *check)
{
    struct slice version = info_find(check, "redis_version");
    int major = 0;
    int minor = 0;
    char text[32];
    (void)text_copy(text, sizeof text, version);
    bool read = sscanf(text, "%d.%d", &major, &minor) == 2;
    bool good = read && (major > 6 || (major == 6 && minor >= 2));
    if (good) {
        tell(check, GRADE_OK, "version", "Redis %s", text);
    } else {
        tell(check, GRADE_FAIL, "version", "Redis %s: 6.2 or newer is needed",
             read ? text : "of an unknown version");
    }
}

/* The same judgement as the worker's: what endangers jobs in the server. */
static const enum grade health_grades[HEALTH_COUNT] = {
    [HEALTH_POLICY] = GRADE_FAIL,
    [HEALTH_MEMORY] = GRADE_FAIL,
    [HEALTH_PERSISTENCE] = GRADE_FAIL,
};

/* What the worker does not warn of, but is worth a word: field of INFO, value, grade, words. */
static const struct remark_row {
    enum health_kind kind;
    const char *field;
    const char *value;
    enum grade grade;
    const char *words;
} remarks[] = {
    {HEALTH_POLICY,      "maxmemory_policy",       "",    GRADE_WARN,
     "the server does not tell it: make sure it is noeviction"                        },
    {HEALTH_MEMORY,      "maxmemory",              "0",   GRADE_WARN,
     "no limit: set maxmemory below what the machine has, or the server may be killed"},
    {HEALTH_PERSISTENCE, "aof_last_write_status",  "err", GRADE_FAIL,
     "the append-only file cannot be written: look at disk space and Redis's log"     },
    {HEALTH_PERSISTENCE, "rdb_last_bgsave_status", "err", GRADE_FAIL,
     "the last snapshot failed: look at disk space and Redis's log"                   },
    {HEALTH_PERSISTENCE, "aof_enabled",            "0",   GRADE_WARN,
     "jobs since the last snapshot are lost when Redis dies: set appendonly yes"      },
};

static const struct remark_row *find_remark(const struct check *check, enum health_kind kind)
{
    for (size_t i = 0; i < N_ELEMENTS(remarks); i++) {
        if (remarks[i].kind == kind &&
            slice_is(info_find(check, remarks[i].field), remarks[i].value)) {
            return &remarks[i];
        }
    }
    return NULL;
}

static void check_health(struct check *check, const struct reply *save)
{
    struct health health;
    /* A server that does not tell is taken to save. */
    bool told = reply_count(save) == 2;
    health_read(&health, check->info, told ? reply_text(reply_at(save, 1)) : slice_text("unknown"));
    for (size_t i = 0; i < HEALTH_COUNT; i++) {
        enum health_kind kind = (enum health_kind)i;
        const struct remark_row *remark = find_remark(check, kind);
        if (health.warn[i]) {
            tell(check, health_grades[i], health_name(kind), "%s: %s", health.detail[i],
                 health_advice(kind));
        } else if (remark != NULL) {
            tell(check, remark->grade, health_name(kind), "%s%s%s", health.detail[i],
                 health.detail[i][0] != '\0' ? ": " : "", remark->words);
        } else {
            tell(check, GRADE_OK, health_name(kind), "%s", health.detail[i]);
        }
    }
}

static int64_t redis_ms(const struct reply *time)
{
    return reply_int(reply_at(time, 0)) * 1000 + reply_int(reply_at(time, 1)) / 1000;
}

static void check_clock(struct check *check, const struct reply *time)
{
    int64_t skew_ms = clock_unix_ms() - redis_ms(time);
    bool good = skew_ms < CLOCK_SKEW_MS && skew_ms > -CLOCK_SKEW_MS;
    tell(check, good ? GRADE_OK : GRADE_WARN, "clock",
         good ? "%" PRId64 " ms apart from Redis"
              : "%" PRId64 " ms apart from Redis: deadlines will be off; synchronise the clocks",
         skew_ms);
}

/* Leases that run; "~WORKER" is the reaper's note about one that is gone. */
static int64_t count_alive(const struct reply *workers, int64_t now_ms)
{
    int64_t alive = 0;
    for (size_t i = 0; i + 1 < reply_count(workers); i += 2) {
        alive += !slice_starts(reply_text(reply_at(workers, i)), "~") &&
                 reply_int(reply_at(workers, i + 1)) > now_ms;
    }
    return alive;
}

static void check_workers(struct check *check, int64_t alive, bool paused)
{
    if (paused) {
        tell(check, GRADE_WARN, "queue", "%s is paused: `retouch resume`", check->line->queue);
    }
    if (alive > 0) {
        tell(check, GRADE_OK, "workers", "%" PRId64 " serve queue %s", alive, check->line->queue);
    } else {
        tell(check, GRADE_WARN, "workers", "none serves queue %s: start retouchd",
             check->line->queue);
    }
}

static void check_redis(struct check *check)
{
    struct retouch *retouch = check->line->retouch;
    struct batch *batch = handle_batch(retouch);
    batch_command(batch, "INFO");
    batch_command(batch, "TIME");
    batch_command(batch, "ZREVRANGE");
    batch_key(batch, KEY_WORKERS, NULL);
    batch_int(batch, 0);
    batch_int(batch, WORKERS_MAX - 1);
    batch_text(batch, "WITHSCORES");
    batch_command(batch, "EXISTS");
    batch_key(batch, KEY_PAUSED, NULL);
    batch_command(batch, "CONFIG"); /* a managed server may refuse it */
    batch_text(batch, "GET");
    batch_text(batch, "save");
    int code = handle_exchange(retouch, 0);
    for (size_t i = 0; i < 4 && code == 0; i++) {
        code = handle_check(retouch, batch_reply(batch, i));
    }
    if (code != 0) {
        tell(check, GRADE_FAIL, "redis", "%s", retouch_error(retouch));
        return;
    }
    tell(check, GRADE_OK, "redis", "reachable");
    check->info = reply_text(batch_reply(batch, 0));
    check_version(check);
    check_health(check, batch_reply(batch, 4));
    check_clock(check, batch_reply(batch, 1));
    check_workers(check, count_alive(batch_reply(batch, 2), redis_ms(batch_reply(batch, 1))),
                  reply_int(batch_reply(batch, 3)) > 0);
}

static void check_credentials(struct check *check)
{
    const struct conf *conf = &check->line->conf;
    bool access = conf->api.access_key[0] != '\0';
    bool secret = conf->api.secret_key[0] != '\0';
    if (access && secret) {
        tell(check, GRADE_OK, "credentials", "access key and secret key are set");
    } else {
        tell(check, GRADE_WARN, "credentials",
             "no %s here: a worker needs it (MEITU_OPENAPI_%s, or api.%s in its configuration)",
             access ? "secret key" : "access key", access ? "SECRET_KEY" : "ACCESS_KEY",
             access ? "secret_key" : "access_key");
    }
}

static void check_effects(struct check *check)
{
    struct catalogue catalogue;
    struct err err = {.code = 0};
    catalogue_init(&catalogue);
    if (catalogue_load(&catalogue, check->line->conf.effects.dir, &err) != 0) {
        tell(check, GRADE_FAIL, "effects", "%s", err.msg);
    } else {
        tell(check, GRADE_OK, "effects", "%" PRIu32 " in the catalogue", catalogue.effects.len);
    }
    catalogue_done(&catalogue);
}

static int run(struct command_line *line)
{
    struct check check = {.line = line};
    check_redis(&check);
    check_credentials(&check);
    check_effects(&check);
    return check.worst == GRADE_FAIL ? COMMAND_NOT_ALL : COMMAND_DONE;
}

extern const struct command cmd_check;
const struct command cmd_check = {
    .name = "check",
    .args = "",
    .help = "Look whether Redis, credentials and effects are fit for work",
    .doc = "Each line says ok, warn or FAIL, and what to do. The exit status is 1 where something "
           "FAILs.",
    .run = run,
};
