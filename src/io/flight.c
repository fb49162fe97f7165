#include "io/flight.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/text.h"
#include "wire/url.h"

/* Memory of a call in flight beside image and answer, at most 64 KiB: upload 32 + download 16 +
 * easy handle, connection and headers about 8. */
enum {
    FLIGHT_UPLOAD_BYTES = 32 * 1024,
    FLIGHT_DOWNLOAD_BYTES = 16 * 1024,
    FLIGHT_HEADERS_MAX = 64 * 1024, /* bytes of header lines in all answers of a call */
    FLIGHT_IDLE_S = 30,             /* a connection idle for longer is not used again: most servers
                                       close theirs at 60 s or later, and a race costs an attempt */
    FLIGHT_KEEPALIVE_S = 30,
    FLIGHT_TYPE_MAX = 256,
    FLIGHT_URL_SHOWN = 200
};

/* curl's codes to ours; what is not here is ERR_SYSTEM. */
static const struct result_row {
    CURLcode result;
    int code;
} result_rows[] = {
    {CURLE_UNSUPPORTED_PROTOCOL,     ERR_UNSUPPORTED},
    {CURLE_URL_MALFORMAT,            ERR_INVALID    },
    {CURLE_COULDNT_RESOLVE_PROXY,    ERR_RESOLVE    },
    {CURLE_COULDNT_RESOLVE_HOST,     ERR_RESOLVE    },
    {CURLE_COULDNT_CONNECT,          ERR_REFUSED    },
    {CURLE_WEIRD_SERVER_REPLY,       ERR_MALFORMED  },
    {CURLE_HTTP2,                    ERR_RESET      },
    {CURLE_PARTIAL_FILE,             ERR_CUT_SHORT  },
    {CURLE_OUT_OF_MEMORY,            ERR_NO_MEMORY  },
    {CURLE_OPERATION_TIMEDOUT,       ERR_TIMEOUT    },
    {CURLE_SSL_CONNECT_ERROR,        ERR_TLS        },
    {CURLE_TOO_MANY_REDIRECTS,       ERR_REDIRECT   },
    {CURLE_GOT_NOTHING,              ERR_RESET      },
    {CURLE_SEND_ERROR,               ERR_RESET      },
    {CURLE_RECV_ERROR,               ERR_RESET      },
    {CURLE_SSL_CERTPROBLEM,          ERR_TLS        },
    {CURLE_SSL_CIPHER,               ERR_TLS        },
    {CURLE_PEER_FAILED_VERIFICATION, ERR_TLS        },
    {CURLE_FILESIZE_EXCEEDED,        ERR_TOO_BIG    },
#if LIBCURL_VERSION_NUM >= 0x080600
    {CURLE_TOO_LARGE,                ERR_TOO_BIG    },
#endif
    {CURLE_USE_SSL_FAILED,           ERR_TLS        },
    {CURLE_SEND_FAIL_REWIND,         ERR_RESET      },
    {CURLE_SSL_CACERT_BADFILE,       ERR_TLS        },
    {CURLE_SSL_ISSUER_ERROR,         ERR_TLS        },
    {CURLE_SSL_INVALIDCERTSTATUS,    ERR_TLS        },
    {CURLE_HTTP2_STREAM,             ERR_RESET      },
    {CURLE_PROXY,                    ERR_REFUSED    },
};

static int result_code(CURLcode result)
{
    for (size_t i = 0; i < N_ELEMENTS(result_rows); i++) {
        if (result_rows[i].result == result) {
            return result_rows[i].code;
        }
    }
    return ERR_SYSTEM;
}

/* Callbacks. A cause that is ours is kept in fetch->err and wins over curl's. */

static void flight_note_given(struct flight *flight)
{
    flight->body_given = flight->fetch->request->offset >= flight->body_length;
}

static size_t on_read(char *dest, size_t size, size_t count, void *data)
{
    struct flight *flight = data;
    struct fetch *fetch = flight->fetch;
    if (fetch->may_send != NULL && !fetch->may_send(fetch)) {
        err_ignore(
            err_set(&fetch->err, ERR_CANCELED, "withheld before it had left")); /* curl ends it */
        return CURL_READFUNC_ABORT;
    }
    size_t given = body_read(fetch->request, (uint8_t *)dest, size * count);
    flight_note_given(flight);
    return given;
}

/* False when the whole body may have left already: it must not be sent again. */
static bool flight_rewind(struct flight *flight)
{
    if (flight->body_length == 0) {
        return true;
    }
    if (flight->body_given) {
        flight->repeat_refused = true;
        return false;
    }
    body_rewind(flight->fetch->request);
    return true;
}

static int on_seek(void *data, curl_off_t offset, int origin)
{
    if (offset != 0 || origin != SEEK_SET) {
        return CURL_SEEKFUNC_FAIL; /* UNTESTED: curl seeks to the start only */
    }
    return flight_rewind(data) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static size_t on_write(char *bytes, size_t size, size_t count, void *data)
{
    struct flight *flight = data;
    struct buf *answer = &flight->fetch->answer;
    size_t len = size * count;
    curl_off_t declared = -1;
    int code = 0;
    if (answer->cap == 0 &&
        curl_easy_getinfo(flight->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &declared) ==
            CURLE_OK &&
        declared > 0) {
        code = buf_reserve(answer, (size_t)declared); /* curl has refused more than answer_max */
    }
    if (code == 0) {
        code = buf_append(answer, bytes, len);
    }
    if (code == ERR_TOO_BIG) {
        err_set(&flight->fetch->err, code, "answer over %zu bytes", answer->max);
    } else if (code != 0) {
        err_set(&flight->fetch->err, code, "answer of %zu bytes", answer->len + len);
    }
    return code == 0 ? len : 0;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *data)
{
    (void)bytes;
    struct flight *flight = data;
    size_t len = size * count;
    flight->header_bytes += len;
    if (flight->header_bytes > FLIGHT_HEADERS_MAX) {
        err_set(&flight->fetch->err, ERR_TOO_BIG, "header over %d bytes", FLIGHT_HEADERS_MAX);
        return 0;
    }
    return len;
}

static bool sockaddr_is_private(const struct sockaddr *address)
{
    union {
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } copy;

    if (address->sa_family == AF_INET) {
        memcpy(&copy.in, address, sizeof copy.in);
        return url_address_is_private(AF_INET, &copy.in.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&copy.in6, address, sizeof copy.in6);
        return url_address_is_private(AF_INET6, &copy.in6.sin6_addr);
    }
    return true; /* neither: nothing a public URL may reach */
}

static bool text_address_is_private(const char *text)
{
    uint8_t address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, text, address) == 1) {
        return url_address_is_private(AF_INET, address);
    }
    if (inet_pton(AF_INET6, text, address) == 1) {
        return url_address_is_private(AF_INET6, address);
    }
    return true; /* with a zone: link-local */
}

static curl_socket_t on_open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct flight *flight = data;
    if (flight->fetch->refuse_private && sockaddr_is_private(&address->addr)) {
        flight->private_refused = true;
        return CURL_SOCKET_BAD;
    }
    return curl_uv_open_socket(flight->curl_uv, address);
}

/* The data is the multi handle's: a connection outlives the call that opened it. */
static int on_close_socket(void *data, curl_socket_t fd)
{
    return curl_uv_close_socket(data, fd);
}

/* A connection, new or kept alive, is ready, and the request comes next: the first one, a redirect
 * or a repetition. */
static int on_request(void *data, char *peer, char *self, int peer_port, int self_port)
{
    (void)self;
    (void)peer_port;
    (void)self_port;
    struct flight *flight = data;
    if (flight->fetch->refuse_private && text_address_is_private(peer)) {
        flight->private_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (flight->requested && !flight_rewind(flight)) {
        return CURL_PREREQFUNC_ABORT;
    }
    flight->requested = true;
    return CURL_PREREQFUNC_OK;
}

/* Set-up. The first failing option counts. */

#define SET(flight, option, value)                                  \
    if (code == CURLE_OK) {                                         \
        code = curl_easy_setopt((flight)->easy, (option), (value)); \
    }

static CURLcode flight_set_callbacks(struct flight *flight)
{
    CURLcode code = CURLE_OK;
    SET(flight, CURLOPT_PRIVATE, flight)
    SET(flight, CURLOPT_ERRORBUFFER, flight->trouble)
    SET(flight, CURLOPT_WRITEFUNCTION, on_write)
    SET(flight, CURLOPT_WRITEDATA, flight)
    SET(flight, CURLOPT_HEADERFUNCTION, on_header)
    SET(flight, CURLOPT_HEADERDATA, flight)
    SET(flight, CURLOPT_OPENSOCKETFUNCTION, on_open_socket)
    SET(flight, CURLOPT_OPENSOCKETDATA, flight)
    SET(flight, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket)
    SET(flight, CURLOPT_CLOSESOCKETDATA, flight->curl_uv)
    SET(flight, CURLOPT_PREREQFUNCTION, on_request)
    SET(flight, CURLOPT_PREREQDATA, flight)
    return code;
}

static CURLcode flight_set_connection(struct flight *flight, const struct fetcher_options *options)
{
    CURLcode code = CURLE_OK;
    SET(flight, CURLOPT_NOSIGNAL, 1L)
    SET(flight, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS)
    SET(flight, CURLOPT_PIPEWAIT, 0L)
    SET(flight, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms)
    SET(flight, CURLOPT_TCP_NODELAY, 1L)
    SET(flight, CURLOPT_TCP_KEEPALIVE, 1L)
    SET(flight, CURLOPT_TCP_KEEPIDLE, (long)FLIGHT_KEEPALIVE_S)
    SET(flight, CURLOPT_TCP_KEEPINTVL, (long)FLIGHT_KEEPALIVE_S)
    SET(flight, CURLOPT_MAXAGE_CONN, (long)FLIGHT_IDLE_S)
    SET(flight, CURLOPT_BUFFERSIZE, (long)FLIGHT_DOWNLOAD_BYTES)
    SET(flight, CURLOPT_UPLOAD_BUFFERSIZE, (long)FLIGHT_UPLOAD_BYTES)
    SET(flight, CURLOPT_USERAGENT, options->user_agent)
    if (options->ca_file != NULL) {
        SET(flight, CURLOPT_CAINFO, options->ca_file)
    }
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Else a call that ends while its name is being looked up would block the loop until the
     * resolver's thread is through. */
    SET(flight, CURLOPT_QUICK_EXIT, 1L)
#endif
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(flight, CURLOPT_PROTOCOLS_STR, "http,https")
    SET(flight, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
#else
    SET(flight, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS)
    SET(flight, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS)
#endif
    return code;
}

static CURLcode flight_set_body(struct flight *flight)
{
    struct fetch *fetch = flight->fetch;
    CURLcode code = CURLE_OK;
    SET(flight, CURLOPT_POST, 1L)
    SET(flight, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)flight->body_length)
    SET(flight, CURLOPT_READFUNCTION, on_read)
    SET(flight, CURLOPT_READDATA, flight)
    SET(flight, CURLOPT_SEEKFUNCTION, on_seek)
    SET(flight, CURLOPT_SEEKDATA, flight)
    if (fetch->method == FETCH_PUT) {
        SET(flight, CURLOPT_CUSTOMREQUEST, "PUT")
    }
    return code;
}

static CURLcode flight_set_request(struct flight *flight)
{
    struct fetch *fetch = flight->fetch;
    bool follow = fetch->redirects_max > 0 && fetch->method == FETCH_GET;
    CURLcode code = CURLE_OK;
    SET(flight, CURLOPT_URL, fetch->url)
    SET(flight, CURLOPT_TIMEOUT_MS, (long)fetch->timeout_ms)
    SET(flight, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)fetch->answer_max)
    SET(flight, CURLOPT_FOLLOWLOCATION, follow ? 1L : 0L)
    SET(flight, CURLOPT_MAXREDIRS, (long)fetch->redirects_max)
    if (fetch->refuse_private) {
        SET(flight, CURLOPT_PROXY, "") /* a proxy would connect where we cannot look */
    }
    if (fetch->request != NULL && code == CURLE_OK) {
        code = flight_set_body(flight);
    }
    if (fetch->method == FETCH_DELETE) {
        SET(flight, CURLOPT_CUSTOMREQUEST, "DELETE")
    }
    if (flight->headers != NULL) {
        SET(flight, CURLOPT_HTTPHEADER, flight->headers)
    }
    return code;
}

#undef SET

static int flight_add_header(struct flight *flight, const char *header)
{
    struct curl_slist *longer = curl_slist_append(flight->headers, header);
    if (longer == NULL) {
        return ERR_NO_MEMORY;
    }
    flight->headers = longer;
    return 0;
}

static int flight_add_headers(struct flight *flight)
{
    const struct fetch *fetch = flight->fetch;
    int code = 0;
    if (fetch->request != NULL) {
        char type[FLIGHT_TYPE_MAX]; /* "Content-Type:" alone takes curl's own off */
        const char *value = fetch->content_type != NULL ? fetch->content_type : "";
        int len =
            snprintf(type, sizeof type, "Content-Type:%s%s", value[0] != '\0' ? " " : "", value);
        code = len < (int)sizeof type ? flight_add_header(flight, type) : ERR_TOO_BIG;
        if (code == 0) {
            code = flight_add_header(flight, "Expect:"); /* no pause before the body */
        }
    }
    for (size_t i = 0; code == 0 && fetch->headers != NULL && fetch->headers[i] != NULL; i++) {
        code = flight_add_header(flight, fetch->headers[i]);
    }
    return code;
}

/* Public. */

struct flight *flight_new(struct fetcher *fetcher, struct curl_uv *curl_uv)
{
    struct flight *flight = mem_zalloc(1, sizeof *flight);
    if (flight == NULL) {
        return NULL;
    }
    flight->fetcher = fetcher;
    flight->curl_uv = curl_uv;
    flight->easy = curl_easy_init();
    if (flight->easy == NULL) {
        mem_free(flight);
        return NULL;
    }
    return flight;
}

void flight_free(struct flight *flight)
{
    if (flight != NULL) {
        curl_slist_free_all(flight->headers);
        curl_easy_cleanup(flight->easy);
        mem_free(flight);
    }
}

int flight_prepare(struct flight *flight,
                   struct fetch *fetch,
                   const struct fetcher_options *options,
                   struct err *err)
{
    CHECK(flight->fetch == NULL);
    flight->fetch = fetch;
    if (fetch->request != NULL) {
        body_rewind(fetch->request);
        flight->body_length = body_length(fetch->request);
        flight_note_given(flight);
    }
    int code = flight_add_headers(flight);
    CURLcode result = CURLE_OK;
    if (code == 0) {
        result = flight_set_callbacks(flight);
    }
    if (code == 0 && result == CURLE_OK) {
        result = flight_set_connection(flight, options);
    }
    if (code == 0 && result == CURLE_OK) {
        result = flight_set_request(flight);
    }
    if (result != CURLE_OK) {
        code = result_code(result);
    }
    if (code != 0) {
        flight_reset(flight);
        return err_set(err, code, "HTTP call: %s", err_name(code));
    }
    return 0;
}

/* An upper bound. Over plain HTTP curl counts exactly what the kernel took; under TLS and HTTP/2
 * it may count less than what left, so there the last piece given to curl counts as sent. */
static bool flight_body_sent(const struct flight *flight)
{
    if (!flight->requested) {
        return false;
    }
    if (flight->body_length == 0 || flight->repeat_refused) {
        return true;
    }
    curl_off_t taken = 0;
    if (slice_starts(slice_text(flight->fetch->url), "http://") &&
        curl_easy_getinfo(flight->easy, CURLINFO_SIZE_UPLOAD_T, &taken) == CURLE_OK) {
        return (size_t)taken >= flight->body_length;
    }
    return flight->body_given;
}

static void flight_read_answer(struct flight *flight)
{
    struct fetch *fetch = flight->fetch;
    long status = 0;
    const char *type = NULL;
    curl_off_t retry_after_s = 0;
    if (curl_easy_getinfo(flight->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK) {
        fetch->http_status = (int)status;
    }
    if (curl_easy_getinfo(flight->easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK) {
        (void)text_copy(fetch->answer_type, sizeof fetch->answer_type, slice_text(type));
    }
    if (curl_easy_getinfo(flight->easy, CURLINFO_RETRY_AFTER, &retry_after_s) == CURLE_OK &&
        retry_after_s > 0 && retry_after_s <= INT32_MAX) {
        fetch->retry_after_ms = (int64_t)retry_after_s * 1000;
    }
}

/* The cause: cancelled, one of ours, or curl's. */
static void flight_judge(struct flight *flight, CURLcode result, int why)
{
    struct err *err = &flight->fetch->err;
    if (why == ERR_CANCELED) {
        err_set(err, ERR_CANCELED, "call cancelled");
    } else if (result == CURLE_OK) {
        err_clear(err);
        return;
    } else if (err->code != 0) {
        /* set by a callback */
    } else if (flight->repeat_refused) {
        err_set(err, ERR_RESET, "connection lost after the body had been sent");
    } else if (flight->private_refused && result != CURLE_OPERATION_TIMEDOUT) {
        err_set(err, ERR_PRIVATE, "address is private");
    } else {
        const char *words =
            flight->trouble[0] != '\0' ? flight->trouble : curl_easy_strerror(result);
        err_set(err, result_code(result), "%s", words);
    }
    char shown[FLIGHT_URL_SHOWN];
    url_mask(slice_text(flight->fetch->url), shown, sizeof shown);
    err_wrap(err, "%s", shown);
}

void flight_conclude(struct flight *flight, CURLcode result, int why)
{
    flight_read_answer(flight);
    flight_judge(flight, result, why);
    flight->fetch->body_sent = flight_body_sent(flight);
    if (flight->fetch->err.code != 0) {
        buf_done(&flight->fetch->answer); /* a part of an answer is none */
    }
}

void flight_reset(struct flight *flight)
{
    curl_easy_reset(flight->easy);
    curl_slist_free_all(flight->headers);
    *flight = (struct flight){
        .easy = flight->easy,
        .curl_uv = flight->curl_uv,
        .fetcher = flight->fetcher,
    };
}
