/* A few threads that work through one queue. */
#include "pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "mem.h"

enum {
    POOL_THREADS_MAX = 16
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct task *first; /* borrowed, each */
    struct task *last;
    pthread_t threads[POOL_THREADS_MAX];
    unsigned n_threads;
    bool ended;
};

/* Waits for a task; NULL at the end. */
static struct task *take_task(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->ended) {
        pthread_cond_wait(&pool->changed, &pool->lock);
    }
    struct task *task = pool->first;
    if (task != NULL) {
        pool->first = task->next;
    }
    pthread_mutex_unlock(&pool->lock);
    return task;
}

static void *pool_run(void *data)
{
    for (struct task *task = take_task(data); task != NULL; task = take_task(data)) {
        task->run(task);
    }
    return NULL;
}

struct pool *pool_new(unsigned threads)
{
    struct pool *pool = mem_zalloc(1, sizeof *pool);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    while (pool->n_threads < threads && pool->n_threads < POOL_THREADS_MAX &&
           pthread_create(&pool->threads[pool->n_threads], NULL, pool_run, pool) == 0) {
        pool->n_threads++;
    }
    if (pool->n_threads == 0) {
        mem_free(pool);
        return NULL;
    }
    return pool;
}

void pool_add(struct pool *pool, struct task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->first == NULL) {
        pool->first = task;
    } else {
        pool->last->next = task;
    }
    pool->last = task;
    pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

void pool_free(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->ended = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->n_threads; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    mem_free(pool);
}
