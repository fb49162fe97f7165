#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/conf_print.h"
#include "conf/conf_table.h"
#include "lib/unit.h"

enum {
    TEXT_MAX = 1 << 18,
    ALLOCATIONS_MAX = 1000 /* more than any of the printers makes */
};

static void read_source_file(const char *name, struct buf *text)
{
    char path[512];
    const char *root = getenv("RETOUCH_SOURCE");
    (void)snprintf(path, sizeof path, "%s/%s", root != NULL ? root : ".", name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
        return;
    }
    assert_int_equal(buf_reserve(text, TEXT_MAX - 1), 0);
    text->len = fread(text->ptr, 1, TEXT_MAX - 1, file);
    (void)fclose(file);
}

static void the_shipped_file_is_the_sample(void **state)
{
    (void)state;
    struct buf wanted;
    struct buf shipped;
    buf_init(&wanted, TEXT_MAX);
    buf_init(&shipped, TEXT_MAX);
    assert_int_equal(conf_sample(&wanted), 0);
    read_source_file("deploy/retouchd.conf", &shipped);
    if (!slice_equal(buf_view(&wanted), buf_view(&shipped))) {
        fail_msg("deploy/retouchd.conf is old: build/tools/conf_text sample >deploy/retouchd.conf");
    }
    buf_done(&wanted);
    buf_done(&shipped);
}

static void every_key_is_in_sample_help_and_manual(void **state)
{
    (void)state;
    static int (*const printers[])(struct buf * text) = {conf_help, conf_sample, conf_man};
    for (size_t p = 0; p < N_ELEMENTS(printers); p++) {
        struct buf text;
        buf_init(&text, TEXT_MAX);
        assert_int_equal(printers[p](&text), 0);
        for (size_t i = 0; i < N_ELEMENTS(conf_rows); i++) {
            /* Without what scdoc's escapes may split: the help's first word. */
            char word[16] = "";
            (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(conf_rows[i].help, " "),
                           conf_rows[i].help);
            const char *wanted = printers[p] == conf_help ? conf_rows[i].name : word;
            assert_non_null(strstr(buf_cstr(&text), wanted));
        }
        buf_done(&text);
    }
}

static void the_dump_shows_what_is_in_force_and_no_secret(void **state)
{
    (void)state;
    struct conf conf;
    struct buf text;
    struct err err = {.code = 0};
    conf_init(&conf);
    assert_ok(conf_set(&conf, "api.secret_key", "hunter2", &err), &err);
    assert_ok(conf_set(&conf, "redis.url", "redis://u:hunter2@h:1/2", &err), &err);
    assert_ok(conf_set(&conf, "queue.names", "b,a", &err), &err);
    buf_init(&text, TEXT_MAX);
    assert_int_equal(conf_dump(&conf, &text), 0);
    const char *dump = buf_cstr(&text);
    static const char *const lines[] = {
        "redis.url = redis://u:***@h:1/2\n",
        "queue.names = b,a\n",
        "api.access_key = \n",
        "api.secret_key = ***\n",
        "worker.lease = 10s\n",
        "worker.concurrency = 64\n",
        "api.max_answer = 64MB\n",
        "api.allow_private = no\n",
        "log.level = info\n",
    };
    for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
        if (strstr(dump, lines[i]) == NULL) {
            fail_msg("no line %s in\n%s", lines[i], dump);
        }
    }
    assert_null(strstr(dump, "hunter2"));
    buf_done(&text);
}

static void a_value_in_force_is_written_as_one_would_write_it(void **state)
{
    (void)state;
    struct conf conf;
    struct conf again;
    struct buf text;
    struct err err = {.code = 0};
    conf_init(&conf);
    conf_init(&again);
    assert_ok(conf_set(&conf, "retry.cap", "90s", &err), &err);
    assert_ok(conf_set(&conf, "admin.listen", "[::1]:1", &err), &err);
    buf_init(&text, TEXT_MAX);
    assert_int_equal(conf_dump(&conf, &text), 0);
    char *rest = buf_cstr(&text);
    for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n")) {
        char *value = strstr(line, " = ");
        assert_non_null(value);
        *value = '\0';
        assert_ok(conf_set(&again, line, value + 3, &err), &err);
    }
    /* The masked form of the URL spells out its defaults; all else is the same. */
    assert_ok(conf_set(&again, "redis.url", conf.redis.url, &err), &err);
    assert_memory_equal(&again, &conf, sizeof conf);
    buf_done(&text);
}

static void a_failed_allocation_is_reported(void **state)
{
    (void)state;
    static int (*const printers[])(struct buf * text) = {conf_help, conf_sample, conf_man};
    for (size_t p = 0; p < N_ELEMENTS(printers); p++) {
        int code = ERR_NO_MEMORY;
        unsigned n = 0;
        while (code == ERR_NO_MEMORY && n < ALLOCATIONS_MAX) {
            struct buf text;
            buf_init(&text, TEXT_MAX);
            mem_fail_after(++n);
            code = printers[p](&text);
            mem_fail_after(0);
            buf_done(&text);
        }
        assert_int_equal(code, 0);
        assert_in_range(n, 2, ALLOCATIONS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_file_is_the_sample),
        cmocka_unit_test(every_key_is_in_sample_help_and_manual),
        cmocka_unit_test(the_dump_shows_what_is_in_force_and_no_secret),
        cmocka_unit_test(a_value_in_force_is_written_as_one_would_write_it),
        cmocka_unit_test(a_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
