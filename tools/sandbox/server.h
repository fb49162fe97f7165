/* The HTTP server. */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include "visit.h"

struct server;

/* A listening socket for the flags' address; -1 with a message on stderr. Stores the port. */
int server_listen(const struct flags *flags, uint16_t *ret_port);
/* Starts its threads on a listening socket, which it owns from then on. NULL with a message. */
struct server *server_start(struct sandbox *sandbox, int listen_fd);
/* Gives up what is in flight and ends the threads. */
void server_stop(struct server *server);

#endif
