/* Messages on a queue's control channel. They only wake: the truth is always in a key. */
#ifndef RETOUCH_QUEUE_CONTROL_H
#define RETOUCH_QUEUE_CONTROL_H

#include "base/slice.h"
#include "wire/envelope.h"

enum control_kind {
    CONTROL_OTHER,  /* of a newer version: ignored */
    CONTROL_CANCEL, /* "cancel ID" */
    CONTROL_LOOK    /* "pause", "resume": the queue's figures have changed */
};

struct control {
    enum control_kind kind;
    char id[ENVELOPE_ID_MAX + 1]; /* CONTROL_CANCEL */
};

struct control control_read(struct slice message);

#endif
