#include "conf/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

static const struct {
    const char *name;
    const char *host;
} known_hosts[] = {
    {"localhost", "127.0.0.1"},
    {"*",         "0.0.0.0"  },
};

static struct slice host_resolve_known(struct slice host)
{
    for (size_t i = 0; i < N_ELEMENTS(known_hosts); i++) {
        if (slice_is(host, known_hosts[i].name)) {
            return slice_text(known_hosts[i].host);
        }
    }
    return host;
}

static int address_set_host(struct address *address, struct slice host)
{
    struct in6_addr unused;
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        address->v6 = true;
        host = slice_of(host.ptr + 1, host.len - 2);
    } else {
        host = host_resolve_known(host);
    }
    if (memchr(host.ptr, '\0', host.len) != NULL ||
        !text_copy(address->host, sizeof address->host, host)) {
        return ERR_INVALID;
    }
    int family = address->v6 ? AF_INET6 : AF_INET;
    return inet_pton(family, address->host, &unused) == 1 ? 0 : ERR_INVALID;
}

int address_parse(struct slice text, struct address *ret_address, struct err *err)
{
    struct address address = {.none = slice_is(text, "none")};
    if (address.none) {
        *ret_address = address;
        return 0;
    }
    const uint8_t *colon = text.len > 0 ? memrchr(text.ptr, ':', text.len) : NULL;
    if (colon == NULL || colon == text.ptr) {
        return err_set(err, ERR_INVALID, "want ADDR:PORT or none");
    }
    size_t host_len = (size_t)(colon - text.ptr);
    int64_t port;
    if (text_parse_i64(slice_of(colon + 1, text.len - host_len - 1), &port) != 0 || port < 0 ||
        port > UINT16_MAX) {
        return err_set(err, ERR_INVALID, "the port is no number from 0 to 65535");
    }
    if (address_set_host(&address, slice_of(text.ptr, host_len)) != 0) {
        return err_set(err, ERR_INVALID,
                       "the address is no IPv4 address, [IPv6] address, localhost or *");
    }
    address.port = (uint16_t)port;
    *ret_address = address;
    return 0;
}

void address_to_socket(const struct address *address, struct sockaddr_storage *ret_socket)
{
    CHECK(!address->none);
    struct sockaddr_storage storage = {.ss_family = address->v6 ? AF_INET6 : AF_INET};
    int converted;
    if (address->v6) {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
        converted = inet_pton(AF_INET6, address->host, &v6.sin6_addr);
        memcpy(&storage, &v6, sizeof v6);
    } else {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
        converted = inet_pton(AF_INET, address->host, &v4.sin_addr);
        memcpy(&storage, &v4, sizeof v4);
    }
    CHECK(converted == 1);
    *ret_socket = storage;
}
