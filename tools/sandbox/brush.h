/* The effects that change the person: each paints pixel by pixel. */
#ifndef SANDBOX_BRUSH_H
#define SANDBOX_BRUSH_H

#include <stdbool.h>

#include "frame.h"
#include "matte.h"
#include "picture.h"

enum idphoto_kind {
    IDPHOTO_MAKE,
    IDPHOTO_BEAUTY,
    IDPHOTO_CLOTHES,
    IDPHOTO_BACKGROUND,
    IDPHOTO_MAKEUP,
    IDPHOTO_HAIR,
    IDPHOTO_SKIN,
    IDPHOTO_SYMMETRY,
    IDPHOTO_EXPRESSION,
    IDPHOTO_EYES,
    IDPHOTO_GLASSES,
    IDPHOTO_SHADING,
    IDPHOTO_CHECK,
    IDPHOTO_KINDS
};

struct stroke {
    enum idphoto_kind kind;
    struct frame frame;
    float strength;       /* 0 to 1 */
    const char *material; /* of clothes, makeup and hair; else NULL */
};

/* In place, as is the mask: clothes and hair are part of the person. Does nothing for kinds that
 * are no matter of the brush. */
void brush_apply(struct picture *picture, const struct matte *matte, const struct stroke *stroke);
/* What comes of an effect on top of one of its kind: a ghost along the edge of face and neck. */
void brush_spoil(struct picture *picture, struct frame frame);

#endif
