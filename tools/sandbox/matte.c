/* Which part of a picture is the person.
 *
 * The shape of head and shoulders says what is surely the person and what surely is not; two
 * histograms of colours, one of each, decide about what lies between. */
#include "matte.h"

#include <math.h>
#include <string.h>

#include "mem.h"

enum {
    BINS = 8, /* per colour */
    SMOOTH_ROUNDS = 2
};

static const float sure_depth = 0.12f; /* half heads; beyond it a cell teaches the histograms */
static const float shape_trust = 7.0f;
static const float colour_trust = 1.1f;

struct palette {
    float inside[BINS * BINS * BINS];
    float outside[BINS * BINS * BINS];
};

static void matte_size(const struct picture *picture, int *ret_width, int *ret_height)
{
    int longer = picture->width > picture->height ? picture->width : picture->height;
    int side = longer < MATTE_SIDE ? longer : MATTE_SIDE;
    *ret_width = picture->width * side / longer;
    *ret_height = picture->height * side / longer;
    *ret_width = *ret_width > 0 ? *ret_width : 1;
    *ret_height = *ret_height > 0 ? *ret_height : 1;
}

size_t matte_bytes(const struct picture *picture)
{
    int width = 0;
    int height = 0;
    matte_size(picture, &width, &height);
    return (size_t)width * (size_t)height;
}

struct matte matte_over(uint8_t *cells, const struct picture *picture)
{
    struct matte matte = {.cells = cells};
    matte_size(picture, &matte.width, &matte.height);
    return matte;
}

/* Half the width of neck and shoulders at a height below the middle of the head. */
static float half_width(float dy)
{
    float shoulder = (dy - 0.85f) / 0.75f;
    shoulder = fminf(fmaxf(shoulder, 0.0f), 1.0f);
    return 0.45f + 1.55f * sinf(shoulder * 1.5708f) + 0.06f * fmaxf(dy - 1.6f, 0.0f);
}

float matte_depth(float dx, float dy)
{
    float head = 1.0f - sqrtf(dx * dx / (0.78f * 0.78f) + dy * dy / (1.02f * 1.02f));
    float body = fminf(half_width(dy) - fabsf(dx), dy - 0.55f);
    return fmaxf(0.85f * head, 0.8f * body);
}

static const uint8_t *cell_rgb(const struct matte *matte, const struct picture *picture, int cell)
{
    int x = (2 * (cell % matte->width) + 1) * picture->width / (2 * matte->width);
    int y = (2 * (cell / matte->width) + 1) * picture->height / (2 * matte->height);
    return picture->rgb + 3 * ((size_t)y * (size_t)picture->width + (size_t)x);
}

static float
cell_depth(const struct matte *matte, const struct picture *picture, struct frame frame, int cell)
{
    int row = cell / matte->width;
    int column = cell % matte->width;
    float x = ((float)column + 0.5f) / (float)matte->width;
    float y = ((float)row + 0.5f) / (float)matte->height;
    return matte_depth((x * (float)picture->width - frame.x) / frame.r,
                       (y * (float)picture->height - frame.y) / frame.r);
}

static size_t bin_of(const uint8_t *rgb)
{
    return ((size_t)(rgb[0] >> 5) * BINS + (size_t)(rgb[1] >> 5)) * BINS + (size_t)(rgb[2] >> 5);
}

static void palette_scale(float *bins)
{
    float total = 1.0f;
    for (size_t i = 0; i < (size_t)BINS * BINS * BINS; i++) {
        total += bins[i];
    }
    for (size_t i = 0; i < (size_t)BINS * BINS * BINS; i++) {
        bins[i] /= total;
    }
}

static void palette_learn(struct palette *palette,
                          const struct matte *matte,
                          const struct picture *picture,
                          struct frame frame)
{
    memset(palette, 0, sizeof *palette);
    for (int cell = 0; cell < matte->width * matte->height; cell++) {
        float depth = cell_depth(matte, picture, frame, cell);
        size_t bin = bin_of(cell_rgb(matte, picture, cell));
        if (depth > sure_depth) {
            palette->inside[bin] += 1.0f;
        } else if (depth < -sure_depth) {
            palette->outside[bin] += 1.0f;
        }
    }
    palette_scale(palette->inside);
    palette_scale(palette->outside);
}

/* Mean of a cell and its neighbours, in place by a copy. */
static void smooth(const struct matte *matte)
{
    size_t count = (size_t)matte->width * (size_t)matte->height;
    uint8_t *old = mem_alloc(count);
    memcpy(old, matte->cells, count);
    for (int y = 0; y < matte->height; y++) {
        int up = y > 0 ? y - 1 : y;
        int down = y + 1 < matte->height ? y + 1 : y;
        for (int x = 0; x < matte->width; x++) {
            int left = x > 0 ? x - 1 : x;
            int right = x + 1 < matte->width ? x + 1 : x;
            int sum = 2 * old[y * matte->width + x] + old[y * matte->width + left] +
                      old[y * matte->width + right] + old[up * matte->width + x] +
                      old[down * matte->width + x];
            matte->cells[y * matte->width + x] = (uint8_t)(sum / 6);
        }
    }
    mem_free(old);
}

void matte_find(const struct matte *matte, const struct picture *picture, struct frame frame)
{
    struct palette *palette = mem_alloc(sizeof *palette);
    const float little = 0.002f;
    palette_learn(palette, matte, picture, frame);
    for (int cell = 0; cell < matte->width * matte->height; cell++) {
        size_t bin = bin_of(cell_rgb(matte, picture, cell));
        float ratio = (palette->inside[bin] + little) / (palette->outside[bin] + little);
        float shape = shape_trust * cell_depth(matte, picture, frame, cell);
        float trust = shape + colour_trust * fminf(fmaxf(logf(ratio), -1.6f), 1.6f);
        matte->cells[cell] = picture_clamp(255.0f / (1.0f + expf(-2.5f * trust)));
    }
    for (int round = 0; round < SMOOTH_ROUNDS; round++) {
        smooth(matte);
    }
    mem_free(palette);
}

float matte_at(const struct matte *matte, float x, float y)
{
    float fx = fminf(fmaxf(x * (float)matte->width - 0.5f, 0.0f), (float)(matte->width - 1));
    float fy = fminf(fmaxf(y * (float)matte->height - 0.5f, 0.0f), (float)(matte->height - 1));
    int left = (int)fx;
    int top = (int)fy;
    int right = left + 1 < matte->width ? left + 1 : left;
    int bottom = top + 1 < matte->height ? top + 1 : top;
    float dx = fx - (float)left;
    float dy = fy - (float)top;
    const uint8_t *upper = matte->cells + (size_t)top * (size_t)matte->width;
    const uint8_t *lower = matte->cells + (size_t)bottom * (size_t)matte->width;
    float above = (float)upper[left] * (1.0f - dx) + (float)upper[right] * dx;
    float below = (float)lower[left] * (1.0f - dx) + (float)lower[right] * dx;
    float value = (above * (1.0f - dy) + below * dy) / 255.0f;
    return fminf(fmaxf(1.6f * (value - 0.5f) + 0.5f, 0.0f), 1.0f);
}
