/* What is on record of a photo, as a tree: each step stands behind the one that it starts from. */
#ifndef RETOUCH_MAIN_PHOTO_TREE_H
#define RETOUCH_MAIN_PHOTO_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "main/command.h"
#include "wire/digest.h"
#include "wire/photo_record.h"

enum {
    PHOTO_NONE = -1,     /* no such step */
    PHOTO_NAME_MAX = 64, /* bytes of an out_request_id */
};

struct photo_node {
    char digest[DIGEST_TEXT_MAX];
    struct photo_record record;          /* owned */
    char result_job[RETOUCH_ID_MAX + 1]; /* whose stored result is this step's picture; "": none */
    int parent;                          /* index of the step before it, PHOTO_NONE for the first */
    unsigned depth;
    bool in_current; /* belongs to the recipe asked for last */
    bool placed;     /* is in `order` */
};

struct photo_tree {
    const char *photo; /* borrowed: out_request_id */
    struct photo_source source;
    char current[DIGEST_TEXT_MAX]; /* "": none */
    struct photo_node *nodes;      /* owned */
    size_t count;
    size_t *order; /* owned: indexes of nodes, parents before children, the oldest first */
    size_t placed; /* of order */
    char (*jobs)[RETOUCH_ID_MAX + 1]; /* owned: that had the photo */
    size_t job_count;
};

/* False, and says so, for what cannot be a photo's id. */
bool photo_name_valid(const struct command_line *line, const char *photo);
/* Reads the record. RETOUCH_ERROR_NOT_FOUND where there is none; else a public code, the words in
 * the handle. The tree is to be freed in every case. */
int photo_tree_read(struct photo_tree *tree,
                    struct command_line *line,
                    const char *photo) MUST_CHECK;
void photo_tree_done(struct photo_tree *tree);
/* The step of that digest, or PHOTO_NONE. */
int photo_tree_find(const struct photo_tree *tree, const char *digest);

#endif
