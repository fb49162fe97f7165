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
#define assert_ok(call, error)                       \
    do {                                             \
        if ((call) != 0) {                           \
            fail_msg("%s: %s", #call, (error)->msg); \
        }                                            \
    } while (0)

/* The call must fail with this code. */
#define assert_fails(call, code) assert_int_equal((call), (code))

#endif
