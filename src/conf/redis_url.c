#include "conf/redis_url.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

static const struct {
    const char *prefix;
    enum redis_url_kind kind;
} schemes[] = {
    {"redis://",  REDIS_URL_TCP },
    {"rediss://", REDIS_URL_TLS },
    {"unix://",   REDIS_URL_UNIX},
};

static struct slice slice_skip(struct slice text, size_t n)
{
    return slice_of(text.ptr + n, text.len - n);
}

/* Position of the first (or last) c in text, or text.len. */
static size_t first_of(struct slice text, char c)
{
    const uint8_t *at = text.len > 0 ? memchr(text.ptr, c, text.len) : NULL;
    return at != NULL ? (size_t)(at - text.ptr) : text.len;
}

static size_t last_of(struct slice text, char c)
{
    const uint8_t *at = text.len > 0 ? memrchr(text.ptr, c, text.len) : NULL;
    return at != NULL ? (size_t)(at - text.ptr) : text.len;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte at the start of source, percent-decoded; -1 when it is badly encoded. */
static int decode_one(struct slice source, size_t *ret_used)
{
    *ret_used = 1;
    if (source.ptr[0] != '%') {
        return source.ptr[0];
    }
    int high = source.len > 2 ? hex_digit(source.ptr[1]) : -1;
    int low = source.len > 2 ? hex_digit(source.ptr[2]) : -1;
    *ret_used = 3;
    return high >= 0 && low >= 0 ? high * 16 + low : -1;
}

/* Percent-decodes into dest; false when it does not fit or is no text without NUL. */
static bool decode(char *dest, size_t size, struct slice source)
{
    size_t used = 0;
    while (source.len > 0) {
        size_t consumed;
        int c = decode_one(source, &consumed);
        if (c <= 0 || used + 1 >= size) {
            return false;
        }
        dest[used++] = (char)c;
        source = slice_skip(source, consumed);
    }
    dest[used] = '\0';
    return true;
}

/* Takes "user:pass@" off the front of authority. */
static int parse_user(struct slice *authority, struct redis_url *url, struct err *err)
{
    size_t at = last_of(*authority, '@');
    if (at == authority->len) {
        return 0;
    }
    struct slice user = slice_of(authority->ptr, at);
    size_t colon = first_of(user, ':');
    *authority = slice_skip(*authority, at + 1);
    if (colon == user.len) {
        return err_set(err, ERR_INVALID, "what stands before @ is not USER:PASSWORD or :PASSWORD");
    }
    if (!decode(url->user, sizeof url->user, slice_of(user.ptr, colon)) ||
        !decode(url->password, sizeof url->password, slice_skip(user, colon + 1))) {
        return err_set(err, ERR_INVALID, "user or password is too long or badly percent-encoded");
    }
    return 0;
}

static int parse_db(struct slice text, struct redis_url *url, struct err *err)
{
    int64_t db;
    if (text_parse_i64(text, &db) != 0 || db < 0 || db > REDIS_URL_DB_MAX) {
        return err_set(err, ERR_INVALID, "the database is no number from 0 to %d",
                       REDIS_URL_DB_MAX);
    }
    url->db = (uint32_t)db;
    return 0;
}

/* "host", "host:port", "[v6]" or "[v6]:port". */
static int parse_host(struct slice text, struct redis_url *url, struct err *err)
{
    bool brackets = text.len > 0 && text.ptr[0] == '[';
    struct slice host = brackets ? slice_skip(text, 1) : text;
    host.len = first_of(host, brackets ? ']' : ':');
    size_t consumed = brackets ? host.len + 2 : host.len;
    if (consumed > text.len) {
        return err_set(err, ERR_INVALID, "the bracket of the address is not closed");
    }
    struct slice rest = slice_skip(text, consumed);
    if (host.len == 0 || !decode(url->host, sizeof url->host, host)) {
        return err_set(err, ERR_INVALID, "the host is missing or too long");
    }
    url->port = REDIS_URL_PORT;
    if (rest.len == 0) {
        return 0;
    }
    int64_t port;
    if (rest.ptr[0] != ':' || text_parse_i64(slice_skip(rest, 1), &port) != 0 || port < 1 ||
        port > UINT16_MAX) {
        return err_set(err, ERR_INVALID, "the port is no number from 1 to 65535");
    }
    url->port = (uint16_t)port;
    return 0;
}

static int parse_network(struct slice text, struct redis_url *url, struct err *err)
{
    size_t slash = first_of(text, '/');
    struct slice authority = slice_of(text.ptr, slash);
    int code = parse_user(&authority, url, err);
    if (code == 0) {
        code = parse_host(authority, url, err);
    }
    if (code == 0 && slash + 1 < text.len) {
        code = parse_db(slice_skip(text, slash + 1), url, err);
    }
    return code;
}

static int parse_unix(struct slice text, struct redis_url *url, struct err *err)
{
    size_t slash = first_of(text, '/');
    struct slice authority = slice_of(text.ptr, slash);
    struct slice path = slice_skip(text, slash);
    int code = parse_user(&authority, url, err);
    if (code != 0) {
        return code;
    }
    size_t mark = first_of(path, '?');
    struct slice query = slice_skip(path, mark);
    path.len = mark;
    if (authority.len > 0 || path.len < 2 || !decode(url->path, sizeof url->path, path)) {
        return err_set(err, ERR_INVALID, "the socket's path is not absolute or over %zu bytes",
                       sizeof url->path - 1);
    }
    if (query.len == 0) {
        return 0;
    }
    if (!slice_starts(query, "?db=")) {
        return err_set(err, ERR_INVALID, "after the socket's path only ?db=N may follow");
    }
    return parse_db(slice_skip(query, strlen("?db=")), url, err);
}

int redis_url_parse(struct slice text, struct redis_url *ret_url, struct err *err)
{
    for (size_t i = 0; i < N_ELEMENTS(schemes); i++) {
        if (!slice_starts(text, schemes[i].prefix)) {
            continue;
        }
        struct redis_url url = {.kind = schemes[i].kind};
        struct slice rest = slice_skip(text, strlen(schemes[i].prefix));
        int code = url.kind == REDIS_URL_UNIX ? parse_unix(rest, &url, err)
                                              : parse_network(rest, &url, err);
        if (code == 0) {
            *ret_url = url;
        }
        explicit_bzero(&url, sizeof url);
        return code;
    }
    return err_set(err, ERR_INVALID, "it does not begin with redis://, rediss:// or unix://");
}

char *redis_url_masked(const struct redis_url *url, char *text, size_t size)
{
    const char *prefix = "";
    for (size_t i = 0; i < N_ELEMENTS(schemes); i++) {
        prefix = schemes[i].kind == url->kind ? schemes[i].prefix : prefix;
    }
    const char *mask = url->password[0] != '\0' ? ":***@" : "";
    bool v6 = strchr(url->host, ':') != NULL;
    if (url->kind == REDIS_URL_UNIX) {
        (void)snprintf(text, size, "%s%s%s%s?db=%" PRIu32, prefix, url->user, mask, url->path,
                       url->db);
    } else {
        (void)snprintf(text, size, "%s%s%s%s%s%s:%u/%" PRIu32, prefix, url->user, mask,
                       v6 ? "[" : "", url->host, v6 ? "]" : "", (unsigned)url->port, url->db);
    }
    return text;
}
