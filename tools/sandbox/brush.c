/* The effects that change the person.
 *
 * A table of brushes. Each gets one pixel, its place in half heads from the middle of the head, and
 * the untouched picture to look at; what it paints is mixed in by the weight it returns. */
#include "brush.h"

#include <math.h>
#include <string.h>

#include "digest.h"
#include "mem.h"

struct easel {
    const struct stroke *stroke;
    struct picture before;  /* owned copy of the picture */
    struct picture blurred; /* owned; a softened copy, where the brush wants one */
    float tint[3];          /* of the material */
    float mean[3];          /* of the face */
    float left;             /* mean brightness of the left half of the face */
    float right;
};

/* Changes rgb, which holds the pixel; returns the weight of the change, 0 to 1. */
typedef float brush_fn(const struct easel *easel, float dx, float dy, float rgb[3]);

struct brush {
    brush_fn *paint;
    float soften;    /* radius of the softened copy, in half heads; 0: none */
    float reach;     /* paints no farther up, down and sideways, in half heads */
    bool has_matter; /* what it paints belongs to the person */
};

/* 1 inside, 0 outside of an ellipse, with a soft edge. */
static float spot(float dx, float dy, float half_width, float half_height)
{
    float out = sqrtf(dx * dx / (half_width * half_width) + dy * dy / (half_height * half_height));
    return fminf(fmaxf((1.15f - out) / 0.3f, 0.0f), 1.0f);
}

static float ramp(float value, float from, float to)
{
    return fminf(fmaxf((value - from) / (to - from), 0.0f), 1.0f);
}

static float face(float dx, float dy)
{
    return spot(dx, dy - 0.12f, 0.58f, 0.78f);
}

static float light_of(const float rgb[3])
{
    return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
}

/* The nearest pixel at a place given in half heads. */
static void
look(const struct easel *easel, const struct picture *picture, float dx, float dy, float rgb[3])
{
    struct frame frame = easel->stroke->frame;
    float x = fminf(fmaxf(frame.x + dx * frame.r, 0.0f), (float)(picture->width - 1));
    float y = fminf(fmaxf(frame.y + dy * frame.r, 0.0f), (float)(picture->height - 1));
    const uint8_t *at = picture->rgb + 3 * ((size_t)y * (size_t)picture->width + (size_t)x);
    for (int c = 0; c < 3; c++) {
        rgb[c] = (float)at[c];
    }
}

static void set(float rgb[3], float red, float green, float blue)
{
    rgb[0] = red;
    rgb[1] = green;
    rgb[2] = blue;
}

static void scale(float rgb[3], const float colour[3], float by)
{
    set(rgb, colour[0] * by, colour[1] * by, colour[2] * by);
}

/* --- the brushes --- */

static float paint_beauty(const struct easel *easel, float dx, float dy, float rgb[3])
{
    look(easel, &easel->blurred, dx, dy, rgb);
    for (int c = 0; c < 3; c++) {
        rgb[c] += 6.0f;
    }
    return face(dx, dy);
}

/* A jacket with lapels, a shirt and a tie. */
static float paint_clothes(const struct easel *easel, float dx, float dy, float rgb[3])
{
    float side = fabsf(dx);
    float fold = 0.85f + 0.1f * sinf(9.0f * side + 2.0f * dy) - 0.12f * side;
    float opening = 0.42f * (1.0f - ramp(dy, 1.1f, 2.4f));
    float top = 1.08f + 0.1f * ramp(side, 0.0f, 0.4f) - 0.25f * ramp(side, 0.25f, 0.6f);
    float shoulder = matte_depth(dx, fmaxf(dy, 0.9f) - 0.05f);
    scale(rgb, easel->tint, fmaxf(fold, 0.3f));
    if (side < opening) {
        set(rgb, 238.0f, 238.0f, 242.0f);
    }
    if (side < opening && side < 0.09f + 0.03f * (dy - 1.0f)) {
        scale(rgb, easel->tint, 0.45f);
    }
    if (fabsf(side - opening) < 0.03f || fabsf(side - opening - 0.22f) < 0.012f) {
        scale(rgb, easel->tint, 0.5f);
    }
    return ramp(dy, top, top + 0.06f) * ramp(shoulder, -0.02f, 0.04f);
}

static float paint_makeup(const struct easel *easel, float dx, float dy, float rgb[3])
{
    float lips = spot(dx, dy - 0.5f, 0.22f, 0.075f);
    float cheeks = spot(fabsf(dx) - 0.34f, dy - 0.3f, 0.17f, 0.15f);
    float light = light_of(rgb) / 160.0f;
    scale(rgb, easel->tint, fminf(light, 1.2f));
    return fmaxf(0.75f * lips, 0.4f * cheeks) * face(dx, dy);
}

static float paint_hair(const struct easel *easel, float dx, float dy, float rgb[3])
{
    float strand = 0.85f + 0.15f * sinf(40.0f * dx + 8.0f * sinf(5.0f * dy));
    float shine = 1.0f + 0.35f * spot(dx + 0.2f, dy + 0.75f, 0.4f, 0.12f);
    float cap = spot(dx, dy + 0.2f, 0.82f, 0.95f);
    float hole = spot(dx + 0.06f, dy - 0.3f, 0.5f, 0.8f);
    scale(rgb, easel->tint, strand * shine);
    return cap * (1.0f - hole) * (1.0f - ramp(dy, 0.35f, 0.6f));
}

/* Colours draw near to the mean of the face, brightness stays. */
static float paint_skin(const struct easel *easel, float dx, float dy, float rgb[3])
{
    float light = light_of(rgb);
    scale(rgb, easel->mean, light / fmaxf(light_of(easel->mean), 1.0f));
    return 0.85f * face(dx, dy);
}

static float paint_symmetry(const struct easel *easel, float dx, float dy, float rgb[3])
{
    float other[3];
    look(easel, &easel->before, -dx, dy, other);
    for (int c = 0; c < 3; c++) {
        rgb[c] = 0.5f * (rgb[c] + other[c]);
    }
    return spot(dx, dy, 0.8f, 1.0f);
}

/* The corners of the mouth go up. */
static float paint_expression(const struct easel *easel, float dx, float dy, float rgb[3])
{
    float corner = spot(fabsf(dx) - 0.2f, dy - 0.48f, 0.14f, 0.14f);
    look(easel, &easel->before, dx, dy + 0.06f * corner, rgb);
    return corner > 0.0f ? 1.0f : 0.0f;
}

/* The eyes look the other way and are brighter. */
static float paint_eyes(const struct easel *easel, float dx, float dy, float rgb[3])
{
    float eye = spot(fabsf(dx) - 0.24f, dy, 0.15f, 0.08f);
    look(easel, &easel->before, dx + 0.05f * eye, dy, rgb);
    for (int c = 0; c < 3; c++) {
        rgb[c] += 26.0f * eye;
    }
    return eye > 0.0f ? 1.0f : 0.0f;
}

/* Takes rims by softening and glare by darkening, around the eyes and on the bridge of the nose. */
static float paint_glasses(const struct easel *easel, float dx, float dy, float rgb[3])
{
    float lens = spot(fabsf(dx) - 0.25f, dy - 0.02f, 0.23f, 0.19f);
    float eye = spot(fabsf(dx) - 0.24f, dy, 0.17f, 0.1f);
    float bridge = spot(dx, dy, 0.08f, 0.06f);
    look(easel, &easel->blurred, dx, dy, rgb);
    float glare = fmaxf(light_of(rgb) - 170.0f, 0.0f);
    for (int c = 0; c < 3; c++) {
        rgb[c] -= 0.4f * glare;
    }
    return fmaxf(lens * (1.0f - eye), bridge);
}

/* The darker half of the face gets the light it lacks. */
static float paint_shading(const struct easel *easel, float dx, float dy, float rgb[3])
{
    float to_right = ramp(dx, -0.35f, 0.35f);
    float target = fmaxf(easel->left, easel->right) + 8.0f;
    float here = easel->left + (easel->right - easel->left) * to_right;
    scale(rgb, rgb, fminf(target / fmaxf(here, 16.0f), 3.0f));
    return spot(dx, dy, 0.75f, 1.0f);
}

static const struct brush brushes[IDPHOTO_KINDS] = {
    [IDPHOTO_BEAUTY] = {paint_beauty,     0.06f, 1.2f, false},
    [IDPHOTO_CLOTHES] = {paint_clothes,    0.0f,  1e6f, true },
    [IDPHOTO_MAKEUP] = {paint_makeup,     0.0f,  1.2f, false},
    [IDPHOTO_HAIR] = {paint_hair,       0.0f,  1.5f, true },
    [IDPHOTO_SKIN] = {paint_skin,       0.0f,  1.2f, false},
    [IDPHOTO_SYMMETRY] = {paint_symmetry,   0.0f,  1.3f, false},
    [IDPHOTO_EXPRESSION] = {paint_expression, 0.0f,  1.2f, false},
    [IDPHOTO_EYES] = {paint_eyes,       0.0f,  1.2f, false},
    [IDPHOTO_GLASSES] = {paint_glasses,    0.12f, 1.2f, false},
    [IDPHOTO_SHADING] = {paint_shading,    0.0f,  1.3f, false},
};

/* --- the easel --- */

/* Running mean of one line of pixels, `stride` bytes apart. */
static void soften_line(const uint8_t *from, uint8_t *to, int len, size_t stride, int radius)
{
    unsigned sum[3] = {0, 0, 0};
    unsigned count = 0;
    for (int i = -radius; i < len; i++) {
        int in = i + radius;
        int out = i - radius - 1;
        for (size_t c = 0; c < 3 && in < len; c++) {
            sum[c] += from[(size_t)in * stride + c];
        }
        for (size_t c = 0; c < 3 && out >= 0; c++) {
            sum[c] -= from[(size_t)out * stride + c];
        }
        count += (in < len ? 1U : 0U) - (out >= 0 ? 1U : 0U);
        for (size_t c = 0; c < 3 && i >= 0 && count > 0; c++) {
            to[(size_t)i * stride + c] = (uint8_t)(sum[c] / count);
        }
    }
}

static struct picture copy_of(const struct picture *picture)
{
    size_t bytes = (size_t)picture->width * (size_t)picture->height * 3;
    struct picture copy = {
        .rgb = mem_alloc(bytes), .width = picture->width, .height = picture->height};
    memcpy(copy.rgb, picture->rgb, bytes);
    return copy;
}

static struct picture softened(const struct picture *picture, int radius)
{
    struct picture rows = copy_of(picture);
    struct picture all = copy_of(picture);
    size_t stride = 3 * (size_t)picture->width;
    for (int y = 0; y < picture->height; y++) {
        size_t at = (size_t)y * stride;
        soften_line(picture->rgb + at, rows.rgb + at, picture->width, 3, radius);
    }
    for (int x = 0; x < picture->width; x++) {
        size_t at = 3 * (size_t)x;
        soften_line(rows.rgb + at, all.rgb + at, picture->height, stride, radius);
    }
    picture_done(&rows);
    return all;
}

/* Means over the middle of the face. */
static void measure(struct easel *easel)
{
    enum {
        STEPS = 24
    };

    float halves[2] = {0.0f, 0.0f};
    for (int i = 0; i < STEPS * STEPS; i++) {
        int row = i / STEPS;
        int column = i % STEPS;
        float dx = ((float)column + 0.5f) / (float)STEPS - 0.5f;
        float dy = ((float)row + 0.5f) / (float)STEPS - 0.25f;
        float rgb[3];
        look(easel, &easel->before, dx, dy, rgb);
        halves[dx < 0.0f ? 0 : 1] += light_of(rgb) * 2.0f / (float)(STEPS * STEPS);
        for (int c = 0; c < 3; c++) {
            easel->mean[c] += rgb[c] / (float)(STEPS * STEPS);
        }
    }
    easel->left = halves[0];
    easel->right = halves[1];
}

/* A strong colour for each material. */
static void choose_tint(struct easel *easel)
{
    uint8_t digest[DIGEST_BYTES];
    const char *material = easel->stroke->material;
    if (material == NULL) {
        return;
    }
    digest_of(material, strlen(material), digest);
    for (int c = 0; c < 3; c++) {
        easel->tint[c] = 30.0f + (float)(digest[c] % 90);
    }
    bool red = easel->stroke->kind == IDPHOTO_MAKEUP;
    easel->tint[red ? 0 : digest[3] % 3] += 105.0f;
}

static void mark_person(const struct matte *matte,
                        const struct picture *picture,
                        const float place[2],
                        float weight)
{
    int x = (int)(place[0] * (float)matte->width / (float)picture->width);
    int y = (int)(place[1] * (float)matte->height / (float)picture->height);
    uint8_t *cell = &matte->cells[(size_t)y * (size_t)matte->width + (size_t)x];
    uint8_t value = picture_clamp(255.0f * weight);
    *cell = *cell > value ? *cell : value;
}

static void paint_pixel(
    struct picture *picture, const struct matte *matte, const struct easel *easel, int x, int y)
{
    const struct brush *brush = &brushes[easel->stroke->kind];
    struct frame frame = easel->stroke->frame;
    uint8_t *at = picture->rgb + 3 * ((size_t)y * (size_t)picture->width + (size_t)x);
    float rgb[3] = {(float)at[0], (float)at[1], (float)at[2]};
    const float place[2] = {(float)x + 0.5f, (float)y + 0.5f};
    float weight =
        brush->paint(easel, (place[0] - frame.x) / frame.r, (place[1] - frame.y) / frame.r, rgb);
    if (brush->has_matter && matte->cells != NULL && weight > 0.0f) {
        mark_person(matte, picture, place, weight);
    }
    weight *= easel->stroke->strength;
    picture_mix(at, rgb, weight);
}

static int clip(float value, int most)
{
    return value <= 0.0f ? 0 : value >= (float)most ? most : (int)value;
}

void brush_apply(struct picture *picture, const struct matte *matte, const struct stroke *stroke)
{
    const struct brush *brush = &brushes[stroke->kind];
    struct easel easel = {.stroke = stroke};
    struct frame frame = stroke->frame;
    if (brush->paint == NULL) {
        return;
    }
    float reach = brush->reach * frame.r;
    easel.before = copy_of(picture);
    if (brush->soften > 0.0f) {
        easel.blurred = softened(picture, (int)(brush->soften * frame.r) + 1);
    }
    measure(&easel);
    choose_tint(&easel);
    int right = clip(frame.x + reach, picture->width);
    int bottom = clip(frame.y + reach, picture->height);
    for (int y = clip(frame.y - reach, picture->height); y < bottom; y++) {
        for (int x = clip(frame.x - reach, picture->width); x < right; x++) {
            paint_pixel(picture, matte, &easel, x, y);
        }
    }
    picture_done(&easel.before);
    picture_done(&easel.blurred);
}

/* How much of the ghost there is at a place: along the outline and below the chin. */
static float ghost_weight(float dx, float dy)
{
    float edge = 1.0f - fabsf(matte_depth(dx, dy)) / 0.14f;
    float collar = fabsf(dx) < 0.7f ? 1.0f - fabsf(dy - 1.08f) / 0.14f : 0.0f;
    return 0.7f * fmaxf(fmaxf(edge, collar), 0.0f);
}

void brush_spoil(struct picture *picture, struct frame frame)
{
    const struct stroke stroke = {.frame = frame};
    struct easel easel = {.stroke = &stroke, .before = copy_of(picture)};
    uint8_t *at = picture->rgb;
    for (int y = 0; y < picture->height; y++) {
        float dy = ((float)y - frame.y) / frame.r;
        for (int x = 0; x < picture->width; x++, at += 3) {
            float dx = ((float)x - frame.x) / frame.r;
            float ghost[3];
            look(&easel, &easel.before, dx - 0.12f, dy - 0.10f, ghost);
            ghost[0] -= 30.0f;
            ghost[2] -= 30.0f;
            picture_mix(at, ghost, ghost_weight(dx, dy));
        }
    }
    picture_done(&easel.before);
}
