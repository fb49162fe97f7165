#include "wire/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/text.h"

enum {
    URL_HOST_MAX = 253, /* longest name in the DNS */
    URL_SHOWN_MAX = 96  /* of a refused URL, in messages */
};

/* The parts of a URL that matter here, as views of it. */
struct url_parts {
    struct slice authority;
    struct slice host; /* without brackets and without the dot at the end */
    bool host_is_ipv6; /* stood in brackets */
};

static const char *const private_names[] = {"localhost", "local", "internal"};

static struct slice slice_from(struct slice slice, size_t at)
{
    return at > 0 ? slice_of(slice.ptr + at, slice.len - at) : slice; /* ptr may be NULL */
}

/* Index of the first byte that is one of `set`; the length when there is none. */
static size_t find_any(struct slice slice, const char *set)
{
    for (size_t i = 0; i < slice.len; i++) {
        if (slice.ptr[i] != '\0' && strchr(set, slice.ptr[i]) != NULL) {
            return i;
        }
    }
    return slice.len;
}

static bool equal_nocase(struct slice a, struct slice b)
{
    return a.len == b.len &&
           (a.len == 0 || strncasecmp((const char *)a.ptr, (const char *)b.ptr, a.len) == 0);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(uint8_t c)
{
    uint8_t lower = c | 0x20;
    return is_digit(c) || (lower >= 'a' && lower <= 'z');
}

static bool is_hex(uint8_t c)
{
    uint8_t lower = c | 0x20;
    return is_digit(c) || (lower >= 'a' && lower <= 'f');
}

/* Length of "http://" or "https://" at the start; 0 when neither. */
static size_t scheme_len(struct slice url)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < N_ELEMENTS(schemes); i++) {
        size_t len = strlen(schemes[i]);
        if (url.len >= len && strncasecmp((const char *)url.ptr, schemes[i], len) == 0) {
            return len;
        }
    }
    return 0;
}

static bool port_is_good(struct slice port)
{
    int64_t number;
    return port.len <= 5 && text_parse_i64(port, &number) == 0 && number >= 1 && number <= 65535;
}

/* Letters, digits, '-' and '_' in labels that are not empty. Percent signs and non-ASCII bytes are
 * refused, since resolvers fold them into quite other names. */
static bool name_is_good(struct slice host)
{
    if (host.len == 0 || host.len > URL_HOST_MAX) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.ptr[i];
        bool empty_label = c == '.' && (i == 0 || i + 1 == host.len || host.ptr[i - 1] == '.');
        if (empty_label || !(is_alnum(c) || c == '-' || c == '_' || c == '.')) {
            return false;
        }
    }
    return true;
}

/* What stands after the host: nothing or ":PORT". */
static const char *check_after_host(struct slice rest)
{
    if (rest.len == 0) {
        return NULL;
    }
    bool good = rest.ptr[0] == ':' && port_is_good(slice_from(rest, 1));
    return good ? NULL : "the port must be 1 to 65535";
}

static const char *split_ipv6(struct slice authority, struct url_parts *parts)
{
    size_t end = find_any(authority, "]");
    if (end == authority.len) {
        return "a '[' without its ']'";
    }
    parts->host = slice_of(authority.ptr + 1, end - 1);
    parts->host_is_ipv6 = true;
    return check_after_host(slice_from(authority, end + 1));
}

static const char *split_name(struct slice authority, struct url_parts *parts)
{
    size_t end = find_any(authority, ":");
    struct slice host = slice_of(authority.ptr, end);
    if (host.len > 1 && host.ptr[host.len - 1] == '.') {
        host.len--;
    }
    parts->host = host;
    if (!name_is_good(host)) {
        return host.len == 0 ? "the host is missing" : "the host is no name and no address";
    }
    return check_after_host(slice_from(authority, end));
}

/* NULL, or what is wrong with the URL. */
static const char *url_split(struct slice url, struct url_parts *parts)
{
    *parts = (struct url_parts){.host_is_ipv6 = false};
    size_t start = scheme_len(url);
    if (start == 0) {
        return "it must begin with http:// or https://";
    }
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] <= ' ' || url.ptr[i] == 0x7f) {
            return "blanks and control characters are not allowed";
        }
    }
    struct slice rest = slice_from(url, start);
    parts->authority = slice_of(rest.ptr, find_any(rest, "/?#"));
    if (find_any(parts->authority, "@") < parts->authority.len) {
        return "user and password are not allowed";
    }
    bool bracket = parts->authority.len > 0 && parts->authority.ptr[0] == '[';
    return bracket ? split_ipv6(parts->authority, parts) : split_name(parts->authority, parts);
}

static bool name_is_private(struct slice host)
{
    for (size_t i = 0; i < N_ELEMENTS(private_names); i++) {
        struct slice name = slice_text(private_names[i]);
        if (host.len < name.len || !equal_nocase(slice_from(host, host.len - name.len), name)) {
            continue;
        }
        if (host.len == name.len || host.ptr[host.len - name.len - 1] == '.') {
            return true;
        }
    }
    return false;
}

/* A name cannot end in a number: such a host is an address, or nothing. */
static bool ends_in_number(struct slice host)
{
    size_t start = host.len;
    while (start > 0 && host.ptr[start - 1] != '.') {
        start--;
    }
    struct slice label = slice_from(host, start);
    if (label.len >= 2 && label.ptr[0] == '0' && (label.ptr[1] | 0x20) == 'x') {
        return true;
    }
    size_t digits = 0;
    while (digits < label.len && is_digit(label.ptr[digits])) {
        digits++;
    }
    return digits == label.len;
}

/* NULL when the host is well-formed; *ret_private tells where it leads. inet_aton knows every
 * spelling that resolvers know: 127.1, 0x7f000001, 017700000001, 2130706433. */
static const char *judge_host(const struct url_parts *parts, bool *ret_private)
{
    char host[URL_HOST_MAX + 1];
    if (!text_copy(host, sizeof host, parts->host)) {
        return "the host is too long";
    }
    if (parts->host_is_ipv6) {
        struct in6_addr address6;
        if (inet_pton(AF_INET6, host, &address6) != 1) {
            return "the host is no IPv6 address";
        }
        *ret_private = url_address_is_private(AF_INET6, &address6);
        return NULL;
    }
    struct in_addr address;
    if (inet_aton(host, &address) != 0) {
        *ret_private = url_address_is_private(AF_INET, &address);
        return NULL;
    }
    if (ends_in_number(parts->host)) {
        return "the host is no IPv4 address";
    }
    *ret_private = name_is_private(parts->host);
    return NULL;
}

int url_check(struct slice url, bool allow_private, struct err *err)
{
    if (url.len > URL_MAX) {
        return err_set(err, ERR_INVALID, "URL of %zu bytes given, at most %d allowed", url.len,
                       (int)URL_MAX);
    }
    struct url_parts parts;
    bool is_private = false;
    const char *flaw = url_split(url, &parts);
    if (flaw == NULL) {
        flaw = judge_host(&parts, &is_private);
    }
    char shown[URL_SHOWN_MAX];
    if (flaw != NULL) {
        url_mask(url, shown, sizeof shown);
        return err_set(err, ERR_INVALID, "\"%s\" given: %s", shown, flaw);
    }
    if (is_private && !allow_private) {
        url_mask(url, shown, sizeof shown);
        return err_set(err, ERR_PRIVATE,
                       "\"%s\" given: loopback and private addresses are not allowed "
                       "(api.allow_private)",
                       shown);
    }
    return 0;
}

static int append_percent(struct buf *dest, uint8_t c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char text[] = {'%', digits[c >> 4], digits[c & 15]};
    return buf_append(dest, text, sizeof text);
}

/* Appends with every byte percent-encoded for which `keeps` says no. */
static int append_where(struct buf *dest,
                        struct slice source,
                        bool (*keeps)(struct slice source, size_t at, bool in_query))
{
    size_t query = find_any(source, "?#");
    size_t fragment = find_any(source, "#");
    for (size_t i = 0; i < source.len; i++) {
        uint8_t c = source.ptr[i];
        bool in_query = i > query && i < fragment;
        int code = keeps(source, i, in_query) ? buf_append(dest, &c, 1) : append_percent(dest, c);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

static bool keeps_in_url(struct slice source, size_t at, bool in_query)
{
    (void)in_query;
    uint8_t c = source.ptr[at];
    if (c == '%') {
        return source.len - at > 2 && is_hex(source.ptr[at + 1]) && is_hex(source.ptr[at + 2]);
    }
    return c > ' ' && c < 0x7f && strchr("\"<>\\^`{|}", c) == NULL;
}

static bool keeps_in_result(struct slice source, size_t at, bool in_query)
{
    return source.ptr[at] != '+' || !in_query;
}

static bool keeps_in_value(struct slice source, size_t at, bool in_query)
{
    (void)in_query;
    uint8_t c = source.ptr[at];
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

int url_append_encoded(struct buf *dest, struct slice url)
{
    return append_where(dest, url, keeps_in_url);
}

int url_append_result(struct buf *dest, struct slice url)
{
    return append_where(dest, url, keeps_in_result);
}

int url_append_value(struct buf *dest, struct slice text)
{
    return append_where(dest, text, keeps_in_value);
}

/* Works on any text, since what is shown in messages is often no URL at all. */
void url_mask(struct slice url, char *dest, size_t size)
{
    CHECK(size > 0);
    static const char mark[] = "?...";
    size_t scheme = scheme_len(url);
    struct slice rest = slice_from(url, scheme);
    size_t authority = find_any(rest, "/?#");
    size_t start = authority;
    while (start > 0 && rest.ptr[start - 1] != '@') {
        start--;
    }
    size_t end = find_any(rest, "?#");
    size_t room = end < rest.len && size > sizeof mark ? size - (sizeof mark - 1) : size;
    size_t used = text_escape(slice_of(url.ptr, scheme), dest, room);
    used += text_escape(slice_of(rest.ptr + start, end - start), dest + used, room - used);
    if (end < rest.len) {
        err_ignore(text_copy(dest + used, size - used, slice_text(mark))); /* cut where no room */
    }
}

bool url_same_host(struct slice a, struct slice b)
{
    struct url_parts parts_a;
    struct url_parts parts_b;
    return url_split(a, &parts_a) == NULL && url_split(b, &parts_b) == NULL &&
           parts_a.host_is_ipv6 == parts_b.host_is_ipv6 && equal_nocase(parts_a.host, parts_b.host);
}
