/* Catalogue files: any bytes; what parses must keep its own rules. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "wire/effect.h"

/* Gives every parameter its first word, and writes what is allowed in each of its forms. */
static void try_words(const struct effect *effect)
{
    struct params given = {.count = 0};
    struct params params;
    struct err err;
    for (uint32_t i = 0; i < effect->param_count; i++) {
        const struct param_rule *rule = &effect->params[i];
        if (rule->choice_count > 0) {
            struct param *param = &given.items[given.count++];
            memcpy(param->name, rule->name, sizeof param->name);
            param->value =
                (struct value){.kind = VALUE_TEXT, .text = slice_text(rule->choices[0].name)};
        }
    }
    if (effect_check_params(effect, &given, &params, &err) == 0) {
        char shown[64];
        struct buf text;
        buf_init(&text, 1 << 20);
        int code = effect_params_canonical(effect, &params, &text);
        CHECK(code == 0 || code == ERR_INVALID); /* a word may be no UTF-8 */
        code = effect_params_write(effect, &params, &text);
        CHECK(code == 0 || code == ERR_INVALID);
        effect_params_show(effect, &params, shown, sizeof shown);
        buf_done(&text);
    }
}

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
        try_words(effect);
    }
    mem_free(effect);
    return 0;
}
