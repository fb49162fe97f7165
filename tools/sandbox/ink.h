/* The ink lines of a drawing. */
#ifndef SANDBOX_INK_H
#define SANDBOX_INK_H

#include "smooth.h"

enum {
    INK_PAPER = 256 /* where no line is; less is darker */
};

/* A plane as large as those of the picture, with the same stride; the caller frees it. */
int16_t *ink_draw(const struct planes *planes);

#endif
