/* A curl multi handle on the loop: gives curl its descriptors' events and its time, and hands out
 * each transfer that has ended.
 *
 * Happy path: curl_uv_add -> curl asks for a timer, opens its socket, is told of its events ->
 * on_ended(easy, result), the easy handle being off the multi handle again.
 * Failure modes: no memory for a watch -> that one connection fails; everything else arrives as the
 * result of the transfer.
 * on_ended is never called from inside a function of this header. */
#ifndef RETOUCH_IO_CURL_UV_H
#define RETOUCH_IO_CURL_UV_H

#include <stdint.h>

#include <curl/curl.h>

#include "base/err.h"
#include "io/loop.h"

struct curl_uv;

typedef void curl_uv_ended_fn(void *data, CURL *easy, CURLcode result);
typedef void curl_uv_closed_fn(void *data);

struct curl_uv *curl_uv_new(struct loop *loop,
                            uint32_t connections_max,
                            curl_uv_ended_fn *on_ended,
                            void *data,
                            struct err *err);
/* Every easy handle must be off and cleaned up. `closed` is called when the last descriptor's
 * handle is gone, perhaps at once; all is freed then. */
void curl_uv_close(struct curl_uv *curl_uv, curl_uv_closed_fn *closed, void *data);
/* Borrows the easy handle until on_ended or curl_uv_remove. */
int curl_uv_add(struct curl_uv *curl_uv, CURL *easy, struct err *err) MUST_CHECK;
void curl_uv_remove(struct curl_uv *curl_uv, CURL *easy);
/* For the easy handle's socket callbacks: opens a socket that is watched until it is closed by the
 * other; CURL_SOCKET_BAD when that cannot be had. */
curl_socket_t curl_uv_open_socket(struct curl_uv *curl_uv, const struct curl_sockaddr *address);
int curl_uv_close_socket(struct curl_uv *curl_uv, curl_socket_t fd);

#endif
