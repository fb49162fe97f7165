/* The ink lines of a drawing: where a fine blur of the brightness is darker than a wide one. */
#include "ink.h"

#include <math.h>
#include <string.h>

#include "mem.h"

enum {
    RADIUS_MAX = 16,
    LANES = 4,        /* pixels at once; divides every stride */
    CURVE_STEPS = 256 /* entries of the ink curve */
};

static const float wide_weight = 0.98f;
static const float sharpness = 0.5f;
static const float darkest = 0.12f; /* the share of light that the darkest ink keeps */
static const float deepest = 8.0f;  /* the difference, of 255, that gives it */

/* Four values anywhere in a plane. */
typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

struct blur {
    float near[RADIUS_MAX + 1]; /* weight by distance in pixels; all of them, both ways, make 1 */
    int radius;
};

static struct blur blur_of(float sigma)
{
    struct blur blur;
    int radius = (int)(sigma * 2.5f) + 1;
    float total = -1.0f; /* the middle is counted twice */
    blur.radius = radius < RADIUS_MAX ? radius : RADIUS_MAX;
    for (int i = 0; i <= blur.radius; i++) {
        blur.near[i] = expf(-(float)(i * i) / (2.0f * sigma * sigma));
        total += 2.0f * blur.near[i];
    }
    for (int i = 0; i <= blur.radius; i++) {
        blur.near[i] /= total;
    }
    return blur;
}

static lanes load(const float *from)
{
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

/* From a row with RADIUS_MAX more values on either side. */
static void blur_row(const struct blur *blur, const float *wide, float *out, size_t len)
{
    for (size_t x = 0; x < len; x += LANES) {
        const float *centre = wide + RADIUS_MAX + x;
        lanes sum = load(centre) * blur->near[0];
        for (size_t k = 1; k <= (size_t)blur->radius; k++) {
            sum += (load(centre - k) + load(centre + k)) * blur->near[k];
        }
        memcpy(out + x, &sum, sizeof sum);
    }
}

static void blur_column(
    const struct blur *blur, const float *plane, const struct planes *size, int y, float *out)
{
    int last = size->height - 1;
    for (size_t x = 0; x < size->stride; x += LANES) {
        lanes sum = load(plane + (size_t)y * size->stride + x) * blur->near[0];
        for (int k = 1; k <= blur->radius; k++) {
            size_t up = (size_t)(y - k > 0 ? y - k : 0) * size->stride + x;
            size_t down = (size_t)(y + k < last ? y + k : last) * size->stride + x;
            sum += (load(plane + up) + load(plane + down)) * blur->near[k];
        }
        memcpy(out + x, &sum, sizeof sum);
    }
}

/* A row of brightness, of 255, with its first and last value repeated. */
static void widen(const struct planes *planes, int y, float *wide)
{
    const int16_t *from = planes->at[0] + (size_t)y * planes->stride;
    size_t width = (size_t)planes->width;
    for (size_t i = 0; i < RADIUS_MAX; i++) {
        wide[i] = (float)from[0] / (float)PLANE_UNIT;
    }
    for (size_t i = 0; i < planes->stride + RADIUS_MAX; i++) {
        wide[RADIUS_MAX + i] = (float)from[i < width ? i : width - 1] / (float)PLANE_UNIT;
    }
}

static void curve_init(int16_t curve[CURVE_STEPS])
{
    for (int i = 0; i < CURVE_STEPS; i++) {
        float difference = (float)i * deepest / (float)CURVE_STEPS;
        float ink = darkest + (1.0f - darkest) * (1.0f - tanhf(sharpness * difference));
        curve[i] = (int16_t)((float)INK_PAPER * ink);
    }
}

static void
ink_row(const int16_t *curve, const float *fine, const float *wide, int16_t *out, size_t len)
{
    for (size_t x = 0; x < len; x++) {
        float darker = (wide_weight * wide[x] - fine[x]) * (float)CURVE_STEPS / deepest;
        int at = (int)darker;
        at = at > 0 ? at : 0;
        at = at < CURVE_STEPS ? at : CURVE_STEPS - 1;
        out[x] = curve[at];
    }
}

int16_t *ink_draw(const struct planes *planes)
{
    int longer = planes->width > planes->height ? planes->width : planes->height;
    float sigma = 0.5f + 0.5f * (float)longer / 512.0f;
    const struct blur fine = blur_of(sigma);
    const struct blur wide = blur_of(sigma * 1.6f);
    size_t stride = planes->stride;
    size_t count = stride * (size_t)planes->height;
    float *space = mem_alloc((2 * count + 3 * stride + (size_t)2 * RADIUS_MAX) * sizeof *space);
    float *fine_rows = space;
    float *wide_rows = space + count;
    float *fine_out = space + 2 * count;
    float *wide_out = fine_out + stride;
    float *widened = wide_out + stride;
    int16_t *ink = mem_alloc(count * sizeof *ink);
    int16_t curve[CURVE_STEPS];
    curve_init(curve);
    for (int y = 0; y < planes->height; y++) {
        widen(planes, y, widened);
        blur_row(&fine, widened, fine_rows + (size_t)y * stride, stride);
        blur_row(&wide, widened, wide_rows + (size_t)y * stride, stride);
    }
    for (int y = 0; y < planes->height; y++) {
        blur_column(&fine, fine_rows, planes, y, fine_out);
        blur_column(&wide, wide_rows, planes, y, wide_out);
        ink_row(curve, fine_out, wide_out, ink + (size_t)y * stride, stride);
    }
    mem_free(space);
    return ink;
}
