/* Prometheus' text format (0.0.4): families, samples and histograms. */
#ifndef RETOUCH_STATS_EXPOSITION_H
#define RETOUCH_STATS_EXPOSITION_H

#include <stdint.h>

#include "base/err.h"

struct buf;
struct hist;

enum {
    EXPOSITION_VALUE_MAX = 32 /* a number as text with its NUL */
};

/* A list of labels ends with a NULL name; NULL is no labels. */
struct exposition_label {
    const char *name;  /* borrowed; [a-z_]+ */
    const char *value; /* borrowed; any text, escaped on the way out */
};

/* HELP and TYPE; once per family, before its samples. type: "counter", "gauge", "histogram". */
int exposition_family(struct buf *text, const char *name, const char *type, const char *help)
    MUST_CHECK;
/* One line: name, labels, value as text. */
int exposition_sample(struct buf *text,
                      const char *name,
                      const struct exposition_label *labels,
                      const char *value) MUST_CHECK;
/* Cumulative buckets, sum and count, in seconds. */
int exposition_histogram(struct buf *text, const char *name, const struct hist *hist) MUST_CHECK;
/* 2500 -> "2.5", 1000 -> "1". Exact. Returns text. */
char *exposition_seconds(int64_t ms, char text[EXPOSITION_VALUE_MAX]);

#endif
