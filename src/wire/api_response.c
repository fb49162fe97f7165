/* Reads the answer of one call: images, URL or data, ids, and the error in any of the API's shapes.
 */
#include "wire/api_response.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <yyjson.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/base64.h"
#include "wire/json.h"

enum {
    HEAD_BYTES = 200,  /* of an answer that cannot be read, for the message */
    POINTER_MAX = 320, /* two pointers of a catalogue file and an index between them */
    SIDE_MAX = 65535,  /* px; more is no picture of ours */
    DATA_BYTES_MAX = 1 << 20
};

#define TIME_MAX_S 1e6  /* a figure beyond is none */
#define CODE_MAX   1e15 /* the same, of a code that came as a real */

void api_response_init(struct api_response *response)
{
    *response = (struct api_response){.api_time_ms = -1};
    buf_init(&response->data, DATA_BYTES_MAX);
    buf_init(&response->body, JSON_PADDING);
}

void api_response_done(struct api_response *response)
{
    if (response != NULL) {
        json_free(response->json);
        buf_done(&response->data);
        buf_done(&response->body);
        api_response_init(response);
    }
}

static void message_set(struct api_response *response, struct slice text)
{
    (void)text_escape(text, response->message, sizeof response->message);
}

/* Pointer of the catalogue's file to a value; pointers are "" where the file has none. */
static bool find(const struct api_response *response, const char *pointer, struct node *ret_node)
{
    return pointer[0] != '\0' && json_find(response->json, pointer, ret_node);
}

/* Whole numbers, also as text or as 20001.0. */
static bool node_int(const struct node *node, int64_t *ret_value)
{
    if (node->kind == NODE_REAL && node->real > -CODE_MAX && node->real < CODE_MAX) {
        *ret_value = (int64_t)node->real;
        return !((double)*ret_value < node->real) && !((double)*ret_value > node->real);
    }
    if (node->kind == NODE_INT) {
        *ret_value = node->integer;
        return true;
    }
    return node->kind == NODE_TEXT && text_parse_i64(node->bytes, ret_value) == 0;
}

static bool is_success_message(struct slice message)
{
    static const char *const words[] = {"", "success", "ok"};
    for (size_t i = 0; i < N_ELEMENTS(words); i++) {
        size_t len = strlen(words[i]);
        if (message.len == len &&
            (len == 0 || strncasecmp((const char *)message.ptr, words[i], len) == 0)) {
            return true;
        }
    }
    return false;
}

/* The first of the names that has a code at `place`. */
static bool code_find(const struct api_response *response, const char *place, int64_t *ret_code)
{
    static const char *const names[] = {"error_code", "ErrorCode", "code"};
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        char pointer[POINTER_MAX];
        struct node node;
        (void)snprintf(pointer, sizeof pointer, "%s/%s", place, names[i]);
        if (json_find(response->json, pointer, &node) && node_int(&node, ret_code)) {
            return true;
        }
    }
    return false;
}

static bool message_find(const struct api_response *response, const char *place, struct slice *ret)
{
    static const char *const names[] = {"message", "ErrorMsg", "error_msg", "msg"};
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        char pointer[POINTER_MAX];
        struct node node;
        (void)snprintf(pointer, sizeof pointer, "%s/%s", place, names[i]);
        if (json_find(response->json, pointer, &node) && node.kind == NODE_TEXT &&
            node.bytes.len > 0) {
            *ret = node.bytes;
            return true;
        }
    }
    return false;
}

/* The failure at one place of the answer, if there is one: 0 is none, and neither is 200 with a
 * message of success. */
static bool failure_find(const struct api_response *response, const char *place, int64_t *ret_code)
{
    int64_t code;
    if (!code_find(response, place, &code) || code == 0) {
        return false;
    }
    struct slice message = slice_of(NULL, 0);
    (void)message_find(response, place, &message);
    if (code == 200 && is_success_message(message)) {
        return false;
    }
    *ret_code = code;
    return true;
}

static void failure_read(struct api_response *response)
{
    static const char *const places[] = {"", "/data/result"};
    struct slice message;
    for (size_t i = 0; i < N_ELEMENTS(places) && !response->has_code; i++) {
        response->has_code = failure_find(response, places[i], &response->code);
    }
    for (size_t i = N_ELEMENTS(places); i > 0; i--) {
        if (message_find(response, places[i - 1], &message) && !is_success_message(message)) {
            message_set(response, message);
        }
    }
}

static void
text_read(const struct api_response *response, const char *pointer, char text[API_ID_MAX])
{
    struct node node;
    if (!find(response, pointer, &node)) {
        return;
    }
    if (node.kind == NODE_INT) {
        (void)snprintf(text, API_ID_MAX, "%" PRId64, node.integer);
    } else if (node.kind == NODE_TEXT && node.bytes.len < API_ID_MAX &&
               (node.bytes.len == 0 || memchr(node.bytes.ptr, '\0', node.bytes.len) == NULL)) {
        (void)text_copy(text, API_ID_MAX, node.bytes);
    }
}

/* 0: none, or none to be believed. */
static uint32_t side_read(const struct api_response *response, const char *pointer)
{
    struct node node;
    int64_t side;
    bool has = find(response, pointer, &node) && node_int(&node, &side);
    return has && side > 0 && side <= SIDE_MAX ? (uint32_t)side : 0;
}

static void time_read(struct api_response *response, const struct effect *effect)
{
    struct node node;
    double seconds = -1;
    if (!find(response, effect->time_pointer, &node)) {
        return;
    }
    if (node.kind == NODE_REAL) {
        seconds = node.real;
    } else if (node.kind == NODE_INT) {
        seconds = (double)node.integer;
    } else if (node.kind == NODE_TEXT && text_parse_double(node.bytes, &seconds) != 0) {
        seconds = -1;
    }
    if (seconds >= 0 && seconds <= TIME_MAX_S) {
        response->api_time_ms = (int64_t)(seconds * 1000 + 0.5);
    }
}

/* Behind the comma of "data:image/png;base64,..."; the text itself where it has no such head. */
static struct slice without_data_head(struct slice text)
{
    const uint8_t *comma = memchr(text.ptr, ',', text.len < 64 ? text.len : 64);
    if (!slice_starts(text, "data:") || comma == NULL) {
        return text;
    }
    size_t head = (size_t)(comma - text.ptr) + 1;
    return slice_of(text.ptr + head, text.len - head);
}

/* Decodes base64 where it stands in the body; false with a message when it is no image. */
static bool image_read(struct api_response *response, struct slice text, struct api_result *result)
{
    text = without_data_head(text);
    const struct buf *body = &response->body;
    CHECK(text.ptr >= body->ptr && text.ptr + text.len <= body->ptr + body->len);
    uint8_t *bytes = body->ptr + (text.ptr - body->ptr);
    char message[API_MESSAGE_MAX];
    size_t len;
    struct err err = {.code = 0};
    if (base64_decode_in_place(bytes, text.len, &len) != 0) {
        message_set(response, slice_text("the result is neither a URL nor base64"));
        return false;
    }
    result->kind = API_RESULT_IMAGE;
    result->bytes = slice_of(bytes, len);
    if (image_inspect(result->bytes, &result->info, &err) != 0) {
        (void)snprintf(message, sizeof message, "the result is no image: %.400s", err.msg);
        message_set(response, slice_text(message));
        return false;
    }
    return true;
}

/* Told by content, as answers' declared types are not to be relied upon. */
static void result_read(struct api_response *response, const char *pointer)
{
    struct node node;
    if (response->result_count == API_RESULTS_MAX || !json_find(response->json, pointer, &node) ||
        node.kind != NODE_TEXT || node.bytes.len == 0) {
        return;
    }
    struct api_result result = {.kind = API_RESULT_URL, .bytes = node.bytes};
    bool is_url = slice_starts(node.bytes, "http://") || slice_starts(node.bytes, "https://");
    if (is_url || image_read(response, node.bytes, &result)) {
        response->results[response->result_count++] = result;
    }
}

static void results_read(struct api_response *response, const struct effect *effect)
{
    struct node list;
    if (effect->result_list[0] == '\0') {
        result_read(response, effect->result_pointer);
        return;
    }
    if (!json_find(response->json, effect->result_list, &list) || list.kind != NODE_ARRAY) {
        return;
    }
    uint32_t count = list.count < API_RESULTS_MAX ? list.count : API_RESULTS_MAX;
    for (uint32_t i = 0; i < count; i++) {
        char pointer[POINTER_MAX];
        (void)snprintf(pointer, sizeof pointer, "%s/%" PRIu32 "%s", effect->result_list, i,
                       effect->result_pointer);
        result_read(response, pointer);
    }
}

/* Maps and lists only: they are what "data" means. */
static int data_read(struct api_response *response, const struct effect *effect, struct err *err)
{
    yyjson_val *value = yyjson_ptr_get(json_root_value(response->json), effect->data_pointer);
    if (!yyjson_is_ctn(value)) {
        return 0;
    }
    size_t len = 0;
    yyjson_write_err flaw;
    char *text = yyjson_val_write_opts(value, YYJSON_WRITE_NOFLAG, NULL, &len, &flaw);
    if (text == NULL) {
        return err_set(err, ERR_NO_MEMORY, "no memory to write the answer's data");
    }
    if (len > DATA_BYTES_MAX) { /* it was paid for, so it is a result all the same */
        mem_free(text);
        return buf_printf(&response->data, "{\"too_large\":%zu}", len);
    }
    buf_adopt(&response->data, text, len);
    return 0;
}

static int success_read(struct api_response *response, const struct effect *effect, struct err *err)
{
    text_read(response, effect->generate_id_pointer, response->generate_id);
    text_read(response, effect->check_id_pointer, response->check_id);
    response->width = side_read(response, effect->width_pointer);
    response->height = side_read(response, effect->height_pointer);
    if (effect->data_pointer[0] != '\0') {
        int code = data_read(response, effect, err);
        if (code != 0) {
            return code;
        }
    } else {
        results_read(response, effect);
    }
    response->has_result = response->result_count > 0 || response->data.len > 0;
    if (response->has_result) {
        response->message[0] = '\0';
    }
    return 0;
}

int api_response_read(struct api_response *response,
                      const struct effect *effect,
                      int http_status,
                      struct buf *body,
                      struct err *err)
{
    buf_take(&response->body, body);
    struct slice head = buf_view(&response->body);
    head.len = head.len < HEAD_BYTES ? head.len : HEAD_BYTES;
    /* Now, since parsing spoils the text. */
    message_set(response, head.len > 0 ? head : slice_text("the answer is empty"));
    if (head.len == 0) {
        return 0;
    }
    if (response->body.max - response->body.len < JSON_PADDING) {
        response->body.max = response->body.len + JSON_PADDING;
    }
    struct err flaw = {.code = 0};
    int code = json_read(&response->body, &response->json, &flaw);
    if (code == ERR_NO_MEMORY) {
        return err_set(err, code, "%s", flaw.msg);
    }
    if (code != 0 || json_root(response->json).kind != NODE_MAP) {
        return 0;
    }
    failure_read(response);
    time_read(response, effect);
    if (!response->has_code && http_status >= 200 && http_status <= 299) {
        code = success_read(response, effect, err);
        if (code != 0) {
            return code;
        }
    }
    response->readable = response->has_code || response->has_result;
    return 0;
}
