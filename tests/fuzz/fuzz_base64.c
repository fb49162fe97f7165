/* Whatever decodes must encode and decode to itself, and a body must give the same characters. */
#include "base/check.h"
#include "base/mem.h"
#include "wire/base64.h"
#include "wire/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_body(struct slice bytes, struct slice encoded)
{
    struct body body = {.payload = bytes, .payload_base64 = true};
    size_t step = 1 + bytes.len % 7;
    CHECK(body_length(&body) == encoded.len);
    for (size_t at = 0; at < encoded.len;) {
        uint8_t piece[8];
        size_t len = body_read(&body, piece, step);
        CHECK(len > 0);
        CHECK(slice_equal(slice_of(piece, len), slice_of(encoded.ptr + at, len)));
        at += len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *text = mem_alloc(size);
    CHECK(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    size_t len = 0;
    if (base64_decode_in_place(text, size, &len) == 0) {
        CHECK(len <= size);
        uint8_t *encoded = mem_alloc(base64_encoded_len(len));
        CHECK(encoded != NULL);
        size_t encoded_len = base64_encode(slice_of(text, len), encoded);
        CHECK(encoded_len == base64_encoded_len(len));
        check_body(slice_of(text, len), slice_of(encoded, encoded_len));
        size_t again = 0;
        CHECK(base64_decode_in_place(encoded, encoded_len, &again) == 0);
        CHECK(slice_equal(slice_of(encoded, again), slice_of(text, len)));
        mem_free(encoded);
    }
    mem_free(text);
    return 0;
}
