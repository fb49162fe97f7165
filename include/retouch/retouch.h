/* libretouch: hand images to retouch, follow the jobs, fetch the results.
 *
 * Synchronous: a call returns when Redis has answered. A handle is used by one thread at a time;
 * any number of handles may exist. Functions return 0 or a negative RETOUCH_ERROR_*;
 * retouch_error() says in words what went wrong. Nothing here ends the process: no memory is
 * RETOUCH_ERROR_NO_MEMORY. A lost connection is dialled again by itself, and the call repeated
 * (submitting is safe to repeat, since a job's id counts once).
 *
 *     struct retouch *retouch = retouch_new();
 *     retouch_connect(retouch, "redis://127.0.0.1:6379", NULL, NULL);
 *     struct retouch_job job = {.effect = "emoji", .image = bytes, .image_len = len};
 *     struct retouch_outcome outcome;
 *     retouch_submit(retouch, &job, &outcome);
 *     const char *id = outcome.id;
 *     struct retouch_status *status = NULL;
 *     retouch_wait(retouch, &id, 1, 60000, &status);
 *
 * Link with `pkg-config --cflags --libs retouch`. */
#ifndef RETOUCH_RETOUCH_H
#define RETOUCH_RETOUCH_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#    define RETOUCH_API __attribute__((visibility("default")))
#else
#    define RETOUCH_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RETOUCH_ID_MAX = 64,     /* bytes of a job's id */
    RETOUCH_ERROR_MAX = 512, /* bytes of an error text with its NUL */
    RETOUCH_STEPS_MAX = 16,  /* effects of one recipe */
    RETOUCH_PARAMS_MAX = 24  /* parameters of one effect */
};

enum retouch_code {
    RETOUCH_OK = 0,
    RETOUCH_ERROR_NO_MEMORY = -1,
    RETOUCH_ERROR_INVALID = -2,     /* the caller gave something that is not allowed */
    RETOUCH_ERROR_TOO_BIG = -3,     /* an image or a job beyond its limit */
    RETOUCH_ERROR_UNREACHABLE = -4, /* Redis cannot be reached, or cannot serve now */
    RETOUCH_ERROR_REFUSED = -5,     /* Redis answered with an error */
    RETOUCH_ERROR_NOT_FOUND = -6,   /* no such job, or no such result */
    RETOUCH_ERROR_TIMEOUT = -7      /* the time given for waiting is over */
};

struct retouch;       /* a connection to one queue */
struct retouch_watch; /* a set of jobs whose end is awaited */

/* NULL when there is no memory. */
RETOUCH_API struct retouch *retouch_new(void);
/* Accepts NULL. Statuses, results and watches are freed on their own; watches before it. */
RETOUCH_API void retouch_close(struct retouch *retouch);
/* url: redis://[user:pass@]host[:port][/db], rediss:// for TLS, unix:///path[?db=N];
 * NULL: redis://127.0.0.1:6379. queue NULL: "default". prefix NULL: "rt". May be called again. */
RETOUCH_API int
retouch_connect(struct retouch *retouch, const char *url, const char *queue, const char *prefix);
/* Milliseconds: for dialling and for one answer (default 5000 each), and for how long a lost
 * connection is dialled again before a call gives up (default 10000; 0: only once). Values below 0
 * leave what is set. */
RETOUCH_API void retouch_set_timeouts(struct retouch *retouch,
                                      int64_t connect_ms,
                                      int64_t answer_ms,
                                      int64_t reconnect_ms);
/* What went wrong in the last call that failed; "" before one did. Valid until the next call. */
RETOUCH_API const char *retouch_error(const struct retouch *retouch);
/* "0.1.0" of the library that is loaded. */
RETOUCH_API const char *retouch_version(void);

/* A parameter of an effect, numbers as decimal text; the catalogue says which there are. */
struct retouch_param {
    const char *name;
    const char *value;
};

/* One effect of a recipe. */
struct retouch_step {
    const char *effect;
    const struct retouch_param *params;
    size_t param_count;
};

enum retouch_priority {
    RETOUCH_NORMAL,
    RETOUCH_HIGH,
    RETOUCH_LOW
};

/* A job. All zero but what is wanted; everything is borrowed for the time of the call. */
struct retouch_job {
    const char *id;     /* NULL: a random one is made. Each id counts once */
    const char *effect; /* one effect with its parameters ... */
    const struct retouch_param *params;
    size_t param_count;
    const struct retouch_step *recipe; /* ... or several in order */
    size_t recipe_count;

    /* The input, at most one of: bytes, a public URL, a Redis key that holds the bytes. None where
     * generate_id is given or the photo (out_request_id) is known already. */
    const void *image;
    size_t image_len;
    const char *image_url;
    const char *image_key;
    const char *out_request_id; /* the photo's own id for its whole life */
    const char *generate_id;    /* go on from this step's result */

    int64_t not_before_ms; /* Unix ms: do not start earlier; 0: at once */
    int64_t deadline_ms;   /* Unix ms: not begun by then, it expires unpaid; 0: none */
    int64_t max_attempts;  /* 0: as the worker is configured; likewise the next two */
    int64_t timeout_ms;
    int64_t result_ttl_ms;

    int keep_url;             /* 1: where the API answers with a URL, keep only that */
    const char *reply_to;     /* the id is pushed to this reply list at the end */
    const char *meta_json;    /* a JSON object, handed back in the status ... */
    const void *meta_msgpack; /* ... or a msgpack map */
    size_t meta_msgpack_len;
    const char *traceparent; /* W3C trace context, handed through */
    enum retouch_priority priority;
};

enum retouch_submitted {
    RETOUCH_SUBMIT_NEW,       /* stored and queued */
    RETOUCH_SUBMIT_DUPLICATE, /* the id is known already: nothing was changed */
    RETOUCH_SUBMIT_FAILED     /* this job alone was not taken; code and error say why */
};

struct retouch_outcome {
    enum retouch_submitted submitted;
    int code;                      /* 0 or RETOUCH_ERROR_* */
    char id[RETOUCH_ID_MAX + 1];   /* as given or made */
    char error[RETOUCH_ERROR_MAX]; /* "" unless it failed */
};

/* Stores and queues one job. 0 also for a duplicate; else as the outcome says. */
RETOUCH_API int retouch_submit(struct retouch *retouch,
                               const struct retouch_job *job,
                               struct retouch_outcome *ret_outcome);
/* Many in one round trip. ret_outcomes has count elements. 0 when each was new or a duplicate;
 * otherwise the first failure, and each outcome tells about its job. */
RETOUCH_API int retouch_submit_many(struct retouch *retouch,
                                    const struct retouch_job *jobs,
                                    size_t count,
                                    struct retouch_outcome *ret_outcomes);

enum retouch_state {
    RETOUCH_STATE_NONE, /* no such job (any more) */
    RETOUCH_STATE_QUEUED,
    RETOUCH_STATE_SCHEDULED,
    RETOUCH_STATE_RUNNING,
    RETOUCH_STATE_DONE, /* from here on terminal */
    RETOUCH_STATE_DEAD,
    RETOUCH_STATE_CANCELED,
    RETOUCH_STATE_EXPIRED,
    RETOUCH_STATE_UNKNOWN, /* it may have been billed: an operator decides */
    RETOUCH_STATE_COUNT
};

/* The usual fields; texts are "" and numbers 0 where the status says nothing. Owned by the caller,
 * freed by retouch_status_free. */
struct retouch_status {
    const char *id;
    enum retouch_state state;
    const char *reason;
    const char *effect;
    const char *worker;
    int64_t step, steps;
    int64_t attempts; /* calls that count against max_attempts */
    int64_t sent;     /* calls that may have been billed */
    int64_t enqueued_ms, started_ms, finished_ms, due_ms;
    int64_t wait_ms, api_ms, total_ms;
    int64_t http_status;
    const char *error_class;
    const char *error_code;
    const char *error_message;
    const char *generate_id;
    const char *out_request_id;
    int64_t result_count, result_bytes, result_width, result_height;
    const char *result_type;
    const char *result_url;
    const char *result_json;
};

/* RETOUCH_ERROR_NOT_FOUND where there is none (a job that was pushed by other means has no status
 * before a worker takes it). */
RETOUCH_API int
retouch_get_status(struct retouch *retouch, const char *id, struct retouch_status **ret_status);
/* Many in one round trip: ret_statuses has count elements; the state of a missing one is
 * RETOUCH_STATE_NONE. */
RETOUCH_API int retouch_get_statuses(struct retouch *retouch,
                                     const char *const *ids,
                                     size_t count,
                                     struct retouch_status **ret_statuses);
/* Accepts NULL. */
RETOUCH_API void retouch_status_free(struct retouch_status *status);
/* Any field by its name: bytes that a NUL follows, valid as long as the status; NULL if it is not
 * there. ret_len may be NULL. */
RETOUCH_API const char *
retouch_status_field(const struct retouch_status *status, const char *name, size_t *ret_len);
/* The index-th field of the status, for listing them; NULL past the end. */
RETOUCH_API const char *retouch_status_at(const struct retouch_status *status,
                                          size_t index,
                                          const char **ret_name,
                                          size_t *ret_len);
/* "queued", "done", ...; "none". */
RETOUCH_API const char *retouch_state_name(enum retouch_state state);
/* 1 for the states that are an end (and for RETOUCH_STATE_NONE). */
RETOUCH_API int retouch_state_is_end(enum retouch_state state);

/* Waits until each job has ended or is not there. ret_statuses has count elements, each set on
 * success and on RETOUCH_ERROR_TIMEOUT (as it is then), all NULL on other errors. timeout_ms below
 * 0: for ever. Waiting costs Redis nothing: it is told, it does not ask. */
RETOUCH_API int retouch_wait(struct retouch *retouch,
                             const char *const *ids,
                             size_t count,
                             int64_t timeout_ms,
                             struct retouch_status **ret_statuses);

/* The same for a set that grows while jobs end: add ids at any time, take ended ones in the order
 * of their end. Open it before submitting or after, no end is missed. NULL: no memory, or
 * unreachable. */
RETOUCH_API struct retouch_watch *retouch_watch_new(struct retouch *retouch);
/* Accepts NULL. */
RETOUCH_API void retouch_watch_free(struct retouch_watch *watch);
/* Adding an id twice is adding it once. */
RETOUCH_API int retouch_watch_add(struct retouch_watch *watch, const char *id);
/* Jobs added and not yet given out. */
RETOUCH_API size_t retouch_watch_count(const struct retouch_watch *watch);
/* The next job that has ended or is not there. RETOUCH_ERROR_TIMEOUT after timeout_ms (below 0: for
 * ever); RETOUCH_ERROR_NOT_FOUND when the set is empty. */
RETOUCH_API int retouch_watch_next(struct retouch_watch *watch,
                                   int64_t timeout_ms,
                                   struct retouch_status **ret_status);

enum retouch_canceled {
    RETOUCH_CANCELED,       /* it has ended as canceled; a call in flight is being cut off */
    RETOUCH_CANCELED_AHEAD, /* not known yet: it will be dropped when it comes */
    RETOUCH_CANCELED_NOT    /* it had ended before: nothing was changed */
};

/* Ends one job, wherever it is. A call that has left may be billed all the same; its result is
 * dropped. keep_ms: how long the status is kept from now on (0: 24 h). An id that is not known, or
 * no longer, is remembered for that long: a job that comes with it is dropped. */
RETOUCH_API int retouch_cancel(struct retouch *retouch,
                               const char *id,
                               int64_t keep_ms,
                               enum retouch_canceled *ret_canceled);

/* The image of a finished job: number 0, or 1, 2, ... of further ones. The bytes are the caller's,
 * freed by retouch_free. RETOUCH_ERROR_NOT_FOUND where there is none (any more). */
RETOUCH_API int retouch_fetch(
    struct retouch *retouch, const char *id, unsigned number, void **ret_bytes, size_t *ret_len);
RETOUCH_API void retouch_free(void *bytes);

#ifdef __cplusplus
}
#endif

#endif
