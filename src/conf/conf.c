#include "conf/conf.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"
#include "conf/address.h"
#include "conf/conf_file.h"
#include "conf/conf_table.h"
#include "conf/conf_type.h"

enum {
    NAME_SHOWN_MAX = 64 /* bytes of an unknown name that an error shows */
};

/* 1 GiB: 64 calls with an image and an answer of 8 MB each. */
static const size_t bytes_in_flight_derived = (size_t)1 << 30;

static const struct {
    const char *variable;
    const char *key;
} environment[] = {
    {"RETOUCH_REDIS",            "redis.url"     },
    {"MEITU_OPENAPI_ACCESS_KEY", "api.access_key"},
    {"MEITU_OPENAPI_SECRET_KEY", "api.secret_key"},
    {"MEITU_OPENAPI_BASE_URL",   "api.base_url"  },
};

void conf_init(struct conf *conf)
{
    memset(conf, 0, sizeof *conf);
    for (size_t i = 0; i < N_ELEMENTS(conf_rows); i++) {
        const struct conf_row *row = &conf_rows[i];
        int code = conf_value_parse(row, slice_text(row->initial), conf_field(row, conf), NULL);
        CHECK(code == 0);
    }
}

void conf_done(struct conf *conf)
{
    if (conf != NULL) {
        explicit_bzero(conf, sizeof *conf);
    }
}

static int conf_fail_unknown(struct slice name, struct err *err)
{
    char shown[NAME_SHOWN_MAX];
    (void)text_escape(name, shown, sizeof shown);
    const struct conf_row *nearest = conf_row_nearest(name);
    if (nearest == NULL) {
        return err_set(err, ERR_INVALID, "there is no key \"%s\"", shown);
    }
    return err_set(err, ERR_INVALID, "there is no key \"%s\"; did you mean %s?", shown,
                   nearest->name);
}

/* The secret that a key ending in "_file" stands for. */
static const struct conf_row *conf_row_of_secret(const struct conf_row *file_row)
{
    size_t len = strlen(file_row->name) - strlen("_file");
    const struct conf_row *row = conf_row_find(slice_of(file_row->name, len));
    CHECK(row != NULL);
    CHECK(row->type == CONF_SECRET);
    return row;
}

static int conf_read_secret(struct conf *conf,
                            const struct conf_row *file_row,
                            const char *path,
                            struct err *err)
{
    const struct conf_row *row = conf_row_of_secret(file_row);
    struct buf text;
    buf_init(&text, CONF_SECRET_MAX + 1); /* its key, and a line end of one or two bytes */
    int code = conf_file_read_secret(path, &text, err);
    if (code == 0) {
        code = conf_value_parse(row, buf_view(&text), conf_field(row, conf), err);
    }
    if (code != 0) {
        (void)err_wrap(err, "%s", file_row->name);
    }
    if (text.ptr != NULL) {
        explicit_bzero(text.ptr, text.cap);
    }
    buf_done(&text);
    return code;
}

static int conf_set_slice(struct conf *conf, struct slice name, const char *value, struct err *err)
{
    const struct conf_row *row = conf_row_find(name);
    if (row == NULL) {
        return conf_fail_unknown(name, err);
    }
    if (row->type == CONF_SECRET_FILE && value[0] != '\0') {
        int code = conf_read_secret(conf, row, value, err);
        if (code != 0) {
            return code;
        }
    }
    return conf_value_parse(row, slice_text(value), conf_field(row, conf), err);
}

int conf_set(struct conf *conf, const char *name, const char *value, struct err *err)
{
    return conf_set_slice(conf, slice_text(name), value, err);
}

static int
conf_load_environment(struct conf *conf, char *(*find_env)(const char *name), struct err *err)
{
    for (size_t i = 0; i < N_ELEMENTS(environment); i++) {
        const char *value = find_env(environment[i].variable);
        /* Container files often set a variable to nothing where they mean to leave it out. */
        if (value == NULL || value[0] == '\0') {
            continue;
        }
        if (conf_set(conf, environment[i].key, value, err) != 0) {
            (void)err_wrap(err, "environment variable %s", environment[i].variable);
            return ERR_INVALID;
        }
    }
    return 0;
}

static int conf_load_flag(struct conf *conf, const struct conf_flag *flag, struct err *err)
{
    if (flag->key != NULL) {
        return conf_set(conf, flag->key, flag->value, err);
    }
    const char *equals = strchr(flag->value, '=');
    if (equals == NULL) {
        char shown[NAME_SHOWN_MAX];
        (void)text_escape(slice_text(flag->value), shown, sizeof shown);
        return err_set(err, ERR_INVALID, "\"%s\" is not SECTION.KEY=VALUE", shown);
    }
    struct slice name = slice_of(flag->value, (size_t)(equals - flag->value));
    return conf_set_slice(conf, name, equals + 1, err);
}

static int conf_load_flags(struct conf *conf, const struct conf_sources *sources, struct err *err)
{
    for (size_t i = 0; i < sources->n_flags; i++) {
        if (conf_load_flag(conf, &sources->flags[i], err) != 0) {
            (void)err_wrap(err, "%s", sources->flags[i].flag);
            return ERR_INVALID;
        }
    }
    return 0;
}

/* The API can be sent to the listener's address as it stands: it names one place. */
static bool listener_is_a_place(const struct conf *conf)
{
    struct address address;
    struct err err = {0};
    return address_parse(slice_text(conf->admin.listen), &address, &err) == 0 && !address.none &&
           strcmp(address.host, "0.0.0.0") != 0 && strcmp(address.host, "::") != 0;
}

/* The rules between keys. */
static int conf_check(const struct conf *conf, struct err *err)
{
    if (conf->retry.base_ms > conf->retry.cap_ms) {
        return err_set(err, ERR_INVALID,
                       "retry.base (%" PRId64 "ms) must not be above retry.cap (%" PRId64 "ms)",
                       conf->retry.base_ms, conf->retry.cap_ms);
    }
    if (conf->publish.mode == PUBLISH_HTTP && conf->publish.base_url[0] == '\0' &&
        !listener_is_a_place(conf)) {
        return err_set(err, ERR_INVALID,
                       "publish.mode is http, but publish.base_url is not set, and admin.listen "
                       "(%s) names no address to stand for it",
                       conf->admin.listen);
    }
    if (conf->publish.mode == PUBLISH_S3 &&
        (conf->publish.s3_endpoint[0] == '\0' || conf->publish.s3_access_key[0] == '\0' ||
         conf->publish.s3_secret_key[0] == '\0')) {
        return err_set(err, ERR_INVALID,
                       "publish.mode is s3, but publish.s3_endpoint, s3_access_key or "
                       "s3_secret_key is not set");
    }
    bool access = conf->api.access_key[0] != '\0';
    bool secret = conf->api.secret_key[0] != '\0';
    if (access != secret) {
        return err_set(err, ERR_INVALID, "api.%s is set, but api.%s is not",
                       access ? "access_key" : "secret_key", access ? "secret_key" : "access_key");
    }
    return 0;
}

int conf_load(struct conf *conf, const struct conf_sources *sources, struct err *err)
{
    struct conf fresh;
    conf_init(&fresh);
    int code = 0;
    if (sources->file != NULL) {
        code = conf_file_load(&fresh, sources->file, err);
    }
    if (code == 0 && sources->find_env != NULL) {
        code = conf_load_environment(&fresh, sources->find_env, err);
    }
    if (code == 0) {
        code = conf_load_flags(&fresh, sources, err);
    }
    if (code == 0) {
        code = conf_check(&fresh, err);
    }
    if (code == 0) {
        *conf = fresh;
    }
    conf_done(&fresh);
    return code;
}

void conf_reload(struct conf *conf, const struct conf *fresh, struct conf_changes *ret_changes)
{
    *ret_changes = (struct conf_changes){.n_applied = 0, .n_restart = 0};
    for (size_t i = 0; i < N_ELEMENTS(conf_rows); i++) {
        const struct conf_row *row = &conf_rows[i];
        void *field = conf_field(row, conf);
        const void *wanted = conf_field_view(row, fresh);
        if (memcmp(field, wanted, row->size) == 0) {
            continue;
        }
        if (row->reload) {
            memcpy(field, wanted, row->size);
            ret_changes->applied[ret_changes->n_applied++] = row->name;
        } else {
            ret_changes->restart[ret_changes->n_restart++] = row->name;
        }
    }
}

size_t conf_bytes_in_flight(const struct conf *conf)
{
    size_t bytes = conf->worker.bytes_in_flight;
    return bytes > 0 ? bytes : bytes_in_flight_derived;
}
