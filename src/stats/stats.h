/* Counters, gauges and histograms of one worker, and their text for Prometheus.
 *
 * Counting is a plain `stats->claimed++` on the loop's thread. */
#ifndef RETOUCH_STATS_STATS_H
#define RETOUCH_STATS_STATS_H

#include <stdint.h>

#include "base/err.h"
#include "base/hist.h"
#include "stats/exposition.h"

struct buf;

/* A struct of zeros is a good start; there is nothing to free. */
struct stats {
#define COUNTER(field, name, label, label_value, help) uint64_t field;
#define GAUGE(field, name, help)                       uint64_t field;
#define HISTOGRAM(field, name, help)                   struct hist field;
#include "stats/stats.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
};

enum stats_gauge {
#define X(id, name, unit, labels, help) STATS_GAUGE_##id,
#include "stats/gauges.def"
#undef X
    STATS_GAUGE_COUNT
};

/* Adds part to sum, row by row: what several processes tell as one. */
void stats_add(struct stats *sum, const struct stats *part);
/* Appends every row in Prometheus' text format. */
int stats_format_prometheus(const struct stats *stats, struct buf *text) MUST_CHECK;

/* Writes the gauges of gauges.def, below the rows of struct stats. */
struct stats_writer {
    struct buf *text;     /* borrowed */
    enum stats_gauge now; /* the family begun last; STATS_GAUGE_COUNT before the first */
    uint32_t begun;       /* bit per family */
};

void stats_writer_init(struct stats_writer *writer, struct buf *text);
/* One sample; value in the unit of the row. HELP and TYPE come with the first of a family, whose
 * samples must be written one after the other: going back to an earlier family is a CHECK. */
int stats_gauge_write(struct stats_writer *writer,
                      enum stats_gauge gauge,
                      const struct exposition_label *labels,
                      int64_t value) MUST_CHECK;

#endif
