/* A Redis URL that is accepted never shows its password when masked. */
#include "base/check.h"
#include "conf/redis_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct redis_url url;
    struct err err = {.code = 0};
    char masked[512];
    int code = redis_url_parse(slice_of(data, size), &url, &err);
    CHECK(code == 0 || code == ERR_INVALID);
    CHECK(code == 0 || err.msg[0] != '\0');
    if (code == 0) {
        (void)redis_url_masked(&url, masked, sizeof masked);
        CHECK(url.password[0] == '\0' || strstr(masked, "***") != NULL);
    }
    return 0;
}
