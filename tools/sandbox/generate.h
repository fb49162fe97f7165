/* What the sandbox remembers between the calls of one photo: generate ids and check ids, and the
 * pictures behind them. Bounded in number and bytes, thread-safe. */
#ifndef SANDBOX_GENERATE_H
#define SANDBOX_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

#include "backdrop.h"
#include "bytes.h"
#include "cache.h"
#include "frame.h"

enum {
    GENERATE_ID_MAX = 40,
    GENERATE_TEXT_MAX = 129, /* of ids that the caller chooses */
    GENERATE_KEPT = 65536    /* newest ids; older ones are forgotten */
};

/* One making. */
struct generate {
    char id[GENERATE_ID_MAX];
    char parent[GENERATE_ID_MAX];  /* empty for one made of an image */
    char owner[GENERATE_TEXT_MAX]; /* the out_request_id it belongs to */
    char watermark[GENERATE_TEXT_MAX];
    uint32_t kinds; /* one bit for each kind of effect in it */
    bool is_check;  /* of the check: no picture behind it */
    struct frame frame;
    struct backdrop backdrop;
    int64_t expires_at_ms; /* monotonic */
};

struct generates;

struct generates *generates_new(int64_t ttl_ms);
void generates_free(struct generates *generates);
/* Gives it an id and a time to live and remembers it with its picture (without watermark) and mask,
 * which are taken; both may be empty. */
void generates_add(struct generates *generates,
                   struct generate *generate,
                   struct bytes *picture,
                   struct bytes *matte);
/* False where the id is not (or no longer) known. */
bool generates_find(struct generates *generates, const char *id, struct generate *ret_generate);
/* The picture behind it; NULL where it had to make room. Hand it back by generates_put. */
const struct result *generates_picture(struct generates *generates,
                                       const struct generate *generate);
void generates_put(struct generates *generates, const struct result *picture);
/* Forgets every generate id; check ids stay. */
void generates_forget(struct generates *generates);

#endif
