/* Pictures as three planes of whole numbers, and their smoothing. */
#ifndef SANDBOX_SMOOTH_H
#define SANDBOX_SMOOTH_H

#include <stddef.h>
#include <stdint.h>

enum {
    PLANE_UNIT = 4 /* one step of 255 of a colour */
};

/* Brightness and two colour differences, in PLANE_UNITs. */
struct planes {
    int16_t *at[3]; /* owned */
    size_t stride;  /* values from one row to the next; those past the width are of no account */
    int width;
    int height;
};

struct planes planes_new(int width, int height);
void planes_done(struct planes *planes);
/* In place; each round goes along the rows and along the columns. */
void planes_smooth(struct planes *planes, int rounds);

#endif
