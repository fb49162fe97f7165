/* Gives a picture a colour cast. */
#ifndef SANDBOX_TINT_H
#define SANDBOX_TINT_H

#include "picture.h"

/* In place; `name` NULL is "warm". False for an unknown name. */
bool tint_apply(struct picture *picture, const char *name, int alpha_percent);
bool tint_known(const char *name);

#endif
