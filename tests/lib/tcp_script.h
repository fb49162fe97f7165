/* A TCP server that plays a script to each connection, on an ephemeral loopback port, in threads of
 * its own. The first connection gets the first script, the last script serves all that follow. */
#ifndef RETOUCH_LIB_TCP_SCRIPT_H
#define RETOUCH_LIB_TCP_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

enum tcp_op {
    TCP_END,     /* closes the connection; ends every script */
    TCP_REQUEST, /* reads one HTTP request: header and the body its Content-Length tells */
    TCP_HEADER,  /* reads up to the blank line, and no byte more */
    TCP_BYTES,   /* reads n bytes */
    TCP_SEND,    /* sends the text */
    TCP_FLOOD,   /* sends the text again and again until the peer goes */
    TCP_STALL,   /* reads and answers nothing until the peer goes */
    TCP_RESET,   /* closes with RST; ends the script */
    TCP_AGAIN    /* from the first step again, unless the peer has gone */
};

struct tcp_step {
    enum tcp_op op;
    size_t n;         /* for TCP_BYTES */
    const char *text; /* for TCP_SEND and TCP_FLOOD */
};

/* Steps of a script. */
#define TCP_STEP(op_end)      \
    {                         \
        TCP_##op_end, 0, NULL \
    }
#define TCP_STEP_BYTES(n)    \
    {                        \
        TCP_BYTES, (n), NULL \
    }
#define TCP_STEP_SEND(text) \
    {                       \
        TCP_SEND, 0, (text) \
    }
#define TCP_STEP_FLOOD(text) \
    {                        \
        TCP_FLOOD, 0, (text) \
    }

enum {
    TCP_STEPS_MAX = 8,
    TCP_BODY_MAX = 16 * 1024 * 1024
};

typedef struct tcp_step tcp_script[TCP_STEPS_MAX];

struct tcp_server;

struct tcp_server *tcp_server_start(const tcp_script *scripts, size_t count);
void tcp_server_stop(struct tcp_server *server); /* cuts what is open; frees */
uint16_t tcp_server_port(const struct tcp_server *server);
unsigned tcp_server_connections(struct tcp_server *server); /* accepted so far */
unsigned tcp_server_requests(struct tcp_server *server);    /* read whole so far */
/* The body of the last request read whole; valid until the next one comes. */
const uint8_t *tcp_server_body(struct tcp_server *server, size_t *ret_len);

#endif
