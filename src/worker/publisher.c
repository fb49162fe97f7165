#include "worker/publisher.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/rng.h"

struct publisher {
    const struct conf *conf; /* borrowed: the worker's */
    struct timer *timer;     /* owned: calls on_done on the next turn */
    struct list live;
    struct list soon;
};

static void publisher_on_timer(void *data)
{
    struct publisher *publisher = data;
    struct list_node *node;
    while ((node = list_pop_front(&publisher->soon)) != NULL) {
        struct publication *publication = CONTAINER_OF(node, struct publication, soon_node);
        publication->on_done(publication);
    }
}

struct publisher *publisher_new(struct loop *loop, const struct conf *conf, struct err *err)
{
    struct publisher *publisher = mem_zalloc(1, sizeof *publisher);
    if (publisher != NULL) {
        publisher->timer = timer_new(loop, publisher_on_timer, publisher);
    }
    if (publisher == NULL || publisher->timer == NULL) {
        mem_free(publisher);
        err_ignore(err_set(err, ERR_NO_MEMORY, "publisher: no memory")); /* NULL says it */
        return NULL;
    }
    publisher->conf = conf;
    list_init(&publisher->live);
    list_init(&publisher->soon);
    return publisher;
}

void publisher_free(struct publisher *publisher)
{
    if (publisher != NULL) {
        CHECK(publisher->live.len == 0);
        timer_close(publisher->timer);
        mem_free(publisher);
    }
}

int publication_start(struct publisher *publisher,
                      struct publication *publication,
                      struct slice image,
                      enum image_format format,
                      struct err *err)
{
    const struct conf *conf = publisher->conf;
    CHECK(publication->publisher == NULL);
    if (conf->publish.mode == PUBLISH_NONE) {
        return err_set(
            err, ERR_INVALID,
            "image: this effect takes a URL; give image.url, or configure publish.mode (http and "
            "publish.base_url, or s3) so that the worker can publish the bytes");
    }
    if (rng_secret_hex(publication->token, (PUBLICATION_TOKEN_MAX - 1) / 2) != 0) {
        return err_set(err, ERR_SYSTEM, "publish: no randomness for a token");
    }
    int len = snprintf(publication->url, sizeof publication->url, "%s/i/%s", conf->publish.base_url,
                       publication->token);
    if (len < 0 || (size_t)len >= sizeof publication->url) {
        return err_set(err, ERR_INVALID, "publish.base_url is too long");
    }
    publication->publisher = publisher;
    publication->image = image;
    publication->format = format;
    err_clear(&publication->err);
    list_push_back(&publisher->live, &publication->node);
    list_push_back(&publisher->soon, &publication->soon_node);
    timer_start(publisher->timer, 0, 0);
    return 0;
}

void publication_end(struct publication *publication)
{
    struct publisher *publisher = publication->publisher;
    if (publisher == NULL) {
        return;
    }
    list_remove(&publisher->live, &publication->node);
    if (list_linked(&publication->soon_node)) {
        list_remove(&publisher->soon, &publication->soon_node);
    }
    publication->publisher = NULL;
    publication->image = slice_of(NULL, 0);
}

const struct publication *publisher_find(const struct publisher *publisher, const char *token)
{
    list_foreach_safe(&publisher->live, node) {
        struct publication *publication = CONTAINER_OF(node, struct publication, node);
        if (strcmp(publication->token, token) == 0) {
            return publication;
        }
    }
    return NULL;
}
