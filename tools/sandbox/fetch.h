/* Fetches an input picture by its URL, from this machine only. */
#ifndef SANDBOX_FETCH_H
#define SANDBOX_FETCH_H

#include "bytes.h"

struct visit;

/* Blocks for at most 10 s. False when the URL is not http(s) on a loopback address, the answer is
 * not a 200 or is longer than out->max. */
bool fetch_loopback(const char *url, struct bytes *out);
/* The same; a URL with the host (and port) by which this request came is fetched from the sandbox
 * itself, whatever its name means elsewhere. */
bool fetch_image(const struct visit *visit, const char *url, struct bytes *out);

#endif
