/* What Redis answered to one command. hiredis' types stay behind this header. */
#ifndef RETOUCH_CLIENT_REPLY_H
#define RETOUCH_CLIENT_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct reply; /* owned by its batch */

enum reply_kind {
    REPLY_NIL,
    REPLY_INT,
    REPLY_TEXT,
    REPLY_ARRAY,
    REPLY_ERROR
};

/* Each accepts NULL, which is a nil. */
enum reply_kind reply_kind(const struct reply *reply);
int64_t reply_int(const struct reply *reply);       /* 0 unless an integer or numeric text */
struct slice reply_text(const struct reply *reply); /* empty unless text or an error */
size_t reply_count(const struct reply *reply);      /* elements; 0 unless an array */
/* NULL past the end. */
const struct reply *reply_at(const struct reply *reply, size_t index);

#endif
