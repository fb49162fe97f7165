/* The configuration table as text: sample file, --help, manual page, and the values in force. */
#ifndef RETOUCH_CONF_CONF_PRINT_H
#define RETOUCH_CONF_CONF_PRINT_H

#include "base/err.h"

struct buf;
struct conf;

/* The sample file: each key commented out, with its default, help and allowed values. */
int conf_sample(struct buf *text) MUST_CHECK;
/* One line or two per key, for --help. */
int conf_help(struct buf *text) MUST_CHECK;
/* The same as a piece of scdoc, below a heading of its own. */
int conf_man(struct buf *text) MUST_CHECK;
/* "section.key = value" per key as in force; secrets are "***". */
int conf_dump(const struct conf *conf, struct buf *text) MUST_CHECK;

#endif
