#include "lib/redis_bed.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lib/unit.h"

static void on_state(void *data, enum redis_state state, const struct err *err)
{
    struct redis_bed *bed = data;
    if (state == REDIS_READY) {
        bed->readies++;
    } else {
        bed->downs++;
        (void)snprintf(bed->reason, sizeof(bed->reason), "%s", err->msg);
    }
}

static void on_message(void *data, struct slice channel, struct slice message)
{
    struct redis_bed *bed = data;
    (void)channel;
    bed->messages++;
    (void)text_copy(bed->message, sizeof(bed->message), message);
}

static void on_closed(void *data)
{
    struct redis_bed *bed = data;
    assert_false(bed->closed);
    bed->closed = true;
}

void redis_bed_init(struct redis_bed *bed, const char *url)
{
    struct err err = {.code = 0};
    (void)signal(SIGPIPE, SIG_IGN);
    *bed = (struct redis_bed){.loop = loop_new(&err)};
    assert_non_null(bed->loop);
    assert_ok(redis_url_parse(slice_text(url), &bed->url, &err), &err);
    bed->options = (struct redis_options){
        .url = &bed->url,
        .connect_timeout_ms = 20000,
        .patience_ms = 20000,
        .name = "test",
        .on_state = on_state,
        .on_message = on_message,
        .data = bed,
    };
}

void redis_bed_open(struct redis_bed *bed)
{
    struct err err = {.code = 0};
    bed->redis = redis_open(bed->loop, &bed->options, &err);
    if (bed->redis == NULL) {
        fail_msg("%s", err.msg);
    }
}

void redis_bed_wait(struct redis_bed *bed, const unsigned *flag, unsigned least)
{
    while (*flag < least) {
        loop_run_once(bed->loop, true);
    }
}

void redis_bed_wait_ready(struct redis_bed *bed)
{
    redis_bed_wait(bed, &bed->readies, bed->readies + 1);
    assert_int_equal(redis_state(bed->redis), REDIS_READY);
    assert_string_equal(redis_trouble(bed->redis), "");
}

void redis_bed_wait_down(struct redis_bed *bed)
{
    redis_bed_wait(bed, &bed->downs, bed->downs + 1);
    assert_string_equal(redis_trouble(bed->redis), bed->reason);
}

static void
asked_on_reply(struct redis_request *request, struct redis_reply *reply, const struct err *err)
{
    struct asked *asked = request->data;
    asked->answers++;
    asked->err = *err;
    assert_true((err->code == 0) == (reply != NULL));
    if (reply != NULL) {
        asked->kind = redis_reply_kind(reply);
        asked->number = redis_reply_int(reply);
        assert_true(redis_reply_take(reply, &asked->text) == (asked->kind == REDIS_TEXT));
        assert_false(redis_reply_take(reply, &asked->text));
    }
}

void asked_init(struct asked *asked)
{
    *asked = (struct asked){
        .request = {.on_reply = asked_on_reply, .data = asked}
    };
    buf_init(&asked->text, SIZE_MAX);
}

void asked_done(struct asked *asked)
{
    assert_int_equal(asked->answers, 1);
    buf_done(&asked->text);
}

void redis_bed_send(struct redis_bed *bed, struct asked *asked, const char *const *words)
{
    struct slice args[BED_ARGS_MAX];
    struct err err = {.code = 0};
    size_t count = 0;
    for (; words[count] != NULL; count++) {
        args[count] = slice_text(words[count]);
    }
    asked_init(asked);
    assert_ok(redis_send(bed->redis, &asked->request, args, count, &err), &err);
    assert_int_equal(asked->answers, 0);
}

int redis_bed_ask(struct redis_bed *bed, struct asked *asked, const char *const *words)
{
    redis_bed_send(bed, asked, words);
    redis_bed_wait(bed, &asked->answers, 1);
    return asked->err.code;
}

void redis_bed_done(struct redis_bed *bed)
{
    if (bed->redis != NULL) {
        redis_close(bed->redis, on_closed, bed);
        assert_false(bed->closed);
        while (!bed->closed) {
            loop_run_once(bed->loop, true);
        }
    }
    loop_free(bed->loop);
}
