/* URLs that producers and the API give us: checked, escaped where needed, masked when shown. */
#ifndef RETOUCH_WIRE_URL_H
#define RETOUCH_WIRE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum {
    URL_MAX = 4096 /* bytes */
};

/* ERR_INVALID unless it is a complete http or https URL with a host, without blanks or control
 * characters, without user:password, at most URL_MAX bytes; ERR_PRIVATE when the host is
 * literally loopback, private, link-local or unspecified (names such as localhost included; also
 * numeric disguises such as http://2130706433/ and [::ffff:127.0.0.1]) and allow_private is off. */
int url_check(struct slice url, bool allow_private, struct err *err) MUST_CHECK;

/* Appends the URL with characters that may not stand in it percent-encoded, never twice: bytes
 * above 0x7e, blanks and "<>\^`{|} are encoded; an existing %XX stays as it is. */
int url_append_encoded(struct buf *dest, struct slice url) MUST_CHECK;

/* Appends a result URL as it must be requested: raw '+' in the query as %2B, all else untouched
 * (API.md: "raw + in the query must then be sent as %2B"). */
int url_append_result(struct buf *dest, struct slice url) MUST_CHECK;

/* Appends text percent-encoded as a query value. */
int url_append_value(struct buf *dest, struct slice text) MUST_CHECK;

/* The URL for logs and statuses: no query, no user: "https://host/path?..." Always fits, cut if
 * needed. */
void url_mask(struct slice url, char *dest, size_t size);

/* True when both URLs have the same host (port aside), compared without case. */
bool url_same_host(struct slice a, struct slice b);

/* True for an address no public URL may point to. `family` is AF_INET or AF_INET6, `address` 4 or
 * 16 bytes in network order. */
bool url_address_is_private(int family, const void *address);

#endif
