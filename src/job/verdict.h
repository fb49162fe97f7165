/* What one attempt came to, and what follows: the verdict table (rows in verdict.def). */
#ifndef RETOUCH_JOB_VERDICT_H
#define RETOUCH_JOB_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/* How an attempt ended. */
enum verdict {
    VERDICT_OK,        /* a result is there */
    VERDICT_REJECTED,  /* the API refused it for good */
    VERDICT_NOT_SENT,  /* the body did not leave: retried freely, nothing billed */
    VERDICT_TRANSIENT, /* failed, may work later; the API answered */
    VERDICT_THROTTLED, /* over the rate: the credential waits, no attempt used */
    VERDICT_BLOCKED,   /* key or quota: the credential stops */
    VERDICT_UNKNOWN,   /* the body left and no usable answer came: may have been billed */
    VERDICT_COUNT
};

/* The facts of an attempt. */
struct attempt {
    int error;       /* 0: an HTTP answer came whole; or ERR_* of the transport */
    bool body_sent;  /* every byte of the body was handed to the network, or may have been */
    int http_status; /* 0 when no answer came */
    bool readable;   /* the answer was JSON with a result or a code */
    bool has_result;
    bool has_code;
    int64_t code; /* the body's code */
    const char
        *message; /* the API's message, borrowed, may be NULL; searched for the table's texts */
};

struct ruling {
    enum verdict verdict;
    const char *error_class; /* wire name for status: "rejected", "timeout", ...; "" for OK */
    uint32_t max_calls;      /* 0: max_attempts counts; otherwise calls in all (codes 20001 ...) */
    bool counts_attempt;     /* raises `attempts` */
    bool alarm;              /* an operator has to act (key, quota, configuration) */
    const char *hint;        /* one sentence for the operator, or "" */
};

/* First matching row wins; the last row matches everything. */
struct ruling verdict_of(const struct attempt *attempt);

const char *verdict_name(enum verdict verdict); /* "ok", "rejected", "not_sent", ... */

#endif
