/* How a photo's record is shown: a tree for people, or a JSON object. */
#ifndef RETOUCH_MAIN_PHOTO_SHOW_H
#define RETOUCH_MAIN_PHOTO_SHOW_H

#include "main/photo_tree.h"

/* Returns the exit status. */
int photo_show(struct command_line *line, const struct photo_tree *tree);

#endif
