/* How jobs are shown: a line each for people, or a JSON object. */
#ifndef RETOUCH_MAIN_REPORT_H
#define RETOUCH_MAIN_REPORT_H

#include <stdbool.h>

#include "main/command.h"
#include "main/record.h"

/* One line of state, effect, times and trouble. */
void report_line(const struct retouch_status *status);
/* Every field on a line of its own. */
void report_block(const struct retouch_status *status);
/* As line->json says: a block or an object. */
bool report_status(const struct command_line *line, const struct retouch_status *status);
/* As line->json says: a line or an object. */
bool report_end(const struct command_line *line, const struct retouch_status *status);
/* Whether each argument is a job id; says which is not. */
bool report_ids_valid(const struct command_line *line);

#endif
