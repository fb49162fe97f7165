/* retouch-sandbox: the local stand-in for the remote image API. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "cache.h"
#include "fault.h"
#include "flags.h"
#include "generate.h"
#include "server.h"

enum {
    CACHE_MAX_BYTES = 256 * 1024 * 1024,
    KEPT_BYTES = 256 * 1024 * 1024, /* free memory that is not given back */
    MAPPED_BYTES = 32 * 1024 * 1024 /* blocks from this size come from the kernel, zeroed */
};

static void announce(const struct flags *flags, uint16_t port)
{
    bool v6 = strchr(flags->address, ':') != NULL;
    printf("listening on http://%s%s%s:%u\n", v6 ? "[" : "", flags->address, v6 ? "]" : "",
           (unsigned)port);
    fflush(stdout);
}

/* Blocked before any thread starts, so that only main sees them. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Pictures come and go all the time: a third of the work on one was the kernel clearing its pages.
 */
static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

int main(int argc, char **argv)
{
    struct flags flags;
    sigset_t stops;
    int caught = 0;
    struct sandbox sandbox = {.flags = &flags};
    flags_parse(argc, argv, &flags);
    keep_memory();
    block_signals(&stops);
    int listen_fd = server_listen(&flags, &sandbox.port);
    if (listen_fd < 0) {
        return 1;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    sandbox.cache = cache_new(CACHE_MAX_BYTES);
    sandbox.calls = calls_new();
    sandbox.faults = faults_new(flags.seed);
    sandbox.generates = generates_new(flags.generate_ttl_ms);
    struct server *server = server_start(&sandbox, listen_fd);
    if (server == NULL) {
        return 1;
    }
    announce(&flags, sandbox.port);
    sigwait(&stops, &caught);
    server_stop(server);
    generates_free(sandbox.generates);
    faults_free(sandbox.faults);
    calls_free(sandbox.calls);
    cache_free(sandbox.cache);
    curl_global_cleanup();
    return 0;
}
