/* A JSON object as a msgpack map: the producer's own data on its way into an envelope. */
#ifndef RETOUCH_WIRE_JSON_MSGPACK_H
#define RETOUCH_WIRE_JSON_MSGPACK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Appends to dest. ERR_MALFORMED: no JSON; ERR_INVALID: no object, or nested too deeply;
 * ERR_TOO_BIG: dest is full. On failure dest may hold a part of it. */
int json_to_msgpack(struct slice json, struct buf *dest, struct err *err) MUST_CHECK;

#endif
