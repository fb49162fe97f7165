/* A world without a kernel for the worker: a virtual clock, a Redis that answers by a script, an
 * API that the test plays. Linked in place of src/io; one world per process.
 *
 * The worker's questions are answered one by one in the order in which they were asked, and written
 * to a trace that reads as the story of the protocol: "claim jobs: a1", "begin a1: ok", ... What
 * would be said in any story (nothing to claim, lease renewed, nothing to sweep) is left out. */
#ifndef RETOUCH_LIB_FAKE_WORLD_H
#define RETOUCH_LIB_FAKE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct loop;

struct loop *world_open(void);
void world_close(void);
/* Runs turns of the loop until nobody has anything to say. */
void world_settle(void);
/* Time goes by, timer by timer. */
void world_pass(int64_t ms);
/* Adds a line to the trace. */
void world_tell(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The lines since the last call, or "". */
const char *world_trace(void);
int64_t world_unix_ms(void);

/* Redis: fake_redis.c */

/* Producers: inbox is "jobs", "jobs:high" or "jobs:low". */
void world_push(const char *inbox, struct slice element);
void world_store(const char *key_or_id, struct slice bytes); /* envelopes by id, images by key */
/* The next question that begins so ("begin a1") gets this answer, in the words of its script
 * ("duplicate"); for begin "ok 2 0 1 3" gives attempts, sent, unknowns and waits. "... lost": it is
 * carried out, and all connections are lost before its answer. */
void world_answer(const char *question, const char *answer);
void world_pause(bool paused); /* the key exists, and is told */
void world_publish(const char *message);
/* Every question about that inbox is answered by this error. */
void world_refuse(const char *inbox, const char *error);
void world_lose_redis(void); /* and stays away until world_find_redis */
void world_find_redis(void);
int64_t world_delay_ms(void); /* of the last commit that scheduled a retry */
uint32_t world_inbox_len(const char *inbox);

/* The API: fake_fetch.c. Each ends the call that was begun first. */

void world_http(int status, const char *body);
void world_http_link(const char *url);     /* a picture, behind a URL */
void world_http_image(void);               /* a picture, as base64 in JSON */
void world_http_bytes(struct slice bytes); /* 200, as a result's link gives it */
void world_http_fail(int code, bool body_sent);
void world_http_unsent(void); /* the body of the calls in flight has not left */
uint32_t world_calls(void);   /* in flight */
/* A JPEG that the API accepts. */
struct slice world_photo(void);

/* Between the files of the world. */
bool fake_redis_turn(void);
bool fake_fetch_turn(void);
int64_t fake_redis_due_ms(void); /* INT64_MAX: none */
void fake_redis_reset(void);
void fake_fetch_reset(void);
int64_t fake_at_ms(void);

#endif
