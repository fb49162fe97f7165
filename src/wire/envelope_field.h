/* The fields of an envelope, inside of wire: one table, and what each does with its value. */
#ifndef RETOUCH_WIRE_ENVELOPE_FIELD_H
#define RETOUCH_WIRE_ENVELOPE_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "wire/envelope.h"
#include "wire/node.h"

/* In the order in which they are checked. */
enum field_id {
    FIELD_V,
    FIELD_ID,
    FIELD_EFFECT,
    FIELD_PARAMS,
    FIELD_RECIPE,
    FIELD_IMAGE,
    FIELD_OUT_REQUEST_ID,
    FIELD_GENERATE_ID,
    FIELD_NOT_BEFORE_MS,
    FIELD_DEADLINE_MS,
    FIELD_MAX_ATTEMPTS,
    FIELD_TIMEOUT_MS,
    FIELD_RESULT_TTL_MS,
    FIELD_STORE,
    FIELD_REPLY_TO,
    FIELD_META,
    FIELD_TRACEPARENT,
    FIELD_COUNT
};

/* One reading of one document. */
struct reading {
    struct envelope *envelope; /* borrowed: what is filled */
    struct slice meta;         /* msgpack only: the bytes of the field meta */
    struct node values[FIELD_COUNT];
    bool seen[FIELD_COUNT];
};

/* Gathers the fields of the map. Goes on past a fault, and gives the first: ERR_INVALID for an
 * unknown field or one given twice, ERR_MALFORMED for a second id. */
int reading_gather(struct reading *reading, const struct node *root, struct err *err) MUST_CHECK;
/* ERR_MALFORMED unless there is a valid id. */
int reading_take_id(struct reading *reading, struct err *err) MUST_CHECK;
/* Which fields may and must stand together. */
int reading_check_whole(const struct reading *reading, struct err *err) MUST_CHECK;
/* Fills the envelope. Goes on past a fault, and gives the first; but ERR_NO_MEMORY at once. */
int reading_fill(struct reading *reading, struct err *err) MUST_CHECK;

/* ERR_INVALID: "WHERE: GIVEN given, ALLOWED allowed". */
int field_refuse(struct err *err, const char *where, const struct node *given, const char *allowed);

/* Fields with an inside of their own: envelope_steps.c and envelope_image.c. */
int steps_set_effect(struct reading *reading, const struct node *node, struct err *err) MUST_CHECK;
int steps_set_params(struct reading *reading, const struct node *node, struct err *err) MUST_CHECK;
int steps_set_recipe(struct reading *reading, const struct node *node, struct err *err) MUST_CHECK;
/* Copies the texts of all parameters out of the element. */
int steps_own_texts(struct envelope *envelope, struct err *err) MUST_CHECK;
int image_set(struct reading *reading, const struct node *node, struct err *err) MUST_CHECK;

#endif
