#include "worker/publisher.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "wire/s3_url.h"

enum {
    S3_URL_GOOD_S = 3600, /* longer than any call with its retries in one run */
    S3_TIMEOUT_MS = 60000,
    S3_ANSWER_MAX = 64 << 10
};

struct publisher {
    const struct conf *conf;             /* borrowed: the worker's */
    struct fetcher *fetcher;             /* borrowed */
    struct timer *timer;                 /* owned: calls on_done on the next turn */
    char own_url[PUBLISHER_OWN_URL_MAX]; /* of the listener; "": there is none */
    struct list live;
    struct list soon;
};

/* The deletion of an object whose job has ended; lives until the store has answered. */
struct removal {
    struct fetch fetch;
    struct buf url; /* owned */
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

struct publisher *
publisher_new(struct loop *loop, struct fetcher *fetcher, const struct conf *conf, struct err *err)
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
    publisher->fetcher = fetcher;
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

void publisher_serve_at(struct publisher *publisher, const char *host, uint16_t port)
{
    bool v6 = strchr(host, ':') != NULL;
    (void)snprintf(publisher->own_url, sizeof publisher->own_url, "http://%s%s%s:%u", v6 ? "[" : "",
                   host, v6 ? "]" : "", port);
}

/* s3 */

static const char *content_type_of(enum image_format format)
{
    return format == IMAGE_FORMAT_PNG ? "image/png" : "image/jpeg";
}

static int s3_url_of(const struct publisher *publisher,
                     const char *token,
                     const char *method,
                     int64_t now_unix_ms,
                     struct buf *url)
{
    const struct conf *conf = publisher->conf;
    char path[CONF_NAME_MAX + PUBLICATION_TOKEN_MAX + 8];
    struct s3_object object = {
        .endpoint = conf->publish.s3_endpoint,
        .path = path,
        .region = conf->publish.s3_region,
        .access_key = conf->publish.s3_access_key,
        .secret_key = conf->publish.s3_secret_key,
    };
    (void)snprintf(path, sizeof path, "/%s/%s", conf->publish.s3_bucket, token);
    buf_clear(url);
    int code = s3_url_append(url, &object, method, now_unix_ms, S3_URL_GOOD_S);
    return code == 0 && buf_cstr(url) == NULL ? ERR_NO_MEMORY : code;
}

static void s3_on_put(struct fetch *fetch)
{
    struct publication *publication = fetch->data;
    bool stored = fetch->err.code == 0 && fetch->http_status / 100 == 2;
    if (fetch->err.code != 0) {
        publication->err = fetch->err;
    } else if (!stored) {
        err_ignore(err_set(&publication->err, ERR_REFUSED, "the store answered with HTTP status %d",
                           fetch->http_status)); /* told by on_done */
    }
    publication->stored = stored;
    publication->on_done(publication);
}

static int s3_put(struct publication *publication, int64_t now_unix_ms, struct err *err)
{
    struct publisher *publisher = publication->publisher;
    struct fetch *fetch = &publication->fetch;
    int code = s3_url_of(publisher, publication->token, "GET", now_unix_ms, &publication->url);
    if (code == 0) {
        code = s3_url_of(publisher, publication->token, "PUT", now_unix_ms, &publication->put_url);
    }
    if (code != 0) {
        return err_set(err, code, "publish.s3: the link cannot be written");
    }
    publication->body = (struct body){.payload = publication->image};
    fetch_init(fetch);
    fetch->data = publication;
    fetch->on_done = s3_on_put;
    fetch->method = FETCH_PUT;
    fetch->url = (const char *)publication->put_url.ptr;
    fetch->content_type = content_type_of(publication->format);
    fetch->request = &publication->body;
    fetch->answer_max = S3_ANSWER_MAX;
    fetch->timeout_ms = S3_TIMEOUT_MS;
    return fetch_start(publisher->fetcher, fetch, err);
}

static void s3_on_deleted(struct fetch *fetch)
{
    struct removal *removal = fetch->data;
    if (fetch->err.code != 0 || fetch->http_status / 100 != 2) {
        log_event(LOG_WARN, "unpublish_failed", LOG_NUM("http", fetch->http_status),
                  LOG_TEXT("error", fetch->err.msg));
    }
    fetch_done(&removal->fetch);
    buf_done(&removal->url);
    mem_free(removal);
}

static void s3_delete(struct publication *publication)
{
    struct publisher *publisher = publication->publisher;
    struct removal *removal = mem_zalloc(1, sizeof *removal);
    struct err err = {0};
    if (removal == NULL) {
        return; /* the bucket's life-cycle rule takes it */
    }
    buf_init(&removal->url, PUBLICATION_URL_MAX);
    fetch_init(&removal->fetch);
    removal->fetch.data = removal;
    removal->fetch.on_done = s3_on_deleted;
    removal->fetch.method = FETCH_DELETE;
    removal->fetch.answer_max = S3_ANSWER_MAX;
    removal->fetch.timeout_ms = S3_TIMEOUT_MS;
    int code =
        s3_url_of(publisher, publication->token, "DELETE", publication->now_unix_ms, &removal->url);
    removal->fetch.url = (const char *)removal->url.ptr;
    if (code != 0 || fetch_start(publisher->fetcher, &removal->fetch, &err) != 0) {
        fetch_done(&removal->fetch);
        buf_done(&removal->url);
        mem_free(removal);
    }
}

/* http */

static int http_offer(struct publication *publication, struct err *err)
{
    struct publisher *publisher = publication->publisher;
    const char *base_url = publisher->conf->publish.base_url;
    int code = buf_printf(&publication->url, "%s/i/%s",
                          base_url[0] != '\0' ? base_url : publisher->own_url, publication->token);
    if (code != 0 || buf_cstr(&publication->url) == NULL) {
        return err_set(err, ERR_TOO_BIG, "publish.base_url: the link does not fit");
    }
    list_push_back(&publisher->soon, &publication->soon_node);
    timer_start(publisher->timer, 0, 0);
    return 0;
}

static void publication_release(struct publication *publication)
{
    list_remove(&publication->publisher->live, &publication->node);
    fetch_done(&publication->fetch);
    buf_done(&publication->url);
    buf_done(&publication->put_url);
    publication->publisher = NULL;
    publication->image = slice_of(NULL, 0);
    publication->stored = false;
}

int publication_start(struct publisher *publisher,
                      struct publication *publication,
                      const struct publication_image *image,
                      struct err *err)
{
    enum publish_mode mode = publisher->conf->publish.mode;
    CHECK(publication->publisher == NULL);
    if (mode == PUBLISH_NONE) {
        return err_set(
            err, ERR_INVALID,
            "image: this effect takes a URL: give image.url, or let the worker publish the bytes "
            "(publish.mode http with publish.base_url, or s3 with publish.s3_endpoint and keys)");
    }
    if (rng_secret_hex(publication->token, (PUBLICATION_TOKEN_MAX - 1) / 2) != 0) {
        return err_set(err, ERR_SYSTEM, "publish: no randomness for a token");
    }
    publication->publisher = publisher;
    publication->image = image->bytes;
    publication->format = image->format;
    publication->now_unix_ms = image->now_unix_ms;
    buf_init(&publication->url, PUBLICATION_URL_MAX);
    buf_init(&publication->put_url, PUBLICATION_URL_MAX);
    fetch_init(&publication->fetch);
    err_clear(&publication->err);
    list_push_back(&publisher->live, &publication->node);
    int code = mode == PUBLISH_S3 ? s3_put(publication, image->now_unix_ms, err)
                                  : http_offer(publication, err);
    if (code != 0) {
        publication_release(publication);
    }
    return code;
}

void publication_end(struct publication *publication)
{
    struct publisher *publisher = publication->publisher;
    if (publisher == NULL) {
        return;
    }
    if (list_linked(&publication->soon_node)) {
        list_remove(&publisher->soon, &publication->soon_node);
    }
    if (publication->stored) {
        s3_delete(publication);
    }
    publication_release(publication);
}

const struct publication *publisher_find(const struct publisher *publisher, const char *token)
{
    if (publisher->conf->publish.mode != PUBLISH_HTTP) {
        return NULL;
    }
    list_foreach_safe(&publisher->live, node) {
        struct publication *publication = CONTAINER_OF(node, struct publication, node);
        if (strcmp(publication->token, token) == 0) {
            return publication;
        }
    }
    return NULL;
}
