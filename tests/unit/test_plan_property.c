/* Random trees of recipes on one photo, against an API that remembers for each generate id what
 * was applied: what is made is exactly what was asked for, with the least calls there can be.
 *
 * The oracle knows nothing of digests or of the planner: a recipe is a list of meanings, and what
 * is recorded is a list of such lists. */
#include "base/mem.h"
#include "base/rng.h"
#include "lib/plan_bed.h"

enum {
    CASES = 100000,
    JOBS_PER_PHOTO = 12,
    MADE_MAX = 512,   /* results of one photo: 12 jobs of 7 steps, made at most twice */
    MEANING_MAX = 64, /* "clothes clothes_id=a" */
    CHAIN_MAX = 512
};

/* What a step may mean, in its normal form, and the ways in which it is written. */
static const struct meaning {
    const char *meaning;
    const char *spellings[4];
    uint32_t width, height; /* of a photo made */
} meanings[] = {
    {"make width=295 height=413",                                    {"make size=one-inch", "make height=413 width=295"}, 295, 413},
    {"make width=600 height=600",                                    {"make size=us-visa", "make width=600 height=600"},  600, 600},
    {"make width=295 height=413 background=#438EDB gradient_mode=2",
     {"make size=one-inch background=blue gradient_mode=outside-in",
      "make width=295 height=413 gradient_mode=2 background=#438edb gradient_end=FFFFFF"},
     295,                                                                                                                      413},
    {"hair hair_id=h",                                               {"hair hair_id=h"},                                  0,   0  },
    {"hair hair_id=i",                                               {"hair hair_id=i"},                                  0,   0  },
    {"beauty ",                                                      {"beauty"},                                          0,   0  },
    {"beauty strength=50",                                           {"beauty strength=50", "beauty strength=050"},       0,   0  },
    {"clothes clothes_id=a",                                         {"clothes clothes_id=a"},                            0,   0  },
    {"clothes clothes_id=b",                                         {"clothes clothes_id=b"},                            0,   0  },
    {"background background=#FF0000",
     {"background background=red", "background background=RED", "background background=#ff0000"},
     0,                                                                                                                        0  },
    {"background background=#FFFFFF gradient_mode=1",
     {"background background=white gradient_mode=1",
      "background gradient_end=White background=#FFFFFF gradient_mode=top-down"},
     0,                                                                                                                        0  },
    {"skin ",                                                        {"skin"},                                            0,   0  },
    {"eyes ",                                                        {"eyes"},                                            0,   0  },
};

/* A picture that the API made. */
struct made {
    char chain[CHAIN_MAX]; /* what was applied: "|make width=295 height=413|beauty " */
    char id[16];
    bool alive;      /* the API knows the id */
    bool has_result; /* the record's result can be had */
    struct digest digest;
};

struct world {
    struct plan_bed bed;
    struct plan_source source;
    const char *origin;     /* what chains begin with: "" for the image */
    uint32_t width, height; /* of the original */
    struct made made[MADE_MAX];
    uint32_t made_count;
    char check_id[16]; /* recorded; "" */
    struct digest check_digest;
    bool check_has_result;
    uint32_t calls, checks; /* of this job */
    uint32_t answers;
    const struct meaning *recipe[ENVELOPE_STEPS_MAX]; /* pictures only, as given */
    uint32_t count;
    bool with_check;
    struct rng rng;
    struct err err;
};

static uint32_t below(struct world *world, uint32_t bound)
{
    return (uint32_t)rng_below(&world->rng, bound);
}

static bool is_kind(const struct meaning *meaning, const char *kind)
{
    return strncmp(meaning->meaning, kind, strlen(kind)) == 0;
}

static bool same_kind(const struct meaning *a, const struct meaning *b)
{
    size_t len = strcspn(a->meaning, " ") + 1;
    return strncmp(a->meaning, b->meaning, len) == 0;
}

static uint32_t kind_find(const struct world *world, const char *kind)
{
    uint32_t i = 0;
    while (i < world->count && !is_kind(world->recipe[i], kind)) {
        i++;
    }
    return i;
}

static void recipe_move(struct world *world, uint32_t from, uint32_t to)
{
    const struct meaning *moved = world->recipe[from];
    size_t size = sizeof world->recipe[0];
    if (from > to) {
        memmove(&world->recipe[to + 1], &world->recipe[to], (from - to) * size);
    } else {
        memmove(&world->recipe[from], &world->recipe[from + 1], (to - from) * size);
    }
    world->recipe[to] = moved;
}

/* Oracle: brings the recipe into the order that it must be made in; false: not allowed. */
static bool recipe_settle(struct world *world)
{
    for (uint32_t i = 0; i < world->count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (same_kind(world->recipe[i], world->recipe[k])) {
                return false;
            }
        }
    }
    uint32_t hair = kind_find(world, "hair");
    uint32_t make = kind_find(world, "make");
    bool original_fits =
        world->source.width == 0 || (world->source.width > 400 && world->source.height > 400);
    if (hair < world->count && make == world->count && !original_fits) {
        return false;
    }
    if (hair < world->count && make < world->count) {
        bool made_fits = world->recipe[make]->width > 400 && world->recipe[make]->height > 400;
        if (!made_fits && !original_fits) {
            return false;
        }
        if (hair > make ? !made_fits : !original_fits) {
            recipe_move(world, hair, make);
        }
    }
    make = kind_find(world, "make");
    if (make < world->count) {
        return make == 0 || (make == 1 && is_kind(world->recipe[0], "hair"));
    }
    return world->source.kind == PLAN_SOURCE_GENERATE_ID || world->count == 0 ||
           (world->count == 1 && is_kind(world->recipe[0], "hair"));
}

static void chain_of(const struct world *world, uint32_t steps, char chain[CHAIN_MAX])
{
    int used = snprintf(chain, CHAIN_MAX, "%s", world->origin);
    for (uint32_t i = 0; i < steps; i++) {
        used += snprintf(chain + used, CHAIN_MAX - (size_t)used, "|%s", world->recipe[i]->meaning);
    }
    CHECK(used < CHAIN_MAX);
}

/* Oracle: how many of the recipe's steps need no call, by looking through all that was made. */
static uint32_t steps_recorded(const struct world *world)
{
    for (uint32_t steps = world->count; steps > 0; steps--) {
        char chain[CHAIN_MAX];
        chain_of(world, steps, chain);
        for (uint32_t i = 0; i < world->made_count; i++) {
            const struct made *made = &world->made[i];
            bool usable = steps == world->count ? made->has_result : made->alive;
            if (usable && strcmp(made->chain, chain) == 0) {
                return steps;
            }
        }
    }
    return 0;
}

static struct made *made_by_id(struct world *world, const char *id)
{
    for (uint32_t i = 0; i < world->made_count; i++) {
        if (strcmp(world->made[i].id, id) == 0) {
            return &world->made[i];
        }
    }
    return NULL;
}

/* The photo's record: the newest entry under a digest. */
static bool on_find(void *data, const struct digest *digest, struct plan_known *ret_known)
{
    struct world *world = data;
    *ret_known = (struct plan_known){.has_result = false};
    if (world->check_id[0] != '\0' && digest_equal(&world->check_digest, digest)) {
        (void)text_copy(ret_known->check_id, API_ID_MAX, slice_text(world->check_id));
        ret_known->has_result = world->check_has_result;
        return true;
    }
    for (uint32_t i = world->made_count; i > 0; i--) {
        const struct made *made = &world->made[i - 1];
        if (made->digest.text[0] != '\0' && digest_equal(&made->digest, digest)) {
            (void)text_copy(ret_known->generate_id, API_ID_MAX, slice_text(made->id));
            ret_known->has_result = made->has_result;
            return true;
        }
    }
    return false;
}

/* The record drops a prefix: nobody will ask for its id again. */
static void drop(struct world *world, const struct digest *digest)
{
    for (uint32_t i = 0; i < world->made_count; i++) {
        if (digest_equal(&world->made[i].digest, digest)) {
            world->made[i].digest.text[0] = '\0';
            world->made[i].alive = false;
            world->made[i].has_result = false;
        }
    }
}

static void api_check(struct world *world, const struct plan_step *step)
{
    world->checks++;
    (void)snprintf(world->check_id, sizeof world->check_id, "k%u", ++world->answers);
    world->check_digest = step->digest;
    world->check_has_result = true;
    assert_ok(plan_advance(&world->bed.plan, "", world->check_id, &world->err), &world->err);
}

/* A check id that is known goes with the making, and with nothing else. */
static void expect_check_id(const struct world *world, const struct plan_step *step)
{
    const struct value *given = params_find(&step->params, "check_id");
    bool wanted = world->check_id[0] != '\0' && strcmp(plan_bed_name(step), "make") == 0;
    assert_int_equal(given != NULL, wanted);
    if (wanted) {
        assert_true(slice_is(given->text, world->check_id));
    }
}

/* Applies the step to what the start carries. Another record of the same chain is superseded. */
static void api_make(struct world *world, const struct plan_step *step, const char *before)
{
    char params[256];
    struct params sent = step->params;
    struct made *made = &world->made[world->made_count++];
    CHECK(world->made_count < MADE_MAX);
    expect_check_id(world, step);
    if (params_find(&sent, "check_id") != NULL) {
        sent.count--; /* it is the last */
    }
    effect_params_show(step->effect, &sent, params, sizeof params);
    drop(world, &step->digest);
    int len = snprintf(made->chain, CHAIN_MAX, "%s|%s %s", before, plan_bed_name(step), params);
    CHECK(len < CHAIN_MAX);
    (void)snprintf(made->id, sizeof made->id, "g%u", ++world->answers);
    made->alive = true;
    made->has_result = true;
    made->digest = step->digest;
    world->calls++;
    assert_ok(plan_advance(&world->bed.plan, made->id, "", &world->err), &world->err);
}

static int call(struct world *world)
{
    struct plan *plan = &world->bed.plan;
    const struct plan_step *step = plan_next(plan);
    const char *start = plan_start_of(plan);
    const struct made *from = start != NULL ? made_by_id(world, start) : NULL;
    bool is_source = start == NULL || strcmp(start, "mine") == 0;
    assert_true(is_source || from != NULL);
    if (step->effect->order.no_picture) {
        assert_true(is_source);
        api_check(world, step);
    } else if (is_source || from->alive) {
        api_make(world, step, is_source ? world->origin : from->chain);
    } else {
        struct digest lost;
        assert_ok(plan_forget(plan, &lost, &world->err), &world->err);
        drop(world, &lost);
        return plan_start(plan, on_find, world, &world->err);
    }
    return 0;
}

/* What the job ends with. */
static void expect_result(struct world *world)
{
    char wanted[CHAIN_MAX];
    struct plan_known known;
    if (world->count == 0) {
        assert_true(world->check_id[0] != '\0');
        return;
    }
    chain_of(world, world->count, wanted);
    assert_true(on_find(world, &plan_last(&world->bed.plan)->digest, &known));
    assert_true(known.has_result);
    assert_string_equal(made_by_id(world, known.generate_id)->chain, wanted);
}

static void write_recipe(struct world *world, char *text, size_t size)
{
    int used = snprintf(text, size, "%s", world->with_check ? "check" : "");
    for (uint32_t i = 0; i < world->count; i++) {
        const struct meaning *meaning = world->recipe[i];
        uint32_t spellings = 0;
        while (spellings < N_ELEMENTS(meaning->spellings) && meaning->spellings[spellings]) {
            spellings++;
        }
        used += snprintf(text + used, size - (size_t)used, "%s%s", used > 0 ? "," : "",
                         meaning->spellings[below(world, spellings)]);
    }
    CHECK((size_t)used < size);
}

/* Mostly such as are allowed: the making first, one of a kind. */
static void draw_recipe(struct world *world)
{
    uint32_t wanted = below(world, 6);
    world->count = 0;
    world->with_check = below(world, 5) == 0;
    if (below(world, 8) > 0) {
        world->recipe[world->count++] = &meanings[below(world, 3)];
    }
    for (uint32_t i = 0; i < wanted; i++) {
        const struct meaning *meaning = &meanings[below(world, N_ELEMENTS(meanings))];
        bool twice = false;
        for (uint32_t k = 0; k < world->count; k++) {
            twice = twice || same_kind(world->recipe[k], meaning);
        }
        if (!twice || below(world, 40) == 0) {
            world->recipe[world->count++] = meaning;
        }
    }
    if (world->count > 1 && below(world, 8) == 0) {
        recipe_move(world, below(world, world->count), below(world, world->count));
    }
    world->with_check = world->with_check || world->count == 0;
}

/* Between jobs ids lapse, results go, images are dropped. */
static void pass_time(struct world *world)
{
    for (uint32_t i = 0; i < world->made_count; i++) {
        world->made[i].alive = world->made[i].alive && below(world, 20) > 0;
        world->made[i].has_result = world->made[i].has_result && below(world, 10) > 0;
    }
    world->check_has_result = world->check_has_result && below(world, 10) > 0;
    world->source.has_image = below(world, 10) > 0;
}

struct expectation {
    uint32_t calls, checks;
    bool needs_image;
};

static struct expectation expect(const struct world *world)
{
    uint32_t recorded = steps_recorded(world);
    bool wants_check = world->count == 0 ? world->check_id[0] == '\0' || !world->check_has_result
                                         : recorded == 0 && world->check_id[0] == '\0';
    struct expectation expectation = {
        .calls = world->count - recorded,
        .checks = world->with_check && wants_check ? 1 : 0,
    };
    expectation.needs_image = world->source.kind != PLAN_SOURCE_GENERATE_ID && recorded == 0 &&
                              expectation.calls + expectation.checks > 0;
    return expectation;
}

/* Returns whether the recipe was allowed. */
static bool run_job(struct world *world)
{
    char text[1024];
    draw_recipe(world);
    write_recipe(world, text, sizeof text);
    plan_bed_recipe(&world->bed, text);
    int code = plan_bed_plan(&world->bed, &world->source, &world->err);
    if (!recipe_settle(world)) {
        assert_fails(code, ERR_INVALID);
        return false;
    }
    assert_ok(code, &world->err);
    struct expectation expected = expect(world);
    world->calls = world->checks = 0;
    code = plan_start(&world->bed.plan, on_find, world, &world->err);
    while (code == 0 && plan_next(&world->bed.plan) != NULL) {
        code = call(world);
    }
    if (expected.needs_image && !world->source.has_image) {
        assert_fails(code, ERR_INVALID);
        assert_non_null(strstr(world->err.msg, "send the image again"));
        return true;
    }
    assert_ok(code, &world->err);
    assert_int_equal(world->calls, expected.calls);
    assert_int_equal(world->checks, expected.checks);
    expect_result(world);
    return true;
}

static void photo_new(struct world *world)
{
    bool from_id = below(world, 6) == 0;
    world->made_count = 0;
    world->check_id[0] = '\0';
    world->origin = from_id ? "made elsewhere" : "";
    world->source =
        (struct plan_source){.kind = from_id ? PLAN_SOURCE_GENERATE_ID : PLAN_SOURCE_URL,
                             .generate_id = from_id ? "mine" : NULL};
    if (below(world, 2) == 0) {
        world->source.width = 300 + below(world, 3) * 100;
        world->source.height = 400 + below(world, 3) * 100;
    }
    char url[32];
    (void)snprintf(url, sizeof url, "http://a/%u", rng_u32(&world->rng));
    assert_int_equal(digest_of_source(from_id ? DIGEST_GENERATE_ID : DIGEST_URL, slice_text(url),
                                      &world->source.digest),
                     0);
}

static void any_tree_of_recipes_is_made_exactly_and_with_the_least_calls(void **state)
{
    (void)state;
    struct world *world = mem_zalloc(1, sizeof *world);
    unsigned allowed = 0;
    plan_bed_open(&world->bed);
    rng_seed(&world->rng, 4);
    for (unsigned i = 0; i < CASES; i++) {
        if (i % JOBS_PER_PHOTO == 0) {
            photo_new(world);
        }
        pass_time(world);
        allowed += run_job(world);
    }
    print_message("%d recipes, %u allowed\n", CASES, allowed);
    assert_in_range(allowed, CASES / 2, CASES - CASES / 10); /* both sides are tried */
    plan_bed_close(&world->bed);
    mem_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_tree_of_recipes_is_made_exactly_and_with_the_least_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
