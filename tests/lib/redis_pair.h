/* A private redis-server and a connection to it. */
#ifndef RETOUCH_LIB_REDIS_PAIR_H
#define RETOUCH_LIB_REDIS_PAIR_H

#include "lib/redis_bed.h"
#include "lib/redis_server.h"

struct redis_pair {
    struct redis_server server;
    struct redis_bed bed;
};

/* Neither is started yet; query is appended to the URL ("?db=1"). */
void redis_pair_init(struct redis_pair *pair, const char *query);
/* Both are up. */
void redis_pair_open(struct redis_pair *pair);
void redis_pair_done(struct redis_pair *pair);
/* text contains part. */
void assert_part(const char *text, const char *part);

#endif
