/* What is behind the person: one colour, or one that fades to white. */
#ifndef SANDBOX_BACKDROP_H
#define SANDBOX_BACKDROP_H

#include "frame.h"
#include "matte.h"
#include "picture.h"

enum backdrop_mode {
    BACKDROP_PLAIN,
    BACKDROP_TOP_DOWN,
    BACKDROP_OUTSIDE_IN,
    BACKDROP_INSIDE_OUT
};

struct backdrop {
    uint8_t rgb[3]; /* where it begins; it ends in white */
    enum backdrop_mode mode;
};

/* The colour at a place; x and y from 0 to 1 across the picture. */
void backdrop_at(const struct backdrop *backdrop, float x, float y, float ret_rgb[3]);
/* Puts another one behind the person. */
void backdrop_replace(struct picture *picture,
                      const struct matte *matte,
                      const struct backdrop *from,
                      const struct backdrop *to);
/* Cuts and scales a photo so that its head, at the frame, is where an ID photo has it, and puts
 * the backdrop behind the person. `photo` has the wanted size and no pixels yet, nor has the mask;
 * returns where the head is now. */
struct frame backdrop_make(const struct picture *source,
                           struct frame frame,
                           const struct backdrop *backdrop,
                           struct picture *photo,
                           const struct matte *matte);

#endif
