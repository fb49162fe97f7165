#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "lib/unit.h"
#include "stats/stats.h"

enum {
    TEXT_MAX = 1 << 18
};

static char *format(const struct stats *stats, struct buf *text)
{
    buf_init(text, TEXT_MAX);
    assert_int_equal(stats_format_prometheus(stats, text), 0);
    return buf_cstr(text);
}

static void has_line(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    if (at == NULL || (at != text && at[-1] != '\n') || at[strlen(line)] != '\n') {
        fail_msg("no line \"%s\" in\n%s", line, text);
    }
}

static void counters_and_gauges_are_told_with_their_labels(void **state)
{
    (void)state;
    static struct stats stats;
    struct buf buf;
    stats.claimed = 7;
    stats.jobs_done = 3;
    stats.jobs_unknown = UINT64_MAX;
    stats.calls_not_sent = 2;
    stats.in_flight = 5;
    const char *text = format(&stats, &buf);
    has_line(text, "# TYPE retouch_claimed_total counter");
    has_line(text, "retouch_claimed_total 7");
    has_line(text, "retouch_jobs_total{outcome=\"done\"} 3");
    has_line(text, "retouch_jobs_total{outcome=\"dead\"} 0");
    has_line(text, "retouch_jobs_total{outcome=\"unknown\"} 18446744073709551615");
    has_line(text, "retouch_calls_total{class=\"not_sent\"} 2");
    has_line(text, "# TYPE retouch_in_flight gauge");
    has_line(text, "retouch_in_flight 5");
    buf_done(&buf);
}

static void histograms_are_cumulative_and_in_seconds(void **state)
{
    (void)state;
    static struct stats stats;
    struct buf buf;
    hist_add(&stats.call, 5);
    hist_add(&stats.call, 700);
    hist_add(&stats.call, 700);
    hist_add(&stats.call, 500000);
    const char *text = format(&stats, &buf);
    has_line(text, "# TYPE retouch_call_seconds histogram");
    has_line(text, "retouch_call_seconds_bucket{le=\"0.005\"} 1");
    has_line(text, "retouch_call_seconds_bucket{le=\"0.5\"} 1");
    has_line(text, "retouch_call_seconds_bucket{le=\"1\"} 3");
    has_line(text, "retouch_call_seconds_bucket{le=\"120\"} 3");
    has_line(text, "retouch_call_seconds_bucket{le=\"+Inf\"} 4");
    has_line(text, "retouch_call_seconds_sum 501.405");
    has_line(text, "retouch_call_seconds_count 4");
    buf_done(&buf);
}

static void help_and_type_come_once_per_family(void **state)
{
    (void)state;
    static struct stats stats;
    static char names[128][64];
    size_t n = 0;
    struct buf buf;
    char *rest = format(&stats, &buf);
    for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n")) {
        if (strncmp(line, "# TYPE ", 7) != 0) {
            continue;
        }
        line[strcspn(line + 7, " ") + 7] = '\0';
        for (size_t i = 0; i < n; i++) {
            assert_string_not_equal(names[i], line + 7);
        }
        assert_in_range(n, 0, N_ELEMENTS(names) - 1);
        (void)snprintf(names[n++], sizeof names[0], "%s", line + 7);
    }
    assert_in_range(n, 20, N_ELEMENTS(names));
    buf_done(&buf);
}

static void sums_add_every_row(void **state)
{
    (void)state;
    static struct stats sum;
    static struct stats part;
    part.claimed = 2;
    part.draining = 1;
    hist_add(&part.total, 40);
    stats_add(&sum, &part);
    stats_add(&sum, &part);
    assert_int_equal(sum.claimed, 4);
    assert_int_equal(sum.draining, 2);
    assert_int_equal(sum.total.count, 2);
    assert_int_equal(sum.total.sum_ms, 80);
    assert_int_equal(sum.total.buckets[3], 2);
    assert_int_equal(sum.begun, 0);
}

static void gauges_with_labels_get_one_head_per_family(void **state)
{
    (void)state;
    struct buf buf;
    struct stats_writer writer;
    buf_init(&buf, TEXT_MAX);
    stats_writer_init(&writer, &buf);
    const struct exposition_label high[] = {
        {"queue",    "default"},
        {"priority", "high"   },
        {NULL,       NULL     }
    };
    const struct exposition_label low[] = {
        {"queue",    "default"},
        {"priority", "low"    },
        {NULL,       NULL     }
    };
    const struct exposition_label endpoint[] = {
        {"endpoint", "/v1/a"},
        {NULL,       NULL   }
    };
    assert_int_equal(stats_gauge_write(&writer, STATS_GAUGE_QUEUE_DEPTH, high, 12), 0);
    assert_int_equal(stats_gauge_write(&writer, STATS_GAUGE_QUEUE_DEPTH, low, 0), 0);
    assert_int_equal(stats_gauge_write(&writer, STATS_GAUGE_BREAKER_WAIT, endpoint, 2500), 0);
    assert_string_equal(
        buf_cstr(&buf),
        "# HELP retouch_queue_depth Elements in the inbox.\n"
        "# TYPE retouch_queue_depth gauge\n"
        "retouch_queue_depth{queue=\"default\",priority=\"high\"} 12\n"
        "retouch_queue_depth{queue=\"default\",priority=\"low\"} 0\n"
        "# HELP retouch_breaker_wait_seconds Time until the breaker lets a call through; 0 when "
        "closed.\n"
        "# TYPE retouch_breaker_wait_seconds gauge\n"
        "retouch_breaker_wait_seconds{endpoint=\"/v1/a\"} 2.5\n");
    buf_done(&buf);
}

static void a_full_buffer_is_reported(void **state)
{
    (void)state;
    static struct stats stats;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_fails(stats_format_prometheus(&stats, &buf), ERR_TOO_BIG);
    buf_done(&buf);
}

static void a_failed_allocation_is_reported(void **state)
{
    (void)state;
    static struct stats stats;
    int code = ERR_NO_MEMORY;
    unsigned n = 0;
    while (code == ERR_NO_MEMORY && n < 1000) {
        struct buf buf;
        buf_init(&buf, TEXT_MAX);
        mem_fail_after(++n);
        code = stats_format_prometheus(&stats, &buf);
        mem_fail_after(0);
        buf_done(&buf);
    }
    assert_int_equal(code, 0);
    assert_in_range(n, 2, 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_gauges_are_told_with_their_labels),
        cmocka_unit_test(histograms_are_cumulative_and_in_seconds),
        cmocka_unit_test(help_and_type_come_once_per_family),
        cmocka_unit_test(sums_add_every_row),
        cmocka_unit_test(gauges_with_labels_get_one_head_per_family),
        cmocka_unit_test(a_full_buffer_is_reported),
        cmocka_unit_test(a_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
