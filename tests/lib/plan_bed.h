/* A recipe written as text, planned with the embedded catalogue. */
#ifndef RETOUCH_LIB_PLAN_BED_H
#define RETOUCH_LIB_PLAN_BED_H

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "job/plan.h"
#include "lib/unit.h"

struct plan_bed {
    struct catalogue catalogue;
    struct envelope_step steps[ENVELOPE_STEPS_MAX];
    uint32_t count;
    char text[1024]; /* the bytes behind the parameters */
    struct plan plan;
};

static inline void plan_bed_open(struct plan_bed *bed)
{
    struct err err = {.code = 0};
    *bed = (struct plan_bed){.count = 0};
    catalogue_init(&bed->catalogue);
    assert_ok(catalogue_load(&bed->catalogue, NULL, &err), &err);
    plan_init(&bed->plan);
}

static inline void plan_bed_close(struct plan_bed *bed)
{
    plan_done(&bed->plan);
    catalogue_done(&bed->catalogue);
}

/* The next piece before `mark`, without the blanks around pieces; NULL at the end. */
static inline char *plan_bed_piece(char **rest, const char *mark)
{
    char *piece = strsep(rest, mark);
    while (piece != NULL && *piece == ' ') {
        piece++;
    }
    return piece;
}

static inline void plan_bed_step(struct plan_bed *bed, char *words)
{
    struct envelope_step *step = &bed->steps[bed->count++];
    step->params.count = 0;
    char *name = plan_bed_piece(&words, " ");
    const char *family = strcmp(name, "emoji") == 0 ? "" : "idphoto.";
    (void)snprintf(step->effect, sizeof step->effect, "%s%s", family, name);
    for (char *word; (word = plan_bed_piece(&words, " ")) != NULL;) {
        char *sign = strchr(word, '=');
        CHECK(sign != NULL);
        struct param *param = &step->params.items[step->params.count++];
        (void)text_copy(param->name, sizeof param->name, slice_of(word, (size_t)(sign - word)));
        param->value = (struct value){.kind = VALUE_TEXT, .text = slice_text(sign + 1)};
    }
}

/* "make size=one-inch, beauty, clothes clothes_id=a" */
static inline void plan_bed_recipe(struct plan_bed *bed, const char *recipe)
{
    char *rest = bed->text;
    bool fits = text_copy(bed->text, sizeof bed->text, slice_text(recipe));
    CHECK(fits);
    bed->count = 0;
    for (char *step; (step = plan_bed_piece(&rest, ",")) != NULL;) {
        plan_bed_step(bed, step);
    }
}

static inline int
plan_bed_plan(struct plan_bed *bed, const struct plan_source *source, struct err *err)
{
    plan_done(&bed->plan);
    int code = plan_read(&bed->plan, &bed->catalogue, bed->steps, bed->count, err);
    return code != 0 ? code : plan_order(&bed->plan, source, err);
}

/* Without "idphoto.". */
static inline const char *plan_bed_name(const struct plan_step *step)
{
    const char *dot = strchr(step->effect->name, '.');
    return dot != NULL ? dot + 1 : step->effect->name;
}

#endif
