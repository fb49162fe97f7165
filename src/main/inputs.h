/* The images that `retouch push` is given: files, whole folders, standard input; one at a time. */
#ifndef RETOUCH_MAIN_INPUTS_H
#define RETOUCH_MAIN_INPUTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct inputs {
    char **args; /* borrowed: files, folders, "-" */
    size_t arg_count;
    size_t at;        /* the next of args */
    void *walk;       /* owned: FTS of a folder, NULL while in none */
    size_t root_len;  /* of the folder's path */
    size_t skipped;   /* files of folders that are no images */
    size_t max_bytes; /* of one file */
};

struct input {
    char path[PATH_MAX]; /* as it is opened; "-" for standard input */
    char name[PATH_MAX]; /* below the output folder: a folder keeps its inner structure */
    struct buf bytes;    /* owned: empty for inputs_peek */
};

/* ERR_INVALID where two arguments would have their results in one file. */
int inputs_init(struct inputs *inputs, char **args, size_t count, size_t max_bytes, struct err *err)
    MUST_CHECK;
void inputs_done(struct inputs *inputs);
/* The path and name of the next input; files of a folder that are neither JPEG nor PNG are counted
 * and passed over. ERR_NOT_FOUND at the end; other errors are about one file, and the next call
 * goes on. */
int inputs_next(struct inputs *inputs, struct input *ret_input, struct err *err) MUST_CHECK;
/* Reads its bytes. ERR_TOO_BIG names the limit. */
int input_read(const struct inputs *inputs, struct input *input, struct err *err) MUST_CHECK;

#endif
