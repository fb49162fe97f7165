/* The life of a job inside a worker as a flat table of steps (rows in phase.def). */
#ifndef RETOUCH_JOB_PHASE_H
#define RETOUCH_JOB_PHASE_H

enum job_phase {
#define PHASE(name, text) PHASE_##name,
#include "job/phase.def"
    PHASE_COUNT
};

enum job_event {
#define EVENT(name, text) JOB_##name,
#include "job/phase.def"
    JOB_EVENT_COUNT
};

/* The phase that follows. A pair without a row is a CHECK. */
enum job_phase job_phase_after(enum job_phase phase, enum job_event event);
const char *job_phase_name(enum job_phase phase);
const char *job_event_name(enum job_event event);

#endif
