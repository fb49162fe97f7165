#include "lib/fake_peer.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/unit.h"

static int listen_anywhere(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return listener;
}

static void serve(const struct fake_peer *peer, int client)
{
    char heard[1024];
    bool answered = false;
    while (recv(client, heard, sizeof(heard), 0) > 0) {
        if (!answered && peer->answer != NULL) {
            (void)send(client, peer->answer, strlen(peer->answer), MSG_NOSIGNAL);
            answered = true;
        }
    }
    (void)close(client);
}

static void *run(void *data)
{
    const struct fake_peer *peer = data;
    for (int client; (client = accept(peer->listener, NULL, NULL)) >= 0;) {
        serve(peer, client);
    }
    return NULL;
}

void fake_peer_start(struct fake_peer *peer, const char *answer)
{
    *peer = (struct fake_peer){.answer = answer};
    peer->listener = listen_anywhere(&peer->port);
    assert_int_equal(pthread_create(&peer->thread, NULL, run, peer), 0);
}

void fake_peer_stop(struct fake_peer *peer)
{
    (void)shutdown(peer->listener, SHUT_RDWR); /* accept returns */
    assert_int_equal(pthread_join(peer->thread, NULL), 0);
    (void)close(peer->listener);
}

uint16_t fake_peer_closed_port(void)
{
    uint16_t port = 0;
    (void)close(listen_anywhere(&port));
    return port;
}
