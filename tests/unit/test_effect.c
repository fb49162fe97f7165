/* The catalogue: good files, wrong files with their message, the embedded ones and a folder's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "lib/unit.h"
#include "wire/effect.h"

#define HEAD   "[effect]\nname = a\npath = /v1/a\nstyle = media-list\n"
#define ANSWER "[answer]\nresult = /x\n"

static int parse(const char *text, struct effect **ret_effect, struct err *err)
{
    struct effect *effect = mem_zalloc(1, sizeof *effect);
    int code = effect_parse(slice_text(text), "a.ini", effect, err);
    if (code != 0 || ret_effect == NULL) {
        mem_free(effect);
        return code;
    }
    *ret_effect = effect;
    return 0;
}

static void the_smallest_file_has_defaults(void **state)
{
    (void)state;
    struct effect *effect = NULL;
    struct err err = {.code = 0};
    assert_ok(parse(HEAD ANSWER, &effect, &err), &err);
    assert_string_equal(effect->name, "a");
    assert_string_equal(effect->path, "/v1/a");
    assert_string_equal(effect->origin, "a.ini");
    assert_int_equal(effect->style, REQUEST_MEDIA_LIST);
    assert_int_equal(effect->unknown_retries, -1);
    assert_int_equal(effect->timeout_ms, 0);
    assert_int_equal(effect->image.bytes_max, 10 << 20);
    assert_false(effect->accepts_url);
    assert_int_equal(effect->param_count, 0);
    mem_free(effect);
}

static void every_key_finds_its_place(void **state)
{
    (void)state;
    struct effect *effect = NULL;
    struct err err = {.code = 0};
    const char *text =
        "; a comment\n"
        "[effect]\nname = idphoto.make\ntitle = Make\npath = /v1/idphoto/make\n"
        "style = img-url\ntimeout = 1500ms\nunknown_retries = 0\n"
        "[image]\nformats = png\nside = 400..4096\nbytes_max = 5MB\nurl = yes\n"
        "[param colour]\n  kind = color\n  field = background\n"
        "  choices = white:#FFFFFF, blue:#438EDB\n  default = white\n"
        "[param mode]\nkind = int\nrange = 1..3\nchoices = top-down:1, inside-out:3\n"
        "[param id]\nkind = text\nlength = 1..9\nrequired = yes\n"
        "[answer]\nlist = /l\nresult = /r\ngenerate_id = /g\ncheck_id = /c\ntime = /t";
    assert_ok(parse(text, &effect, &err), &err);
    assert_int_equal(effect->style, REQUEST_IMG_URL);
    assert_int_equal(effect->timeout_ms, 1500);
    assert_int_equal(effect->unknown_retries, 0);
    assert_int_equal(effect->image.formats, 1U << IMAGE_FORMAT_PNG);
    assert_int_equal(effect->image.side_min, 400);
    assert_int_equal(effect->image.side_max, 4096);
    assert_int_equal(effect->image.bytes_max, 5 << 20);
    assert_true(effect->accepts_url);
    assert_int_equal(effect->param_count, 3);
    assert_string_equal(effect->params[0].field, "background");
    assert_string_equal(effect->params[0].choices[1].name, "blue");
    assert_string_equal(effect->params[0].choices[1].value, "#438EDB");
    assert_true(effect->params[2].required);
    assert_string_equal(effect->result_list, "/l");
    assert_string_equal(effect->result_pointer, "/r");
    assert_string_equal(effect->generate_id_pointer, "/g");
    assert_string_equal(effect->check_id_pointer, "/c");
    assert_string_equal(effect->time_pointer, "/t");
    mem_free(effect);
}

static void a_mistake_is_told_with_line_key_and_what_is_allowed(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {HEAD "tiemout = 3s\n" ANSWER,
         "a.ini:5: effect.tiemout: no such key; allowed: perhaps timeout in [effect]"                                                          },
        {HEAD "timeout = 3\n" ANSWER,
         "a.ini:5: effect.timeout: \"3\" is not allowed; allowed: a duration such as 60s"                                                      },
        {HEAD "timeout = 3s\ntimeout = 3s\n" ANSWER,                                             "a.ini:6: effect.timeout: given twice"        },
        {HEAD "[picture]\nside = 1..2\n" ANSWER,                                                 "a.ini:6: picture.side: no such key"          },
        {HEAD "[image]\nside = 9..2\n" ANSWER,                                                   "a.ini:6: image.side: \"9..2\" is not allowed"},
        {HEAD "[image]\nside = 0..2\n" ANSWER,                                                   "image.side"                                  },
        {HEAD "[image]\nformats = jpeg, gif\n" ANSWER,                                           "allowed: jpeg, png"                          },
        {HEAD "[image]\nbytes_max = 65MB\n" ANSWER,                                              "at most 64MB"                                },
        {HEAD "[image]\nurl = maybe\n" ANSWER,                                                   "allowed: yes, no"                            },
        {HEAD "[param p]\nkind = number\n" ANSWER,                                               "text, int, real, bool, choice, color"        },
        {HEAD "[param p]\nrequired = yes\n" ANSWER,                                              "a.ini:6: [param p]: kind is missing"         },
        {HEAD "[param p]\nkind = choice\n" ANSWER,                                               "needs choices"                               },
        {HEAD "[param p]\nkind = text\nrange = 1..2\n" ANSWER,                                   "range is for"                                },
        {HEAD "[param p]\nkind = int\nlength = 1..2\n" ANSWER,                                   "length is for"                               },
        {HEAD "[param p]\nkind = int\nrange = 1..2\ndefault = 3\n" ANSWER,
         "[param p]: p: \"3\" is not allowed; allowed: a whole number from 1 to 2"                                                             },
        {HEAD "[param p]\nkind = int\nchoices = one:x\n" ANSWER,                                 "\"x\" is not allowed"                        },
        {HEAD "[param p]\nkind = text\nrequired = yes\ndefault = a\n" ANSWER,                    "exclude"                                     },
        {HEAD "[param a/b]\nkind = text\n" ANSWER,                                               "the name must be"                            },
        {HEAD "[param]\nkind = text\n" ANSWER,                                                   "no such key"                                 },
        {HEAD "nonsense\n" ANSWER,                                                               "a.ini:5: neither"                            },
        {HEAD,                                                                                   "one of answer.result and answer.data"        },
        {HEAD "[answer]\nresult = /a\ndata = /b\n",                                              "one of answer.result and answer.data"        },
        {HEAD "[answer]\nresult = data\n",                                                       "a JSON pointer such as"                      },
        {HEAD "[param p]\nkind = int\nneeds = q\n" ANSWER,                                       "needs names no parameter"                    },
        {HEAD "[param p]\nkind = text\nonly_choices = yes\n" ANSWER,                             "only_choices needs choices"                  },
        {HEAD "[param p]\nkind = text\ninto = a, b\n" ANSWER,                                    "into is for the kind choice"                 },
        {HEAD "[param p]\nkind = choice\nchoices = x\ninto = a\n" ANSWER,                        "two parameters such as"                      },
        {HEAD "[param p]\nkind = choice\nchoices = x\ninto = a, b, c\n" ANSWER,                  "two parameters"                              },
        {HEAD "[param p]\nkind = choice\nchoices = x\ninto = a, b\n" ANSWER,                     "into must name"                              },
        {HEAD "[param w]\nkind = int\n[param h]\nkind = int\nrange = 0..5\n"
              "[param p]\nkind = choice\nchoices = a:1x5, b:1x6\ninto = w, h\n" ANSWER,
         "h: \"6\" is not allowed"                                                                                                             },
        {HEAD "[param w]\nkind = int\n"
              "[param p]\nkind = choice\nchoices = a:1x5\ninto = w, w\n" ANSWER,
         "into must name two"                                                                                                                  },
        {HEAD "[param w]\nkind = int\n[param h]\nkind = int\n"
              "[param p]\nkind = choice\nchoices = a:15\ninto = w, h\n" ANSWER,
         "is no pair such as 295x413"                                                                                                          },
        {HEAD "[param p]\nkind = int\nrole = depth\n" ANSWER,                                    "width, height, check_id"                     },
        {HEAD "[param p]\nkind = int\nsent = perhaps\n" ANSWER,                                  "allowed: yes, no"                            },
        {HEAD "[order]\nside_above = 0\n" ANSWER,                                                "px, 1 to 65535"                              },
        {HEAD "[order]\nfirst = yes\n" ANSWER,                                                   "need order.family"                           },
        {HEAD "[order]\nfamily = f\nfirst = yes\npicture = no\n" ANSWER,                         "order.first excludes"                        },
        {HEAD "[request]\nparameter = a\"b\n" ANSWER,                                            "request.parameter"                           },
        {HEAD ANSWER "unknown_generate_id = 1, x\n",                                             "1 to 4 numbers"                              },
        {HEAD ANSWER "unknown_generate_id = 1, 2, 3, 4, 5\n",                                    "1 to 4 numbers"                              },
        {"[effect]\nname = a\npath = v1\n",                                                      "a path with its leading /"                   },
        {"[effect]\nname = a\npath = /v1?x=1\n",                                                 "a path with its leading /"                   },
        {"[effect]\nname = a b\n",                                                               "a.ini:2: effect.name: \"a b\" is not allowed"},
        {"[effect]\nname = 123456789012345678901234567890123\n",                                 "1 to 32"                                     },
        {"[effect]\nname = a\n" ANSWER,                                                          "effect.path is missing"                      },
        {"",                                                                                     "effect.name is missing"                      },
        {"name = a\n",                                                                           "no such key"                                 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct err err = {.code = 0};
        assert_fails(parse(cases[i].text, NULL, &err), ERR_INVALID);
        if (strstr(err.msg, cases[i].message) == NULL) {
            fail_msg("wanted \"%s\", got \"%s\"", cases[i].message, err.msg);
        }
    }
}

static void files_are_bounded(void **state)
{
    (void)state;
    size_t size = (64 << 10) + 2;
    char *text = mem_alloc(size);
    struct err err;
    memset(text, '\n', size - 1);
    text[size - 1] = '\0';
    assert_fails(parse(text, NULL, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "64KB"));
    memset(text, 'a', size - 1);
    text[300] = '\0';
    assert_fails(parse(text, NULL, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "too long"));
    struct effect *effect = mem_zalloc(1, sizeof *effect);
    assert_fails(effect_parse(slice_of("[effect]\nname=\0b\n", 17), "b", effect, &err),
                 ERR_INVALID);
    mem_free(effect);
    mem_free(text);

    struct buf many;
    buf_init(&many, 1 << 16);
    assert_ok(buf_append_text(&many, HEAD ANSWER), &err);
    for (int i = 0; i <= PARAMS_MAX; i++) {
        assert_ok(buf_printf(&many, "[param p%d]\nkind = text\n", i), &err);
    }
    assert_fails(parse(buf_cstr(&many), NULL, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "more than 24"));
    buf_done(&many);
}

static void the_embedded_catalogue_has_the_anime_avatar(void **state)
{
    (void)state;
    struct catalogue catalogue;
    struct err err = {.code = 0};
    catalogue_init(&catalogue);
    assert_ok(catalogue_load(&catalogue, NULL, &err), &err);
    const struct effect *emoji = catalogue_find(&catalogue, "emoji");
    assert_non_null(emoji);
    assert_string_equal(emoji->path, "/v1/EmojMaterialH5");
    assert_string_equal(emoji->origin, "embedded");
    assert_int_equal(emoji->image.side_min, 48);
    assert_int_equal(emoji->image.side_max, 4096);
    assert_int_equal(emoji->image.bytes_max, 2 << 20);
    assert_null(catalogue_find(&catalogue, "filter"));
    /* Once more, as after SIGHUP. */
    assert_ok(catalogue_load(&catalogue, "", &err), &err);
    assert_non_null(catalogue_find(&catalogue, "emoji"));
    catalogue_done(&catalogue);
}

static void file_write(const char *dir, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void file_remove(const char *dir, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(unlink(path), 0);
}

static void a_folder_adds_and_overrides_and_a_bad_one_changes_nothing(void **state)
{
    (void)state;
    char dir[] = "/tmp/effects.XXXXXX";
    assert_non_null(mkdtemp(dir));
    file_write(dir, "mine.ini", HEAD ANSWER);
    file_write(dir, "emoji.ini", "[effect]\nname=emoji\npath=/v2\nstyle=media-list\n" ANSWER);
    file_write(dir, "notes.txt", "no effect");
    struct catalogue catalogue;
    struct err err = {.code = 0};
    catalogue_init(&catalogue);
    assert_ok(catalogue_load(&catalogue, dir, &err), &err);
    assert_string_equal(catalogue_find(&catalogue, "emoji")->path, "/v2");
    assert_string_equal(catalogue_find(&catalogue, "emoji")->origin, "emoji.ini");
    assert_non_null(catalogue_find(&catalogue, "a"));

    file_write(dir, "twin.ini", HEAD ANSWER);
    assert_fails(catalogue_load(&catalogue, dir, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "twin.ini: effect.name: a is defined by mine.ini"));
    assert_non_null(catalogue_find(&catalogue, "a"));
    assert_fails(catalogue_load(&catalogue, "/no/such/folder", &err), ERR_INVALID);
    assert_non_null(catalogue_find(&catalogue, "a"));

    catalogue_done(&catalogue);
    static const char *const names[] = {"mine.ini", "emoji.ini", "notes.txt", "twin.ini"};
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        file_remove(dir, names[i]);
    }
    assert_int_equal(rmdir(dir), 0);
}

static void a_file_alone_adds_an_effect(void **state)
{
    (void)state;
    char dir[512];
    (void)snprintf(dir, sizeof dir, "%s/tests/data/effects", getenv("RETOUCH_SOURCE"));
    struct catalogue catalogue;
    struct err err = {.code = 0};
    catalogue_init(&catalogue);
    assert_ok(catalogue_load(&catalogue, dir, &err), &err);
    const struct effect *filter = catalogue_find(&catalogue, "filter");
    assert_non_null(filter);
    assert_string_equal(filter->path, "/v1/filter");
    assert_int_equal(filter->param_count, 2);
    assert_int_equal(filter->unknown_retries, 2);
    catalogue_done(&catalogue);
}

static void no_memory_is_an_error_like_any_other(void **state)
{
    (void)state;
    struct catalogue catalogue;
    struct err err = {.code = 0};
    catalogue_init(&catalogue);
    for (unsigned n = 1; n <= 2; n++) {
        mem_fail_after(n);
        assert_fails(catalogue_load(&catalogue, NULL, &err), ERR_NO_MEMORY);
    }
    mem_fail_after(0);
    catalogue_done(&catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_file_has_defaults),
        cmocka_unit_test(every_key_finds_its_place),
        cmocka_unit_test(a_mistake_is_told_with_line_key_and_what_is_allowed),
        cmocka_unit_test(files_are_bounded),
        cmocka_unit_test(the_embedded_catalogue_has_the_anime_avatar),
        cmocka_unit_test(a_folder_adds_and_overrides_and_a_bad_one_changes_nothing),
        cmocka_unit_test(a_file_alone_adds_an_effect),
        cmocka_unit_test(no_memory_is_an_error_like_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
