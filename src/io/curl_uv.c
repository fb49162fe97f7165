/* A curl multi handle on the loop.
 *
 * A watch (uv_poll_t) lives as long as the socket curl opened through curl_uv_open_socket: a
 * kept-alive connection costs no handle per call. Descriptors curl opens by itself (its resolver's
 * pair) are watched from the first wish to CURL_POLL_REMOVE. In both cases libuv stops watching
 * while the descriptor is still open, and the watch's memory is freed in its close callback only.
 *
 * Traps: (1) a transfer may end by the timer while no other runs, so the messages are read after
 * every action, whatever the number of running handles; (2) on POLLERR libuv has stopped watching
 * by itself: curl is told of the error and of something to read (an early answer may lie before
 * it), and the watch is armed again if curl still wants it; (3) a socket callback that fails would
 * kill the whole multi handle, so a watch that cannot be had fails its connection at the opening;
 * (4) a number may come back while a stale watch holds it, so opening drops what was there. */
#include "io/curl_uv.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/loop_uv.h"

enum {
    WATCHES_FIRST = 64 /* descriptors; doubled as needed */
};

struct watch {
    uv_poll_t poll;
    struct curl_uv *curl_uv; /* borrowed */
    curl_socket_t fd;
    int events;  /* UV_* wanted by curl now; 0: stopped */
    bool opened; /* by curl_uv_open_socket */
};

struct curl_uv {
    CURLM *multi;
    uv_loop_t *uv;          /* borrowed */
    struct timer *timer;    /* curl's one time-out */
    struct watch **watches; /* owned; by descriptor; NULL: not watched */
    size_t watch_room;      /* elements of watches */
    size_t watch_count;     /* watches not yet freed, closing ones included */
    curl_uv_ended_fn *on_ended;
    void *data; /* borrowed, for on_ended */
    bool closing;
    curl_uv_closed_fn *closed;
    void *closed_data; /* borrowed */
};

/* Transfers that ended. */

static void curl_uv_drain(struct curl_uv *curl_uv)
{
    int left = 0;
    for (CURLMsg *msg; (msg = curl_multi_info_read(curl_uv->multi, &left)) != NULL;) {
        if (msg->msg != CURLMSG_DONE) {
            continue;
        }
        CURL *easy = msg->easy_handle; /* msg dies with the removal */
        CURLcode result = msg->data.result;
        curl_uv_remove(curl_uv, easy);
        curl_uv->on_ended(curl_uv->data, easy, result);
    }
}

static void curl_uv_act(struct curl_uv *curl_uv, curl_socket_t fd, int bits)
{
    int running = 0;
    CURLMcode code = curl_multi_socket_action(curl_uv->multi, fd, bits, &running);
    /* Anything else (no memory) is curl's to report through the transfer it hit. */
    CHECK(code != CURLM_BAD_HANDLE && code != CURLM_RECURSIVE_API_CALL);
    curl_uv_drain(curl_uv);
}

static void on_time(void *data)
{
    curl_uv_act(data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *data)
{
    (void)multi;
    struct curl_uv *curl_uv = data;
    if (timeout_ms < 0) {
        timer_stop(curl_uv->timer);
    } else {
        timer_start(curl_uv->timer, timeout_ms, 0);
    }
    return 0;
}

/* Watches. */

static void curl_uv_finish(struct curl_uv *curl_uv)
{
    if (!curl_uv->closing || curl_uv->watch_count > 0) {
        return;
    }
    curl_uv_closed_fn *closed = curl_uv->closed;
    void *data = curl_uv->closed_data;
    mem_free(curl_uv->watches);
    mem_free(curl_uv);
    closed(data);
}

static void watch_on_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct curl_uv *curl_uv = watch->curl_uv;
    mem_free(watch);
    curl_uv->watch_count--;
    curl_uv_finish(curl_uv);
}

static void watch_drop(struct watch *watch)
{
    watch->curl_uv->watches[watch->fd] = NULL;
    uv_close((uv_handle_t *)&watch->poll, watch_on_closed); /* stops watching at once */
}

static struct watch *watch_find(const struct curl_uv *curl_uv, curl_socket_t fd)
{
    return fd >= 0 && (size_t)fd < curl_uv->watch_room ? curl_uv->watches[fd] : NULL;
}

static int watches_reserve(struct curl_uv *curl_uv, curl_socket_t fd)
{
    size_t room = curl_uv->watch_room > 0 ? curl_uv->watch_room : WATCHES_FIRST;
    while (room <= (size_t)fd) {
        room *= 2;
    }
    if (room == curl_uv->watch_room) {
        return 0;
    }
    struct watch **watches = mem_realloc(curl_uv->watches, room * sizeof *watches);
    if (watches == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(watches + curl_uv->watch_room, 0, (room - curl_uv->watch_room) * sizeof *watches);
    curl_uv->watches = watches;
    curl_uv->watch_room = room;
    return 0;
}

static struct watch *watch_new(struct curl_uv *curl_uv, curl_socket_t fd, bool opened)
{
    if (watches_reserve(curl_uv, fd) != 0) {
        return NULL;
    }
    if (curl_uv->watches[fd] != NULL) {
        watch_drop(curl_uv->watches[fd]);
    }
    struct watch *watch = mem_zalloc(1, sizeof *watch);
    if (watch == NULL) {
        return NULL;
    }
    if (uv_poll_init_socket(curl_uv->uv, &watch->poll, fd) != 0) {
        mem_free(watch); /* not yet known to the loop */
        return NULL;
    }
    watch->poll.data = watch;
    watch->curl_uv = curl_uv;
    watch->fd = fd;
    watch->opened = opened;
    curl_uv->watches[fd] = watch;
    curl_uv->watch_count++;
    return watch;
}

static void watch_on_event(uv_poll_t *poll, int status, int events);

static void watch_arm(struct watch *watch)
{
    int status = uv_poll_start(&watch->poll, watch->events, watch_on_event);
    CHECK(status == 0); /* fails only when another handle watches the same open descriptor */
}

static void watch_on_event(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct curl_uv *curl_uv = watch->curl_uv;
    curl_socket_t fd = watch->fd;
    if (status == 0) {
        int bits = ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                   ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
        curl_uv_act(curl_uv, fd, bits);
        return;
    }
    curl_uv_act(curl_uv, fd, CURL_CSELECT_ERR | CURL_CSELECT_IN);
    /* The act may have closed the watch; its memory is there until its close callback. */
    if (watch_find(curl_uv, fd) == watch && watch->events != 0 &&
        uv_is_active((uv_handle_t *)poll) == 0) {
        watch_arm(watch);
    }
}

static void watch_stop(struct watch *watch)
{
    watch->events = 0;
    if (watch->opened) {
        (void)uv_poll_stop(&watch->poll); /* always 0 */
    } else {
        watch_drop(watch);
    }
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
    (void)easy;
    (void)socket_data;
    struct curl_uv *curl_uv = data;
    struct watch *watch = watch_find(curl_uv, fd);
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            watch_stop(watch);
        }
        return 0;
    }
    if (watch == NULL) {
        watch = watch_new(curl_uv, fd, false);
    }
    if (watch == NULL) {
        return 0; /* UNTESTED: no memory; the call ends by its time-out */
    }
    watch->events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                    ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    watch_arm(watch);
    return 0;
}

curl_socket_t curl_uv_open_socket(struct curl_uv *curl_uv, const struct curl_sockaddr *address)
{
    int type = address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    curl_socket_t fd = socket(address->family, type, address->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
    if (watch_new(curl_uv, fd, true) == NULL) {
        (void)close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

int curl_uv_close_socket(struct curl_uv *curl_uv, curl_socket_t fd)
{
    struct watch *watch = watch_find(curl_uv, fd);
    if (watch != NULL) {
        watch_drop(watch);
    }
    return close(fd);
}

/* The whole. */

static int multi_configure(struct curl_uv *curl_uv, uint32_t connections_max)
{
    CURLM *multi = curl_uv->multi;
    CURLMcode code = CURLM_OK;
#define SET(option, value)                              \
    if (code == CURLM_OK) {                             \
        code = curl_multi_setopt(multi, option, value); \
    }
    SET(CURLMOPT_SOCKETFUNCTION, on_curl_socket)
    SET(CURLMOPT_SOCKETDATA, curl_uv)
    SET(CURLMOPT_TIMERFUNCTION, on_curl_timer)
    SET(CURLMOPT_TIMERDATA, curl_uv)
    SET(CURLMOPT_MAXCONNECTS, (long)connections_max)
    SET(CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections_max)
    SET(CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX)
#undef SET
    return code == CURLM_OK ? 0 : ERR_NO_MEMORY;
}

struct curl_uv *curl_uv_new(struct loop *loop,
                            uint32_t connections_max,
                            curl_uv_ended_fn *on_ended,
                            void *data,
                            struct err *err)
{
    CHECK(connections_max > 0);
    struct curl_uv *curl_uv = mem_zalloc(1, sizeof *curl_uv);
    if (curl_uv == NULL) {
        goto fail;
    }
    curl_uv->uv = loop_uv(loop);
    curl_uv->on_ended = on_ended;
    curl_uv->data = data;
    curl_uv->multi = curl_multi_init();
    curl_uv->timer = timer_new(loop, on_time, curl_uv);
    if (curl_uv->multi == NULL || curl_uv->timer == NULL ||
        multi_configure(curl_uv, connections_max) != 0) {
        goto fail;
    }
    return curl_uv;
fail:
    err_set(err, ERR_NO_MEMORY, "HTTP client");
    if (curl_uv != NULL) {
        timer_close(curl_uv->timer);
        (void)curl_multi_cleanup(curl_uv->multi); /* accepts NULL */
        mem_free(curl_uv);
    }
    return NULL;
}

void curl_uv_close(struct curl_uv *curl_uv, curl_uv_closed_fn *closed, void *data)
{
    CHECK(!curl_uv->closing);
    curl_uv->closing = true;
    curl_uv->closed = closed;
    curl_uv->closed_data = data;
    CURLMcode code = curl_multi_cleanup(curl_uv->multi); /* closes the kept-alive connections */
    CHECK(code == CURLM_OK);
    timer_close(curl_uv->timer);
    for (size_t fd = 0; fd < curl_uv->watch_room; fd++) {
        if (curl_uv->watches[fd] != NULL) {
            watch_drop(curl_uv->watches[fd]);
        }
    }
    curl_uv_finish(curl_uv);
}

int curl_uv_add(struct curl_uv *curl_uv, CURL *easy, struct err *err)
{
    CURLMcode code = curl_multi_add_handle(curl_uv->multi, easy);
    if (code != CURLM_OK) {
        return err_set(err, ERR_NO_MEMORY, "curl: %s", curl_multi_strerror(code));
    }
    return 0;
}

void curl_uv_remove(struct curl_uv *curl_uv, CURL *easy)
{
    CURLMcode code = curl_multi_remove_handle(curl_uv->multi, easy);
    CHECK(code == CURLM_OK);
}
