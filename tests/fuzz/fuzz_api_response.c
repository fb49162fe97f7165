/* Answers of the API: the first byte picks the effect and the HTTP status, the rest is the answer.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/mem.h"
#include "wire/api_response.h"

#define HEAD "[effect]\nname = e\npath = /e\nstyle = img-url\n[answer]\n"

enum {
    ANSWER_MAX = 1 << 20
};

static const char *const effect_texts[] = {
    HEAD "list = /media_info_list\nresult = /media_data\ntime = /parameter/time\n",
    HEAD "result = /data/img_url\ngenerate_id = /data/mt_generate_id\n",
    HEAD "data = /data\ncheck_id = /data/check_id\n",
};

static struct effect effects[N_ELEMENTS(effect_texts)];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < N_ELEMENTS(effects); i++) {
        struct err err;
        CHECK(effect_parse(slice_text(effect_texts[i]), "e.ini", &effects[i], &err) == 0);
    }
    return 0;
}

/* Every view must lie within the answer. */
static void check_results(const struct api_response *response)
{
    for (uint32_t i = 0; i < response->result_count; i++) {
        struct slice bytes = response->results[i].bytes;
        CHECK(bytes.len > 0);
        CHECK(bytes.ptr >= response->body.ptr);
        CHECK(bytes.ptr + bytes.len <= response->body.ptr + response->body.len);
    }
}

static void read_as(const struct effect *effect, struct slice answer)
{
    struct api_response response;
    struct buf body;
    struct err err;
    buf_init(&body, ANSWER_MAX);
    CHECK(buf_append_slice(&body, answer) == 0);
    api_response_init(&response);
    CHECK(api_response_read(&response, effect, 200, &body, &err) == 0);
    CHECK(response.readable == (response.has_code || response.has_result));
    CHECK(!(response.has_code && response.has_result));
    CHECK(response.has_result || response.result_count == 0);
    check_results(&response);
    api_response_done(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < N_ELEMENTS(effects) && size <= ANSWER_MAX; i++) {
        read_as(&effects[i], slice_of(bytes, size));
    }
    return 0;
}
