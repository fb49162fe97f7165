/* One job in a worker, from its element to its commit. See slot.c for the sentence. */
#ifndef RETOUCH_WORKER_SLOT_H
#define RETOUCH_WORKER_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "io/fetch.h"
#include "io/loop.h"
#include "io/redis.h"
#include "job/outcome.h"
#include "job/phase.h"
#include "job/plan.h"
#include "job/verdict.h"
#include "queue/begin.h"
#include "queue/commit.h"
#include "wire/api_request.h"
#include "wire/api_response.h"
#include "wire/effect.h"
#include "wire/envelope.h"
#include "wire/photo_record.h"
#include "worker/feed.h"
#include "worker/publisher.h"
#include "worker/worker.h"

/* What the photo's record knows of one prefix of the plan. */
struct slot_known {
    struct digest digest;
    bool there;                    /* the step is on record */
    char job[ENVELOPE_ID_MAX + 1]; /* whose stored result is this prefix's; "": none */
    struct photo_record record;
};

struct slot {
    struct worker *worker; /* borrowed: the owner */
    enum job_phase phase;
    bool stalled;                  /* what the phase waits for could not be asked: again later */
    bool refused;                  /* the envelope is not allowed: the outcome stands already */
    bool complained;               /* a refusal of Redis was logged */
    bool aborted;                  /* the call was cut off by us: drain or cancel */
    struct feed *feed;             /* borrowed: where the element came from */
    char worker_id[WORKER_ID_MAX]; /* under which it was claimed */
    int64_t sequence;              /* order of the worker's elements */
    size_t element_len;            /* 0: a bare id */
    struct claim_ends ends;        /* of an element that may be no job */
    size_t bytes_held;             /* counted in worker->bytes_held */
    struct redis_request request;  /* one at a time */
    struct envelope envelope;
    struct plan plan;                     /* the calls that make the recipe */
    const struct effect *effect;          /* borrowed: of the present step; NULL until planned */
    struct image_info image_info;         /* of the image's bytes */
    struct slice image_url;               /* view: what the API fetches; empty: it gets bytes */
    struct publication publication;       /* of the image, while the job needs it */
    char photo_id[ENVELOPE_NAME_MAX + 1]; /* out_request_id, as given or made */
    bool has_photo;                       /* the photo's lock is this run's */
    bool reusing;                         /* the result is taken from the record */
    struct photo_source source;           /* of a photo with a record */
    struct slot_known *known;             /* owned array: per step of the plan */
    uint32_t known_count;
    struct digest forgotten; /* the prefix that is being dropped from the record */
    struct begun begun;      /* numbers of the record */
    uint32_t call_number;    /* within this run */
    struct buf keyed_image;  /* owned: the image that was behind a key */
    struct slice image;      /* view: bytes to send; empty for a URL */
    struct api_request api_request;
    char trace_header[sizeof "traceparent: " + 256]; /* as the fetch wants it */
    const char *headers[2];                          /* the list of it, NULL-terminated */
    struct fetch fetch;
    struct api_response response;
    struct buf links[API_RESULTS_MAX]; /* owned: results that were fetched from their URLs */
    struct buf link_url;               /* owned: of the one being fetched */
    uint32_t link_next;                /* the one being fetched */
    uint32_t fetch_tries;              /* of that one */
    struct timer *timer;               /* owned: before a result is fetched again */
    uint64_t admitted_bytes;
    int64_t admitted_at_ms; /* monotonic */
    int64_t begun_at_ms;    /* monotonic */
    int64_t called_at_ms;   /* monotonic; 0: no call in this run */
    int64_t api_ms;         /* duration of the last call */
    struct outcome outcome;
    uint32_t commit_tries;
    struct list_node node;      /* in worker->slots_free or ->slots_busy */
    struct list_node wait_node; /* in worker->waiting */
};

/* A free slot for an element that is asked for, or NULL. In phase CLAIMING. */
struct slot *slot_claim(struct worker *worker, struct feed *feed);
/* The inbox had none. */
void slot_release(struct slot *slot);
/* The element came; moved into the slot. */
void slot_take_element(struct slot *slot, struct buf *element);
/* A free slot for an element that is there already, or NULL. */
struct slot *slot_for_element(struct worker *worker, struct feed *feed);
/* Waits for admission no more: the call may go. */
void slot_admit(struct slot *slot, uint64_t bytes);
/* Ends a job that waits for admission. */
void slot_settle(struct slot *slot, const struct outcome *outcome);
/* Its deadline has passed. */
bool slot_is_late(const struct slot *slot);
/* Ends a job that waits for admission where it is late; false where it is not. */
bool slot_expire(struct slot *slot);
/* The job was canceled: whatever the phase, nothing more is sent for it. */
void slot_cancel(struct slot *slot);
/* Cuts off a call. A result that is being fetched is left alone: it was paid for. */
void slot_abort(struct slot *slot);
/* Asks again for what the phase waits for, where that could not be asked before. */
void slot_resume(struct slot *slot);
/* Frees a slot for good; it must be idle or its connections closed. */
void slot_free(struct slot *slot);

/* slot.c, for the other files of the slot. */
void slot_step(struct slot *slot, enum job_event event);
/* The outcome stands: it goes to its commit. */
void slot_settled(struct slot *slot);
/* False, and stalled, when Redis gave no answer. */
bool slot_heard(struct slot *slot, const struct err *err);

/* slot_life.c, for slot_begin.c: the envelope could not be read; the outcome says what follows. */
void slot_refuse_envelope(struct slot *slot, int code, const struct err *err);

/* slot_plan.c: everything before the call. 0, or an ERR_* with the outcome that stands instead. */
int slot_plan(struct slot *slot, struct outcome *ret_outcome) MUST_CHECK;
int64_t slot_unknown_retries(const struct slot *slot);
int64_t slot_max_attempts(const struct slot *slot);
int slot_check_image(struct slot *slot, struct outcome *ret_outcome) MUST_CHECK;
/* The plan of an effect that stands alone, without a record. */
int slot_order_alone(struct slot *slot, struct outcome *ret_outcome) MUST_CHECK;

/* slot_call.c: the call and the fetching of what its answer links to. */
int slot_call(struct slot *slot, struct err *err) MUST_CHECK;
void slot_read_answer(struct slot *slot, struct attempt *ret_attempt, struct ruling *ret_ruling);
/* The next result is a URL whose bytes are wanted. */
bool slot_wants_link(struct slot *slot);
int slot_fetch_result(struct slot *slot, struct err *err) MUST_CHECK;

enum slot_fetched {
    SLOT_FETCHED_ALL,
    SLOT_FETCH_NEXT,
    SLOT_FETCH_AGAIN,
    SLOT_FETCH_FAILED
};
/* Reads a fetched result; when it failed for good the outcome says so. */
enum slot_fetched slot_read_result(struct slot *slot);
/* The answer was good, and what it links to cannot be had. */
/* Frees the answer of one step before the next is called. */
void slot_forget_answer(struct slot *slot);
void slot_result_lost(struct slot *slot, const char *why);

/* slot_commit.c: the record. */
int slot_commit_send(struct slot *slot, struct err *err) MUST_CHECK;
void slot_count_end(const struct slot *slot, enum commit_answer answer);
void slot_log_end(const struct slot *slot, enum commit_answer answer);

/* slot_parts.c: the pieces that a slot is made of. */
void slot_init_parts(struct slot *slot);
/* Frees what one job left; the slot is as new. */
void slot_clear(struct slot *slot);

#endif
