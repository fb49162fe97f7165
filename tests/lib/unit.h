/* What every unit test includes: cmocka in the order it wants, and a check for fallible calls. */
#ifndef RETOUCH_LIB_UNIT_H
#define RETOUCH_LIB_UNIT_H

/* clang-format off: cmocka.h needs the other four before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
/* clang-format on */

#include "base/err.h"

/* The call must succeed; its struct err gives the reason where it does not. */
#define assert_ok(call, error) assert_ok_at((call), (error), __FILE__, __LINE__)

static inline void assert_ok_at(int code, const struct err *err, const char *file, int line)
{
    if (code != 0) {
        print_error("%s: %s\n", err_name(code), err->msg);
        _fail(file, line);
    }
}

/* The call must fail with this code. */
#define assert_fails(call, code) assert_int_equal((call), (code))

#endif
