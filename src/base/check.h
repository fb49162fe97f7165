/* CHECK: assertions that are always on. For programmer errors only, never for input. */
#ifndef RETOUCH_BASE_CHECK_H
#define RETOUCH_BASE_CHECK_H

_Noreturn void check_failed(const char *file, int line, const char *function, const char *text);

#define CHECK(x)            ((x) ? (void)0 : check_failed(__FILE__, __LINE__, __func__, #x))
#define CHECK_UNREACHABLE() check_failed(__FILE__, __LINE__, __func__, "unreachable")

/* Number of elements of an array; refuses a pointer. */
#define N_ELEMENTS(a)                                                                      \
    (sizeof(a) / sizeof((a)[0]) +                                                          \
     0 * sizeof(struct {                                                                   \
         _Static_assert(!__builtin_types_compatible_p(__typeof__(a), __typeof__(&(a)[0])), \
                        "not an array");                                                   \
         int unused;                                                                       \
     }))

#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
