/* The effects of the common shape: a list of pictures in, a list of pictures out. */
#ifndef SANDBOX_EFFECT_H
#define SANDBOX_EFFECT_H

struct visit;

/* Serves every path of the effect table. */
void effect_serve(struct visit *visit);

#endif
