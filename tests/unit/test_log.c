#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/unit.h"

enum {
    OUTPUT_MAX = 8192
};

/* Standard error goes into a pipe between log_begin and log_end. */
static int saved_stderr;
static int pipe_read;
static char output[OUTPUT_MAX];

static void log_begin(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)fflush(stderr);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(saved_stderr >= 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(ends[1]), 0);
    pipe_read = ends[0];
}

/* What was logged, with the time stamp of its first line checked and taken off. */
static const char *log_end(void)
{
    (void)fflush(stderr);
    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(saved_stderr), 0);
    size_t used = 0;
    ssize_t got = 1;
    while (got > 0 && used < sizeof output - 1) {
        got = read(pipe_read, output + used, sizeof output - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    }
    assert_int_equal(close(pipe_read), 0);
    output[used] = '\0';
    if (used == 0) {
        return output;
    }
    static const char stamp[] = "ts=2026-03-05T10:00:00.123Z ";
    assert_memory_equal(output, "ts=2", 4);
    assert_int_equal(output[sizeof stamp - 3], 'Z');
    return output + sizeof stamp - 1;
}

static void a_line_is_level_event_and_fields(void **state)
{
    (void)state;
    log_begin();
    log_event(LOG_INFO, "job_done", LOG_TEXT("job", "a1"), LOG_NUM("ms", -1800));
    assert_string_equal(log_end(), "lvl=info ev=job_done job=a1 ms=-1800\n");
}

static void an_event_may_stand_alone(void **state)
{
    (void)state;
    log_begin();
    log_write(LOG_ERROR, "lost", &(const struct log_field){.key = NULL});
    assert_string_equal(log_end(), "lvl=error ev=lost\n");
}

static void values_are_quoted_and_escaped_where_needed(void **state)
{
    (void)state;
    const char *volatile none = NULL;
    const char *volatile empty = "";
    log_begin();
    log_event(LOG_WARN, "e", LOG_TEXT("a", "two words"), LOG_TEXT("b", "x=\"y\"\n"),
              LOG_TEXT("c", empty), LOG_TEXT("d", none), LOG_TEXT("f", "\x1b[0m"));
    assert_string_equal(log_end(),
                        "lvl=warn ev=e a=\"two words\" b=\"x=\\\"y\\\"\\n\" c=\"\" d=\"\" "
                        "f=\"\\x1b[0m\"\n");
}

static void what_is_below_the_level_is_not_written(void **state)
{
    (void)state;
    log_set_level(LOG_WARN);
    assert_int_equal(log_get_level(), LOG_WARN);
    log_begin();
    log_event(LOG_INFO, "quiet", LOG_NUM("n", 1));
    log_event(LOG_WARN, "loud", LOG_NUM("n", 2));
    assert_string_equal(log_end(), "lvl=warn ev=loud n=2\n");
    log_set_level(LOG_INFO);
}

static void a_long_line_is_cut_but_stays_one_line(void **state)
{
    (void)state;
    char text[4000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_begin();
    log_event(LOG_INFO, "big", LOG_TEXT("a", text), LOG_TEXT("b", text));
    const char *line = log_end();
    size_t len = strlen(line);
    assert_in_range(len, 1000, 2048);
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
}

static void level_names_are_read(void **state)
{
    (void)state;
    enum log_level level = LOG_INFO;
    assert_int_equal(log_parse_level("error", &level), 0);
    assert_int_equal(level, LOG_ERROR);
    assert_int_equal(log_parse_level("debug", &level), 0);
    assert_int_equal(level, LOG_DEBUG);
    assert_fails(log_parse_level("loud", &level), ERR_MALFORMED);
    assert_int_equal(level, LOG_DEBUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_level_event_and_fields),
        cmocka_unit_test(an_event_may_stand_alone),
        cmocka_unit_test(values_are_quoted_and_escaped_where_needed),
        cmocka_unit_test(what_is_below_the_level_is_not_written),
        cmocka_unit_test(a_long_line_is_cut_but_stays_one_line),
        cmocka_unit_test(level_names_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
