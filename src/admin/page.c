#include "admin/page.h"

#include <inttypes.h>

#include "admin/admin.h"

static const char page_head[] =
    "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=2>"
    "<meta name=viewport content='width=device-width'><title>retouchd</title>"
    "<style>body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em;"
    "color:#223}h1{font-size:1.3em}table{border-collapse:collapse;margin:1em 0;width:100%}"
    "th,td{text-align:right;padding:.3em .7em;border-bottom:1px solid #dde}"
    "th:first-child,td:first-child{text-align:left}.bad{color:#b00}.good{color:#070}</style>";

static int page_queues(const struct admin_view *view, struct buf *html)
{
    int code =
        buf_append_text(html, "<table><tr><th>queue<th>high<th>normal<th>low<th>scheduled<th>dead"
                              "<th>unknown<th></tr>");
    for (uint32_t i = 0; code == 0 && i < view->queue_count; i++) {
        const struct admin_queue *queue = &view->queues[i];
        code = buf_printf(html,
                          "<tr><td>%s<td>%" PRId64 "<td>%" PRId64 "<td>%" PRId64 "<td>%" PRId64
                          "<td>%" PRId64 "<td>%" PRId64 "<td>%s</tr>",
                          queue->name, queue->depth[0], queue->depth[1], queue->depth[2],
                          queue->scheduled, queue->dead, queue->unknown,
                          queue->paused ? "paused" : "");
    }
    return code == 0 ? buf_append_text(html, "</table>") : code;
}

static int page_calls(const struct stats *stats, struct buf *html)
{
    return buf_printf(
        html,
        "<table><tr><th>jobs<th>done<th>dead<th>unknown<th>expired<th>canceled<th>again</tr>"
        "<tr><td>ended<td>%" PRIu64 "<td>%" PRIu64 "<td>%" PRIu64 "<td>%" PRIu64 "<td>%" PRIu64
        "<td>%" PRIu64 "</tr></table>"
        "<table><tr><th>calls<th>in flight<th>ok<th>rejected<th>not sent<th>transient"
        "<th>throttled<th>blocked<th>unknown</tr>"
        "<tr><td>made<td>%" PRIu64 "<td>%" PRIu64 "<td>%" PRIu64 "<td>%" PRIu64 "<td>%" PRIu64
        "<td>%" PRIu64 "<td>%" PRIu64 "<td>%" PRIu64 "</tr></table>",
        stats->jobs_done, stats->jobs_dead, stats->jobs_unknown, stats->jobs_expired,
        stats->jobs_canceled, stats->retries, stats->in_flight, stats->calls_ok,
        stats->calls_rejected, stats->calls_not_sent, stats->calls_transient,
        stats->calls_throttled, stats->calls_blocked, stats->calls_unknown_outcome);
}

int page_write(const struct admin_view *view, struct buf *html)
{
    int code = buf_append_text(html, page_head);
    if (code == 0) {
        code = buf_printf(html, "<h1>%s</h1><p class=%s>%s%s; credential %s", view->worker,
                          view->ready ? "good" : "bad",
                          view->ready ? "ready" : "not ready: ", view->trouble, view->credential);
    }
    if (code == 0) {
        code = page_queues(view, html);
    }
    if (code == 0) {
        code = page_calls(view->stats, html);
    }
    if (code == 0) {
        code = buf_append_text(html, "<p><a href=/metrics>metrics</a> for Prometheus, "
                                     "<code>retouch stats</code> on a terminal</html>\n");
    }
    return code;
}
