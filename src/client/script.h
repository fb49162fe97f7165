/* The project's scripts as commands of a batch. */
#ifndef RETOUCH_CLIENT_SCRIPT_H
#define RETOUCH_CLIENT_SCRIPT_H

#include <stddef.h>

#include "client/handle.h"

/* Begins a call of the script with so many keys; keys, then arguments follow. The first call of a
 * script in a batch carries its source, so that Redis knows it for the others. */
void script_call(struct retouch *retouch, enum script_kind kind, size_t keys);
/* KEY_STATS and the copy of this minute: what every counting script wants. */
void script_stats_keys(struct retouch *retouch);
/* The three inboxes in the order in which scripts take them: normal, high, low. */
void script_inbox_keys(struct retouch *retouch);

#endif
