/* Turns a photo into a drawing: flat colours and ink lines. Deterministic. */
#ifndef SANDBOX_CARTOON_H
#define SANDBOX_CARTOON_H

#include "picture.h"

/* In place; the size stays. */
void cartoon_apply(struct picture *picture);

#endif
