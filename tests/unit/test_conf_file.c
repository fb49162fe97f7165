#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "conf/conf.h"
#include "conf/conf_file.h"
#include "conf/conf_print.h"
#include "lib/unit.h"

enum {
    PATH_BYTES = 64
};

/* A temporary file per case; its path is the case's state. */
static int file_setup(void **state)
{
    static char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "/tmp/retouch-test-XXXXXX");
    int fd = mkstemp(path);
    *state = path;
    return fd >= 0 ? close(fd) : -1;
}

static int file_teardown(void **state)
{
    return unlink(*state);
}

static void file_write(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        fail_msg("cannot write %s", path);
        return;
    }
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void file_is(const char *path, const char *text)
{
    file_write(path, text, strlen(text));
}

static int load(struct conf *conf, const char *path, struct err *err)
{
    const struct conf_sources sources = {.file = path};
    return conf_load(conf, &sources, err);
}

static void sections_keys_comments_and_blanks_are_read(void **state)
{
    struct conf conf;
    struct err err = {.code = 0};
    file_is(*state, "# first\n; second\n\n[worker]\nlease = 3s\n   concurrency=7 ; why\r\n"
                    "[queue]\nnames: a, b\n[api]\naccess_key=A\nsecret_key = S\n[retry]\ncap=1h");
    assert_ok(load(&conf, *state, &err), &err);
    assert_int_equal(conf.worker.lease_ms, 3000);
    assert_int_equal(conf.worker.concurrency, 7);
    assert_int_equal(conf.queue.names.n, 2);
    assert_string_equal(conf.api.secret_key, "S");
    assert_int_equal(conf.retry.cap_ms, 3600000);
}

static void an_empty_file_is_a_good_one(void **state)
{
    struct conf conf;
    struct err err = {.code = 0};
    file_is(*state, "");
    assert_ok(load(&conf, *state, &err), &err);
}

static void the_sample_with_its_keys_taken_in_is_a_good_file(void **state)
{
    struct conf conf;
    struct conf initial;
    struct buf text;
    struct err err = {.code = 0};
    buf_init(&text, 1 << 18);
    assert_int_equal(conf_sample(&text), 0);
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i - 1] == '#' && text.ptr[i] != ' ') {
            text.ptr[i - 1] = ' ';
        }
    }
    file_write(*state, (const char *)text.ptr, text.len);
    assert_ok(load(&conf, *state, &err), &err);
    conf_init(&initial);
    assert_memory_equal(&conf, &initial, sizeof conf);
    buf_done(&text);
}

static void flags_beat_the_file(void **state)
{
    struct conf conf;
    struct err err = {.code = 0};
    file_is(*state, "[worker]\nlease = 3s\nconcurrency = 9\n");
    const struct conf_flag flag = {"--set", NULL, "worker.lease=4s"};
    const struct conf_sources sources = {.file = *state, .flags = &flag, .n_flags = 1};
    assert_ok(conf_load(&conf, &sources, &err), &err);
    assert_int_equal(conf.worker.lease_ms, 4000);
    assert_int_equal(conf.worker.concurrency, 9);
}

static void a_mistake_is_named_with_file_and_line(void **state)
{
    static const struct {
        const char *content;
        const char *wanted; /* after the path */
    } cases[] = {
        {"[worker]\n\nlease = soon\n",         ":3: worker.lease: \"soon\" is not allowed"                },
        {"[worker]\nleese = 1s\n",
         ":2: there is no key \"worker.leese\"; did you mean worker.lease?"                               },
        {"lease = 1s\n",                       ":1: there is no key \"lease\"; did you mean worker.lease?"},
        {"[worker]\nnonsense\n",               ":2: neither \"[section]\" nor \"key = value\""            },
        {"[worker]\nnonsense\nlease = soon\n", ":2: neither"                                              },
        {"[worker]\nlease = soon\nnonsense\n", ":2: worker.lease"                                         },
        {"[worker\nlease = 1s\n",              ":1: neither"                                              },
        {"[worker]\nlease = 2s\n  4s\n",       ":3: neither"                                              },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct conf conf;
        struct err err = {.code = 0};
        file_is(*state, cases[i].content);
        assert_fails(load(&conf, *state, &err), ERR_INVALID);
        char wanted[256];
        (void)snprintf(wanted, sizeof wanted, "%s%s", (const char *)*state, cases[i].wanted);
        if (strncmp(err.msg, wanted, strlen(wanted)) != 0) {
            fail_msg("\"%s\" does not begin with \"%s\"", err.msg, wanted);
        }
    }
}

static void a_line_too_long_or_with_a_nul_is_refused(void **state)
{
    struct conf conf;
    struct err err = {.code = 0};
    char text[600] = "[effects]\ndir=";
    memset(text + strlen(text), 'd', 400);
    file_is(*state, text);
    assert_fails(load(&conf, *state, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, ":2: the line is too long"));

    file_write(*state, "[worker]\nlease=1s\0x\n", 20);
    assert_fails(load(&conf, *state, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, ":2: the line holds a NUL byte"));
}

static void a_comment_may_be_longer_than_a_line(void **state)
{
    struct conf conf;
    struct err err = {.code = 0};
    char text[2000] = "# ";
    memset(text + 2, '=', 1000);
    text[1002] = '\0';
    (void)snprintf(text + 1002, sizeof text - 1002, "\n[worker]\nlease = 3s\n");
    file_is(*state, text);
    assert_ok(load(&conf, *state, &err), &err);
    assert_int_equal(conf.worker.lease_ms, 3000);
}

static void a_file_that_is_not_there_or_too_big_is_refused(void **state)
{
    struct conf conf;
    struct err err = {.code = 0};
    assert_fails(load(&conf, "/nonexistent/retouchd.conf", &err), ERR_INVALID);
    assert_string_equal(err.msg,
                        "cannot open /nonexistent/retouchd.conf: No such file or directory");
    assert_fails(load(&conf, "/", &err), ERR_INVALID);
    assert_int_equal(truncate(*state, (1 << 20) + 1), 0);
    assert_fails(load(&conf, *state, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "too big"));
}

static void a_secret_is_read_from_its_file_without_the_line_end(void **state)
{
    struct conf conf;
    struct err err = {.code = 0};
    conf_init(&conf);
    file_is(*state, "hunter2\r\n");
    assert_ok(conf_set(&conf, "api.secret_key_file", *state, &err), &err);
    assert_string_equal(conf.api.secret_key, "hunter2");
    assert_string_equal(conf.api.secret_key_file, *state);
    assert_ok(conf_set(&conf, "api.secret_key_file", "", &err), &err);
    assert_string_equal(conf.api.secret_key, "hunter2");
}

static void the_later_of_key_and_key_file_counts(void **state)
{
    struct conf conf;
    struct err err = {.code = 0};
    conf_init(&conf);
    file_is(*state, "from-file\n");
    assert_ok(conf_set(&conf, "api.access_key_file", *state, &err), &err);
    assert_ok(conf_set(&conf, "api.access_key", "direct", &err), &err);
    assert_string_equal(conf.api.access_key, "direct");
    assert_ok(conf_set(&conf, "api.access_key_file", *state, &err), &err);
    assert_string_equal(conf.api.access_key, "from-file");
}

static void a_secret_file_missing_empty_or_too_big_is_refused_by_name(void **state)
{
    struct conf conf;
    struct err err = {.code = 0};
    char big[1000];
    memset(big, 's', sizeof big);
    conf_init(&conf);
    assert_fails(conf_set(&conf, "api.access_key_file", "/nonexistent/key", &err), ERR_INVALID);
    assert_string_equal(err.msg, "api.access_key_file: cannot open /nonexistent/key: No such file "
                                 "or directory");
    file_is(*state, "\n");
    assert_fails(conf_set(&conf, "api.access_key_file", *state, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "is empty"));
    file_write(*state, big, sizeof big);
    assert_fails(conf_set(&conf, "api.access_key_file", *state, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "too big"));
    file_is(*state, "two\nlines\n");
    assert_fails(conf_set(&conf, "api.access_key_file", *state, &err), ERR_INVALID);
    assert_null(strstr(err.msg, "lines"));
    assert_string_equal(conf.api.access_key, "");
    assert_string_equal(conf.api.access_key_file, "");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, file_setup, file_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(sections_keys_comments_and_blanks_are_read),
        CASE(an_empty_file_is_a_good_one),
        CASE(the_sample_with_its_keys_taken_in_is_a_good_file),
        CASE(flags_beat_the_file),
        CASE(a_mistake_is_named_with_file_and_line),
        CASE(a_line_too_long_or_with_a_nul_is_refused),
        CASE(a_comment_may_be_longer_than_a_line),
        CASE(a_file_that_is_not_there_or_too_big_is_refused),
        CASE(a_secret_is_read_from_its_file_without_the_line_end),
        CASE(the_later_of_key_and_key_file_counts),
        CASE(a_secret_file_missing_empty_or_too_big_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
