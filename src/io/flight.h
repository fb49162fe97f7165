/* One call's curl side: the easy handle, its set-up from a struct fetch, its callbacks, and the
 * results read back into the fetch. Reused from call to call.
 *
 * Paying once: curl repeats a request by itself when a kept-alive connection dies before the
 * answer. A flight lets it do so only while the body has not been given out whole; afterwards the
 * call ends with ERR_RESET and body_sent. */
#ifndef RETOUCH_IO_FLIGHT_H
#define RETOUCH_IO_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/err.h"
#include "base/list.h"
#include "io/curl_uv.h"
#include "io/fetch.h"

struct flight {
    CURL *easy;                    /* owned */
    struct curl_uv *curl_uv;       /* borrowed */
    struct fetcher *fetcher;       /* borrowed */
    struct fetch *fetch;           /* borrowed; NULL while the flight is spare */
    struct curl_slist *headers;    /* owned */
    size_t body_length;            /* bytes; 0 without a body */
    size_t header_bytes;           /* received so far, of all answers of the call */
    int64_t started_at_ms;         /* monotonic */
    bool requested;                /* a connection was ready and the request was begun */
    bool body_given;               /* all of the body was given to curl */
    bool repeat_refused;           /* curl wanted to send the whole body again */
    bool private_refused;          /* an address was refused */
    bool canceled;                 /* in the fetcher's list `ended` */
    char trouble[CURL_ERROR_SIZE]; /* curl's words; "" when none */
    struct list_node node;         /* in the fetcher's active, ended or spare */
};

struct flight *flight_new(struct fetcher *fetcher, struct curl_uv *curl_uv);
void flight_free(struct flight *flight); /* NULL is fine */
/* Takes the fetch on board. On error the flight is spare again. */
int flight_prepare(struct flight *flight,
                   struct fetch *fetch,
                   const struct fetcher_options *options,
                   struct err *err) MUST_CHECK;
/* Writes the fetch's results. `why` is ERR_CANCELED to end it whatever curl says, else 0. */
void flight_conclude(struct flight *flight, CURLcode result, int why);
/* Lets go of the fetch; the flight is spare. */
void flight_reset(struct flight *flight);

#endif
