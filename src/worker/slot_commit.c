/* What is recorded of a run: status fields, results, counters, one log line. */
#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "worker/slot.h"

static void commit_failure(struct commit *commit, const struct outcome *outcome, char code[24])
{
    if (outcome->error_class[0] == '\0') {
        return;
    }
    commit_text(commit, "error_class", outcome->error_class);
    commit_text(commit, "error_message", outcome->message);
    if (outcome->has_code) {
        (void)snprintf(code, 24, "%" PRId64, outcome->code);
        commit_text(commit, "error_code", code);
    }
}

/* Data goes into the status where it is small, else where pictures go. */
static void commit_data(struct commit *commit, struct slice data)
{
    enum {
        STATUS_DATA_MAX = 3000 /* a status stays under 8 KiB, meta included */
    };

    if (data.len <= STATUS_DATA_MAX) {
        commit_slice(commit, "result_json", data);
        return;
    }
    commit->results[commit->result_count++] = data;
    commit_text(commit, "result_type", "json");
    commit_number(commit, "result_bytes", (int64_t)data.len);
}

static void commit_results(struct commit *commit, const struct slot *slot)
{
    const struct api_response *response = &slot->response;
    const struct api_result *first = &response->results[0];
    commit_number(commit, "result_count", response->result_count);
    if (response->result_count == 0) {
        commit_data(commit, buf_view(&response->data));
        return;
    }
    if (first->kind == API_RESULT_URL) {
        commit_slice(commit, "result_url", first->bytes);
    }
    if (first->kind == API_RESULT_URL && slot->envelope.store == STORE_URL) {
        return;
    }
    for (uint32_t i = 0; i < response->result_count; i++) {
        const struct api_result *result = &response->results[i];
        commit->results[i] =
            result->kind == API_RESULT_URL ? buf_view(&slot->links[i]) : result->bytes;
    }
    commit->result_count = response->result_count;
    commit_text(commit, "result_type", image_format_name(first->info.format));
    commit_number(commit, "result_bytes", (int64_t)commit->results[0].len);
    commit_number(commit, "result_width", first->info.width);
    commit_number(commit, "result_height", first->info.height);
}

static int64_t commit_ttl_ms(const struct slot *slot)
{
    const struct conf *conf = &slot->worker->conf;
    enum outcome_action action = slot->outcome.action;
    if (action == OUTCOME_DEAD || action == OUTCOME_UNKNOWN) {
        return conf->dead.ttl_ms;
    }
    return slot->envelope.result_ttl_ms > 0 ? slot->envelope.result_ttl_ms : conf->result.ttl_ms;
}

int slot_commit_send(struct slot *slot, struct err *err)
{
    const struct envelope *envelope = &slot->envelope;
    const struct outcome *outcome = &slot->outcome;
    char code_text[24];
    struct commit commit = {
        .queue = &slot->feed->served->name,
        .worker = slot->worker_id,
        .id = envelope->id,
        .fence = slot->begun.fence,
        .action = outcome->action,
        .delay_ms = outcome->delay_ms,
        .reason = outcome->reason,
        .attempts_add = outcome->attempts_add,
        .unknowns_add = outcome->unknowns_add,
        .unsent = outcome->unsent,
        .ttl_ms = commit_ttl_ms(slot),
        .deadline_ms = envelope->deadline_ms,
        .photo = slot->has_photo ? slot->photo_id : NULL,
        .reply_to = envelope->reply_to,
        .now_unix_ms = worker_unix_ms(slot->worker),
    };
    if (slot->has_photo && outcome->action == OUTCOME_DONE && slot->response.result_count > 0) {
        commit.digest = plan_last(&slot->plan)->digest.text;
    }
    commit_failure(&commit, outcome, code_text);
    if (slot->called_at_ms != 0) {
        commit_number(&commit, "api_ms", slot->api_ms);
    }
    if (outcome->http_status != 0 && outcome->action != OUTCOME_DONE) {
        commit_number(&commit, "http_status", outcome->http_status);
    }
    if (outcome->action == OUTCOME_DONE) {
        commit_number(&commit, "step", slot->plan.count);
        commit_text(&commit, "check_id", slot->response.check_id);
        commit_text(&commit, "generate_id", slot->response.generate_id);
        commit_results(&commit, slot);
    } else if (slot->response.result_count > 0 &&
               slot->response.results[0].kind == API_RESULT_URL) {
        commit_slice(&commit, "result_url", slot->response.results[0].bytes);
    }
    commit_text(&commit, "out_request_id",
                slot->has_photo ? slot->photo_id : envelope->out_request_id);
    commit_text(&commit, "traceparent", envelope->traceparent);
    commit_slice(&commit, "meta", envelope->meta);
    return commit_send(&slot->worker->call, slot->worker->bulk, &slot->request, &commit, err);
}

static void count_results(struct stats *stats, const struct slot *slot)
{
    for (uint32_t i = 0; i < slot->response.result_count; i++) {
        const struct api_result *result = &slot->response.results[i];
        if (slot->links[i].len > 0) {
            stats->images_out_bytes += slot->links[i].len;
        } else if (result->kind == API_RESULT_IMAGE) {
            stats->images_out_bytes += result->bytes.len;
        }
    }
}

void slot_count_end(const struct slot *slot, enum commit_answer answer)
{
    struct worker *worker = slot->worker;
    struct stats *stats = &worker->stats;
    uint64_t *ends[OUTCOME_ACTION_COUNT] = {
        [OUTCOME_DONE] = &stats->jobs_done,
        [OUTCOME_DEAD] = &stats->jobs_dead,
        [OUTCOME_UNKNOWN] = &stats->jobs_unknown,
        [OUTCOME_CANCELED] = &stats->jobs_canceled,
        [OUTCOME_EXPIRED] = &stats->jobs_expired,
        [OUTCOME_RETRY] = &stats->retries,
        [OUTCOME_BACK] = NULL,
    };
    enum outcome_action action = slot->outcome.action;
    if (answer == COMMIT_STALE) {
        *(action == OUTCOME_DONE ? &stats->results_dropped : &stats->late_failures) += 1;
        return;
    }
    if (answer == COMMIT_LATE) {
        stats->late_successes++;
    }
    if (ends[action] != NULL) {
        (*ends[action])++;
    }
    if (action == OUTCOME_DONE) {
        count_results(stats, slot);
    }
    if (action != OUTCOME_RETRY && action != OUTCOME_BACK) {
        hist_add(&stats->total, loop_at_ms(worker->loop) - slot->begun_at_ms);
    }
}

void slot_log_end(const struct slot *slot, enum commit_answer answer)
{
    static const char *const answers[] = {
        [COMMIT_RECORDED] = "recorded",
        [COMMIT_LATE] = "late",
        [COMMIT_REPEATED] = "repeated",
        [COMMIT_STALE] = "stale",
    };
    static const char *const events[OUTCOME_ACTION_COUNT] = {
        [OUTCOME_DONE] = "job_done",        [OUTCOME_DEAD] = "job_dead",
        [OUTCOME_UNKNOWN] = "job_unknown",  [OUTCOME_CANCELED] = "job_canceled",
        [OUTCOME_EXPIRED] = "job_expired",  [OUTCOME_RETRY] = "job_again",
        [OUTCOME_BACK] = "job_handed_back",
    };
    const struct outcome *outcome = &slot->outcome;
    enum log_level level =
        outcome->action == OUTCOME_DEAD || outcome->action == OUTCOME_UNKNOWN ? LOG_WARN : LOG_INFO;
    log_event(level, events[outcome->action], LOG_TEXT("job", slot->envelope.id),
              LOG_TEXT("effect", slot->effect != NULL ? slot->effect->name : ""),
              LOG_TEXT("commit", answers[answer]),
              LOG_NUM("attempts", slot->begun.attempts + outcome->attempts_add),
              LOG_NUM("sent", slot->begun.sent + slot->call_number - (outcome->unsent ? 1 : 0)),
              LOG_NUM("api_ms", slot->api_ms), LOG_NUM("http", outcome->http_status),
              LOG_TEXT("reason", outcome->action == OUTCOME_RETRY ? outcome->reason : "-"),
              LOG_NUM("delay_ms", outcome->delay_ms),
              LOG_TEXT("class", outcome->error_class[0] != '\0' ? outcome->error_class : "-"),
              LOG_NUM("code", outcome->code), LOG_TEXT("message", outcome->message));
}
