#include "queue/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/text.h"

static const struct health_row {
    const char *name;
    const char *advice;
} health_rows[HEALTH_COUNT] = {
    [HEALTH_POLICY] = {"maxmemory_policy",
                       "set maxmemory-policy noeviction: any other drops jobs silently"         },
    [HEALTH_MEMORY] = {"memory",           "raise maxmemory, or shorten result.ttl and dead.ttl"},
    [HEALTH_PERSISTENCE] = {"persistence",
                       "set appendonly yes: a restart of Redis would lose every job"            },
};

const char *health_name(enum health_kind kind)
{
    CHECK(kind < HEALTH_COUNT);
    return health_rows[kind].name;
}

const char *health_advice(enum health_kind kind)
{
    CHECK(kind < HEALTH_COUNT);
    return health_rows[kind].advice;
}

/* The value of "name:" at the start of a line; empty when it is not there. */
static struct slice info_find(struct slice info, const char *name)
{
    size_t name_len = strlen(name);
    for (size_t at = 0; at < info.len;) {
        const uint8_t *line = info.ptr + at;
        const uint8_t *stop = memchr(line, '\n', info.len - at);
        size_t len = stop != NULL ? (size_t)(stop - line) : info.len - at;
        if (len > name_len && memcmp(line, name, name_len) == 0 && line[name_len] == ':') {
            struct slice value = slice_of(line + name_len + 1, len - name_len - 1);
            if (value.len > 0 && value.ptr[value.len - 1] == '\r') {
                value.len--;
            }
            return value;
        }
        at += len + 1;
    }
    return slice_of(NULL, 0);
}

static int64_t info_number(struct slice info, const char *name)
{
    int64_t number = 0;
    err_ignore(text_parse_i64(info_find(info, name), &number)); /* absent is 0 */
    return number;
}

void health_read(struct health *health, struct slice info, struct slice save)
{
    struct slice policy = info_find(info, "maxmemory_policy");
    int64_t used = info_number(info, "used_memory");
    int64_t most = info_number(info, "maxmemory");
    *health = (struct health){.warn = {false}};
    (void)snprintf(health->detail[HEALTH_POLICY], HEALTH_DETAIL_MAX, "%.*s", SLICE_ARG(policy));
    if (policy.len > 0 && !slice_is(policy, "noeviction")) {
        health->warn[HEALTH_POLICY] = true;
    }
    health->warn[HEALTH_MEMORY] =
        most > 0 && used / 100 * 100 >= most / 100 * HEALTH_MEMORY_PERCENT;
    if (most > 0) {
        (void)snprintf(health->detail[HEALTH_MEMORY], HEALTH_DETAIL_MAX,
                       "%" PRId64 " of %" PRId64 " bytes", used, most);
    } else {
        (void)snprintf(health->detail[HEALTH_MEMORY], HEALTH_DETAIL_MAX, "%" PRId64 " bytes", used);
    }
    bool aof = info_number(info, "aof_enabled") == 1;
    health->warn[HEALTH_PERSISTENCE] = !aof && save.len == 0;
    (void)snprintf(health->detail[HEALTH_PERSISTENCE], HEALTH_DETAIL_MAX, "%s",
                   aof            ? "append-only file"
                   : save.len > 0 ? "snapshots only"
                                  : "none");
}
