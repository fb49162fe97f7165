/* A parameter value as a producer gave it, in JSON or in msgpack. */
#ifndef RETOUCH_WIRE_VALUE_H
#define RETOUCH_WIRE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum value_kind {
    VALUE_TEXT,
    VALUE_INT,
    VALUE_REAL,
    VALUE_BOOL
};

struct value {
    enum value_kind kind;
    struct slice text; /* VALUE_TEXT: UTF-8, borrowed from whoever owns the element */
    int64_t integer;   /* VALUE_INT */
    double real;       /* VALUE_REAL */
    bool truth;        /* VALUE_BOOL */
};

enum {
    PARAMS_MAX = 24,    /* parameters of one effect */
    PARAM_NAME_MAX = 32 /* bytes, without the NUL */
};

struct param {
    char name[PARAM_NAME_MAX + 1];
    struct value value;
};

struct params {
    struct param items[PARAMS_MAX];
    uint32_t count;
};

bool value_equal(const struct value *a, const struct value *b);
/* NULL when there is none of that name. */
const struct value *params_find(const struct params *params, const char *name);

#endif
