/* Writing to a connection that the peer has closed must not kill the host by SIGPIPE. */
#ifndef RETOUCH_CLIENT_QUIET_PIPE_H
#define RETOUCH_CLIENT_QUIET_PIPE_H

#include <signal.h>
#include <stdbool.h>

struct quiet_pipe {
    sigset_t before;  /* the thread's mask, to be put back */
    bool was_pending; /* a SIGPIPE of the host's own: it stays */
};

void quiet_pipe_start(struct quiet_pipe *quiet);
/* Takes back a SIGPIPE that came meanwhile. */
void quiet_pipe_stop(struct quiet_pipe *quiet);

#endif
