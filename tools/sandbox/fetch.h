/* Fetches an input picture by its URL, from this machine only. */
#ifndef SANDBOX_FETCH_H
#define SANDBOX_FETCH_H

#include "bytes.h"

/* Blocks for at most 10 s. False when the URL is not http(s) on a loopback address, the answer is
 * not a 200 or is longer than out->max. */
bool fetch_loopback(const char *url, struct bytes *out);

#endif
