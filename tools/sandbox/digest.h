/* SHA-256 and base64. */
#ifndef SANDBOX_DIGEST_H
#define SANDBOX_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum {
    DIGEST_BYTES = 32,
    DIGEST_HEX = 2 * DIGEST_BYTES + 1
};

void digest_of(const void *data, size_t len, uint8_t ret_digest[DIGEST_BYTES]);
char *digest_format(const uint8_t digest[DIGEST_BYTES], char hex[DIGEST_HEX]);

/* Appends. */
bool base64_encode(const uint8_t *data, size_t len, struct bytes *out);
/* Bytes that a text of this length and padding stands for, or -1 when it cannot be base64. */
int64_t base64_decoded_len(const char *text, size_t len);
/* Strict: no blanks, no line ends, padding only at the end. Replaces the contents of out. */
bool base64_decode(const char *text, size_t len, struct bytes *out);

#endif
