#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

struct err_row {
    const char *name;
    enum err_class class;
    int exit_status;
};

static const struct err_row err_rows[] = {
#define X(name, wire, class, status) {wire, class, status},
#include "base/err.def"
#undef X
};

static const struct err_row *err_row_find(int code)
{
    int index = -1 - code;
    return index >= 0 && index < ERR_COUNT ? &err_rows[index] : NULL;
}

static void PRINTF_LIKE(4, 0)
    err_fill(struct err *err, int code, int sys, const char *fmt, va_list args)
{
    err->code = code;
    err->sys = sys;
    (void)vsnprintf(err->msg, sizeof err->msg, fmt, args);
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
    CHECK(code < 0);
    if (err != NULL) {
        va_list args;
        va_start(args, fmt);
        err_fill(err, code, 0, fmt, args);
        va_end(args);
    }
    return code;
}

int err_set_sys(struct err *err, int code, int sys, const char *fmt, ...)
{
    CHECK(code < 0);
    if (err != NULL) {
        va_list args;
        va_start(args, fmt);
        err_fill(err, code, sys, fmt, args);
        va_end(args);
        size_t used = strlen(err->msg);
        (void)snprintf(err->msg + used, sizeof err->msg - used, ": %s", strerror(sys));
    }
    return code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    if (err == NULL) {
        return ERR_BUG;
    }
    char inner[ERR_MSG_MAX];
    memcpy(inner, err->msg, sizeof inner);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(err->msg, sizeof err->msg, fmt, args);
    va_end(args);
    size_t used = strlen(err->msg);
    (void)snprintf(err->msg + used, sizeof err->msg - used, ": %s", inner);
    return err->code;
}

void err_clear(struct err *err)
{
    if (err != NULL) {
        *err = (struct err){.code = 0};
    }
}

const char *err_name(int code)
{
    const struct err_row *row = err_row_find(code);
    return row != NULL ? row->name : "none";
}

enum err_class err_class_of(int code)
{
    const struct err_row *row = err_row_find(code);
    return row != NULL ? row->class : ERR_CLASS_BUG;
}

int err_exit_status(int code)
{
    const struct err_row *row = err_row_find(code);
    return row != NULL ? row->exit_status : (code == 0 ? 0 : 1);
}
