/* The request of an effect: the checks that the vendor's document states. */
#ifndef SANDBOX_REQUEST_H
#define SANDBOX_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct visit;
struct yyjson_val;

enum param_type {
    PARAM_TEXT,
    PARAM_NUMBER
};

/* What one field of `parameter` may be. Other fields are let through unseen. */
struct param_rule {
    const char *name; /* NULL ends a list of rules */
    enum param_type type;
    bool required;
    const char *allowed; /* texts: "|jpg|url|", or NULL for any */
    int64_t min;         /* numbers */
    int64_t max;
};

/* Each answers the documented error and returns false where something is wrong. */
bool request_check_key(struct visit *visit);
bool request_check_content_type(struct visit *visit);
bool request_check_fields(struct visit *visit, struct yyjson_val *root);
bool request_check_parameter(struct visit *visit,
                             struct yyjson_val *parameter,
                             const struct param_rule *rules);
/* The picture of one item of media_info_list, fetched or decoded and checked for format and size.
 */
bool request_read_image(struct visit *visit, struct yyjson_val *item, struct bytes *ret_image);

#endif
