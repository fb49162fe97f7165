/* A private redis-server on a Unix socket in a directory of its own. */
#ifndef RETOUCH_LIB_REDIS_SERVER_H
#define RETOUCH_LIB_REDIS_SERVER_H

#include <stddef.h>
#include <sys/types.h>

enum {
    REDIS_SERVER_PATH_MAX = 96, /* with room for "unix://" and "?db=1" */
    REDIS_SERVER_FLAGS_MAX = 16
};

struct redis_server {
    char dir[REDIS_SERVER_PATH_MAX];
    char path[REDIS_SERVER_PATH_MAX];          /* of the socket */
    const char *flags[REDIS_SERVER_FLAGS_MAX]; /* further ones, borrowed; NULL ends them */
    pid_t pid;                                 /* 0: not running */
};

/* Makes the directory; nothing runs yet. */
void redis_server_init(struct redis_server *server);
/* Starts it and returns at once: who connects tries until it is there. */
void redis_server_start(struct redis_server *server);
/* Kills it and waits for its end. Fine when it is not running. */
void redis_server_stop(struct redis_server *server);
/* Stops it and removes the directory. */
void redis_server_done(struct redis_server *server);

#endif
