/* What the sandbox answers: a status, a body, a few headers. */
#ifndef SANDBOX_ANSWER_H
#define SANDBOX_ANSWER_H

#include "bytes.h"

/* The forms in which failures come. */
enum error_shape {
    SHAPE_ERRORCODE,  /* {"ErrorCode":N,"ErrorMsg":"..."}, the documented one */
    SHAPE_ERROR_CODE, /* {"error_code":N,"error_msg":"..."} */
    SHAPE_CODE,       /* {"code":N,"message":"..."} */
    SHAPE_CODE_TEXT,  /* {"code":"N","msg":"..."} */
    SHAPE_NESTED      /* {"data":{"result":{"error_code":N,"error_msg":"..."}}} */
};

extern const char *const shape_names[]; /* in the order of the enum, ended by NULL */

struct answer {
    int status;               /* HTTP */
    int code;                 /* the API's error code; 0 for a success */
    const char *content_type; /* static, or as long-lived as the fault it comes from */
    struct bytes body;        /* owned */
    char location[256];       /* of a redirect; empty otherwise */
};

void answer_done(struct answer *answer);
/* An error in the documented form; replaces what was there. */
void answer_fail(struct answer *answer, int status, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* An error in any form; code < 0 leaves the code out. */
void answer_fail_shaped(
    struct answer *answer, int status, enum error_shape shape, int code, const char *message);
/* Replaces the body by a text; the content type is borrowed. */
void answer_set(struct answer *answer, int status, const char *content_type, const char *body);

extern const char content_json[];

#endif
