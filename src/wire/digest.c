#include "wire/digest.h"

#include <openssl/evp.h>
#include <stdint.h>

static int add(EVP_MD_CTX *context, struct slice piece)
{
    uint64_t len = piece.len;
    return EVP_DigestUpdate(context, &len, sizeof len) == 1 &&
           (len == 0 || EVP_DigestUpdate(context, piece.ptr, piece.len) == 1);
}

int digest_text(const struct slice *pieces, size_t count, char text[DIGEST_TEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; i < count && good; i++) {
        good = add(context, pieces[i]);
    }
    good = good && EVP_DigestFinal_ex(context, digest, &len) == 1;
    EVP_MD_CTX_free(context);
    if (!good || len * 2 >= DIGEST_TEXT_MAX) {
        return ERR_NO_MEMORY;
    }
    for (unsigned i = 0; i < len; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[2 * len] = '\0';
    return 0;
}
