/* From the recipe that a producer states to the calls that make it: which, in what order, and from
 * where each starts. Pure: what the photo's record knows is asked by a callback.
 *
 * Happy path: plan_read resolves and checks the recipe; plan_order applies the order rules to the
 * source and gives each prefix its digest; plan_start finds the longest recorded prefix; then
 * plan_next is called (as `plan_start_of` says: from the image or from a generate id), recorded
 * under its digest, and plan_advance moves on, until plan_next is NULL.
 * Failure modes: a recipe that is not allowed is refused with one sentence (ERR_INVALID). The API
 * does not know a generate id any more: plan_forget, drop what it names, plan_start again. The
 * recorded result is gone: plan_forget_result, plan_start again.
 * A plan must not be moved once started: parameters may be views into it. */
#ifndef RETOUCH_JOB_PLAN_H
#define RETOUCH_JOB_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/api_response.h"
#include "wire/digest.h"
#include "wire/effect.h"
#include "wire/envelope.h"

enum plan_source_kind {
    PLAN_SOURCE_NONE, /* nothing given, and the photo is not known */
    PLAN_SOURCE_BYTES,
    PLAN_SOURCE_URL,
    PLAN_SOURCE_GENERATE_ID
};

/* What the job starts from. Where it brings neither image nor generate id, the photo's newest
 * source is meant: the caller gives its kind, digest and size as recorded, and has_image as it is.
 */
struct plan_source {
    enum plan_source_kind kind;

    bool has_image;          /* BYTES, URL: it can be sent (now, not only when it was recorded) */
    uint32_t width, height;  /* px; 0 where not known */
    struct digest digest;    /* digest_of_source; not read where plan->records is false */
    const char *generate_id; /* GENERATE_ID: borrowed for the plan's life; otherwise NULL */
};

/* What the photo's record knows under one digest. */
struct plan_known {
    char generate_id[API_ID_MAX]; /* "" when the step gave none */
    char check_id[API_ID_MAX];    /* of a check; "" when none */
    bool has_result;              /* its picture or data can still be had without a call */
};

/* False: the record knows nothing under this digest. */
typedef bool plan_find_fn(void *data, const struct digest *digest, struct plan_known *ret_known);

struct plan_step {
    const struct effect *effect; /* borrowed from the catalogue */
    struct params params;        /* normalised; views of the given texts, the effect or the plan */
    struct digest digest; /* of the prefix that ends here; of a check: apart from the chain */
    bool forgotten;       /* its recorded id proved unknown: not to be used again */
};

struct plan {
    const struct catalogue *catalogue; /* borrowed */
    struct plan_step *steps;           /* owned; the whole recipe in the order of calls */
    uint32_t count;
    uint32_t next;              /* the step to call now; count: none */
    uint32_t saved;             /* steps that need no call thanks to the record */
    bool records;               /* the photo's record matters: false for effects that stand alone */
    bool has_check;             /* steps[0] makes no picture */
    struct digest check_digest; /* of the check whose id is handed over; "" text: there is none */
    bool check_forgotten;       /* its id proved unknown: once is enough */
    bool result_gone;           /* the recorded result of the whole recipe cannot be had */
    struct plan_source source;  /* as given */
    char generate_id[API_ID_MAX]; /* where steps[next] starts; "": from the image */
    char check_id[API_ID_MAX];    /* for the step that takes one; "" when none is known */
};

void plan_init(struct plan *plan);
void plan_done(struct plan *plan); /* accepts an initialised plan at any stage */

/* The recipe: effects of the catalogue, parameters normalised, the rules that need no source.
 * `steps` must outlive the plan (its texts are viewed). ERR_INVALID with the sentence for the
 * producer; ERR_NO_MEMORY. */
int plan_read(struct plan *plan,
              const struct catalogue *catalogue,
              const struct envelope_step *steps,
              uint32_t count,
              struct err *err) MUST_CHECK;
/* The order rules for this source, and the digests; once. ERR_INVALID, ERR_NO_MEMORY. */
int plan_order(struct plan *plan, const struct plan_source *source, struct err *err) MUST_CHECK;
/* Where to begin. `find` may be NULL: nothing is recorded. ERR_INVALID: the image is needed and is
 * not there, or is not of a kind that the effect takes. */
int plan_start(struct plan *plan, plan_find_fn *find, void *data, struct err *err) MUST_CHECK;

/* The step to call now, or NULL when the recipe is made; then plan_last is the one whose recorded
 * result is the job's, where plan->next was plan->count from the start. */
const struct plan_step *plan_next(const struct plan *plan);
const struct plan_step *plan_last(const struct plan *plan);
/* For api_call: the generate id that plan_next starts from, or NULL: the image. */
const char *plan_start_of(const struct plan *plan);
/* plan_next has answered. ERR_INVALID: there are further steps and it gave no generate id. */
int plan_advance(struct plan *plan, const char *generate_id, const char *check_id, struct err *err)
    MUST_CHECK;

/* The API said that it does not know plan_start_of. ret_digest is the prefix to drop from the
 * record; then plan_start finds the next shorter one. ERR_INVALID when there is nothing to fall
 * back on: the id is the job's own, or was given anew and is unknown again. */
int plan_forget(struct plan *plan, struct digest *ret_digest, struct err *err) MUST_CHECK;
/* The same of the check id that plan_next was given; then plan_start finds a way without it.
 * ERR_INVALID: it is the producer's, or was given anew and is unknown again. */
int plan_forget_check(struct plan *plan, struct digest *ret_digest, struct err *err) MUST_CHECK;
/* The result recorded for the whole recipe cannot be had any more; plan_start again. */
void plan_forget_result(struct plan *plan);

#endif
