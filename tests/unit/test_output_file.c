#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/unit.h"
#include "main/output_file.h"

static void a_result_is_named_after_its_input_and_type(void **state)
{
    (void)state;

    static const struct {
        const char *folder;
        const char *name;
        const char *type;
        unsigned number;
        const char *path;
    } cases[] = {
        {"out", "a.jpg",     "jpeg",       0, "out/a.jpg"      },
        {"out", "a.JPEG",    "image/jpeg", 0, "out/a.JPEG"     },
        {"out", "a.png",     "jpeg",       0, "out/a.png.jpg"  },
        {"out", "s/a.png",   "image/png",  0, "out/s/a.png"    },
        {"out", "a.jpg",     "jpeg",       2, "out/a-2.jpg"    },
        {"out", "a.png",     "jpeg",       1, "out/a.png-1.jpg"},
        {"",    "stdin",     "jpeg",       0, "stdin.jpg"      },
        {NULL,  ".jpg",      "jpeg",       0, ".jpg.jpg"       },
        {"out", "a.jpg",     "text/html",  0, "out/a.jpg"      },
        {"out", "a.v2.jpeg", "jpg",        3, "out/a.v2-3.jpeg"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[PATH_MAX];
        assert_int_equal(output_path(cases[i].folder, cases[i].name,
                                     output_extension(cases[i].type), cases[i].number, path),
                         0);
        assert_string_equal(path, cases[i].path);
    }
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    static char name[PATH_MAX + 1];
    char path[PATH_MAX];
    memset(name, 'n', PATH_MAX);
    assert_fails(output_path("out", name, ".jpg", 0, path), ERR_TOO_BIG);
}

static void a_file_is_written_over_only_by_force(void **state)
{
    (void)state;
    char folder[] = "/tmp/rt-output-XXXXXX";
    char path[PATH_MAX];
    char found[PATH_MAX];
    char text[8] = "";
    struct err err = {.code = 0};
    assert_non_null(mkdtemp(folder));
    assert_int_equal(output_path(folder, "sub/a.png", ".jpg", 0, path), 0);
    assert_false(output_exists(folder, "sub/a.png", found));
    assert_ok(output_write(path, "one", 3, false, &err), &err);
    assert_true(output_exists(folder, "sub/a.png", found));
    assert_string_equal(found, path);
    assert_fails(output_write(path, "two", 3, false, &err), ERR_EXISTS);
    assert_ok(output_write(path, "six", 3, true, &err), &err);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text, file), 3);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, "six");
    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    /* Nothing else is left: no temporary file. */
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void the_input_s_own_folder_is_known_by_any_name(void **state)
{
    (void)state;
    char folder[] = "/tmp/rt-output-XXXXXX";
    char dotted[PATH_MAX];
    char input[PATH_MAX];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(dotted, sizeof dotted, "%s/./", folder);
    (void)snprintf(input, sizeof input, "%s/a.png", folder);
    assert_true(output_lies_beside(folder, "a.png", input));
    assert_true(output_lies_beside(dotted, "b.png", input));
    assert_false(output_lies_beside("/", "a.png", input));
    assert_false(output_lies_beside("/nowhere/at/all", "a.png", input));
    assert_true(output_lies_beside("", "a.png", "b.png"));
    assert_true(output_lies_beside("/", "a.png", "/b.png"));
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_named_after_its_input_and_type),
        cmocka_unit_test(a_path_that_does_not_fit_is_refused),
        cmocka_unit_test(a_file_is_written_over_only_by_force),
        cmocka_unit_test(the_input_s_own_folder_is_known_by_any_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
