/* Puts an answer on the wire, whole or as a fault wants it. */
#ifndef SANDBOX_REPLY_H
#define SANDBOX_REPLY_H

#include <microhttpd.h>

struct exchange;

/* Replaces the answer by what the exchange's fault says, where it says something about it. */
void reply_spoil(struct exchange *exchange);
/* Queues the answer; takes its body. */
enum MHD_Result reply_send(struct exchange *exchange);
/* Ends the connection with RST, at once. */
enum MHD_Result reply_reset(struct exchange *exchange);
/* True when the other side has closed its end. */
_Bool reply_peer_gone(struct exchange *exchange);

#endif
