#include "wire/value.h"

#include <string.h>

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case VALUE_TEXT:
        return slice_equal(a->text, b->text);
    case VALUE_INT:
        return a->integer == b->integer;
    case VALUE_REAL:
        return !(a->real < b->real) && !(a->real > b->real);
    case VALUE_BOOL:
    default:
        return a->truth == b->truth;
    }
}

const struct value *params_find(const struct params *params, const char *name)
{
    for (uint32_t i = 0; i < params->count; i++) {
        if (strcmp(params->items[i].name, name) == 0) {
            return &params->items[i].value;
        }
    }
    return NULL;
}
