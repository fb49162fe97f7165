#include "lib/flow.h"

#include <stdio.h>
#include <string.h>

static struct {
    struct worker worker;
    struct catalogue catalogue;
    bool closed;
} flow;

struct worker *flow_open(const char *const *settings)
{
    static struct conf conf;
    struct err err = {0};
    conf_init(&conf);
    for (; settings != NULL && *settings != NULL; settings++) {
        char name[64];
        const char *value = strchr(*settings, '=');
        assert_non_null(value);
        (void)snprintf(name, sizeof name, "%.*s", (int)(value - *settings), *settings);
        assert_ok(conf_set(&conf, name, value + 1, &err), &err);
    }
    log_set_level(LOG_ERROR);
    flow.closed = false;
    catalogue_init(&flow.catalogue);
    assert_ok(catalogue_load(&flow.catalogue, NULL, &err), &err);
    assert_ok(worker_open(&flow.worker, world_open(), &conf, &flow.catalogue, &err), &err);
    rng_seed(&flow.worker.rng, 1); /* the same story each time */
    world_settle();
    (void)world_trace();
    return &flow.worker;
}

static void flow_on_closed(void *data)
{
    (void)data;
    assert_false(flow.closed);
    flow.closed = true;
}

void flow_drain(void)
{
    world_tell("drain");
    worker_drain(&flow.worker, flow_on_closed, NULL);
    world_settle();
}

bool flow_closed(void)
{
    return flow.closed;
}

void flow_close(void)
{
    if (!flow.closed) {
        flow_drain();
        world_pass(60000);
    }
    assert_true(flow.closed);
    assert_int_equal(flow.worker.admission.calls, 0);
    assert_true(flow.worker.admission.bytes == 0);
    worker_done(&flow.worker);
    catalogue_done(&flow.catalogue);
    world_close();
}

static int flow_write(char *text, size_t size, const char *id, const char *fields)
{
    int len = snprintf(text, size,
                       "{\"id\":\"%s\",\"effect\":\"emoji\","
                       "\"image\":{\"url\":\"https://img.example/a.jpg\"}%s}",
                       id, fields);
    assert_true(len > 0 && (size_t)len < size);
    return len;
}

void flow_push(const char *inbox, const char *id, const char *fields)
{
    char text[1024];
    int len = flow_write(text, sizeof text, id, fields);
    world_push(inbox, slice_of(text, (size_t)len));
}

void flow_push_id(const char *inbox, const char *id, const char *fields)
{
    char text[1024];
    int len = flow_write(text, sizeof text, id, fields);
    world_store(id, slice_of(text, (size_t)len));
    world_push(inbox, slice_text(id));
}

void flow_compare(const char *const *lines, const char *file, int line)
{
    struct buf wanted;
    buf_init(&wanted, SIZE_MAX);
    for (; *lines != NULL; lines++) {
        assert_int_equal(buf_printf(&wanted, "%s\n", *lines), 0);
    }
    const char *told = world_trace();
    if (strcmp(told, buf_cstr(&wanted)) != 0) {
        print_error("wanted:\n%.*stold:\n%s", SLICE_ARG(buf_view(&wanted)), told);
        buf_done(&wanted);
        _fail(file, line);
    }
    buf_done(&wanted);
}
