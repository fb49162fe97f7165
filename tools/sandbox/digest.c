/* SHA-256 and base64, by OpenSSL. */
#include "digest.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

void digest_of(const void *data, size_t len, uint8_t ret_digest[DIGEST_BYTES])
{
    if (EVP_Digest(data, len, ret_digest, NULL, EVP_sha256(), NULL) != 1) {
        memset(ret_digest, 0, DIGEST_BYTES);
    }
}

char *digest_format(const uint8_t digest[DIGEST_BYTES], char hex[DIGEST_HEX])
{
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)digest[i]);
    }
    return hex;
}

bool base64_encode(const uint8_t *data, size_t len, struct bytes *out)
{
    if (len > INT_MAX || !bytes_reserve(out, (len + 2) / 3 * 4)) {
        return false;
    }
    int written = EVP_EncodeBlock(out->ptr + out->len, data, (int)len);
    out->len += (size_t)written;
    return true;
}

static size_t padding_of(const char *text, size_t len)
{
    if (text[len - 1] != '=') {
        return 0;
    }
    return text[len - 2] == '=' ? 2 : 1;
}

int64_t base64_decoded_len(const char *text, size_t len)
{
    if (len == 0 || len % 4 != 0 || len > INT_MAX) {
        return -1;
    }
    return (int64_t)(len / 4 * 3 - padding_of(text, len));
}

/* The decoder of OpenSSL skips blanks at the ends and takes '=' anywhere: look first. */
static bool is_plain(const char *text, size_t len)
{
    static const char outside[] = " \t\r\n-";
    size_t body = len - padding_of(text, len);
    if (memchr(text, '=', body) != NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof outside - 1; i++) {
        if (memchr(text, outside[i], len) != NULL) {
            return false;
        }
    }
    return true;
}

bool base64_decode(const char *text, size_t len, struct bytes *out)
{
    int64_t decoded = base64_decoded_len(text, len);
    out->len = 0;
    if (decoded < 0 || !is_plain(text, len) || !bytes_reserve(out, len / 4 * 3)) {
        return false;
    }
    if (EVP_DecodeBlock(out->ptr, (const unsigned char *)text, (int)len) < 0) {
        return false;
    }
    out->len = (size_t)decoded;
    return true;
}
