/* The sandbox's allocator: the only file here that calls malloc. */
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "retouch-sandbox: no memory for %zu bytes\n", size);
    abort();
}

void *mem_alloc(size_t size)
{
    void *ptr = malloc(size > 0 ? size : 1);
    if (ptr == NULL) {
        out_of_memory(size);
    }
    return ptr;
}

void *mem_zalloc(size_t count, size_t size)
{
    void *ptr = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (ptr == NULL) {
        out_of_memory(size);
    }
    return ptr;
}

void *mem_realloc(void *ptr, size_t size)
{
    void *grown = realloc(ptr, size > 0 ? size : 1);
    if (grown == NULL) {
        out_of_memory(size);
    }
    return grown;
}

void mem_free(void *ptr)
{
    free(ptr);
}

char *mem_copy_text(const char *text, size_t max)
{
    if (text == NULL) {
        return NULL;
    }
    size_t len = strnlen(text, max);
    char *copy = mem_alloc(len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}
