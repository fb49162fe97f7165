#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "conf/conf.h"
#include "conf/conf_table.h"
#include "lib/unit.h"

static const struct conf_sources no_sources;

static void every_key_of_the_contract_has_its_default(void **state)
{
    (void)state;
    struct conf conf;
    conf_init(&conf);
    assert_string_equal(conf.redis.url, "redis://127.0.0.1:6379");
    assert_string_equal(conf.redis.prefix, "rt");
    assert_int_equal(conf.redis.connect_timeout_ms, 5000);
    assert_int_equal(conf.redis.watchdog_ms, 5000);
    assert_int_equal(conf.queue.names.n, 1);
    assert_string_equal(conf.queue.names.name[0], "default");
    assert_string_equal(conf.api.base_url, "https://openapi.mtlab.meitu.com");
    assert_string_equal(conf.api.access_key, "");
    assert_string_equal(conf.api.secret_key, "");
    assert_false(conf.api.allow_private);
    assert_int_equal(conf.api.connect_timeout_ms, 10000);
    assert_int_equal(conf.api.timeout_ms, 60000);
    assert_int_equal(conf.api.max_answer_bytes, 64 << 20);
    assert_string_equal(conf.effects.dir, "");
    assert_int_equal(conf.worker.concurrency, 64);
    assert_int_equal(conf.worker.lease_ms, 10000);
    assert_int_equal(conf.worker.drain_timeout_ms, 30000);
    assert_int_equal(conf_bytes_in_flight(&conf), 1 << 30);
    assert_int_equal(conf.retry.max_attempts, 8);
    assert_int_equal(conf.retry.base_ms, 1000);
    assert_int_equal(conf.retry.cap_ms, 300000);
    assert_int_equal(conf.retry.unknown, 1);
    assert_int_equal(conf.result.ttl_ms, 86400000);
    assert_int_equal(conf.dead.ttl_ms, 7 * 86400000);
    assert_int_equal(conf.dead.max_bytes, 256 << 20);
    assert_string_equal(conf.admin.listen, "127.0.0.1:9464");
    assert_int_equal(conf.log.level, LOG_INFO);
}

static void good_values_are_taken(void **state)
{
    (void)state;
    struct conf conf;
    struct err err = {.code = 0};
    conf_init(&conf);
    assert_ok(conf_set(&conf, "worker.concurrency", "20000", &err), &err);
    assert_int_equal(conf.worker.concurrency, 20000);
    assert_ok(conf_set(&conf, "worker.lease", "500ms", &err), &err);
    assert_int_equal(conf.worker.lease_ms, 500);
    assert_ok(conf_set(&conf, "dead.max_bytes", "2GB", &err), &err);
    assert_int_equal(conf.dead.max_bytes, 2147483648);
    assert_ok(conf_set(&conf, "api.allow_private", "on", &err), &err);
    assert_true(conf.api.allow_private);
    assert_ok(conf_set(&conf, "log.level", "debug", &err), &err);
    assert_int_equal(conf.log.level, LOG_DEBUG);
    assert_ok(conf_set(&conf, "log.level", "error", &err), &err);
    assert_int_equal(conf.log.level, LOG_ERROR);
    assert_ok(conf_set(&conf, "admin.listen", "none", &err), &err);
    assert_ok(conf_set(&conf, "worker.bytes_in_flight", "64MB", &err), &err);
    assert_int_equal(conf_bytes_in_flight(&conf), 64 << 20);
    assert_ok(conf_set(&conf, "api.base_url", "http://127.0.0.1:8080/v1//", &err), &err);
    assert_string_equal(conf.api.base_url, "http://127.0.0.1:8080/v1");
}

static void queue_names_are_a_list_in_order(void **state)
{
    (void)state;
    struct conf conf;
    struct err err = {.code = 0};
    conf_init(&conf);
    assert_ok(conf_set(&conf, "queue.names", "vip, default,batch_2", &err), &err);
    assert_int_equal(conf.queue.names.n, 3);
    assert_string_equal(conf.queue.names.name[0], "vip");
    assert_string_equal(conf.queue.names.name[1], "default");
    assert_string_equal(conf.queue.names.name[2], "batch_2");
}

static void bad_values_are_refused_naming_key_value_and_what_is_allowed(void **state)
{
    (void)state;

    static const struct {
        const char *key;
        const char *value;
        const char *wanted; /* part of the message */
    } cases[] = {
        {"worker.concurrency", "0",                                 "a number from 1 to 20000"      },
        {"worker.concurrency", "20001",                             "a number from 1 to 20000"      },
        {"worker.concurrency", "6 4",                               "a number from 1 to 20000"      },
        {"worker.concurrency", "",                                  "a number from 1 to 20000"      },
        {"worker.lease",       "499ms",                             "from 500ms to 1h"              },
        {"worker.lease",       "10",                                "a duration in ms, s, m, h or d"},
        {"retry.unknown",      "-1",                                "from 0 to 100"                 },
        {"retry.max_attempts", "101",                               "from 1 to 100"                 },
        {"api.max_answer",     "1TB",                               "a size in bytes, KB, MB or GB" },
        {"api.allow_private",  "maybe",                             "yes or no"                     },
        {"log.level",          "err",                               "error|warn|info|debug"         },
        {"log.level",          "error|warn",                        "error|warn|info|debug"         },
        {"log.level",          "",                                  "error|warn|info|debug"         },
        {"redis.prefix",       "rt:{x}",                            "A-Z a-z 0-9 . _ -"             },
        {"queue.names",        "",                                  "1 to 16 names"                 },
        {"queue.names",        "a,,b",                              "1 to 16 names"                 },
        {"queue.names",        "Upper",                             "1 to 16 names"                 },
        {"queue.names",        "a,b,a",                             "it names a twice"              },
        {"queue.names",        "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "more than 16"                  },
        {"api.base_url",       "ftp://h",                           "http://HOST or https://HOST"   },
        {"api.base_url",       "https://",                          "http://HOST or https://HOST"   },
        {"api.base_url",       "https://h/?a=b",                    "it holds a blank, ?, # or @"   },
        {"admin.listen",       "9464",                              "ADDR:PORT or none"             },
        {"effects.dir",        "a\nb",                              "control character"             },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct conf conf;
        struct conf before;
        struct err err = {.code = 0};
        conf_init(&conf);
        conf_init(&before);
        assert_fails(conf_set(&conf, cases[i].key, cases[i].value, &err), ERR_INVALID);
        if (strstr(err.msg, cases[i].key) == NULL || strstr(err.msg, cases[i].wanted) == NULL) {
            fail_msg("\"%s\" lacks \"%s\" or its key", err.msg, cases[i].wanted);
        }
        assert_memory_equal(&conf, &before, sizeof conf);
    }
}

static void a_refused_value_is_shown_escaped(void **state)
{
    (void)state;
    struct conf conf;
    struct err err = {.code = 0};
    conf_init(&conf);
    assert_fails(conf_set(&conf, "worker.concurrency", "a\"b", &err), ERR_INVALID);
    assert_string_equal(err.msg, "worker.concurrency: \"a\\\"b\" is not allowed; want a number "
                                 "from 1 to 20000");
}

static void a_refused_secret_is_never_shown(void **state)
{
    (void)state;
    struct conf conf;
    struct err err = {.code = 0};
    conf_init(&conf);
    assert_fails(conf_set(&conf, "api.secret_key", "hunter2\n", &err), ERR_INVALID);
    assert_null(strstr(err.msg, "hunter2"));
    assert_fails(conf_set(&conf, "redis.url", "redis://u:hunter2@h:port", &err), ERR_INVALID);
    assert_null(strstr(err.msg, "hunter2"));
    assert_non_null(strstr(err.msg, "the port is no number"));
}

static void an_unknown_key_names_the_nearest_one(void **state)
{
    (void)state;

    static const struct {
        const char *given;
        const char *meant;
    } cases[] = {
        {"worker.concurency",    "worker.concurrency"},
        {"worker.leases",        "worker.lease"      },
        {"redis.uri",            "redis.url"         },
        {"concurrency",          "worker.concurrency"},
        {"retries.max_attempts", "retry.max_attempts"},
        {"api.lease",            "worker.lease"      },
    };
    struct conf conf;
    conf_init(&conf);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct err err = {.code = 0};
        char wanted[80];
        assert_fails(conf_set(&conf, cases[i].given, "1", &err), ERR_INVALID);
        (void)snprintf(wanted, sizeof wanted, "did you mean %s?", cases[i].meant);
        if (strstr(err.msg, wanted) == NULL) {
            fail_msg("\"%s\" lacks \"%s\"", err.msg, wanted);
        }
    }
}

static void a_key_like_no_other_gets_no_guess(void **state)
{
    (void)state;
    struct conf conf;
    struct err err = {.code = 0};
    conf_init(&conf);
    assert_fails(conf_set(&conf, "something.else.entirely", "1", &err), ERR_INVALID);
    assert_string_equal(err.msg, "there is no key \"something.else.entirely\"");
    assert_fails(conf_set(&conf, "", "1", &err), ERR_INVALID);
    char text[300];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_fails(conf_set(&conf, text, "1", &err), ERR_INVALID);
}

static char *find_in_test_environment(const char *name)
{
    static char redis[] = "redis://from-env";
    static char base[] = "http://from-env";
    static char empty[] = "";
    if (strcmp(name, "RETOUCH_REDIS") == 0) {
        return redis;
    }
    if (strcmp(name, "MEITU_OPENAPI_BASE_URL") == 0) {
        return base;
    }
    return strcmp(name, "MEITU_OPENAPI_ACCESS_KEY") == 0 ? empty : NULL;
}

static void flags_beat_the_environment_and_an_empty_variable_is_none(void **state)
{
    (void)state;
    struct conf conf;
    struct err err = {.code = 0};
    const struct conf_flag flags[] = {
        {"--redis", "redis.url", "redis://from-flag"},
        {"--set",   NULL,        "worker.lease=2s"  },
    };
    const struct conf_sources sources = {
        .find_env = find_in_test_environment, .flags = flags, .n_flags = N_ELEMENTS(flags)};
    assert_ok(conf_load(&conf, &sources, &err), &err);
    assert_string_equal(conf.redis.url, "redis://from-flag");
    assert_string_equal(conf.api.base_url, "http://from-env");
    assert_string_equal(conf.api.access_key, "");
    assert_int_equal(conf.worker.lease_ms, 2000);
}

static char *find_a_bad_url(const char *name)
{
    static char text[] = "nowhere";
    return strcmp(name, "RETOUCH_REDIS") == 0 ? text : NULL;
}

static void a_bad_variable_or_flag_is_named(void **state)
{
    (void)state;
    struct conf conf;
    struct err err = {.code = 0};
    const struct conf_sources environment = {.find_env = find_a_bad_url};
    assert_fails(conf_load(&conf, &environment, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "environment variable RETOUCH_REDIS: redis.url: "));

    const struct conf_flag flag = {"--concurrency", "worker.concurrency", "many"};
    const struct conf_sources flags = {.flags = &flag, .n_flags = 1};
    assert_fails(conf_load(&conf, &flags, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "--concurrency: worker.concurrency: \"many\""));

    const struct conf_flag set = {"--set", NULL, "worker.lease"};
    const struct conf_sources sets = {.flags = &set, .n_flags = 1};
    assert_fails(conf_load(&conf, &sets, &err), ERR_INVALID);
    assert_string_equal(err.msg, "--set: \"worker.lease\" is not SECTION.KEY=VALUE");
}

static void a_value_of_set_may_hold_equals_signs(void **state)
{
    (void)state;
    struct conf conf;
    struct err err = {.code = 0};
    const struct conf_flag flags[] = {
        {"--set", NULL, "api.access_key=a=b"},
        {"--set", NULL, "api.secret_key=c=="}
    };
    const struct conf_sources sources = {.flags = flags, .n_flags = N_ELEMENTS(flags)};
    assert_ok(conf_load(&conf, &sources, &err), &err);
    assert_string_equal(conf.api.access_key, "a=b");
    assert_string_equal(conf.api.secret_key, "c==");
}

static void rules_between_keys_are_held_and_a_failed_load_changes_nothing(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"retry.base=10m",   "retry.base (600000ms) must not be above retry.cap (300000ms)"},
        {"api.access_key=k", "api.access_key is set, but api.secret_key is not"            },
        {"api.secret_key=k", "api.secret_key is set, but api.access_key is not"            },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct conf conf;
        struct err err = {.code = 0};
        conf_init(&conf);
        assert_ok(conf_set(&conf, "worker.lease", "7s", &err), &err);
        const struct conf_flag flag = {"--set", NULL, cases[i][0]};
        const struct conf_sources sources = {.flags = &flag, .n_flags = 1};
        assert_fails(conf_load(&conf, &sources, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i][1]);
        assert_int_equal(conf.worker.lease_ms, 7000);
    }
}

static void reload_applies_what_it_may_and_names_the_rest(void **state)
{
    (void)state;
    struct conf conf;
    struct conf fresh;
    struct err err = {.code = 0};
    assert_ok(conf_load(&conf, &no_sources, &err), &err);
    fresh = conf;
    assert_ok(conf_set(&fresh, "log.level", "debug", &err), &err);
    assert_ok(conf_set(&fresh, "api.access_key", "new", &err), &err);
    assert_ok(conf_set(&fresh, "redis.url", "redis://elsewhere", &err), &err);
    assert_ok(conf_set(&fresh, "worker.lease", "10s", &err), &err);
    struct conf_changes changes;
    conf_reload(&conf, &fresh, &changes);
    assert_int_equal(changes.n_applied, 2);
    assert_string_equal(changes.applied[0], "api.access_key");
    assert_string_equal(changes.applied[1], "log.level");
    assert_int_equal(changes.n_restart, 1);
    assert_string_equal(changes.restart[0], "redis.url");
    assert_int_equal(conf.log.level, LOG_DEBUG);
    assert_string_equal(conf.api.access_key, "new");
    assert_string_equal(conf.redis.url, "redis://127.0.0.1:6379");
}

static void a_text_that_was_longer_before_counts_as_unchanged(void **state)
{
    (void)state;
    struct conf conf;
    struct conf fresh;
    struct err err = {.code = 0};
    conf_init(&conf);
    conf_init(&fresh);
    assert_ok(conf_set(&fresh, "queue.names", "a-long-name,and-another", &err), &err);
    assert_ok(conf_set(&fresh, "queue.names", "default", &err), &err);
    assert_ok(conf_set(&fresh, "effects.dir", "/a/long/path", &err), &err);
    assert_ok(conf_set(&fresh, "effects.dir", "", &err), &err);
    struct conf_changes changes;
    conf_reload(&conf, &fresh, &changes);
    assert_int_equal(changes.n_applied + changes.n_restart, 0);
}

static void done_wipes_the_secrets(void **state)
{
    (void)state;
    static struct conf conf;
    static const struct conf wiped;
    struct err err = {.code = 0};
    conf_init(&conf);
    assert_ok(conf_set(&conf, "api.secret_key", "hunter2", &err), &err);
    conf_done(&conf);
    assert_memory_equal(&conf, &wiped, sizeof conf);
    conf_done(NULL);
}

static void rows_of_a_section_stand_together_and_end_their_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(conf_rows); i++) {
        size_t len = strlen(conf_rows[i].help);
        assert_int_equal(conf_rows[i].help[len - 1], '.');
        assert_ptr_equal(conf_row_find(slice_text(conf_rows[i].name)), &conf_rows[i]);
        for (size_t j = i + 2; j < N_ELEMENTS(conf_rows); j++) {
            bool same = strcmp(conf_rows[i].section, conf_rows[j].section) == 0;
            bool kept = strcmp(conf_rows[j - 1].section, conf_rows[j].section) == 0;
            assert_true(!same || kept);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_the_contract_has_its_default),
        cmocka_unit_test(good_values_are_taken),
        cmocka_unit_test(queue_names_are_a_list_in_order),
        cmocka_unit_test(bad_values_are_refused_naming_key_value_and_what_is_allowed),
        cmocka_unit_test(a_refused_value_is_shown_escaped),
        cmocka_unit_test(a_refused_secret_is_never_shown),
        cmocka_unit_test(an_unknown_key_names_the_nearest_one),
        cmocka_unit_test(a_key_like_no_other_gets_no_guess),
        cmocka_unit_test(flags_beat_the_environment_and_an_empty_variable_is_none),
        cmocka_unit_test(a_bad_variable_or_flag_is_named),
        cmocka_unit_test(a_value_of_set_may_hold_equals_signs),
        cmocka_unit_test(rules_between_keys_are_held_and_a_failed_load_changes_nothing),
        cmocka_unit_test(reload_applies_what_it_may_and_names_the_rest),
        cmocka_unit_test(a_text_that_was_longer_before_counts_as_unchanged),
        cmocka_unit_test(done_wipes_the_secrets),
        cmocka_unit_test(rows_of_a_section_stand_together_and_end_their_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
