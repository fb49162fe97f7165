/* Names and writing of result files: never over anything, unless told to. */
#ifndef RETOUCH_MAIN_OUTPUT_FILE_H
#define RETOUCH_MAIN_OUTPUT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* ".jpg" for "jpeg" and "image/jpeg", ".png" likewise; "" for another type. */
const char *output_extension(const char *result_type);
/* The file of one result: FOLDER/NAME where name ends as the type does ("a.jpg", "a.jpeg" for a
 * JPEG), else FOLDER/NAME.EXTENSION ("a.png.jpg"); further results (number 1, 2, ...) get
 * "-NUMBER" before the extension. ERR_TOO_BIG. folder may be "" or NULL. */
int output_path(const char *folder,
                const char *name,
                const char *extension,
                unsigned number,
                char path[PATH_MAX]) MUST_CHECK;
/* Whether a result of this input is there already, of whatever type; its path into path. */
bool output_exists(const char *folder, const char *name, char path[PATH_MAX]);
/* Whether a result of that name would lie in the very folder of the file input_path. */
bool output_lies_beside(const char *folder, const char *name, const char *input_path);
/* Writes to a temporary name beside it and renames; makes the folders. ERR_EXISTS unless force. */
int output_write(const char *path, const void *bytes, size_t len, bool force, struct err *err)
    MUST_CHECK;

#endif
