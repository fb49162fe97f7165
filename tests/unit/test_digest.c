/* Digests: known values, and that no two meanings share one. */
#include <string.h>

#include "base/check.h"
#include "lib/unit.h"
#include "wire/digest.h"

static struct digest of_source(enum digest_source source, const char *content)
{
    struct digest digest;
    assert_int_equal(digest_of_source(source, slice_text(content), &digest), 0);
    return digest;
}

static struct digest of_step(const struct digest *before, const char *effect, const char *params)
{
    struct digest digest;
    assert_int_equal(digest_of_step(before, effect, slice_text(params), &digest), 0);
    return digest;
}

/* Each piece after its length in 8 bytes: records written by other versions must be found. */
static void the_scheme_stays_as_it_is(void **state)
{
    (void)state;
    struct digest source = of_source(DIGEST_URL, "http://a/b");
    assert_string_equal(source.text,
                        "8abb70e58430338788c532abc5015665eff7d5e41723413a82296e8aa7ec7fad");
    struct digest step = of_step(&source, "idphoto.beauty", "{}");
    assert_string_equal(step.text,
                        "221b390895d17ddd92b5e2ba57dc09969e5736d67d928fe1d0358f4307ba31bc");
}

static void every_meaning_has_its_own_digest(void **state)
{
    (void)state;
    struct digest a = of_source(DIGEST_IMAGE, "a");
    struct digest b = of_source(DIGEST_URL, "a");
    struct digest digests[] = {
        a,
        b,
        of_source(DIGEST_GENERATE_ID, "a"),
        of_source(DIGEST_IMAGE, ""),
        of_step(&a, "e", "{}"),
        of_step(&b, "e", "{}"),
        of_step(&a, "e{", "}"),
        of_step(&a, "e", "{\"x\":1}"),
        of_step(&a, "f", "{}"),
    };
    for (size_t i = 0; i < N_ELEMENTS(digests); i++) {
        for (size_t j = 0; j < N_ELEMENTS(digests); j++) {
            assert_int_equal(digest_equal(&digests[i], &digests[j]), i == j);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scheme_stays_as_it_is),
        cmocka_unit_test(every_meaning_has_its_own_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
