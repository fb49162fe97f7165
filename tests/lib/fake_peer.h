/* A TCP server that answers whatever it hears with one fixed text. */
#ifndef RETOUCH_LIB_FAKE_PEER_H
#define RETOUCH_LIB_FAKE_PEER_H

#include <pthread.h>
#include <stdint.h>

struct fake_peer {
    const char *answer; /* borrowed; NULL: says nothing */
    int listener;
    uint16_t port; /* on 127.0.0.1 */
    pthread_t thread;
};

void fake_peer_start(struct fake_peer *peer, const char *answer);
void fake_peer_stop(struct fake_peer *peer);
/* A port on which nobody listens. */
uint16_t fake_peer_closed_port(void);

#endif
