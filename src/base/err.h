/* Errors: a negative code and a message that each layer prefixes on its way up. */
#ifndef RETOUCH_BASE_ERR_H
#define RETOUCH_BASE_ERR_H

#include <stdarg.h>

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum err_class {
    ERR_CLASS_TRANSIENT, /* may pass by itself: retry */
    ERR_CLASS_PERMANENT, /* the same call will fail again */
    ERR_CLASS_CALLER,    /* the caller gave something that is not allowed */
    ERR_CLASS_BUG        /* ours */
};

/* ERR_NO_MEMORY = -1, ERR_TOO_BIG = -2, ... in the order of err.def; 0 is success. */
enum err_index {
#define X(name, wire, class, status) ERR_INDEX_##name,
#include "base/err.def"
#undef X
    ERR_COUNT
};

enum err_code {
#define X(name, wire, class, status) ERR_##name = -1 - (int)ERR_INDEX_##name,
#include "base/err.def"
#undef X
    ERR_NONE = 0
};

enum {
    ERR_MSG_MAX = 512 /* longer messages are cut */
};

struct err {
    int code;              /* 0 or ERR_* */
    int sys;               /* errno of the failure, 0 if there was none */
    char msg[ERR_MSG_MAX]; /* outermost layer first: "claim: redis: connection refused" */
};

/* Each accepts a NULL err and returns code, so that `return err_set(err, ERR_X, "...")` reads well.
 */
int err_set(struct err *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
int err_set_sys(struct err *err, int code, int sys, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Prefixes "PREFIX: " to the message. Returns err->code. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
void err_clear(struct err *err);

/* Wire name of a code: "timeout"; "none" for 0. */
const char *err_name(int code);
enum err_class err_class_of(int code);
int err_exit_status(int code);

/* Drops a result that may be ignored; the reason stands beside the call. */
static inline void err_ignore(int result)
{
    (void)result;
}

#endif
