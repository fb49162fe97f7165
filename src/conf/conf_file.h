/* Files of the configuration: the INI file and the files that hold a secret. */
#ifndef RETOUCH_CONF_CONF_FILE_H
#define RETOUCH_CONF_CONF_FILE_H

#include <stddef.h>

#include "base/err.h"

struct buf;
struct conf;

/* Sets every key of the INI file; stops at the first mistake, which err names with file and line.
 */
int conf_file_load(struct conf *conf, const char *path, struct err *err) MUST_CHECK;
/* The file's content without the line ends at its end into text (at most buf's maximum).
 * ERR_INVALID when it cannot be read, is empty, or is too big. */
int conf_file_read_secret(const char *path, struct buf *text, struct err *err) MUST_CHECK;

#endif
