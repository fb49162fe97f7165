/* A listening address: "ADDR:PORT" or "none". */
#ifndef RETOUCH_CONF_ADDRESS_H
#define RETOUCH_CONF_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct sockaddr_storage;

enum {
    ADDRESS_HOST_MAX = 46 /* INET6_ADDRSTRLEN */
};

struct address {
    bool none;                   /* do not listen; the rest is empty */
    bool v6;                     /* host is an IPv6 address */
    uint16_t port;               /* 0: any free one */
    char host[ADDRESS_HOST_MAX]; /* numeric, without brackets */
};

/* "127.0.0.1:9464", "[::1]:9464", "localhost:9464" (127.0.0.1), "*:9464" (0.0.0.0) or "none".
 * ERR_INVALID says what is wrong. */
int address_parse(struct slice text, struct address *ret_address, struct err *err) MUST_CHECK;
/* For bind(); the address must not be none. */
void address_to_socket(const struct address *address, struct sockaddr_storage *ret_socket);

#endif
