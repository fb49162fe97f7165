/* The mark that an unpaid photo carries. */
#ifndef SANDBOX_WATERMARK_H
#define SANDBOX_WATERMARK_H

#include "picture.h"

/* Lines across the picture whose colour, slope and distance depend on the id; an empty one is the
 * vendor's own mark, "none" asks for none. */
void watermark_draw(struct picture *picture, const char *id);

#endif
