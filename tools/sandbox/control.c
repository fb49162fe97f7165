/* The sandbox's own interface: calls and faults. */
#include "control.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "query.h"
#include "visit.h"

static uint64_t query_number(const char *query, const char *name, uint64_t fallback)
{
    char text[24];
    if (!query_get(query, name, text, sizeof text) || text[0] < '0' || text[0] > '9') {
        return fallback;
    }
    return strtoull(text, NULL, 10);
}

void control_calls_list(struct visit *visit)
{
    uint64_t since = query_number(visit->query, "since", 0);
    uint64_t limit = query_number(visit->query, "limit", CALLS_KEPT);
    answer_set(&visit->answer, 200, content_json, "");
    if (!calls_format(visit->sandbox->calls, since, limit, &visit->answer.body)) {
        answer_fail(&visit->answer, 500, 10002, "the list cannot be written");
    }
}

void control_calls_reset(struct visit *visit)
{
    calls_reset(visit->sandbox->calls);
    answer_set(&visit->answer, 200, content_json, "{}\n");
}

void control_faults_list(struct visit *visit)
{
    answer_set(&visit->answer, 200, content_json, "");
    if (!faults_format(visit->sandbox->faults, &visit->answer.body)) {
        answer_fail(&visit->answer, 500, 10002, "the list cannot be written");
    }
}

void control_faults_set(struct visit *visit)
{
    char why[512];
    if (!faults_set(visit->sandbox->faults, visit->body, why, sizeof why)) {
        answer_fail(&visit->answer, 400, 21103, "%s", why);
        return;
    }
    control_faults_list(visit);
}

void control_faults_clear(struct visit *visit)
{
    faults_clear(visit->sandbox->faults);
    answer_set(&visit->answer, 200, content_json, "{}\n");
}

void control_redirect(struct visit *visit)
{
    uint64_t n = query_number(visit->query, "n", 0);
    answer_set(&visit->answer, 302, content_json, "{}\n");
    snprintf(visit->answer.location, sizeof visit->answer.location, "/_sandbox/redirect?n=%" PRIu64,
             n + 1);
}
