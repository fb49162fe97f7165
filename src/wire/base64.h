/* base64 over OpenSSL's EVP: encoding in pieces, strict decoding in place. */
#ifndef RETOUCH_WIRE_BASE64_H
#define RETOUCH_WIRE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* 4 bytes for every 3 begun. */
static inline size_t base64_encoded_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

/* dest has room for base64_encoded_len(source.len); no NUL, no line breaks. Returns the length. */
size_t base64_encode(struct slice source, uint8_t *dest);
/* Decodes text in place; the decoded bytes start where the text started. Missing padding is
 * accepted, as are line breaks (which are dropped); anything else that is no base64 is
 * ERR_MALFORMED (and the text is then spoilt). */
int base64_decode_in_place(uint8_t *text, size_t len, size_t *ret_len) MUST_CHECK;

#endif
