/* The digest of a Lua script. Apart from redis.c, so that the producer library, which has scripts
 * but no loop, links neither libuv nor curl. */
#include <openssl/evp.h>
#include <string.h>

#include "io/redis.h"

int redis_script_init(struct redis_script *script)
{
    enum {
        SHA1_BYTES = 20
    };

    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_Digest(script->source, strlen(script->source), digest, &len, EVP_sha1(), NULL) != 1 ||
        len != SHA1_BYTES) {
        return ERR_NO_MEMORY;
    }
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA1_BYTES; i++) {
        script->sha1[2 * i] = digits[digest[i] >> 4];
        script->sha1[2 * i + 1] = digits[digest[i] & 15];
    }
    script->sha1[2 * SHA1_BYTES] = '\0';
    return 0;
}
