/* The options of `retouch push`, and the job that they describe. */
#ifndef RETOUCH_MAIN_PUSH_OPTIONS_H
#define RETOUCH_MAIN_PUSH_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "retouch/retouch.h"

struct push_options {
    struct retouch_job job; /* without id and image */
    struct retouch_step steps[RETOUCH_STEPS_MAX];
    struct retouch_param params[RETOUCH_STEPS_MAX][RETOUCH_PARAMS_MAX];
    size_t step_count;
    const char *id;        /* borrowed; for one input */
    const char *id_prefix; /* borrowed; NULL: none */
    bool id_from_content;
    bool urls; /* the arguments are URLs */
    bool wait;
    const char *out; /* borrowed; folder, NULL: results are not fetched */
    bool force;
    int64_t timeout_ms; /* -1: none */
};

extern const struct argp_option push_option_table[];
error_t push_option_parse(int key, char *arg, struct argp_state *state, void *options);
/* The id of an input with these bytes (a URL's text): as the options say, "" for a random one.
 * ERR_INVALID where it would be none. */
int push_option_id(const struct push_options *options,
                   struct slice bytes,
                   char id[RETOUCH_ID_MAX + 1],
                   struct err *err) MUST_CHECK;

#endif
