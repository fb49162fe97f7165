#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/rng.h"
#include "wire/base64.h"
#include "wire/body.h"

enum {
    PAYLOAD_MAX = 700,
    BODY_MAX = 1200
};

static uint8_t payload_bytes[PAYLOAD_MAX];

static struct body body_of(size_t payload_len, bool payload_base64)
{
    return (struct body){
        .prefix = slice_text("{\"media_data\":\""),
        .payload = slice_of(payload_bytes, payload_len),
        .suffix = slice_text("\"}"),
        .payload_base64 = payload_base64,
    };
}

/* The whole body, built the plain way. */
static size_t expected_of(const struct body *body, uint8_t *dest)
{
    size_t len = body->prefix.len;
    memcpy(dest, body->prefix.ptr, len);
    if (body->payload_base64) {
        len += base64_encode(body->payload, dest + len);
    } else {
        memcpy(dest + len, body->payload.ptr, body->payload.len);
        len += body->payload.len;
    }
    memcpy(dest + len, body->suffix.ptr, body->suffix.len);
    return len + body->suffix.len;
}

/* Reads in steps of 1..step_max bytes and checks that nothing is written past the room given. */
static size_t read_in_steps(struct body *body, uint8_t *dest, size_t step_max, struct rng *rng)
{
    size_t used = 0;
    for (;;) {
        size_t room = 1 + (rng != NULL ? rng_below(rng, step_max) : step_max - 1);
        uint8_t step[BODY_MAX + 1];
        memset(step, 0xee, sizeof step);
        size_t len = body_read(body, step, room);
        assert_true(len <= room);
        assert_int_equal(step[room], 0xee);
        if (len == 0) {
            return used;
        }
        assert_true(used + len <= BODY_MAX);
        memcpy(dest + used, step, len);
        used += len;
    }
}

static void any_split_gives_the_same_bytes_as_one_piece(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 2, 3, 4, 5, 57, 299, 300, 301, PAYLOAD_MAX};
    for (size_t i = 0; i < 2 * N_ELEMENTS(lens); i++) {
        struct body body = body_of(lens[i / 2], i % 2 == 0);
        uint8_t expected[BODY_MAX];
        size_t expected_len = expected_of(&body, expected);
        assert_int_equal(body_length(&body), expected_len);
        for (size_t step = 1; step < 40; step++) {
            uint8_t got[BODY_MAX];
            body_rewind(&body);
            assert_int_equal(read_in_steps(&body, got, step, NULL), expected_len);
            assert_memory_equal(got, expected, expected_len);
        }
    }
}

static void random_splits_give_the_same_bytes(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 11);
    for (int round = 0; round < 500; round++) {
        struct body body = body_of(rng_below(&rng, PAYLOAD_MAX), true);
        uint8_t expected[BODY_MAX];
        uint8_t got[BODY_MAX];
        size_t expected_len = expected_of(&body, expected);
        assert_int_equal(read_in_steps(&body, got, 1 + rng_below(&rng, 200), &rng), expected_len);
        assert_memory_equal(got, expected, expected_len);
    }
}

static void rewinding_midway_begins_anew(void **state)
{
    (void)state;
    struct body body = body_of(100, true);
    uint8_t first[50];
    uint8_t again[50];
    assert_int_equal(body_read(&body, first, sizeof first), sizeof first);
    body_rewind(&body);
    assert_int_equal(body_read(&body, again, sizeof again), sizeof again);
    assert_memory_equal(first, again, sizeof first);
}

static void a_body_of_prefix_alone_ends(void **state)
{
    (void)state;
    struct body body = {.prefix = slice_text("{}")};
    uint8_t got[8];
    assert_int_equal(body_length(&body), 2);
    assert_int_equal(body_read(&body, got, sizeof got), 2);
    assert_int_equal(body_read(&body, got, sizeof got), 0);
}

int main(void)
{
    for (size_t i = 0; i < PAYLOAD_MAX; i++) {
        payload_bytes[i] = (uint8_t)(i * 37 + i / 251);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_gives_the_same_bytes_as_one_piece),
        cmocka_unit_test(random_splits_give_the_same_bytes),
        cmocka_unit_test(rewinding_midway_begins_anew),
        cmocka_unit_test(a_body_of_prefix_alone_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
