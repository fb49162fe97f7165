/* Fetches an input picture by its URL, by libcurl. */
#include "fetch.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "flags.h"
#include "visit.h"

enum {
    FETCH_MAX_S = 10
};

static bool host_is_loopback(const char *host)
{
    struct in_addr address;
    if (inet_pton(AF_INET, host, &address) == 1) {
        return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

static bool url_is_loopback(const char *url)
{
    char *host = NULL;
    CURLU *parts = curl_url();
    bool ok = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK && host_is_loopback(host);
    curl_free(host);
    curl_url_cleanup(parts);
    return ok;
}

/* True for http://HOST/..., HOST being the one of the request. */
static bool url_is_own(const struct visit *visit, const char *url)
{
    static const char scheme[] = "http://";
    size_t len = visit->host != NULL ? strlen(visit->host) : 0;
    return len > 0 && strncasecmp(url, scheme, strlen(scheme)) == 0 &&
           strncasecmp(url + strlen(scheme), visit->host, len) == 0 &&
           url[strlen(scheme) + len] == '/';
}

static size_t on_bytes(char *data, size_t size, size_t count, void *out)
{
    return bytes_append(out, data, size * count) ? size * count : 0;
}

/* `route` is libcurl's list of where to connect to instead; NULL for where the URL says. */
static bool fetch(const char *url, struct curl_slist *route, struct bytes *out)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL) {
        return false;
    }
    long status = 0;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, route);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)FETCH_MAX_S);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, out);
    bool ok = curl_easy_perform(easy) == CURLE_OK &&
              curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200;
    curl_easy_cleanup(easy);
    return ok;
}

bool fetch_loopback(const char *url, struct bytes *out)
{
    return url_is_loopback(url) && fetch(url, NULL, out);
}

bool fetch_image(const struct visit *visit, const char *url, struct bytes *out)
{
    char own[2 * FLAG_ADDRESS_MAX];
    const char *address = visit->sandbox->flags->address;
    if (!url_is_own(visit, url)) {
        return fetch_loopback(url, out);
    }
    bool v6 = strchr(address, ':') != NULL;
    bool any = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
    const char *loopback = v6 ? "::1" : "127.0.0.1";
    snprintf(own, sizeof own, "::%s%s%s:%u", v6 ? "[" : "", any ? loopback : address, v6 ? "]" : "",
             (unsigned)visit->sandbox->port);
    struct curl_slist *route = curl_slist_append(NULL, own);
    bool ok = route != NULL && fetch(url, route, out);
    curl_slist_free_all(route);
    return ok;
}
