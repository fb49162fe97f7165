/* The allocator: the only place that calls malloc. A countdown makes every failure testable. */
#ifndef RETOUCH_BASE_MEM_H
#define RETOUCH_BASE_MEM_H

#include <stddef.h>

/* NULL when there is no memory (ERR_NO_MEMORY for the caller). mem_zalloc zeroes. Sizes of 0 give a
 * pointer that may be freed. Memory is malloc's, so foreign libraries' malloc'd blocks may be given
 * to mem_free. */
void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *mem_zalloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));
void *mem_realloc(void *ptr, size_t size) __attribute__((alloc_size(2)));
void mem_free(void *ptr);
/* Copy of a NUL-terminated text; of the first `len` bytes plus a NUL. */
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);

/* Tests: the n-th allocation from now fails (1 = the next); 0 switches off. */
void mem_fail_after(unsigned n);

#endif
