#include "wire/value.h"

#include <string.h>

const struct value *params_find(const struct params *params, const char *name)
{
    for (uint32_t i = 0; i < params->count; i++) {
        if (strcmp(params->items[i].name, name) == 0) {
            return &params->items[i].value;
        }
    }
    return NULL;
}
