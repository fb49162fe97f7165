/* The planner, rule by rule: each test tells the calls of a recipe as "EFFECT(START) ...". */
#include "base/mem.h"
#include "lib/plan_bed.h"

enum {
    RECORDS_MAX = 32
};

/* What a photo's record is to the planner; steps answer with the ids g1, g2, ... */
struct photo {
    struct plan_bed bed;
    struct plan_source source;

    struct {
        struct digest digest;
        struct plan_known known;
    } records[RECORDS_MAX];

    uint32_t count;
    uint32_t answers;
    struct err err;
    char trace[512];
};

static int set_up(void **state)
{
    struct photo *photo = mem_zalloc(1, sizeof *photo);
    plan_bed_open(&photo->bed);
    photo->source = (struct plan_source){.kind = PLAN_SOURCE_URL, .has_image = true};
    assert_int_equal(
        digest_of_source(DIGEST_URL, slice_text("http://a/1.jpg"), &photo->source.digest), 0);
    *state = photo;
    return 0;
}

static int tear_down(void **state)
{
    struct photo *photo = *state;
    plan_bed_close(&photo->bed);
    mem_free(photo);
    return 0;
}

static bool on_find(void *data, const struct digest *digest, struct plan_known *ret_known)
{
    struct photo *photo = data;
    for (uint32_t i = 0; i < photo->count; i++) {
        if (digest_equal(&photo->records[i].digest, digest)) {
            *ret_known = photo->records[i].known;
            return true;
        }
    }
    return false;
}

static void record(struct photo *photo, const struct digest *digest, const struct plan_known *known)
{
    uint32_t i = 0;
    while (i < photo->count && !digest_equal(&photo->records[i].digest, digest)) {
        i++;
    }
    CHECK(i < RECORDS_MAX);
    photo->count = i == photo->count ? i + 1 : photo->count;
    photo->records[i].digest = *digest;
    photo->records[i].known = *known;
}

static void forget(struct photo *photo, const struct digest *digest)
{
    record(photo, digest, &(struct plan_known){.has_result = false});
}

static void say(struct photo *photo, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void say(struct photo *photo, const char *fmt, ...)
{
    va_list args;
    size_t used = strlen(photo->trace);
    va_start(args, fmt);
    (void)vsnprintf(photo->trace + used, sizeof photo->trace - used, fmt, args);
    va_end(args);
}

/* The call that the plan has next, and its answer. */
static int call(struct photo *photo)
{
    struct plan *plan = &photo->bed.plan;
    const struct plan_step *step = plan_next(plan);
    const char *start = plan_start_of(plan);
    const struct value *check_id = params_find(&step->params, "check_id");
    say(photo, "%s%s(%s%s%.*s)", photo->trace[0] != '\0' ? " " : "", plan_bed_name(step),
        start != NULL ? start : "image", check_id != NULL ? "," : "",
        check_id != NULL ? (int)check_id->text.len : 0,
        check_id != NULL ? (const char *)check_id->text.ptr : "");
    struct plan_known known = {.has_result = true};
    bool is_check = step->effect->order.no_picture;
    (void)snprintf(is_check ? known.check_id : known.generate_id, API_ID_MAX, "%s%u",
                   is_check ? "k" : "g", ++photo->answers);
    record(photo, &step->digest, &known);
    return plan_advance(plan, known.generate_id, known.check_id, &photo->err);
}

static int begin(struct photo *photo, const char *recipe)
{
    photo->trace[0] = '\0';
    plan_bed_recipe(&photo->bed, recipe);
    int code = plan_bed_plan(&photo->bed, &photo->source, &photo->err);
    return code != 0 ? code : plan_start(&photo->bed.plan, on_find, photo, &photo->err);
}

static void makes(struct photo *photo, const char *recipe, const char *calls)
{
    assert_ok(begin(photo, recipe), &photo->err);
    while (plan_next(&photo->bed.plan) != NULL) {
        assert_ok(call(photo), &photo->err);
    }
    assert_string_equal(photo->trace, calls);
}

static void refuses(struct photo *photo, const char *recipe, const char *message)
{
    assert_fails(begin(photo, recipe), ERR_INVALID);
    assert_string_equal(photo->err.msg, message);
}

static void undo_calls_only_what_stood_behind(void **state)
{
    struct photo *photo = *state;
    makes(photo, "make size=one-inch, beauty, background background=blue",
          "make(image) beauty(g1) background(g2)");
    makes(photo, "make size=one-inch, background background=blue", "background(g1)");
    assert_int_equal(photo->bed.plan.saved, 1);
}

static void clothes_are_replaced_from_the_id_before_them(void **state)
{
    struct photo *photo = *state;
    makes(photo, "make size=us-visa, beauty, clothes clothes_id=a",
          "make(image) beauty(g1) clothes(g2)");
    makes(photo, "make size=us-visa, beauty, clothes clothes_id=b", "clothes(g2)");
    assert_int_equal(photo->bed.plan.saved, 2);
}

static void hair_goes_to_the_original_where_the_photo_is_too_small(void **state)
{
    struct photo *photo = *state;
    makes(photo, "make size=one-inch, beauty, hair hair_id=h", "hair(image) make(g1) beauty(g2)");
    photo->source.width = 401;
    photo->source.height = 900;
    makes(photo, "make width=400 height=900, hair hair_id=h", "make(g1)");
}

static void hair_stays_where_it_is_given_if_that_will_do(void **state)
{
    struct photo *photo = *state;
    makes(photo, "make width=401 height=500, beauty, hair hair_id=h",
          "make(image) beauty(g1) hair(g2)");
    makes(photo, "hair hair_id=h, make size=us-visa", "hair(image) make(g4)");
}

static void hair_goes_behind_the_making_where_only_that_is_large_enough(void **state)
{
    struct photo *photo = *state;
    photo->source.width = 400;
    photo->source.height = 700;
    makes(photo, "hair hair_id=h, make size=us-visa, beauty", "make(image) hair(g1) beauty(g2)");
}

static void hair_alone_may_have_an_original(void **state)
{
    makes(*state, "hair hair_id=h", "hair(image)");
    makes(*state, "check, hair hair_id=i", "check(image) hair(image)");
}

static void what_is_recorded_whole_is_not_called(void **state)
{
    struct photo *photo = *state;
    makes(photo, "make size=one-inch background=blue gradient_mode=top-down, beauty",
          "make(image) beauty(g1)");
    makes(photo,
          "make height=413 width=295 gradient_end=white background=#438edb gradient_mode=1, beauty",
          "");
    assert_int_equal(photo->bed.plan.saved, 2);
    assert_ptr_equal(plan_last(&photo->bed.plan), &photo->bed.plan.steps[1]);
}

static void a_result_that_is_gone_is_made_again(void **state)
{
    struct photo *photo = *state;
    makes(photo, "make size=one-inch, beauty", "make(image) beauty(g1)");
    assert_ok(begin(photo, "make size=one-inch, beauty"), &photo->err);
    assert_null(plan_next(&photo->bed.plan));
    plan_forget_result(&photo->bed.plan);
    assert_ok(plan_start(&photo->bed.plan, on_find, photo, &photo->err), &photo->err);
    assert_ok(call(photo), &photo->err);
    assert_string_equal(photo->trace, "beauty(g1)");
    assert_null(plan_next(&photo->bed.plan));
}

static void a_check_spares_the_making_its_own(void **state)
{
    struct photo *photo = *state;
    makes(photo, "check, make size=one-inch, beauty", "check(image) make(image,k1) beauty(g2)");
    makes(photo, "check, make size=two-inch", "make(image,k1)");
    makes(photo, "make size=passport", "make(image,k1)");
    makes(photo, "check", "");
}

static void a_check_id_makes_no_other_photo(void **state)
{
    struct photo *photo = *state;
    makes(photo, "make size=one-inch check_id=mine", "make(image,mine)");
    makes(photo, "make size=one-inch", "");
    makes(photo, "check, make size=one-inch", "");
    makes(photo, "check", "check(image)");
    makes(photo, "make size=two-inch check_id=mine", "make(image,mine)");
}

static void a_generate_id_is_gone_on_from(void **state)
{
    struct photo *photo = *state;
    photo->source = (struct plan_source){.kind = PLAN_SOURCE_GENERATE_ID, .generate_id = "mine"};
    assert_int_equal(
        digest_of_source(DIGEST_GENERATE_ID, slice_text("mine"), &photo->source.digest), 0);
    makes(photo, "beauty, background background=red", "beauty(mine) background(g1)");
    makes(photo, "beauty", "");
    makes(photo, "hair hair_id=h, make size=one-inch", "hair(mine) make(g3)");
    photo->source.width = 295;
    photo->source.height = 413;
    refuses(photo, "hair hair_id=h",
            "idphoto.hair: needs an image whose shorter side exceeds 400 px, and this one is "
            "295x413: send a larger one");
}

static void a_forgotten_id_is_replaced_by_the_next_shorter_prefix(void **state)
{
    struct photo *photo = *state;
    struct plan *plan = &photo->bed.plan;
    struct digest lost;
    makes(photo, "make size=one-inch, beauty, skin", "make(image) beauty(g1) skin(g2)");
    assert_ok(begin(photo, "make size=one-inch, beauty, eyes"), &photo->err);
    assert_string_equal(plan_start_of(plan), "g2");
    assert_ok(plan_forget(plan, &lost, &photo->err), &photo->err);
    assert_true(digest_equal(&lost, &plan->steps[1].digest));
    forget(photo, &lost);
    assert_ok(plan_start(plan, on_find, photo, &photo->err), &photo->err);
    assert_string_equal(plan_start_of(plan), "g1");
    assert_ok(plan_forget(plan, &lost, &photo->err), &photo->err);
    forget(photo, &lost);
    assert_ok(plan_start(plan, on_find, photo, &photo->err), &photo->err);
    assert_null(plan_start_of(plan));
    assert_ok(call(photo), &photo->err);
    assert_fails(plan_forget(plan, &lost, &photo->err), ERR_INVALID);
    assert_string_equal(
        photo->err.msg,
        "idphoto.make: the API does not know the generate id that it has just given");
}

static void a_forgotten_check_is_left_out_or_made_again(void **state)
{
    static const struct {
        const char *recipe;
        const char *calls;
    } rows[] = {
        {"make size=two-inch",        "make(image)"             },
        {"check, make size=passport", "check(image) make(image,"},
    };

    struct photo *photo = *state;
    struct plan *plan = &photo->bed.plan;
    struct digest lost;
    makes(photo, "check", "check(image)");
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        makes(photo, "check", i == 0 ? "" : "check(image)");
        assert_ok(begin(photo, rows[i].recipe), &photo->err);
        assert_ok(plan_forget_check(plan, &lost, &photo->err), &photo->err);
        assert_true(digest_equal(&lost, &plan->check_digest));
        forget(photo, &lost);
        assert_ok(plan_start(plan, on_find, photo, &photo->err), &photo->err);
        assert_fails(plan_forget_check(plan, &lost, &photo->err), ERR_INVALID);
        while (plan_next(plan) != NULL) {
            assert_ok(call(photo), &photo->err);
        }
        assert_memory_equal(photo->trace, rows[i].calls, strlen(rows[i].calls));
    }
}

static void a_check_id_of_the_producer_is_not_forgotten(void **state)
{
    struct photo *photo = *state;
    struct digest lost;
    makes(photo, "check", "check(image)");
    assert_ok(begin(photo, "make size=one-inch check_id=mine"), &photo->err);
    assert_fails(plan_forget_check(&photo->bed.plan, &lost, &photo->err), ERR_INVALID);
}

static void an_id_of_the_job_itself_cannot_be_replaced(void **state)
{
    struct photo *photo = *state;
    struct digest lost;
    photo->source.kind = PLAN_SOURCE_GENERATE_ID;
    photo->source.generate_id = "mine";
    assert_ok(begin(photo, "beauty"), &photo->err);
    assert_fails(plan_forget(&photo->bed.plan, &lost, &photo->err), ERR_INVALID);
    assert_string_equal(photo->err.msg,
                        "generate_id: the API does not know it (any more): send the image");
}

static void an_answer_without_an_id_ends_a_recipe_that_goes_on(void **state)
{
    struct photo *photo = *state;
    assert_ok(begin(photo, "make size=one-inch, beauty"), &photo->err);
    assert_fails(plan_advance(&photo->bed.plan, "", "", &photo->err), ERR_INVALID);
    assert_string_equal(photo->err.msg, "idphoto.make answered without a generate id, so "
                                        "idphoto.beauty cannot go on from it");
    assert_ok(begin(photo, "make size=one-inch"), &photo->err);
    assert_ok(plan_advance(&photo->bed.plan, "", "", &photo->err), &photo->err);
    assert_null(plan_next(&photo->bed.plan));
}

static void an_image_that_is_not_kept_is_asked_for(void **state)
{
    struct photo *photo = *state;
    makes(photo, "make size=one-inch, beauty", "make(image) beauty(g1)");
    photo->source.has_image = false;
    makes(photo, "make size=one-inch, skin", "skin(g1)");
    refuses(photo, "make size=two-inch",
            "image: idphoto.make has to start from the image, which is not kept: send the image "
            "again");
    photo->source.kind = PLAN_SOURCE_NONE;
    refuses(photo, "make size=two-inch", "image: this photo is not known yet: send the image");
    photo->source.kind = PLAN_SOURCE_BYTES;
    photo->source.has_image = true;
    refuses(photo, "make size=two-inch",
            "image: idphoto.make takes a URL, not bytes: put the photo where the API can fetch "
            "it, and give image.url");
    makes(photo, "make size=one-inch, eyes", "eyes(g1)");
}

static void effects_of_other_families_stand_alone(void **state)
{
    struct photo *photo = *state;
    makes(photo, "emoji", "emoji(image)");
    struct effect *first =
        CONTAINER_OF(photo->bed.catalogue.effects.head.next, struct effect, node);
    assert_string_equal(first->name, "emoji");
    first->accepts_url = false;
    refuses(photo, "emoji", "image.url: this effect takes the image's bytes, not a URL");
    photo->source.kind = PLAN_SOURCE_BYTES;
    makes(photo, "emoji", "emoji(image)");
    makes(photo, "emoji", "emoji(image)");
    assert_false(photo->bed.plan.records);
    refuses(photo, "emoji, make size=one-inch",
            "recipe[0].effect: emoji stands alone: a recipe of several effects is for ID photos");
    refuses(photo, "make size=one-inch, emoji",
            "recipe[1].effect: emoji stands alone: a recipe of several effects is for ID photos");
    photo->source.kind = PLAN_SOURCE_NONE;
    refuses(photo, "emoji",
            "image: required for this effect: bytes, or a map with one of data, url, key");
    photo->source.kind = PLAN_SOURCE_GENERATE_ID;
    photo->source.generate_id = "mine";
    refuses(photo, "emoji", "generate_id: emoji takes none: send the image");
}

static void each_refusal_helps(void **state)
{
    static const struct {
        const char *recipe, *message;
    } cases[] = {
        {"make size=one-inch, clothes clothes_id=a, beauty, clothes clothes_id=b",
         "recipe[3].effect: idphoto.clothes after idphoto.clothes at recipe[1]: effects of one "
         "kind do not stack, so replace the earlier one"                                                                         },
        {"make size=one-inch, check",
         "recipe[1].effect: idphoto.check makes no picture: it may stand only first"                                             },
        {"beauty",
         "idphoto.beauty: idphoto.make must come first, or give the generate_id of a photo that "
         "is made"                                                                                                               },
        {"check, beauty",
         "idphoto.beauty: idphoto.make must come first, or give the generate_id of a photo that "
         "is made"                                                                                                               },
        {"beauty, make size=one-inch",                                             "idphoto.beauty: idphoto.make must come first"},
        {"hair hair_id=h, beauty",
         "idphoto.hair: idphoto.make must come first, or give the generate_id of a photo that is "
         "made"                                                                                                                  },
        {"hair hair_id=h, beauty, make size=one-inch",
         "idphoto.beauty: idphoto.make must come first"                                                                          },
        {"make size=one-inch, clothes",
         "recipe[1].params: idphoto.clothes needs the parameter clothes_id: text of 1 to 128 "
         "bytes"                                                                                                                 },
        {"make",                                                                   "idphoto.make needs either size (one-inch, small-one-inch, two-inch, passport, "
                 "identity-card, us-visa) or both width and height"                                              },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        refuses(*state, cases[i].recipe, cases[i].message);
    }
    assert_fails(begin(*state, "make size=one-inch, beuty"), ERR_INVALID);
    struct photo *photo = *state;
    assert_non_null(
        strstr(photo->err.msg, "recipe[1].effect: \"idphoto.beuty\" is not in the catalogue"));
    photo->source.width = 300;
    photo->source.height = 420;
    refuses(photo, "make size=one-inch, hair hair_id=h",
            "idphoto.hair: needs an image whose shorter side exceeds 400 px: the photo made is "
            "295x413, the original 300x420: send a larger original, or make a larger photo");
}

static void no_memory_is_told(void **state)
{
    struct photo *photo = *state;
    unsigned refused = 0;
    for (unsigned n = 1; n < 100; n++) {
        plan_bed_recipe(&photo->bed, "check, make size=one-inch, hair hair_id=h");
        mem_fail_after(n);
        int code = plan_bed_plan(&photo->bed, &photo->source, &photo->err);
        mem_fail_after(0);
        if (code == 0) {
            break;
        }
        assert_int_equal(code, ERR_NO_MEMORY);
        refused++;
    }
    assert_in_range(refused, 1, 98);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(undo_calls_only_what_stood_behind),
        CASE(clothes_are_replaced_from_the_id_before_them),
        CASE(hair_goes_to_the_original_where_the_photo_is_too_small),
        CASE(hair_stays_where_it_is_given_if_that_will_do),
        CASE(hair_goes_behind_the_making_where_only_that_is_large_enough),
        CASE(hair_alone_may_have_an_original),
        CASE(what_is_recorded_whole_is_not_called),
        CASE(a_result_that_is_gone_is_made_again),
        CASE(a_check_spares_the_making_its_own),
        CASE(a_check_id_makes_no_other_photo),
        CASE(a_generate_id_is_gone_on_from),
        CASE(a_forgotten_id_is_replaced_by_the_next_shorter_prefix),
        CASE(a_forgotten_check_is_left_out_or_made_again),
        CASE(a_check_id_of_the_producer_is_not_forgotten),
        CASE(an_id_of_the_job_itself_cannot_be_replaced),
        CASE(an_answer_without_an_id_ends_a_recipe_that_goes_on),
        CASE(an_image_that_is_not_kept_is_asked_for),
        CASE(effects_of_other_families_stand_alone),
        CASE(each_refusal_helps),
        CASE(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
