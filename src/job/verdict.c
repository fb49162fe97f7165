/* Decides what an attempt came to: walks the rows of verdict.def. */
#include "job/verdict.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"

#define HINT_UNREACHABLE \
    "the API cannot be reached: check api.base_url, DNS, the proxy and the firewall"
#define HINT_TIMEOUT \
    "no answer within the time-out: check the API's latency, or raise the effect's timeout"
#define HINT_ANSWER_BIG "the answer was larger than the configured limit: raise it, or ask for URLs"
#define HINT_CUT        "the connection broke after the request had left: the call may have been billed"
#define HINT_UNREADABLE                                                                         \
    "the answer had neither a result nor a code: check api.base_url and the effect's [answer] " \
    "keys"
#define HINT_RATE "over the account's rate or concurrency: calls are slowed down by themselves"
#define HINT_KEY \
    "check MEITU_OPENAPI_ACCESS_KEY, MEITU_OPENAPI_SECRET_KEY and MEITU_OPENAPI_BASE_URL"
#define HINT_RIGHT      "the key has no right to this interface: have it enabled for the account"
#define HINT_QUOTA      "the account's quota is used up or it is suspended: top it up"
#define HINT_PROCESSING "the platform failed to process the picture twice: try another picture"
#define HINT_PICTURE    "the picture does not suit the effect: one clear, whole, large enough face"
#define HINT_URL        "the platform could not fetch the picture: its URL must be public and complete"
#define HINT_LARGE      "the picture is too large for the effect: shrink it"
#define HINT_PARAMS \
    "the API refuses a parameter: compare the effect's catalogue file with its contract"
#define HINT_MEDIA "the platform refuses the picture as unsafe, or could not decode it"
#define HINT_ROUTE \
    "no such interface, or it is switched off: check api.base_url and the effect's path"
#define HINT_REDIRECT "the API answered with a redirect: check api.base_url (https, host, path)"

enum row_when {
    WHEN_UNSENT,
    WHEN_FAILED,
    WHEN_GOOD,
    WHEN_TEXT,
    WHEN_NUMBER,
    WHEN_NUMBERTEXT,
    WHEN_CODE,
    WHEN_STATUS,
    WHEN_ALWAYS,
    WHEN_COUNT
};

enum row_flag {
    ALARM = 1,
    TWICE = 2,
    FREE = 4,
    TIMED = 8
};

struct row {
    enum row_when when;
    int64_t low, high;
    const char *text;
    enum verdict verdict;
    unsigned flags;
    const char *hint;
};

static const struct row rows[] = {
#define R(when, low, high, text, verdict, flags, hint) \
    {WHEN_##when, low, high, text, VERDICT_##verdict, flags, hint},
#include "job/verdict.def"
#undef R
};

static const struct {
    const char *name;
    const char *error_class;
    bool counts_attempt;
} verdicts[VERDICT_COUNT] = {
    [VERDICT_OK] = {"ok",        "",                true },
    [VERDICT_REJECTED] = {"rejected",  "rejected",        true },
    [VERDICT_NOT_SENT] = {"not_sent",  "network",         false},
    [VERDICT_TRANSIENT] = {"transient", "transient",       true },
    [VERDICT_THROTTLED] = {"throttled", "throttled",       false},
    [VERDICT_BLOCKED] = {"blocked",   "blocked",         false},
    [VERDICT_UNKNOWN] = {"unknown",   "unknown_outcome", true },
};

static bool in_range(const struct row *row, int64_t number)
{
    return row->low <= number && number <= row->high;
}

static bool is_2xx(const struct attempt *attempt)
{
    return attempt->http_status >= 200 && attempt->http_status <= 299;
}

/* An error status that came although the body could not be sent whole. */
static bool is_early_answer(const struct attempt *attempt)
{
    return attempt->error != 0 && !attempt->body_sent && attempt->http_status >= 300;
}

static bool match_unsent(const struct row *row, const struct attempt *attempt)
{
    (void)row;
    /* No connection, no body: whatever body_sent says. A TLS failure can also come later. */
    bool never = attempt->error == ERR_RESOLVE || attempt->error == ERR_REFUSED ||
                 attempt->error == ERR_PRIVATE;
    return never || (attempt->error != 0 && !attempt->body_sent && !is_early_answer(attempt));
}

static bool match_failed(const struct row *row, const struct attempt *attempt)
{
    bool failed = attempt->error != 0 && !is_early_answer(attempt);
    return failed && (row->low == 0 || row->low == attempt->error);
}

static bool match_good(const struct row *row, const struct attempt *attempt)
{
    (void)row;
    return is_2xx(attempt) && attempt->has_result && !attempt->has_code;
}

/* Not in a 2xx answer without a code: its "message" may be base64, where "qps" means nothing. */
static bool match_text(const struct row *row, const struct attempt *attempt)
{
    bool failure = attempt->has_code || !is_2xx(attempt);
    return failure && attempt->message != NULL && strcasestr(attempt->message, row->text) != NULL;
}

static bool match_number(const struct row *row, const struct attempt *attempt)
{
    return in_range(row, attempt->has_code ? attempt->code : attempt->http_status);
}

static bool match_number_text(const struct row *row, const struct attempt *attempt)
{
    return match_number(row, attempt) && match_text(row, attempt);
}

static bool match_code(const struct row *row, const struct attempt *attempt)
{
    return attempt->has_code && in_range(row, attempt->http_status);
}

static bool match_status(const struct row *row, const struct attempt *attempt)
{
    return !attempt->has_code && in_range(row, attempt->http_status);
}

static bool match_always(const struct row *row, const struct attempt *attempt)
{
    (void)row;
    (void)attempt;
    return true;
}

static bool (*const matchers[WHEN_COUNT])(const struct row *, const struct attempt *) = {
    [WHEN_UNSENT] = match_unsent, [WHEN_FAILED] = match_failed,
    [WHEN_GOOD] = match_good,     [WHEN_TEXT] = match_text,
    [WHEN_NUMBER] = match_number, [WHEN_NUMBERTEXT] = match_number_text,
    [WHEN_CODE] = match_code,     [WHEN_STATUS] = match_status,
    [WHEN_ALWAYS] = match_always,
};

static struct ruling ruling_of(const struct row *row)
{
    return (struct ruling){
        .verdict = row->verdict,
        .error_class = row->flags & TIMED ? "timeout" : verdicts[row->verdict].error_class,
        .max_calls = row->flags & TWICE ? 2 : 0,
        .counts_attempt = verdicts[row->verdict].counts_attempt && !(row->flags & FREE),
        .alarm = (row->flags & ALARM) != 0,
        .hint = row->hint,
    };
}

struct ruling verdict_of(const struct attempt *attempt)
{
    const struct row *row = rows;
    while (!matchers[row->when](row, attempt)) {
        row++;
        CHECK(row < rows + N_ELEMENTS(rows));
    }
    return ruling_of(row);
}

const char *verdict_name(enum verdict verdict)
{
    CHECK(verdict < VERDICT_COUNT);
    return verdicts[verdict].name;
}
