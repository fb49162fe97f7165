/* Puts an answer on the wire, whole or as a fault wants it.
 *
 * Whole answers are a buffer that libmicrohttpd frees. The others are read piece by piece: cut
 * short (truncate), in small pieces with rests between them (slow_answer), or made as they go
 * (huge, gzip_bomb), never stored. */
#include "reply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bomb.h"
#include "exchange.h"
#include "fault.h"
#include "mem.h"

enum {
    BLOCK_BYTES = 64 * 1024,
    REST_MS = 50,
    HUGE_BYTES = 1 << 30
};

struct stream {
    struct exchange *exchange; /* borrowed */
    struct bytes body;         /* owned */
    int64_t cut;               /* stop here with an error; -1: never */
    int64_t piece;             /* bytes between two rests; 0: no rests */
    bool rested;
    struct bomb bomb;
};

/* What the faults with a body of their own say; a rule's status, type and body beat it. */
struct text_row {
    enum fault_kind kind;
    int status;
    const char *content_type;
    const char *body;
};

static const struct text_row text_rows[] = {
    {FAULT_NOT_JSON,    200, content_json, "<<< 200 OK, but this is no JSON: {\"media_info_list\":[{"},
    {FAULT_EMPTY,       200, content_json, ""                                                        },
    {FAULT_HUGE,        200, content_json, ""                                                        },
    {FAULT_GZIP_BOMB,   200, content_json, ""                                                        },
    {FAULT_REDIRECT,    302, content_json, "{}"                                                      },
    {FAULT_WRONG_TYPES, 200, content_json,
     "{\"parameter\":\"done\",\"media_info_list\":{\"media_data\":12345,\"media_profiles\":[]}}"     },
    {FAULT_HTML,        502, "text/html",
     "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
     "Gateway</h1></center>\r\n</body>\r\n</html>\r\n"                                               },
};

static enum fault_kind kind_of(const struct exchange *exchange)
{
    const struct fault *fault = exchange->visit.fault;
    return fault != NULL ? fault->kind : FAULT_LATENCY;
}

static void spoil_status(struct answer *answer, const struct fault *fault)
{
    int status = fault->status > 0 ? fault->status : 500;
    if (fault->body != NULL) {
        answer_set(answer, status, content_json, fault->body);
        answer->code = fault->code > 0 ? (int)fault->code : 0;
    } else {
        const char *message = fault->message != NULL ? fault->message : "scripted failure";
        answer_fail_shaped(answer, status, fault->shape, (int)fault->code, message);
    }
}

static void spoil_text(struct answer *answer, const struct fault *fault, const struct text_row *row)
{
    answer_set(answer, fault->status > 0 ? fault->status : row->status, row->content_type,
               fault->body != NULL ? fault->body : row->body);
    answer->code = 0;
}

void reply_spoil(struct exchange *exchange)
{
    const struct fault *fault = exchange->visit.fault;
    struct answer *answer = &exchange->visit.answer;
    if (fault == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof text_rows / sizeof text_rows[0]; i++) {
        if (text_rows[i].kind == fault->kind) {
            spoil_text(answer, fault, &text_rows[i]);
        }
    }
    if (fault->kind == FAULT_STATUS) {
        spoil_status(answer, fault);
    }
    if (fault->kind == FAULT_REDIRECT) {
        snprintf(answer->location, sizeof answer->location, "/_sandbox/redirect?n=1");
    }
    if (fault->content_type != NULL) {
        answer->content_type = fault->content_type;
    }
}

static void stream_free(void *data)
{
    struct stream *stream = data;
    bytes_done(&stream->body);
    mem_free(stream);
}

static ssize_t stream_read(void *data, uint64_t at, char *out, size_t max)
{
    struct stream *stream = data;
    if (stream->cut >= 0 && at >= (uint64_t)stream->cut) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (at >= stream->body.len) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (stream->piece > 0 && !stream->rested) {
        stream->rested = true;
        return exchange_rest(stream->exchange, REST_MS) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
    }
    stream->rested = false;
    size_t end = stream->cut >= 0 ? (size_t)stream->cut : stream->body.len;
    size_t len = end - (size_t)at;
    len = len < max ? len : max;
    if (stream->piece > 0 && len > (size_t)stream->piece) {
        len = (size_t)stream->piece;
    }
    memcpy(out, stream->body.ptr + at, len);
    return (ssize_t)len;
}

static ssize_t huge_read(void *data, uint64_t at, char *out, size_t max)
{
    static const char opening[] = "{\"media_info_list\":[{\"media_data\":\"";
    size_t len = 0;
    (void)data;
    for (; len < max && at + len < sizeof opening - 1; len++) {
        out[len] = opening[at + len];
    }
    memset(out + len, 'A', max - len);
    return (ssize_t)max;
}

static ssize_t bomb_stream_read(void *data, uint64_t at, char *out, size_t max)
{
    const struct stream *stream = data;
    return (ssize_t)bomb_read(&stream->bomb, at, out, max);
}

/* Takes the answer's body; size -1: not known beforehand. */
static struct MHD_Response *
stream_open(struct exchange *exchange, int64_t size, MHD_ContentReaderCallback read)
{
    const struct fault *fault = exchange->visit.fault;
    struct stream *stream = mem_zalloc(1, sizeof *stream);
    *stream = (struct stream){.exchange = exchange, .body = exchange->visit.answer.body, .cut = -1};
    exchange->visit.answer.body = (struct bytes){0};
    if (fault->kind == FAULT_TRUNCATE) {
        bool given = fault->bytes >= 0 && fault->bytes < size;
        stream->cut = given ? fault->bytes : size / 2;
    } else if (fault->kind == FAULT_SLOW_ANSWER) {
        stream->piece = fault->bytes_per_second * REST_MS / 1000 + 1;
    } else if (fault->kind == FAULT_GZIP_BOMB) {
        bomb_init(&stream->bomb, (uint64_t)(fault->bytes >= 0 ? fault->bytes : HUGE_BYTES));
        size = (int64_t)bomb_bytes(stream->bomb.zeros);
    }
    struct MHD_Response *response =
        MHD_create_response_from_callback((uint64_t)size, BLOCK_BYTES, read, stream, stream_free);
    if (response != NULL && fault->kind == FAULT_GZIP_BOMB) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    }
    return response;
}

static struct MHD_Response *whole_open(struct bytes *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->len, body->ptr, MHD_RESPMEM_MUST_FREE);
    if (response != NULL) {
        *body = (struct bytes){0};
    }
    return response;
}

/* All of the body behind a Content-Length that says less. Only an answer of unknown size may carry
 * a length of ours, and only in the manner of HTTP/1.0 is it not sent in chunks. */
static struct MHD_Response *wrong_length_open(struct exchange *exchange)
{
    const struct fault *fault = exchange->visit.fault;
    char claimed[24];
    int64_t half = (int64_t)exchange->visit.answer.body.len / 2;
    snprintf(claimed, sizeof claimed, "%" PRId64, fault->bytes >= 0 ? fault->bytes : half);
    struct MHD_Response *response = stream_open(exchange, -1, stream_read);
    if (response != NULL) {
        MHD_set_response_options(
            response, MHD_RF_INSANITY_HEADER_CONTENT_LENGTH | MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
            MHD_RO_END);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_LENGTH, claimed);
    }
    return response;
}

static struct MHD_Response *response_open(struct exchange *exchange)
{
    const struct fault *fault = exchange->visit.fault;
    int64_t len = (int64_t)exchange->visit.answer.body.len;
    enum fault_kind kind = kind_of(exchange);
    if (kind == FAULT_TRUNCATE || kind == FAULT_SLOW_ANSWER) {
        return stream_open(exchange, len, stream_read);
    }
    if (kind == FAULT_HUGE) {
        return stream_open(exchange, fault->bytes >= 0 ? fault->bytes : HUGE_BYTES, huge_read);
    }
    if (kind == FAULT_GZIP_BOMB) {
        return stream_open(exchange, 0, bomb_stream_read);
    }
    if (kind == FAULT_WRONG_LENGTH) {
        return wrong_length_open(exchange);
    }
    return whole_open(&exchange->visit.answer.body);
}

enum MHD_Result reply_send(struct exchange *exchange)
{
    const struct answer *answer = &exchange->visit.answer;
    const struct fault *fault = exchange->visit.fault;
    struct MHD_Response *response = response_open(exchange);
    if (response == NULL) {
        return MHD_NO;
    }
    if (answer->content_type != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    }
    if (answer->location[0] != '\0') {
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, answer->location);
    }
    for (size_t i = 0; fault != NULL && i < fault->n_headers; i++) {
        MHD_add_response_header(response, fault->headers[i].name, fault->headers[i].value);
    }
    enum MHD_Result queued =
        MHD_queue_response(exchange->connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

static int socket_of(const struct exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}

/* Dissolving the association makes Linux send RST now; libmicrohttpd closes the descriptor later,
 * and would have sent FIN first. */
enum MHD_Result reply_reset(struct exchange *exchange)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    int fd = socket_of(exchange);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    if (connect(fd, &nowhere, sizeof nowhere) != 0) {
        fprintf(stderr, "retouch-sandbox: cannot reset a connection: %s\n", strerror(errno));
    }
    return MHD_NO;
}

bool reply_peer_gone(struct exchange *exchange)
{
    char byte = 0;
    ssize_t got = recv(socket_of(exchange), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}
