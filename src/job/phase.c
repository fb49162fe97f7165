#include "job/phase.h"

#include <stddef.h>
#include <stdio.h>

#include "base/check.h"

struct step {
    enum job_phase from;
    enum job_event event;
    enum job_phase to;
};

static const struct step steps[] = {
#define STEP(from, event, to) {PHASE_##from, JOB_##event, PHASE_##to},
#include "job/phase.def"
};

static const char *const phase_names[PHASE_COUNT] = {
#define PHASE(name, text) text,
#include "job/phase.def"
};

static const char *const event_names[JOB_EVENT_COUNT] = {
#define EVENT(name, text) text,
#include "job/phase.def"
};

const char *job_phase_name(enum job_phase phase)
{
    CHECK(phase < PHASE_COUNT);
    return phase_names[phase];
}

const char *job_event_name(enum job_event event)
{
    CHECK(event < JOB_EVENT_COUNT);
    return event_names[event];
}

enum job_phase job_phase_after(enum job_phase phase, enum job_event event)
{
    for (size_t i = 0; i < N_ELEMENTS(steps); i++) {
        if (steps[i].from == phase && steps[i].event == event) {
            return steps[i].to;
        }
    }
    char text[64];
    (void)snprintf(text, sizeof text, "no step from %s by %s", job_phase_name(phase),
                   job_event_name(event));
    check_failed(__FILE__, __LINE__, __func__, text);
}
