#include "client/quiet_pipe.h"

#include <pthread.h>
#include <time.h>

static sigset_t sigpipe_alone(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGPIPE);
    return set;
}

static bool is_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void quiet_pipe_start(struct quiet_pipe *quiet)
{
    sigset_t set = sigpipe_alone();
    quiet->was_pending = is_pending();
    (void)pthread_sigmask(SIG_BLOCK, &set, &quiet->before);
}

void quiet_pipe_stop(struct quiet_pipe *quiet)
{
    sigset_t set = sigpipe_alone();
    if (!quiet->was_pending && is_pending()) {
        (void)sigtimedwait(&set, NULL, &(struct timespec){.tv_sec = 0});
    }
    (void)pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
}
