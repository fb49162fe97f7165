#include "lib/redis_server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "lib/unit.h"

void redis_server_init(struct redis_server *server)
{
    *server = (struct redis_server){.dir = "/tmp/retouch-test-XXXXXX"};
    assert_non_null(mkdtemp(server->dir));
    (void)snprintf(server->path, sizeof(server->path), "%.80s/redis.sock", server->dir);
}

void redis_server_start(struct redis_server *server)
{
    const char *fixed[] = {
        "redis-server", "--port",       "0",  "--unixsocket",           server->path, "--dir",
        server->dir,    "--save",       "",   "--appendonly",           "no",         "--logfile",
        "/dev/null",    "--maxclients", "64", "--enable-debug-command", "local",
    };
    char *args[N_ELEMENTS(fixed) + REDIS_SERVER_FLAGS_MAX + 1] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < N_ELEMENTS(fixed); i++) {
        args[count++] = strdup(fixed[i]);
    }
    for (size_t i = 0; i < REDIS_SERVER_FLAGS_MAX && server->flags[i] != NULL; i++) {
        args[count++] = strdup(server->flags[i]);
    }
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves nothing behind */
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        (void)dup2(null, STDOUT_FILENO);
        (void)execvp(args[0], args);
        _exit(127);
    }
    for (size_t i = 0; i < count; i++) {
        free(args[i]);
    }
}

void redis_server_stop(struct redis_server *server)
{
    if (server->pid > 0) {
        (void)kill(server->pid, SIGKILL);
        (void)waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
}

void redis_server_done(struct redis_server *server)
{
    redis_server_stop(server);
    (void)unlink(server->path);
    (void)rmdir(server->dir);
}
