/* The address of a Redis server as a URL. */
#ifndef RETOUCH_CONF_REDIS_URL_H
#define RETOUCH_CONF_REDIS_URL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum redis_url_kind {
    REDIS_URL_TCP,
    REDIS_URL_TLS,
    REDIS_URL_UNIX
};

enum {
    REDIS_URL_PORT = 6379,   /* when none is given */
    REDIS_URL_DB_MAX = 65535 /* databases beyond what any server is set up with */
};

/* Texts are NUL-terminated and "" when not given. */
struct redis_url {
    enum redis_url_kind kind;
    uint16_t port;      /* tcp, tls */
    uint32_t db;        /* 0 when not given */
    char host[256];     /* tcp, tls: name or address, IPv6 without brackets */
    char path[108];     /* unix: absolute, fits sockaddr_un */
    char user[128];     /* decoded; "" with a password: the default user */
    char password[256]; /* decoded; "": no authentication. Secret */
};

/* redis://[user:pass@]host[:port][/db], rediss:// for TLS, unix://[user:pass@]/path[?db=N]; user,
 * password and path are percent-decoded. ERR_INVALID says what is wrong, without the password. */
int redis_url_parse(struct slice text, struct redis_url *ret_url, struct err *err) MUST_CHECK;
/* The URL for logs, with *** for the password; cut to fit. Returns text. */
char *redis_url_masked(const struct redis_url *url, char *text, size_t size);

#endif
