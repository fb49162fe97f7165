#include "stats/stats.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

enum stats_kind {
    KIND_COUNTER,
    KIND_GAUGE,
    KIND_HISTOGRAM,
    KIND_COUNT
};

static const char *const kind_names[KIND_COUNT] = {"counter", "gauge", "histogram"};

struct stats_row {
    size_t offset; /* in struct stats */
    enum stats_kind kind;
    const char *name;
    const char *label; /* NULL: none */
    const char *label_value;
    const char *help;
};

static const struct stats_row rows[] = {
#define COUNTER(field, name, label, label_value, help) \
    {offsetof(struct stats, field), KIND_COUNTER, name, label, label_value, help},
#define GAUGE(field, name, help) \
    {offsetof(struct stats, field), KIND_GAUGE, name, NULL, NULL, help},
#define HISTOGRAM(field, name, help) \
    {offsetof(struct stats, field), KIND_HISTOGRAM, name, NULL, NULL, help},
#include "stats/stats.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
};

enum stats_unit {
    UNIT_PLAIN,
    UNIT_MS
};

static const struct {
    const char *name;
    enum stats_unit unit;
    const char *help;
} gauges[STATS_GAUGE_COUNT] = {

#define X(id, name, unit, labels, help) {name, UNIT_##unit, help},
#include "stats/gauges.def"
#undef X
};

static const void *row_view(const struct stats_row *row, const struct stats *stats)
{
    return (const char *)stats + row->offset;
}

static void hist_sum(struct hist *sum, const struct hist *part)
{
    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        sum->buckets[i] += part->buckets[i];
    }
    sum->count += part->count;
    sum->sum_ms += part->sum_ms;
}

void stats_add(struct stats *sum, const struct stats *part)
{
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        void *field = (char *)sum + rows[i].offset;
        const void *added = row_view(&rows[i], part);
        if (rows[i].kind == KIND_HISTOGRAM) {
            hist_sum(field, added);
        } else {
            *(uint64_t *)field += *(const uint64_t *)added;
        }
    }
}

static bool is_first_of_family(size_t i)
{
    return i == 0 || strcmp(rows[i].name, rows[i - 1].name) != 0;
}

static int row_format(const struct stats_row *row, const struct stats *stats, struct buf *text)
{
    if (row->kind == KIND_HISTOGRAM) {
        return exposition_histogram(text, row->name, row_view(row, stats));
    }
    char value[EXPOSITION_VALUE_MAX];
    (void)snprintf(value, sizeof value, "%" PRIu64, *(const uint64_t *)row_view(row, stats));
    const struct exposition_label labels[] = {
        {row->label, row->label_value},
        {NULL,       NULL            }
    };
    return exposition_sample(text, row->name, labels, value);
}

int stats_format_prometheus(const struct stats *stats, struct buf *text)
{
    int code = 0;
    for (size_t i = 0; i < N_ELEMENTS(rows) && code == 0; i++) {
        const struct stats_row *row = &rows[i];
        if (is_first_of_family(i)) {
            code = exposition_family(text, row->name, kind_names[row->kind], row->help);
        }
        if (code == 0) {
            code = row_format(row, stats, text);
        }
    }
    return code;
}

void stats_writer_init(struct stats_writer *writer, struct buf *text)
{
    _Static_assert(STATS_GAUGE_COUNT <= 32, "begun has a bit per family");
    *writer = (struct stats_writer){.text = text, .now = STATS_GAUGE_COUNT, .begun = 0};
}

int stats_gauge_write(struct stats_writer *writer,
                      enum stats_gauge gauge,
                      const struct exposition_label *labels,
                      int64_t value)
{
    CHECK(gauge < STATS_GAUGE_COUNT);
    if (gauge != writer->now) {
        uint32_t bit = UINT32_C(1) << (unsigned)gauge;
        CHECK((writer->begun & bit) == 0);
        int code = exposition_family(writer->text, gauges[gauge].name, "gauge", gauges[gauge].help);
        if (code != 0) {
            return code;
        }
        writer->begun |= bit;
        writer->now = gauge;
    }
    char number[EXPOSITION_VALUE_MAX];
    if (gauges[gauge].unit == UNIT_MS) {
        (void)exposition_seconds(value, number);
    } else {
        (void)snprintf(number, sizeof number, "%" PRId64, value);
    }
    return exposition_sample(writer->text, gauges[gauge].name, labels, number);
}
