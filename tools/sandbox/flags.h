/* The command line. */
#ifndef SANDBOX_FLAGS_H
#define SANDBOX_FLAGS_H

#include <stddef.h>
#include <stdint.h>

enum {
    FLAG_ADDRESS_MAX = 64
};

struct flags {
    char address[FLAG_ADDRESS_MAX]; /* numeric, without brackets */
    uint16_t port;                  /* 0: any free one */
    int64_t latency_min_ms;
    int64_t latency_max_ms;
    int64_t qps; /* 0: no limit */
    uint64_t seed;
    size_t body_max_bytes;
    int64_t generate_ttl_ms;
    const char *photos;     /* borrowed from argv; NULL: none */
    const char *contract;   /* borrowed from argv; NULL: the assumed one */
    const char *api_key;    /* borrowed from argv; NULL: any */
    const char *api_secret; /* borrowed from argv; NULL: any */
};

/* Prints a message and ends the program with 2 where the command line is wrong. */
void flags_parse(int argc, char **argv, struct flags *ret_flags);

#endif
