/* Fetches an input picture by its URL, by libcurl. */
#include "fetch.h"

#include <arpa/inet.h>
#include <string.h>

#include <curl/curl.h>

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

static size_t on_bytes(char *data, size_t size, size_t count, void *out)
{
    return bytes_append(out, data, size * count) ? size * count : 0;
}

bool fetch_loopback(const char *url, struct bytes *out)
{
    if (!url_is_loopback(url)) {
        return false;
    }
    CURL *easy = curl_easy_init();
    if (easy == NULL) {
        return false;
    }
    long status = 0;
    curl_easy_setopt(easy, CURLOPT_URL, url);
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
