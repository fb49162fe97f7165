#include "conf/conf_table.h"

#include <string.h>

#include "base/check.h"
#include "base/text.h"

/* The vocabulary of conf.def. */
#define ANY              .choices = NULL
#define RANGE(low, high) .min = (low), .max = (high)
#define ONE_OF(names)    .choices = (names)
#define RELOAD           true
#define RESTART          false
#define MINUTES(n)       ((n)*INT64_C(60000))
#define HOURS(n)         MINUTES((n)*60)
#define DAYS(n)          HOURS((n)*24)
#define KB(n)            ((n)*INT64_C(1024))
#define GB(n)            KB((n)*INT64_C(1024) * 1024)

const struct conf_row conf_rows[CONF_ROW_COUNT] = {
#define X(section_, key_, field_, type_, initial_, allowed_, reload_, help_) \
    {.name = #section_ "." #key_,                                            \
     .section = #section_,                                                   \
     .key = #key_,                                                           \
     .initial = (initial_),                                                  \
     .help = (help_),                                                        \
     .offset = offsetof(struct conf, field_),                                \
     .size = sizeof(((struct conf *)NULL)->field_),                          \
     .type = CONF_##type_,                                                   \
     .reload = (reload_),                                                    \
     allowed_},
#include "conf/conf.def"
#undef X
};

_Static_assert((int)CONF_ROW_COUNT <= (int)CONF_ROWS_MAX, "raise CONF_ROWS_MAX");

enum {
    NAME_CHARS_MAX = 48, /* longer than any row's name: what is longer resembles none */
    DISTANCE_MAX = 4     /* edits; a name further away is no slip of the finger */
};

const struct conf_row *conf_row_find(struct slice name)
{
    for (size_t i = 0; i < N_ELEMENTS(conf_rows); i++) {
        if (slice_is(name, conf_rows[i].name)) {
            return &conf_rows[i];
        }
    }
    return NULL;
}

const struct conf_row *conf_row_nearest(struct slice name)
{
    const struct conf_row *nearest = NULL;
    size_t nearest_distance = DISTANCE_MAX + 1;
    if (name.len > NAME_CHARS_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < N_ELEMENTS(conf_rows); i++) {
        const struct conf_row *row = &conf_rows[i];
        size_t distance = text_distance(name, slice_text(row->name));
        /* The right key in the wrong section, or with none, is as near as it gets. */
        const uint8_t *dot = name.len > 0 ? memrchr(name.ptr, '.', name.len) : NULL;
        size_t skip = dot != NULL ? (size_t)(dot - name.ptr) + 1 : 0;
        if (slice_is(slice_of(name.ptr + skip, name.len - skip), row->key)) {
            distance = distance < 2 ? distance : 2;
        }
        if (distance < nearest_distance) {
            nearest = row;
            nearest_distance = distance;
        }
    }
    return nearest;
}
