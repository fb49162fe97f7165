/* The ID-photo family: effects that build on one another by generate ids. */
#ifndef SANDBOX_IDPHOTO_H
#define SANDBOX_IDPHOTO_H

struct visit;

/* Serves every path of the contract. */
void idphoto_serve(struct visit *visit);

#endif
