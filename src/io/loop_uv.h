/* What the other files of this folder need of the loop: libuv's own loop. */
#ifndef RETOUCH_IO_LOOP_UV_H
#define RETOUCH_IO_LOOP_UV_H

#include <uv.h>

#include "io/loop.h"

/* Borrowed; valid until loop_free. Handles put on it embed in their owner, are closed with uv_close
 * and freed in the close callback only. */
uv_loop_t *loop_uv(struct loop *loop);

#endif
