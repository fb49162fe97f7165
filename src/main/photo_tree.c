#include "main/photo_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/handle.h"

bool photo_name_valid(const struct command_line *line, const char *photo)
{
    size_t len = strlen(photo);
    bool valid = len > 0 && len <= PHOTO_NAME_MAX && text_is_utf8(slice_text(photo));
    for (size_t i = 0; i < len; i++) {
        valid = valid && (unsigned char)photo[i] >= ' ' && photo[i] != 127;
    }
    if (!valid) {
        command_warn(line, "OUT_REQUEST_ID: 1 to %d bytes without control characters",
                     PHOTO_NAME_MAX);
    }
    return valid;
}

int photo_tree_find(const struct photo_tree *tree, const char *digest)
{
    for (size_t i = 0; i < tree->count && digest[0] != '\0'; i++) {
        if (strcmp(tree->nodes[i].digest, digest) == 0) {
            return (int)i;
        }
    }
    return PHOTO_NONE;
}

/* What follows the prefix in the field's name; empty where it is another field. */
static struct slice field_rest(struct slice field, const char *prefix)
{
    size_t len = strlen(prefix);
    return slice_starts(field, prefix) ? slice_of(field.ptr + len, field.len - len)
                                       : slice_of(NULL, 0);
}

static void read_node(struct photo_tree *tree, struct slice digest, struct slice text)
{
    struct photo_node *node = &tree->nodes[tree->count];
    photo_record_init(&node->record);
    if (!text_copy(node->digest, sizeof node->digest, digest) ||
        photo_record_read(&node->record, text) != 0) {
        photo_record_done(&node->record); /* not readable: as if it were not there */
        return;
    }
    node->parent = PHOTO_NONE;
    tree->count++;
}

static void read_field(struct photo_tree *tree, struct slice field, struct slice value)
{
    struct slice digest = field_rest(field, "s:");
    struct slice job = field_rest(field, "j:");
    if (digest.len > 0) {
        read_node(tree, digest, value);
    } else if (text_is_job_id(job)) {
        (void)text_copy(tree->jobs[tree->job_count++], sizeof tree->jobs[0], job);
    } else if (slice_is(field, "current")) {
        (void)text_copy(tree->current, sizeof tree->current, value);
    } else if (slice_is(field, "source")) {
        err_ignore(photo_source_read(&tree->source, value)); /* then its kind is "" */
    }
}

/* The results, once all steps are known. */
static void read_result(struct photo_tree *tree, struct slice field, struct slice value)
{
    char digest[DIGEST_TEXT_MAX];
    struct slice rest = field_rest(field, "r:");
    if (rest.len == 0 || !text_copy(digest, sizeof digest, rest)) {
        return;
    }
    int index = photo_tree_find(tree, digest);
    if (index != PHOTO_NONE) {
        struct photo_node *node = &tree->nodes[index];
        (void)text_copy(node->result_job, sizeof node->result_job, value);
    }
}

static int by_time(const void *a, const void *b)
{
    int64_t one = ((const struct photo_node *)a)->record.at_ms;
    int64_t two = ((const struct photo_node *)b)->record.at_ms;
    return (one > two) - (one < two);
}

/* Walks back from the current step; the record is somebody's text, so it may go round. */
static void mark_current(struct photo_tree *tree)
{
    int index = photo_tree_find(tree, tree->current);
    while (index != PHOTO_NONE && !tree->nodes[index].in_current) {
        tree->nodes[index].in_current = true;
        index = tree->nodes[index].parent;
    }
}

/* Depth first without recursion: after each step its first child that is not placed yet, or a step
 * back. What goes round has no first step and is placed as if it had. */
static void place_from(struct photo_tree *tree, int index)
{
    unsigned depth = 0;
    while (index != PHOTO_NONE) {
        struct photo_node *node = &tree->nodes[index];
        int next = PHOTO_NONE;
        if (!node->placed) {
            node->placed = true;
            node->depth = depth;
            tree->order[tree->placed++] = (size_t)index;
        }
        for (size_t i = 0; i < tree->count && next == PHOTO_NONE; i++) {
            next = tree->nodes[i].parent == index && !tree->nodes[i].placed ? (int)i : PHOTO_NONE;
        }
        bool deeper = next != PHOTO_NONE;
        index = deeper ? next : depth > 0 ? node->parent : PHOTO_NONE;
        depth = deeper ? depth + 1 : depth > 0 ? depth - 1 : 0;
    }
}

static void build(struct photo_tree *tree)
{
    qsort(tree->nodes, tree->count, sizeof *tree->nodes, by_time);
    for (size_t i = 0; i < tree->count; i++) {
        tree->nodes[i].parent = photo_tree_find(tree, tree->nodes[i].record.from);
    }
    mark_current(tree);
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->nodes[i].parent == PHOTO_NONE) {
            place_from(tree, (int)i);
        }
    }
    for (size_t i = 0; i < tree->count; i++) {
        if (!tree->nodes[i].placed) {
            place_from(tree, (int)i);
        }
    }
}

int photo_tree_read(struct photo_tree *tree, struct command_line *line, const char *photo)
{
    struct retouch *retouch = line->retouch;
    struct batch *batch = handle_batch(retouch);
    *tree = (struct photo_tree){.photo = photo};
    batch_command(batch, "HGETALL");
    batch_key(batch, KEY_PHOTO, photo);
    int code = handle_exchange(retouch, 0);
    const struct reply *fields = code == 0 ? batch_reply(batch, 0) : NULL;
    code = code == 0 ? handle_check(retouch, fields) : code;
    if (code != 0) {
        return code;
    }
    size_t count = reply_count(fields) / 2;
    if (count == 0) {
        return handle_fail(retouch, ERR_NOT_FOUND, "nothing is known of photo %s", photo);
    }
    tree->nodes = mem_zalloc(count, sizeof *tree->nodes);
    tree->order = mem_zalloc(count, sizeof *tree->order);
    tree->jobs = mem_zalloc(count, sizeof *tree->jobs);
    if (tree->nodes == NULL || tree->order == NULL || tree->jobs == NULL) {
        return handle_fail(retouch, ERR_NO_MEMORY, "no memory for the photo's record");
    }
    for (size_t i = 0; i < count; i++) {
        read_field(tree, reply_text(reply_at(fields, 2 * i)),
                   reply_text(reply_at(fields, 2 * i + 1)));
    }
    build(tree);
    for (size_t i = 0; i < count; i++) {
        read_result(tree, reply_text(reply_at(fields, 2 * i)),
                    reply_text(reply_at(fields, 2 * i + 1)));
    }
    return 0;
}

void photo_tree_done(struct photo_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        photo_record_done(&tree->nodes[i].record);
    }
    mem_free(tree->nodes);
    mem_free(tree->order);
    mem_free(tree->jobs);
    *tree = (struct photo_tree){.photo = NULL};
}
