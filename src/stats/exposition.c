#include "stats/exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hist.h"

enum {
    NAME_MAX_BYTES = 128 /* name and suffix of a histogram's sample */
};

int exposition_family(struct buf *text, const char *name, const char *type, const char *help)
{
    return buf_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The format knows three escapes in a label's value; all else stands for itself. */
static int label_value_append(struct buf *text, const char *value)
{
    int code = 0;
    for (; *value != '\0' && code == 0; value++) {
        if (*value == '\n') {
            code = buf_append_text(text, "\\n");
            continue;
        }
        if (*value == '"' || *value == '\\') {
            code = buf_append_text(text, "\\");
        }
        if (code == 0) {
            code = buf_append(text, value, 1);
        }
    }
    return code;
}

static int labels_append(struct buf *text, const struct exposition_label *labels)
{
    int code = 0;
    const char *before = "{";
    for (; labels->name != NULL && code == 0; labels++) {
        code = buf_printf(text, "%s%s=\"", before, labels->name);
        code = code != 0 ? code : label_value_append(text, labels->value);
        code = code != 0 ? code : buf_append_text(text, "\"");
        before = ",";
    }
    return code == 0 && *before == ',' ? buf_append_text(text, "}") : code;
}

int exposition_sample(struct buf *text,
                      const char *name,
                      const struct exposition_label *labels,
                      const char *value)
{
    int code = buf_append_text(text, name);
    if (code == 0 && labels != NULL) {
        code = labels_append(text, labels);
    }
    return code != 0 ? code : buf_printf(text, " %s\n", value);
}

char *exposition_seconds(int64_t ms, char text[EXPOSITION_VALUE_MAX])
{
    uint64_t size = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    int len = snprintf(text, EXPOSITION_VALUE_MAX, "%s%" PRIu64 ".%03" PRIu64, ms < 0 ? "-" : "",
                       size / 1000, size % 1000);
    char *end = text + len;
    while (end[-1] == '0') {
        end--;
    }
    if (end[-1] == '.') {
        end--;
    }
    *end = '\0';
    return text;
}

static int histogram_buckets(struct buf *text, const char *name, const struct hist *hist)
{
    uint64_t below = 0;
    int code = 0;
    for (size_t i = 0; i < HIST_BUCKETS && code == 0; i++) {
        char bound[EXPOSITION_VALUE_MAX] = "+Inf";
        char count[EXPOSITION_VALUE_MAX];
        below += hist->buckets[i];
        if (i < HIST_BUCKETS - 1) {
            (void)exposition_seconds(hist_bounds_ms[i], bound);
        }
        (void)snprintf(count, sizeof count, "%" PRIu64, below);
        const struct exposition_label labels[] = {
            {"le", bound},
            {NULL, NULL }
        };
        code = exposition_sample(text, name, labels, count);
    }
    return code;
}

int exposition_histogram(struct buf *text, const char *name, const struct hist *hist)
{
    char sample[NAME_MAX_BYTES];
    char sum[EXPOSITION_VALUE_MAX];
    (void)snprintf(sample, sizeof sample, "%s_bucket", name);
    int code = histogram_buckets(text, sample, hist);
    return code != 0
               ? code
               : buf_printf(text, "%s_sum %s\n%s_count %" PRIu64 "\n", name,
                            exposition_seconds((int64_t)hist->sum_ms, sum), name, hist->count);
}
