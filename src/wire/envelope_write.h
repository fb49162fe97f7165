/* Writes a job's envelope as msgpack (include/PROTOCOL.md, section 3), the image as bin. */
#ifndef RETOUCH_WIRE_ENVELOPE_WRITE_H
#define RETOUCH_WIRE_ENVELOPE_WRITE_H

#include "base/buf.h"
#include "base/err.h"

struct retouch_job;

/* Appends the envelope of job under this id (job->id is not looked at) to dest. ERR_INVALID names
 * the field, what was given and what is allowed; ERR_TOO_BIG for an envelope that no worker would
 * take; ERR_NO_MEMORY. On failure dest may hold a part of it. */
int envelope_write(const struct retouch_job *job, const char *id, struct buf *dest, struct err *err)
    MUST_CHECK;

#endif
