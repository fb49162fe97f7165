#include "client/script.h"

#include "base/check.h"
#include "base/clock.h"

_Static_assert(SCRIPT_COUNT <= 32, "one bit for each script");

void script_call(struct retouch *retouch, enum script_kind kind, size_t keys)
{
    CHECK(kind < SCRIPT_COUNT);
    const struct redis_script *script = &retouch->scripts.script[kind];
    struct batch *batch = &retouch->batch;
    uint32_t bit = UINT32_C(1) << kind;
    bool told = (retouch->scripts_told & bit) != 0;
    retouch->scripts_told |= bit;
    batch_command(batch, told ? "EVALSHA" : "EVAL");
    batch_text(batch, told ? script->sha1 : script->source);
    batch_int(batch, (int64_t)keys);
}

void script_stats_keys(struct retouch *retouch)
{
    char minute[CLOCK_TEXT_MAX];
    batch_key(&retouch->batch, KEY_STATS, NULL);
    batch_key(&retouch->batch, KEY_STATS_AT, clock_format_minute(clock_unix_ms(), minute));
}

void script_inbox_keys(struct retouch *retouch)
{
    batch_key(&retouch->batch, KEY_JOBS, NULL);
    batch_key(&retouch->batch, KEY_JOBS_HIGH, NULL);
    batch_key(&retouch->batch, KEY_JOBS_LOW, NULL);
}
