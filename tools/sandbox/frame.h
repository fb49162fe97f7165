/* Where the head is in a picture. */
#ifndef SANDBOX_FRAME_H
#define SANDBOX_FRAME_H

#include "picture.h"

/* The centre of the head and its half height, from the hair to the chin; all in px. */
struct frame {
    float x;
    float y;
    float r;
};

/* A guess by the colour of skin; the upper middle of the picture where there is none. */
struct frame frame_find(const struct picture *picture);

#endif
