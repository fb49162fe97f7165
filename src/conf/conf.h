/* The configuration: one plain struct, filled from defaults, file, environment and flags.
 *
 * Owns no memory outside itself, so it is copied by assignment; conf_done wipes the secrets. */
#ifndef RETOUCH_CONF_CONF_H
#define RETOUCH_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

struct buf;

enum {
    CONF_TEXT_MAX = 512,   /* a URL or path with its NUL */
    CONF_SECRET_MAX = 256, /* a key with its NUL */
    CONF_NAME_MAX = 65,    /* a name of at most 64 characters with its NUL */
    CONF_QUEUES_MAX = 16,
    CONF_ROWS_MAX = 64 /* room for the rows of conf.def */
};

/* How images are put where the API can fetch them; the order of publish.mode's choices. */
enum publish_mode {
    PUBLISH_NONE,
    PUBLISH_HTTP,
    PUBLISH_S3
};

struct conf_names {
    char name[CONF_QUEUES_MAX][CONF_NAME_MAX]; /* each a valid queue name, none twice */
    uint32_t n;                                /* 1 to CONF_QUEUES_MAX */
};

/* Fields are explained by the help texts in conf.def. Texts are NUL-terminated, "" when unset. */
struct conf {
    struct {
        char url[CONF_TEXT_MAX]; /* parses by redis_url_parse; holds the password: never log it */
        char prefix[CONF_NAME_MAX];
        int64_t connect_timeout_ms;
        int64_t watchdog_ms;
    } redis;

    struct {
        struct conf_names names;
    } queue;

    struct {
        char base_url[CONF_TEXT_MAX]; /* http:// or https://, no slash at the end */
        char access_key[CONF_SECRET_MAX];
        char secret_key[CONF_SECRET_MAX];
        char access_key_file[CONF_TEXT_MAX]; /* already read into access_key */
        char secret_key_file[CONF_TEXT_MAX]; /* already read into secret_key */
        bool allow_private;
        int64_t connect_timeout_ms;
        int64_t timeout_ms;
        size_t max_answer_bytes;
    } api;

    struct {
        char dir[CONF_TEXT_MAX];
    } effects;

    struct {
        uint32_t concurrency;
        size_t bytes_in_flight; /* 0: see conf_bytes_in_flight */
        int64_t lease_ms;
        int64_t drain_timeout_ms;
    } worker;

    struct {
        uint32_t max_attempts;
        int64_t base_ms;
        int64_t cap_ms;
        uint32_t unknown;
    } retry;

    struct {
        int64_t ttl_ms;
    } result;

    struct {
        int64_t ttl_ms;
        size_t max_bytes;
    } dead;

    struct {
        int64_t ttl_ms;
    } photo;

    struct {
        enum publish_mode mode;
        char base_url[CONF_TEXT_MAX];    /* no slash at the end */
        char s3_endpoint[CONF_TEXT_MAX]; /* the same */
        char s3_bucket[CONF_NAME_MAX];
        char s3_region[CONF_NAME_MAX];
        char s3_access_key[CONF_SECRET_MAX];
        char s3_secret_key[CONF_SECRET_MAX];
    } publish;

    struct {
        char listen[CONF_TEXT_MAX]; /* parses by address_parse */
    } admin;

    struct {
        enum log_level level;
    } log;
};

/* One flag of a command line. */
struct conf_flag {
    const char *flag;  /* borrowed; as the user knows it, "--redis"; named in errors */
    const char *key;   /* borrowed; "redis.url", or NULL: value is "SECTION.KEY=VALUE" (--set) */
    const char *value; /* borrowed */
};

/* Where the values come from, weakest first. */
struct conf_sources {
    const char *file;                    /* borrowed path of an INI file; NULL: none */
    char *(*find_env)(const char *name); /* getenv in programs; NULL: no environment */
    const struct conf_flag *flags;       /* borrowed, in the order given */
    size_t n_flags;
};

/* What a reload found. The names are static, "section.key". */
struct conf_changes {
    const char *applied[CONF_ROWS_MAX]; /* changed and in force now */
    size_t n_applied;
    const char *restart[CONF_ROWS_MAX]; /* changed, but in force only after a restart */
    size_t n_restart;
};

/* Every key at its default. */
void conf_init(struct conf *conf);
/* Wipes; accepts NULL. */
void conf_done(struct conf *conf);
/* Defaults, then file, environment, flags; then the rules between keys. On failure conf is as it
 * was and err names file and line (or variable, or flag), key, what was given and what is allowed:
 * ERR_INVALID for every mistake of the operator. */
int conf_load(struct conf *conf, const struct conf_sources *sources, struct err *err) MUST_CHECK;
/* One key, "section.key". ERR_INVALID with a message as above; conf is then unchanged. */
int conf_set(struct conf *conf, const char *name, const char *value, struct err *err) MUST_CHECK;
/* Copies what may change while running from fresh into conf, and tells what differed. */
void conf_reload(struct conf *conf, const struct conf *fresh, struct conf_changes *ret_changes);

/* worker.bytes_in_flight, or what stands for 0. */
size_t conf_bytes_in_flight(const struct conf *conf);

#endif
