/* Which part of a picture is the person: a coarse mask with soft edges. */
#ifndef SANDBOX_MATTE_H
#define SANDBOX_MATTE_H

#include "bytes.h"
#include "frame.h"
#include "picture.h"

enum {
    MATTE_SIDE = 128 /* cells along the longer side */
};

/* A view; the cells belong to somebody else. */
struct matte {
    uint8_t *cells; /* 0: background, 255: person; rows without gaps */
    int width;
    int height;
};

/* The mask of a picture of this size, over cells that hold (or will hold) it; sized by
 * matte_bytes. */
struct matte matte_over(uint8_t *cells, const struct picture *picture);
size_t matte_bytes(const struct picture *picture);
/* Fills the mask of a picture whose head is at the frame. */
void matte_find(const struct matte *matte, const struct picture *picture, struct frame frame);
/* 0 to 1; x and y from 0 to 1 across the picture. */
float matte_at(const struct matte *matte, float x, float y);
/* How far inside of head and shoulders a place is, in half heads; negative outside. */
float matte_depth(float dx, float dy);

#endif
