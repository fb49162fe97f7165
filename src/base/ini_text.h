/* Feeds a text to inih line by line: ini_parse_stream(ini_text_line, &ini_text, on_value, user). */
#ifndef RETOUCH_BASE_INI_TEXT_H
#define RETOUCH_BASE_INI_TEXT_H

#include "base/slice.h"

struct ini_text {
    struct slice rest;    /* borrowed: what is not read yet; emptied, it ends the reading */
    int line;             /* of the line that inih has now, from 1 */
    const char *too_long; /* borrowed: what to say of a line that inih cannot take */
    const char *wrong;    /* with the line; NULL: nothing. The reading ends there */
};

/* As fgets. Blanks before a key are dropped, since inih would add such a line to the value of the
 * line before; comments are dropped, so that they may be longer than its lines. */
char *ini_text_line(char *text, int size, void *ini_text);

#endif
