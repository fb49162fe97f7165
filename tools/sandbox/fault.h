/* What is to go wrong, as scripted over POST /_sandbox/faults. Only for the server's thread; a
 * fault that a call holds changes only by being lifted, and may be read anywhere. */
#ifndef SANDBOX_FAULT_H
#define SANDBOX_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "bytes.h"

enum fault_kind {
    FAULT_STATUS,            /* a status, code and message instead of an answer */
    FAULT_LATENCY,           /* only slower */
    FAULT_RESET_BEFORE_BODY, /* RST once the headers are there */
    FAULT_RESET_MID_BODY,    /* RST once half of the body (or `bytes`) is there */
    FAULT_RESET_AFTER_BODY,  /* processed, then RST instead of the answer */
    FAULT_TRUNCATE,          /* closes in the middle of the answer (or after `bytes`) */
    FAULT_WRONG_LENGTH,      /* Content-Length says half (or `bytes`) of what comes */
    FAULT_NOT_JSON,
    FAULT_EMPTY,
    FAULT_WRONG_TYPES,
    FAULT_HTML,               /* a proxy's error page, status 502 */
    FAULT_NEVER,              /* processed, never answered */
    FAULT_HOLD,               /* processed, answered once the faults are replaced or cleared */
    FAULT_SLOW_ANSWER,        /* the answer at `bytes_per_second` */
    FAULT_SLOW_READ,          /* reads the body at `bytes_per_second` */
    FAULT_HUGE,               /* an answer of `bytes`, default 1 GB */
    FAULT_GZIP_BOMB,          /* gzip that expands to `bytes` of zeros, default 1 GB */
    FAULT_REDIRECT,           /* 302, for ever */
    FAULT_ANSWER_AS,          /* `form`: url, base64 or png */
    FAULT_RESULT_URL_STATUS,  /* a link as result, which answers `status` */
    FAULT_RESULT_URL_HTML,    /* a link as result, which answers with a page */
    FAULT_CHECK_ITEMS,        /* ID photos: `items` do not pass the check */
    FAULT_FORGET_GENERATE_IDS /* ID photos: no id is known any more; once, unless `times` says */
};

enum answer_form {
    FORM_AS_ASKED,
    FORM_URL,
    FORM_BASE64,
    FORM_PNG
};

enum {
    FAULT_HEADERS_MAX = 8
};

struct fault_header {
    char *name;  /* owned */
    char *value; /* owned */
};

struct fault {
    enum fault_kind kind;
    const char *name; /* of the kind; static */
    char *rule;       /* owned; JSON as it was given */
    char *path;       /* owned; NULL: every effect */
    double rate;      /* 0 to 1 */
    int64_t times;    /* first N; -1: no end */
    int64_t after;    /* skips N */
    int64_t latency_ms;
    int64_t bytes; /* -1: the kind's default */
    int64_t bytes_per_second;
    int64_t code; /* -1: none */
    int status;   /* HTTP; 0: the kind's default */
    bool billed;  /* the picture is made before things go wrong */
    enum error_shape shape;
    enum answer_form form;
    char *message;      /* owned; NULL: the kind's default */
    char *body;         /* owned; NULL: made from code and message */
    char *content_type; /* owned; NULL: JSON */
    char *items;        /* owned; "|a|b|"; NULL: none */
    struct fault_header headers[FAULT_HEADERS_MAX];
    size_t n_headers;
    int64_t seen;       /* matching calls so far */
    int64_t fired;      /* of which met the fault */
    atomic_bool lifted; /* replaced or cleared */
};

struct faults;

struct faults *faults_new(uint64_t seed);
void faults_free(struct faults *faults);
/* Replaces all by what the JSON says; false, and unchanged, with a reason where it is wrong. */
bool faults_set(struct faults *faults, struct bytes *json, char *why, size_t why_size);
void faults_clear(struct faults *faults);
/* The rules with their counts, as JSON. Appends. */
bool faults_format(struct faults *faults, struct bytes *out);

/* The first fault that this request meets, or NULL. A fault without a path meets effects only. The
 * fault stays valid until faults_release. */
const struct fault *faults_choose(struct faults *faults, const char *path, bool is_call);
void faults_release(struct faults *faults, const struct fault *fault);
/* Chance, of the same seed: uniform from 0 to max. */
uint64_t faults_chance(struct faults *faults, uint64_t max);

/* From fault_rule.c: fills a zeroed fault from one JSON object; false with a reason. */
struct yyjson_val;
bool fault_parse(struct yyjson_val *rule, struct fault *fault, char *why, size_t why_size);
void fault_done(struct fault *fault);

#endif
