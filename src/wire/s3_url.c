#include "wire/s3_url.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "wire/url.h"

enum {
    SHA256_BYTES = 32,
    DATE_MAX = 24,
    PIECE_MAX = 4096
};

struct signing {
    char day[DATE_MAX];    /* 20130524 */
    char moment[DATE_MAX]; /* 20130524T000000Z */
    struct buf scope;      /* day/region/s3/aws4_request */
    struct buf query;      /* canonical: sorted, encoded */
    struct buf text;       /* canonical request, then string to sign */
};

static void hex_of(const uint8_t *bytes, size_t len, char *text)
{
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
}

static int hmac(const void *key, size_t key_len, const char *text, uint8_t mac[SHA256_BYTES])
{
    unsigned len = 0;
    return HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)text, strlen(text), mac, &len) !=
                   NULL
               ? 0
               : ERR_NO_MEMORY;
}

/* The key of the day, region and service, and what it makes of the text. */
static int sign(const struct s3_object *object,
                const char *day,
                const char *text,
                char signature[2 * SHA256_BYTES + 1])
{
    const char *steps[] = {day, object->region, "s3", "aws4_request", text};
    uint8_t mac[SHA256_BYTES];
    char secret[PIECE_MAX];
    int len = snprintf(secret, sizeof secret, "AWS4%s", object->secret_key);
    if (len < 0 || (size_t)len >= sizeof secret) {
        return ERR_TOO_BIG;
    }
    int code = hmac(secret, (size_t)len, steps[0], mac);
    for (size_t i = 1; code == 0 && i < sizeof steps / sizeof steps[0]; i++) {
        uint8_t key[SHA256_BYTES];
        memcpy(key, mac, sizeof key);
        code = hmac(key, sizeof key, steps[i], mac);
        explicit_bzero(key, sizeof key);
    }
    hex_of(mac, sizeof mac, signature);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(mac, sizeof mac);
    return code;
}

static void signing_init(struct signing *signing, int64_t now_unix_ms)
{
    time_t now = (time_t)(now_unix_ms / 1000);
    struct tm parts = {0};
    (void)gmtime_r(&now, &parts);
    (void)strftime(signing->day, sizeof signing->day, "%Y%m%d", &parts);
    (void)strftime(signing->moment, sizeof signing->moment, "%Y%m%dT%H%M%SZ", &parts);
    buf_init(&signing->scope, PIECE_MAX);
    buf_init(&signing->query, PIECE_MAX);
    buf_init(&signing->text, 2 * PIECE_MAX);
}

static void signing_done(struct signing *signing)
{
    buf_done(&signing->scope);
    buf_done(&signing->query);
    buf_done(&signing->text);
}

static int write_query(struct signing *signing, const struct s3_object *object, int64_t expires_s)
{
    struct buf *query = &signing->query;
    int code = buf_printf(&signing->scope, "%s/%s/s3/aws4_request", signing->day, object->region);
    if (code == 0) {
        code = buf_append_text(query, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
    }
    if (code == 0) {
        code = url_append_value(query, slice_text(object->access_key));
    }
    if (code == 0) {
        code = buf_append_text(query, "%2F");
    }
    if (code == 0) {
        code = url_append_value(query, buf_view(&signing->scope));
    }
    if (code == 0) {
        code =
            buf_printf(query, "&X-Amz-Date=%s&X-Amz-Expires=%" PRId64 "&X-Amz-SignedHeaders=host",
                       signing->moment, expires_s);
    }
    return code;
}

/* What is signed: the request in its canonical form, by its digest. */
static int write_text(struct signing *signing,
                      const struct s3_object *object,
                      const char *method,
                      const char *host)
{
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    int code = buf_printf(&signing->text, "%s\n%s\n%.*s\nhost:%s\n\nhost\nUNSIGNED-PAYLOAD", method,
                          object->path, SLICE_ARG(buf_view(&signing->query)), host);
    if (code != 0) {
        return code;
    }
    if (EVP_Digest(signing->text.ptr, signing->text.len, digest, NULL, EVP_sha256(), NULL) != 1) {
        return ERR_NO_MEMORY;
    }
    hex_of(digest, sizeof digest, hex);
    buf_clear(&signing->text);
    return buf_printf(&signing->text, "AWS4-HMAC-SHA256\n%s\n%.*s\n%s", signing->moment,
                      SLICE_ARG(buf_view(&signing->scope)), hex);
}

int s3_url_append(struct buf *dest,
                  const struct s3_object *object,
                  const char *method,
                  int64_t now_unix_ms,
                  int64_t expires_s)
{
    struct signing signing;
    char signature[2 * SHA256_BYTES + 1];
    const char *host = strstr(object->endpoint, "://");
    if (host == NULL) {
        return ERR_INVALID;
    }
    signing_init(&signing, now_unix_ms);
    int code = write_query(&signing, object, expires_s);
    if (code == 0) {
        code = write_text(&signing, object, method, host + 3);
    }
    if (code == 0 && buf_cstr(&signing.text) == NULL) {
        code = ERR_NO_MEMORY;
    }
    if (code == 0) {
        code = sign(object, signing.day, (const char *)signing.text.ptr, signature);
    }
    if (code == 0) {
        code = buf_printf(dest, "%s%s?%.*s&X-Amz-Signature=%s", object->endpoint, object->path,
                          SLICE_ARG(buf_view(&signing.query)), signature);
    }
    signing_done(&signing);
    return code;
}
