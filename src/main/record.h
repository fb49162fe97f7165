/* One JSON object on a line of its own, for --json. Errors stick and are told by record_print. */
#ifndef RETOUCH_MAIN_RECORD_H
#define RETOUCH_MAIN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "retouch/retouch.h"

struct yyjson_mut_doc;
struct yyjson_mut_val;

enum {
    RECORD_DEPTH_MAX = 4
};

struct record {
    struct yyjson_mut_doc *doc; /* owned; NULL: no memory */
    struct yyjson_mut_val *root;
    struct yyjson_mut_val *open[RECORD_DEPTH_MAX]; /* lists and maps inside one another */
    size_t depth;                                  /* of open */
};

void record_init(struct record *record);
void record_done(struct record *record);
/* Names are borrowed until record_print, values copied. Text need not be UTF-8. */
void record_text(struct record *record, const char *name, struct slice text);
void record_string(struct record *record, const char *name, const char *text);
void record_int(struct record *record, const char *name, int64_t number);
void record_real(struct record *record, const char *name, double number);
void record_bool(struct record *record, const char *name, bool truth);
/* What follows goes into a list or an object of that name, until it is closed. In a list names are
 * NULL. */
void record_open_list(struct record *record, const char *name);
void record_open_object(struct record *record, const char *name);
void record_close(struct record *record);
/* A JSON text as the value that it is; as text where it is no JSON. */
void record_json(struct record *record, const char *name, struct slice json);
/* A msgpack map as a JSON object; null where it is none. */
void record_msgpack(struct record *record, const char *name, struct slice msgpack);
/* Every field of a status, numbers as numbers, meta as an object, and its id. */
void record_status(struct record *record, const struct retouch_status *status);
/* Prints and empties. False: standard output failed, or there was no memory. */
bool record_print(struct record *record);

/* A text of somebody else's for a terminal: control characters escaped. Prints it. */
void print_safe(struct slice text);

#endif
