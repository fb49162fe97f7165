/* The rows of conf.def as an array, and how to find one. */
#ifndef RETOUCH_CONF_CONF_TABLE_H
#define RETOUCH_CONF_CONF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "conf/conf.h"

enum conf_type {
    CONF_TEXT,        /* char[] */
    CONF_NAME,        /* char[], [A-Za-z0-9._-]{1,64} */
    CONF_NAMES,       /* struct conf_names */
    CONF_HTTP_URL,    /* char[] */
    CONF_REDIS_URL,   /* char[], printed without its password */
    CONF_ADDRESS,     /* char[] */
    CONF_SECRET,      /* char[], never printed */
    CONF_SECRET_FILE, /* char[] path; its content becomes the key without "_file" */
    CONF_BOOL,        /* bool */
    CONF_INT,         /* uint32_t */
    CONF_DURATION,    /* int64_t, milliseconds */
    CONF_SIZE,        /* size_t, bytes */
    CONF_CHOICE,      /* an enum: the index in choices */
    CONF_TYPE_COUNT
};

struct conf_row {
    const char *name;    /* "worker.lease" */
    const char *section; /* "worker" */
    const char *key;     /* "lease" */
    const char *initial; /* the default as text */
    const char *help;    /* one sentence */
    const char *choices; /* CONF_CHOICE: "a|b|c" in the order of the enum; else NULL */
    int64_t min;         /* of numbers, in the field's unit */
    int64_t max;
    size_t offset; /* of the field in struct conf */
    size_t size;   /* of the field */
    enum conf_type type;
    bool reload; /* may change while running */
};

enum conf_index {
#define X(section, key, field, type, initial, allowed, reload, help) CONF_INDEX_##section##_##key,
#include "conf/conf.def"
#undef X
    CONF_ROW_COUNT
};

extern const struct conf_row conf_rows[CONF_ROW_COUNT];

/* The row of "section.key", or NULL. */
const struct conf_row *conf_row_find(struct slice name);
/* The row whose name looks most like this one, or NULL when none looks like it at all. */
const struct conf_row *conf_row_nearest(struct slice name);

static inline void *conf_field(const struct conf_row *row, struct conf *conf)
{
    return (char *)conf + row->offset;
}

static inline const void *conf_field_view(const struct conf_row *row, const struct conf *conf)
{
    return (const char *)conf + row->offset;
}

#endif
