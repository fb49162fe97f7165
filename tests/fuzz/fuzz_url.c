/* A URL that is accepted stays accepted when encoded; a mask fits and keeps its query to itself. */
#include "base/check.h"
#include "wire/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    MASK_MAX = 64
};

static void check_encoded(struct slice url)
{
    struct buf encoded;
    struct buf twice;
    buf_init(&encoded, 3 * (size_t)URL_MAX);
    buf_init(&twice, 3 * (size_t)URL_MAX);
    CHECK(url_append_encoded(&encoded, url) == 0);
    CHECK(url_append_encoded(&twice, buf_view(&encoded)) == 0);
    CHECK(slice_equal(buf_view(&encoded), buf_view(&twice)));
    CHECK(encoded.len > URL_MAX || url_check(buf_view(&encoded), false, NULL) == 0);
    CHECK(url_same_host(url, buf_view(&encoded)));
    buf_done(&encoded);
    buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice url = slice_of(data, size);
    struct err err = {.code = 0};
    char mask[MASK_MAX];
    int code = url_check(url, false, &err);
    CHECK(code == 0 || code == ERR_INVALID || code == ERR_PRIVATE);
    CHECK(code == 0 || err.msg[0] != '\0');
    CHECK(url_check(url, true, NULL) == (code == ERR_PRIVATE ? 0 : code));
    if (code == 0) {
        check_encoded(url);
    }
    url_mask(url, mask, 1 + size % MASK_MAX);
    const char *query = strchr(mask, '?');
    CHECK(query == NULL || strncmp("?...", query, strlen(query)) == 0);
    return 0;
}
