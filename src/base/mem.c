#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static unsigned fail_countdown; /* tests only; 0 = off */

static int mem_must_fail(void)
{
    return fail_countdown > 0 && --fail_countdown == 0;
}

void *mem_alloc(size_t size)
{
    return mem_must_fail() ? NULL : malloc(size > 0 ? size : 1);
}

void *mem_zalloc(size_t count, size_t size)
{
    size_t product;
    /* calloc looks as well, but a sanitizer's ends the process there. */
    if (mem_must_fail() || __builtin_mul_overflow(count, size, &product)) {
        return NULL;
    }
    return calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

void *mem_realloc(void *ptr, size_t size)
{
    return mem_must_fail() ? NULL : realloc(ptr, size > 0 ? size : 1);
}

void mem_free(void *ptr)
{
    free(ptr);
}

char *mem_strndup(const char *text, size_t len)
{
    char *copy = mem_alloc(len + 1);
    if (copy != NULL) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_strndup(text, strlen(text));
}

void mem_fail_after(unsigned n)
{
    fail_countdown = n;
}
