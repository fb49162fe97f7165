#include "wire/digest.h"

#include <endian.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"

/* Names the scheme: a change of what a chain digests changes it, and old records are not found. */
static const char scheme[] = "retouch-1";

static int add(EVP_MD_CTX *context, struct slice piece)
{
    uint64_t len = htole64(piece.len);
    return EVP_DigestUpdate(context, &len, sizeof len) == 1 &&
           (piece.len == 0 || EVP_DigestUpdate(context, piece.ptr, piece.len) == 1);
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

int digest_of_source(enum digest_source source, struct slice content, struct digest *ret_digest)
{
    static const char *const labels[] = {
        [DIGEST_IMAGE] = "image",
        [DIGEST_URL] = "url",
        [DIGEST_GENERATE_ID] = "generate_id",
    };

    CHECK(source < N_ELEMENTS(labels));
    const struct slice pieces[] = {slice_text(scheme), slice_text(labels[source]), content};
    return digest_text(pieces, N_ELEMENTS(pieces), ret_digest->text);
}

int digest_of_step(const struct digest *before,
                   const char *effect,
                   struct slice params,
                   struct digest *ret_digest)
{
    const struct slice pieces[] = {slice_text(scheme), slice_text("step"), slice_text(before->text),
                                   slice_text(effect), params};
    return digest_text(pieces, N_ELEMENTS(pieces), ret_digest->text);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return strcmp(a->text, b->text) == 0;
}
