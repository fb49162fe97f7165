#include "wire/base64.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "base/check.h"

enum {
    GROUP_BYTES = 3,
    GROUP_CHARS = 4,
    /* EVP takes an int; 3 * 2^28 bytes become 2^30 characters, which fits. */
    ENCODE_PIECE_BYTES = GROUP_BYTES << 28,
    /* Decoded by way of the stack, since EVP does not promise to work in place. */
    DECODE_PIECE_CHARS = 8192,
    DECODE_PIECE_BYTES = DECODE_PIECE_CHARS / GROUP_CHARS * GROUP_BYTES
};

/* The last group, by way of a buffer with room for the NUL that EVP writes after it. */
static void encode_last_group(struct slice source, uint8_t *dest)
{
    uint8_t group[GROUP_CHARS + 1];
    int len = EVP_EncodeBlock(group, source.ptr, (int)source.len);
    CHECK(len == GROUP_CHARS);
    memcpy(dest, group, GROUP_CHARS);
}

size_t base64_encode(struct slice source, uint8_t *dest)
{
    if (source.len == 0) {
        return 0;
    }
    size_t before_last = (source.len - 1) / GROUP_BYTES * GROUP_BYTES;
    size_t used = 0;
    for (size_t at = 0; at < before_last;) {
        size_t rest = before_last - at;
        size_t len = rest < ENCODE_PIECE_BYTES ? rest : ENCODE_PIECE_BYTES;
        used += (size_t)EVP_EncodeBlock(dest + used, source.ptr + at, (int)len);
        at += len;
    }
    encode_last_group(slice_of(source.ptr + before_last, source.len - before_last), dest + used);
    return used + GROUP_CHARS;
}

/* Closes the gaps that line breaks leave; returns the new length. */
static size_t drop_line_breaks(uint8_t *text, size_t len)
{
    if (len == 0 || (memchr(text, '\n', len) == NULL && memchr(text, '\r', len) == NULL)) {
        return len;
    }
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\n' && text[i] != '\r') {
            text[kept++] = text[i];
        }
    }
    return kept;
}

/* Length without the padding, which must be absent or complete; false when it is neither. */
static bool trim_padding(const uint8_t *text, size_t *len)
{
    size_t padding = 0;
    while (padding < 2 && padding < *len && text[*len - 1 - padding] == '=') {
        padding++;
    }
    if (padding > 0 && *len % GROUP_CHARS != 0) {
        return false;
    }
    *len -= padding;
    return *len % GROUP_CHARS != 1 && (*len == 0 || memchr(text, '=', *len) == NULL);
}

/* Whole groups only. EVP skips blanks and '-' at either end: a short count gives that away. */
static bool decode_groups(const uint8_t *text, size_t len, uint8_t *dest)
{
    uint8_t piece[DECODE_PIECE_BYTES];
    while (len > 0) {
        size_t chars = len < DECODE_PIECE_CHARS ? len : DECODE_PIECE_CHARS;
        size_t bytes = chars / GROUP_CHARS * GROUP_BYTES;
        if (EVP_DecodeBlock(piece, text, (int)chars) != (int)bytes) {
            return false;
        }
        memcpy(dest, piece, bytes);
        dest += bytes;
        text += chars;
        len -= chars;
    }
    return true;
}

int base64_decode_in_place(uint8_t *text, size_t len, size_t *ret_len)
{
    len = drop_line_breaks(text, len);
    if (!trim_padding(text, &len)) {
        return ERR_MALFORMED;
    }
    size_t tail = len % GROUP_CHARS;
    size_t whole = len - tail;
    /* The tail, filled up with zero bits, before the front of the text is overwritten. */
    uint8_t last[GROUP_CHARS] = {'A', 'A', 'A', 'A'};
    uint8_t last_bytes[GROUP_BYTES];
    if (tail > 0) {
        memcpy(last, text + whole, tail);
    }
    if (!decode_groups(text, whole, text) || !decode_groups(last, GROUP_CHARS, last_bytes)) {
        return ERR_MALFORMED;
    }
    size_t used = whole / GROUP_CHARS * GROUP_BYTES;
    if (tail > 0) {
        memcpy(text + used, last_bytes, tail - 1);
        used += tail - 1;
    }
    *ret_len = used;
    return 0;
}
