/* Lets calls go: slots and bytes in flight, the credential's state, and a pace. */
#include "job/admission.h"

#include "base/check.h"
#include "job/backoff.h"

enum {
    THROTTLE_FIRST_MS = 2 * 1000, /* a wait is drawn from [c/2, c], c doubling from here ... */
    THROTTLE_CAP_MS = 120 * 1000, /* ... up to here */
    RETRY_AFTER_CAP_MS = 10 * 60 * 1000,
    PROBE_FIRST_MS = 60 * 1000,
    PROBE_CAP_MS = 10 * 60 * 1000,
    MEASURE_MS = 20 * 1000, /* successes are averaged over this long, up to twice as long */
    UNCUT_MS = 60 * 1000,   /* after cuts in vain the pace is left alone so long */
    LOOKAHEAD_MS = 100,     /* jobs are asked for this long before they may go */
    SLACK_MS = 20           /* turns that come late may catch up this much */
};

#define PACE_MIN_PER_S 0.02    /* one call in 50 s */
#define PACE_MAX_PER_S 10000.0 /* beyond this a pace is none */
#define PACE_CUT       0.8     /* of what was refused */
#define PACE_CREEP     0.01    /* growth per round trip, or second, near what was refused */

void admission_init(struct admission *admission, uint32_t calls_max, uint64_t bytes_max)
{
    CHECK(calls_max > 0);
    *admission = (struct admission){
        .calls_max = calls_max,
        .bytes_max = bytes_max,
        .state = CREDENTIAL_OPEN,
        .noted_at_ms = INT64_MIN,
    };
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static bool is_paced(const struct admission *admission)
{
    return admission->pace_per_s > 0;
}

static double gap_ms(const struct admission *admission)
{
    return 1000 / admission->pace_per_s;
}

/* Blocked, or throttled again after a wait: only one call may be out to feel the way. */
static bool needs_probe(const struct admission *admission)
{
    return admission->state == CREDENTIAL_BLOCKED ||
           (admission->state == CREDENTIAL_THROTTLED && admission->refusals > 1);
}

static bool is_shut(const struct admission *admission, int64_t now_ms)
{
    if (admission->state == CREDENTIAL_OPEN) {
        return false;
    }
    return now_ms < admission->open_at_ms || (needs_probe(admission) && admission->probing);
}

bool admission_try(struct admission *admission, int64_t now_ms, uint64_t bytes)
{
    if (admission->calls >= admission->calls_max || is_shut(admission, now_ms)) {
        return false;
    }
    if (admission->calls > 0 && (admission->bytes >= admission->bytes_max ||
                                 bytes > admission->bytes_max - admission->bytes)) {
        return false;
    }
    if (is_paced(admission)) {
        double now = (double)now_ms;
        if (now < admission->next_at_ms) {
            return false;
        }
        bool late = now - admission->next_at_ms <= SLACK_MS; /* else idle: nothing to catch up */
        double from = late ? admission->next_at_ms : now;
        admission->next_at_ms = from + gap_ms(admission);
    }
    admission->probing = needs_probe(admission);
    admission->calls++;
    admission->bytes += bytes;
    return true;
}

/* Successes per second, waits included: what an account with a limit gives never exceeds it. */
static double given_per_s(const struct admission *admission, int64_t now_ms)
{
    double seconds = (double)(now_ms - admission->given_since_ms) / 1000;
    return (double)admission->given / larger(seconds, 1);
}

static void measure(struct admission *admission, int64_t now_ms)
{
    if (admission->given == 0) {
        admission->given_since_ms = now_ms;
    } else if (now_ms - admission->given_since_ms > 2 * MEASURE_MS) {
        admission->given = (uint32_t)(given_per_s(admission, now_ms) * MEASURE_MS / 1000);
        admission->given_since_ms = now_ms - MEASURE_MS;
    }
    admission->given++;
}

/* The first pace is what went well lately; later ones are cut from what was refused. */
static void pace_cut(struct admission *admission, int64_t now_ms)
{
    double refused = admission->pace_per_s;
    double given = given_per_s(admission, now_ms);
    if (!is_paced(admission)) {
        refused = larger(given, 1);
    } else if (now_ms < admission->uncut_until_ms) {
        return;
    } else if (refused < given) {
        admission->uncut_until_ms = now_ms + UNCUT_MS;
        admission->ceiling_per_s = 0;
        return;
    } else if (admission->refusals == 0) {
        admission->ceiling_per_s = refused; /* not when a lone probe was refused */
    }
    admission->pace_per_s = clamp(refused * PACE_CUT, PACE_MIN_PER_S, PACE_MAX_PER_S);
}

/* Growth per success is divided by the calls in flight: so many successes make one round trip. The
 * creep is also divided by the pace: so many make one second. */
static void pace_grow(struct admission *admission, int64_t now_ms)
{
    bool holds_back = (double)now_ms < admission->next_at_ms;
    if (!is_paced(admission) || !holds_back) {
        return;
    }
    double round_trip = 1 + (double)admission->calls;
    double pace = admission->pace_per_s;
    double near =
        admission->ceiling_per_s > 0 ? admission->ceiling_per_s * PACE_CUT : PACE_MAX_PER_S;
    if (pace < near) {
        pace = clamp(pace * (1 + 1 / round_trip), 0, near);
    } else {
        pace *= 1 + PACE_CREEP / larger(round_trip, pace);
    }
    admission->pace_per_s = pace < PACE_MAX_PER_S ? pace : 0;
}

static void on_accepted(struct admission *admission)
{
    admission->state = CREDENTIAL_OPEN;
    admission->refusals = 0;
}

static void on_throttled(struct admission *admission, int64_t now_ms, struct rng *rng)
{
    if (admission->state == CREDENTIAL_BLOCKED) {
        admission->refusals = 0; /* the key is known again: no more a block */
    }
    int64_t ceiling_ms =
        backoff_ceiling_ms(THROTTLE_FIRST_MS, THROTTLE_CAP_MS, admission->refusals);
    int64_t spread_ms = (int64_t)rng_below(rng, (uint64_t)(ceiling_ms / 2) + 1);
    pace_cut(admission, now_ms);
    admission->state = CREDENTIAL_THROTTLED;
    admission->refusals++;
    admission->noted_at_ms = now_ms;
    admission->open_at_ms = now_ms + ceiling_ms / 2 + spread_ms;
}

static void on_blocked(struct admission *admission, int64_t now_ms)
{
    bool was_blocked = admission->state == CREDENTIAL_BLOCKED;
    admission->refusals = was_blocked ? admission->refusals : 0;
    admission->state = CREDENTIAL_BLOCKED;
    admission->noted_at_ms = now_ms;
    admission->open_at_ms =
        now_ms + backoff_ceiling_ms(PROBE_FIRST_MS, PROBE_CAP_MS, admission->refusals);
    admission->refusals++;
}

/* The call tells how things are now: it was begun after the last refusal was noted. */
static void
on_news(struct admission *admission, enum verdict verdict, int64_t now_ms, struct rng *rng)
{
    admission->probing = false;
    switch (verdict) {
    case VERDICT_OK:
    case VERDICT_REJECTED:
        on_accepted(admission);
        break;
    case VERDICT_THROTTLED:
        on_throttled(admission, now_ms, rng);
        break;
    case VERDICT_BLOCKED:
        on_blocked(admission, now_ms);
        break;
    case VERDICT_NOT_SENT:
    case VERDICT_TRANSIENT:
    case VERDICT_UNKNOWN:
        if (admission->state == CREDENTIAL_BLOCKED) {
            admission->open_at_ms = now_ms + PROBE_FIRST_MS; /* the probe found out nothing */
        }
        break;
    case VERDICT_COUNT:
    default:
        CHECK_UNREACHABLE();
    }
}

static void on_retry_after(struct admission *admission, int64_t now_ms, int64_t asked_ms)
{
    int64_t open_at_ms = now_ms + (asked_ms < RETRY_AFTER_CAP_MS ? asked_ms : RETRY_AFTER_CAP_MS);
    if (admission->open_at_ms < open_at_ms) {
        admission->open_at_ms = open_at_ms;
    }
}

void admission_end(struct admission *admission,
                   const struct admission_call *call,
                   int64_t now_ms,
                   struct rng *rng)
{
    CHECK(admission->calls > 0);
    CHECK(admission->bytes >= call->bytes);
    admission->calls--;
    admission->bytes -= call->bytes;
    if (call->verdict == VERDICT_OK) {
        measure(admission, now_ms);
        pace_grow(admission, now_ms);
    }
    if (call->started_at_ms > admission->noted_at_ms) {
        on_news(admission, call->verdict, now_ms, rng);
    }
    /* Heeded from every call of a burst. */
    if (call->retry_after_ms > 0 && call->verdict == VERDICT_THROTTLED &&
        admission->state == CREDENTIAL_THROTTLED) {
        on_retry_after(admission, now_ms, call->retry_after_ms);
    }
}

int64_t admission_open_at_ms(const struct admission *admission)
{
    if (needs_probe(admission) && admission->probing) {
        return INT64_MAX;
    }
    int64_t shut_until_ms = admission->state == CREDENTIAL_OPEN ? 0 : admission->open_at_ms;
    int64_t paced_until_ms = is_paced(admission) ? (int64_t)admission->next_at_ms + 1 : 0;
    return shut_until_ms > paced_until_ms ? shut_until_ms : paced_until_ms;
}

uint32_t admission_room(const struct admission *admission, int64_t now_ms, uint32_t waiting)
{
    if (admission->calls >= admission->calls_max || is_shut(admission, now_ms)) {
        return 0;
    }
    double room = admission->calls_max - admission->calls;
    if (needs_probe(admission)) {
        room = 1;
    } else if (is_paced(admission)) {
        double soon_ms = (double)now_ms + LOOKAHEAD_MS - admission->next_at_ms;
        double paced = soon_ms < 0 ? 0 : 1 + clamp(soon_ms, 0, LOOKAHEAD_MS) / gap_ms(admission);
        room = clamp(room, 0, paced);
    }
    return room > waiting ? (uint32_t)room - waiting : 0;
}

void admission_reopen(struct admission *admission, int64_t now_ms)
{
    struct admission fresh;
    admission_init(&fresh, admission->calls_max, admission->bytes_max);
    fresh.calls = admission->calls;
    fresh.bytes = admission->bytes;
    fresh.noted_at_ms = now_ms; /* what calls with the old ones come to is no news */
    *admission = fresh;
}

const char *credential_state_reason(enum credential_state state)
{
    static const char *const reasons[] = {
        [CREDENTIAL_OPEN] = "",
        [CREDENTIAL_THROTTLED] = "limit",
        [CREDENTIAL_BLOCKED] = "credential",
    };

    CHECK(state < N_ELEMENTS(reasons));
    return reasons[state];
}
