/* Feeds a text to inih line by line:
 * ini_text_end(&ini_text, ini_parse_stream(ini_text_line, &ini_text, on_value, user)). */
#ifndef RETOUCH_BASE_INI_TEXT_H
#define RETOUCH_BASE_INI_TEXT_H

#include <stdbool.h>

#include "base/slice.h"

struct ini_text {
    struct slice rest;    /* borrowed: what is not read yet */
    const char *too_long; /* borrowed: what to say of a line that inih cannot take */
    int line;             /* of the line that inih has now, from 1; at the end: of what is wrong */
    const char *wrong;    /* with that line; NULL: nothing */
    bool stopped;         /* by the caller, who found a mistake of its own in that line */
};

/* As fgets. Blanks before a key are dropped, since inih would add such a line to the value of the
 * line before; comments are dropped, so that they may be longer than its lines. */
char *ini_text_line(char *text, int size, void *ini_text);
/* wrong_line: what inih returned. It reads on after a line that is no "key = value", so an earlier
 * one wins over what else is wrong. */
void ini_text_end(struct ini_text *ini, int wrong_line);

#endif
