/* Results behind links: /_sandbox/result/NAME/KEY?expires=...&sign=...
 *
 * The link says all there is to know, so that nothing is stored but the result in the cache. */
#include "link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "fault.h"
#include "flags.h"
#include "query.h"
#include "visit.h"

static const char prefix[] = "/_sandbox/result/";

enum {
    LINK_NAME_MAX = 16,
    SIGN_MAX = 64
};

/* Base64 of a digest of the path, with a '+' put in so that every link has one. */
static void sign(const struct visit *visit, const char *path, char text[SIGN_MAX])
{
    char secret[256];
    uint8_t digest[DIGEST_BYTES];
    int len = snprintf(secret, sizeof secret, "%llu %s",
                       (unsigned long long)visit->sandbox->flags->seed, path);
    digest_of(secret, (size_t)len < sizeof secret ? (size_t)len : sizeof secret - 1, digest);
    struct bytes coded = {0};
    if (base64_encode(digest, 21, &coded)) {
        snprintf(text, SIGN_MAX, "%.6s+%.*s", (char *)coded.ptr, (int)coded.len - 6,
                 (char *)coded.ptr + 6);
    }
    bytes_done(&coded);
}

bool link_format(const struct visit *visit,
                 const uint8_t key[DIGEST_BYTES],
                 const char *name,
                 struct bytes *out)
{
    char hex[DIGEST_HEX];
    char path[sizeof prefix + LINK_NAME_MAX + DIGEST_HEX + 2];
    char text[SIGN_MAX] = "";
    char own_host[64];
    const char *host = visit->host;
    snprintf(path, sizeof path, "%s%.12s/%s", prefix, name, digest_format(key, hex));
    sign(visit, path, text);
    if (host == NULL || strlen(host) > 128 || strpbrk(host, "\"\\/?#") != NULL) {
        snprintf(own_host, sizeof own_host, "127.0.0.1:%u", (unsigned)visit->sandbox->port);
        host = own_host;
    }
    return bytes_printf(out, "http:\\/\\/%s%s?expires=4102444800\\u0026sign=%s", host, path, text);
}

const char *link_fault_name(const struct visit *visit, char *space, size_t size)
{
    const struct fault *fault = visit->fault;
    if (fault != NULL && fault->kind == FAULT_RESULT_URL_HTML) {
        return "html";
    }
    if (fault != NULL && fault->kind == FAULT_RESULT_URL_STATUS) {
        snprintf(space, size, "%d", fault->status > 0 ? fault->status : 404);
        return space;
    }
    return "ok";
}

/* NAME/KEY behind the prefix. */
static bool parse_path(const char *path, char name[LINK_NAME_MAX], uint8_t key[DIGEST_BYTES])
{
    const char *at = path + strlen(prefix);
    const char *slash = strchr(at, '/');
    if (slash == NULL || slash - at >= LINK_NAME_MAX || strlen(slash + 1) != DIGEST_HEX - 1) {
        return false;
    }
    memcpy(name, at, (size_t)(slash - at));
    name[slash - at] = '\0';
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        char pair[3] = {slash[1 + 2 * i], slash[2 + 2 * i], '\0'};
        char *end = NULL;
        key[i] = (uint8_t)strtoul(pair, &end, 16);
        if (*end != '\0') {
            return false;
        }
    }
    return true;
}

void link_serve(struct visit *visit)
{
    char name[LINK_NAME_MAX];
    uint8_t key[DIGEST_BYTES];
    char expected[SIGN_MAX] = "";
    char given[SIGN_MAX];
    if (!parse_path(visit->path, name, key)) {
        answer_set(&visit->answer, 404, "text/plain", "no such result\n");
        return;
    }
    sign(visit, visit->path, expected);
    if (!query_get(visit->query, "sign", given, sizeof given) || strcmp(given, expected) != 0) {
        answer_set(&visit->answer, 403, "text/plain", "SignatureDoesNotMatch\n");
        return;
    }
    if (strcmp(name, "html") == 0) {
        answer_set(&visit->answer, 200, "text/html", "<html><body>Expired</body></html>\n");
        return;
    }
    if (strcmp(name, "ok") != 0) {
        answer_set(&visit->answer, (int)strtoul(name, NULL, 10), "text/plain", "as scripted\n");
        return;
    }
    const struct result *result = cache_find(visit->sandbox->cache, key);
    if (result == NULL) {
        answer_set(&visit->answer, 404, "text/plain", "the result has been cleaned up\n");
        return;
    }
    const char *type = result->format == PICTURE_PNG ? "image/png" : "image/jpeg";
    answer_set(&visit->answer, 200, type, "");
    (void)!bytes_append(&visit->answer.body, result->image.ptr, result->image.len);
    cache_put(visit->sandbox->cache, result);
}
