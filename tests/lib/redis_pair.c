#include "lib/redis_pair.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"

void redis_pair_init(struct redis_pair *pair, const char *query)
{
    char url[160];
    redis_server_init(&pair->server);
    (void)snprintf(url, sizeof(url), "unix://%s%s", pair->server.path, query);
    redis_bed_init(&pair->bed, url);
}

void redis_pair_open(struct redis_pair *pair)
{
    redis_pair_init(pair, "");
    redis_server_start(&pair->server);
    redis_bed_open(&pair->bed);
    redis_bed_wait_ready(&pair->bed);
}

void redis_pair_done(struct redis_pair *pair)
{
    redis_bed_done(&pair->bed);
    redis_server_done(&pair->server);
}

void assert_part(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, text);
    }
}
