/* The sandbox's allocator: out of memory ends the program, so that callers need no branch. */
#ifndef SANDBOX_MEM_H
#define SANDBOX_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *mem_zalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *ptr, size_t size) __attribute__((alloc_size(2), returns_nonnull));
/* Also frees blocks that a library took from malloc. Accepts NULL. */
void mem_free(void *ptr);
/* Copy of at most `max` bytes of a text, NUL-terminated; NULL for NULL. */
char *mem_copy_text(const char *text, size_t max);

#endif
