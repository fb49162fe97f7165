/* Any file is an image with sides or is refused with a reason; nothing is decoded on the way. */
#include "base/check.h"
#include "wire/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image_info info;
    struct err err = {.code = 0};
    int code = image_inspect(slice_of(data, size), &info, &err);
    CHECK(code == 0 || (code == ERR_MALFORMED && err.msg[0] != '\0'));
    if (code == 0) {
        CHECK(info.format < IMAGE_FORMAT_COUNT);
        CHECK(info.width >= 1 && info.height >= 1);
        CHECK(info.bytes == size);
    }
    return 0;
}
