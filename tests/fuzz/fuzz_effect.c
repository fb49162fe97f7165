/* Catalogue files: any bytes; what parses must keep its own rules. */
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/mem.h"
#include "wire/effect.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct effect *effect = mem_zalloc(1, sizeof *effect);
    struct params given = {.count = 0};
    struct params params;
    struct err err;
    if (effect_parse(slice_of(bytes, size), "fuzz.ini", effect, &err) == 0) {
        CHECK(effect->path[0] == '/');
        CHECK(effect->image.side_min <= effect->image.side_max);
        CHECK(effect->param_count <= PARAMS_MAX);
        int code = effect_check_params(effect, &given, &params, &err);
        CHECK(code == 0 || code == ERR_INVALID);
        CHECK(code != 0 || params.count <= effect->param_count);
    }
    mem_free(effect);
    return 0;
}
