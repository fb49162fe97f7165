/* A few threads that work through one queue. */
#ifndef SANDBOX_POOL_H
#define SANDBOX_POOL_H

struct pool;

struct task {
    void (*run)(struct task *task); /* on a pool thread; the task may be freed in it */
    void *data;                     /* borrowed */
    struct task *next;              /* the pool's, while queued */
};

/* NULL when no thread can be started. */
struct pool *pool_new(unsigned threads);
/* The task is borrowed until it runs. */
void pool_add(struct pool *pool, struct task *task);
/* Runs what is queued, then ends the threads. */
void pool_free(struct pool *pool);

#endif
