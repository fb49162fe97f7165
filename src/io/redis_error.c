#include "io/redis_error.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"

/* First match wins; the last row matches everything. */
static const struct redis_error rows[] = {
  /* word        code             redial no_script */
    {"NOSCRIPT",    ERR_REPLY,       false, true },
    {"LOADING",     ERR_UNAVAILABLE, true,  false},
    {"READONLY",    ERR_UNAVAILABLE, true,  false},
    {"MASTERDOWN",  ERR_UNAVAILABLE, true,  false},
    {"UNBLOCKED",   ERR_UNAVAILABLE, true,  false},
    {"NOAUTH",      ERR_UNAVAILABLE, true,  false},
    {"WRONGPASS",   ERR_UNAVAILABLE, true,  false},
    {"CLUSTERDOWN", ERR_UNAVAILABLE, true,  false},
    {"OOM",         ERR_UNAVAILABLE, false, false},
    {"MISCONF",     ERR_UNAVAILABLE, false, false},
    {"NOREPLICAS",  ERR_UNAVAILABLE, false, false},
    {"BUSY",        ERR_UNAVAILABLE, false, false},
    {"TRYAGAIN",    ERR_UNAVAILABLE, false, false},
    {NULL,          ERR_REPLY,       false, false},
};

static bool starts_with_word(struct slice text, const char *word)
{
    size_t len = strlen(word);
    return slice_starts(text, word) && (text.len == len || text.ptr[len] == ' ');
}

/* Redis 6.2 hides the error of a command inside a script: "ERR Error running script (call to
 * f_...): @user_script:1: @user_script: 1: -OOM command not allowed". */
static struct slice skip_to_inner(struct slice text)
{
    static const char mark[] = ": -";

    enum {
        MARK_LEN = sizeof(mark) - 1
    };

    if (!slice_starts(text, "ERR Error running script")) {
        return text;
    }
    const uint8_t *at = memmem(text.ptr, text.len, mark, MARK_LEN);
    if (at == NULL) {
        return text;
    }
    size_t skipped = (size_t)(at - text.ptr) + MARK_LEN;
    return slice_of(text.ptr + skipped, text.len - skipped);
}

const struct redis_error *redis_error_find(struct slice text)
{
    struct slice inner = skip_to_inner(text);
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        if (rows[i].word == NULL || starts_with_word(inner, rows[i].word)) {
            return &rows[i];
        }
    }
    CHECK_UNREACHABLE();
}
