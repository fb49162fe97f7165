/* Turns a photo into a drawing.
 *
 * A copy of at most WORK_SIDE pixels is smoothed so that edges stay (a bilateral filter, a row and
 * a column at a time), the ink lines are the differences of two blurs of it, and the full picture
 * takes its colours from there: brightness in soft steps, stronger colours, dark lines. */
#include "cartoon.h"

#include <math.h>
#include <string.h>

#include "mem.h"

enum {
    WORK_SIDE = 1024,   /* px; the longer side of the smoothed copy */
    SMOOTH_RADIUS = 4,  /* px */
    SMOOTH_ROUNDS = 3,  /* rows and columns, each */
    RANGE_STEPS = 4096, /* of the squared colour distance */
    TONE_STEPS = 1024,  /* entries of the brightness curve */
    BLUR_RADIUS_MAX = 16
};

static const float range_sigma = 13.0f; /* colour distance that counts as the same area */
static const float tone_width = 25.0f;  /* one step of brightness, of 255 */
static const float tone_sharp = 0.22f;  /* how abrupt a step is */
static const float colour_gain = 1.35f;
static const float ink_tau = 0.98f; /* weight of the wider blur */
static const float ink_sharp = 0.5f;
static const float ink_floor = 0.12f; /* the darkest ink keeps this much light */

/* Brightness and two colour differences, interleaved, or one value per pixel. */
struct plane {
    float *at; /* owned */
    int width;
    int height;
};

static struct plane plane_new(int width, int height, size_t channels)
{
    size_t count = (size_t)width * (size_t)height * channels;
    return (struct plane){.at = mem_alloc(count * sizeof(float)), .width = width, .height = height};
}

static void to_ycc(const float rgb[3], float *ycc)
{
    ycc[0] = 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
    ycc[1] = 0.564f * (rgb[2] - ycc[0]);
    ycc[2] = 0.713f * (rgb[0] - ycc[0]);
}

static void add_row(const uint8_t *rgb, int pixels, unsigned long sum[3])
{
    for (int x = 0; x < pixels; x++, rgb += 3) {
        sum[0] += rgb[0];
        sum[1] += rgb[1];
        sum[2] += rgb[2];
    }
}

/* The mean of the source pixels that fall onto one pixel of the copy. */
static void box_mean(const struct picture *picture, const int box[4], float rgb[3])
{
    unsigned long sum[3] = {0, 0, 0};
    for (int y = box[1]; y < box[3]; y++) {
        size_t first = (size_t)y * (size_t)picture->width + (size_t)box[0];
        add_row(picture->rgb + 3 * first, box[2] - box[0], sum);
    }
    float count = (float)((box[2] - box[0]) * (box[3] - box[1]));
    for (size_t c = 0; c < 3; c++) {
        rgb[c] = (float)sum[c] / count;
    }
}

static struct plane shrink(const struct picture *picture)
{
    int longer = picture->width > picture->height ? picture->width : picture->height;
    int side = longer < WORK_SIDE ? longer : WORK_SIDE;
    int width = picture->width * side / longer;
    int height = picture->height * side / longer;
    struct plane copy = plane_new(width > 0 ? width : 1, height > 0 ? height : 1, 3);
    for (int y = 0; y < copy.height; y++) {
        for (int x = 0; x < copy.width; x++) {
            const int box[4] = {x * picture->width / copy.width, y * picture->height / copy.height,
                                (x + 1) * picture->width / copy.width,
                                (y + 1) * picture->height / copy.height};
            float rgb[3];
            box_mean(picture, box, rgb);
            to_ycc(rgb, copy.at + 3 * ((size_t)y * (size_t)copy.width + (size_t)x));
        }
    }
    return copy;
}

struct smoother {
    float near[SMOOTH_RADIUS + 1]; /* weight by distance in pixels */
    float alike[RANGE_STEPS];      /* weight by squared colour distance */
};

static void smoother_init(struct smoother *smoother)
{
    const float sigma = (float)SMOOTH_RADIUS / 2.0f;
    for (int i = 0; i <= SMOOTH_RADIUS; i++) {
        smoother->near[i] = expf(-(float)(i * i) / (2.0f * sigma * sigma));
    }
    for (int i = 0; i < RANGE_STEPS; i++) {
        smoother->alike[i] = expf(-(float)i / (2.0f * range_sigma * range_sigma));
    }
}

/* One pixel of a line: the mean of its neighbours of like colour. */
static void
smooth_pixel(const struct smoother *smoother, const float *line, int len, int at, float *out)
{
    const float *centre = line + 3 * (size_t)at;
    float sum[3] = {0.0f, 0.0f, 0.0f};
    float weights = 0.0f;
    int from = at > SMOOTH_RADIUS ? at - SMOOTH_RADIUS : 0;
    int to = at + SMOOTH_RADIUS < len ? at + SMOOTH_RADIUS : len - 1;
    for (int i = from; i <= to; i++) {
        const float *other = line + 3 * (size_t)i;
        float d0 = other[0] - centre[0];
        float d1 = other[1] - centre[1];
        float d2 = other[2] - centre[2];
        int distance = (int)(d0 * d0 + d1 * d1 + d2 * d2);
        if (distance >= RANGE_STEPS) {
            continue;
        }
        float weight = smoother->near[i > at ? i - at : at - i] * smoother->alike[distance];
        sum[0] += weight * other[0];
        sum[1] += weight * other[1];
        sum[2] += weight * other[2];
        weights += weight;
    }
    for (int c = 0; c < 3; c++) {
        out[c] = sum[c] / weights;
    }
}

/* Smooths every row and stores the result turned by the diagonal; twice is rows, then columns. */
static void smooth_turned(const struct smoother *smoother, struct plane *plane)
{
    struct plane turned = plane_new(plane->height, plane->width, 3);
    for (int y = 0; y < plane->height; y++) {
        const float *line = plane->at + 3 * (size_t)y * (size_t)plane->width;
        for (int x = 0; x < plane->width; x++) {
            float *out = turned.at + 3 * ((size_t)x * (size_t)turned.width + (size_t)y);
            smooth_pixel(smoother, line, plane->width, x, out);
        }
    }
    mem_free(plane->at);
    *plane = turned;
}

struct blur {
    float near[BLUR_RADIUS_MAX + 1]; /* weight by distance in pixels */
    int radius;
};

static void blur_init(struct blur *blur, float sigma)
{
    int radius = (int)(sigma * 2.5f) + 1;
    blur->radius = radius < BLUR_RADIUS_MAX ? radius : BLUR_RADIUS_MAX;
    for (int i = 0; i <= blur->radius; i++) {
        blur->near[i] = expf(-(float)(i * i) / (2.0f * sigma * sigma));
    }
}

static float blur_pixel(const struct blur *blur, const float *line, int len, int at)
{
    float sum = 0.0f;
    float weights = 0.0f;
    int to = at + blur->radius < len ? at + blur->radius : len - 1;
    for (int i = at > blur->radius ? at - blur->radius : 0; i <= to; i++) {
        float weight = blur->near[i > at ? i - at : at - i];
        sum += weight * line[i];
        weights += weight;
    }
    return sum / weights;
}

/* As smooth_turned, for one value per pixel and a plain Gauss curve. */
static struct plane blur_turned(const struct blur *blur, const struct plane *plane)
{
    struct plane turned = plane_new(plane->height, plane->width, 1);
    for (int y = 0; y < plane->height; y++) {
        const float *line = plane->at + (size_t)y * (size_t)plane->width;
        for (int x = 0; x < plane->width; x++) {
            turned.at[(size_t)x * (size_t)turned.width + (size_t)y] =
                blur_pixel(blur, line, plane->width, x);
        }
    }
    return turned;
}

static struct plane blur_plane(const struct plane *plane, float sigma)
{
    struct blur blur;
    blur_init(&blur, sigma);
    struct plane turned = blur_turned(&blur, plane);
    struct plane back = blur_turned(&blur, &turned);
    mem_free(turned.at);
    return back;
}

/* 1 where the paper stays, down to ink_floor where a line is drawn. */
static struct plane draw_lines(const struct plane *smooth)
{
    size_t pixels = (size_t)smooth->width * (size_t)smooth->height;
    struct plane light = plane_new(smooth->width, smooth->height, 1);
    for (size_t i = 0; i < pixels; i++) {
        light.at[i] = smooth->at[3 * i];
    }
    int longer = smooth->width > smooth->height ? smooth->width : smooth->height;
    float sigma = 0.5f + 0.5f * (float)longer / 512.0f;
    struct plane fine = blur_plane(&light, sigma);
    struct plane wide = blur_plane(&light, sigma * 1.6f);
    for (size_t i = 0; i < pixels; i++) {
        float difference = fine.at[i] - ink_tau * wide.at[i];
        float ink = difference > 0.0f ? 1.0f : 1.0f + tanhf(ink_sharp * difference);
        light.at[i] = ink_floor + (1.0f - ink_floor) * ink;
    }
    mem_free(fine.at);
    mem_free(wide.at);
    return light;
}

static void tone_init(float tone[TONE_STEPS])
{
    for (int i = 0; i < TONE_STEPS; i++) {
        float light = (float)i * 255.0f / (float)(TONE_STEPS - 1);
        float border = roundf(light / tone_width) * tone_width;
        float step = tanhf(tone_sharp * (light - border)) / tanhf(tone_sharp * tone_width / 2.0f);
        tone[i] = 6.0f + 1.04f * (border + tone_width / 2.0f * step);
    }
}

static float mix(const float *at, const size_t corner[4], const float weight[4])
{
    return at[corner[0]] * weight[0] + at[corner[1]] * weight[1] + at[corner[2]] * weight[2] +
           at[corner[3]] * weight[3];
}

/* Where a pixel of the full picture lies between four pixels of the copy. */
static void place(const struct plane *plane, float x, float y, size_t corner[4], float weight[4])
{
    x = fminf(fmaxf(x, 0.0f), (float)(plane->width - 1));
    y = fminf(fmaxf(y, 0.0f), (float)(plane->height - 1));
    size_t left = (size_t)x;
    size_t top = (size_t)y;
    size_t right = left + 1 < (size_t)plane->width ? left + 1 : left;
    size_t bottom = top + 1 < (size_t)plane->height ? top + 1 : top;
    float dx = x - (float)left;
    float dy = y - (float)top;
    size_t width = (size_t)plane->width;
    corner[0] = top * width + left;
    corner[1] = top * width + right;
    corner[2] = bottom * width + left;
    corner[3] = bottom * width + right;
    weight[0] = (1.0f - dx) * (1.0f - dy);
    weight[1] = dx * (1.0f - dy);
    weight[2] = (1.0f - dx) * dy;
    weight[3] = dx * dy;
}

static void paint_pixel(const float ycc[3], float ink, const float *tone, uint8_t *rgb)
{
    float at = fminf(fmaxf(ycc[0], 0.0f), 255.0f) * (float)(TONE_STEPS - 1) / 255.0f;
    float light = tone[(int)at];
    float blue = ycc[1] * colour_gain;
    float red = ycc[2] * colour_gain;
    rgb[0] = picture_clamp(ink * (light + 1.403f * red));
    rgb[1] = picture_clamp(ink * (light - 0.344f * blue - 0.714f * red));
    rgb[2] = picture_clamp(ink * (light + 1.773f * blue));
}

struct drawing {
    struct plane smooth; /* owned, as the ink */
    struct plane ink;
    float tone[TONE_STEPS];
};

/* The pixel of the full picture that lies at x, y of the copy. */
static void draw_pixel(const struct drawing *drawing, float x, float y, uint8_t *rgb)
{
    size_t corner[4];
    float weight[4];
    place(&drawing->smooth, x, y, corner, weight);
    float ink = mix(drawing->ink.at, corner, weight);
    for (size_t c = 0; c < 4; c++) {
        corner[c] *= 3;
    }
    const float ycc[3] = {mix(drawing->smooth.at, corner, weight),
                          mix(drawing->smooth.at + 1, corner, weight),
                          mix(drawing->smooth.at + 2, corner, weight)};
    paint_pixel(ycc, ink, drawing->tone, rgb);
}

static void draw(const struct drawing *drawing, struct picture *picture)
{
    float x_step = (float)drawing->smooth.width / (float)picture->width;
    float y_step = (float)drawing->smooth.height / (float)picture->height;
    uint8_t *rgb = picture->rgb;
    for (int y = 0; y < picture->height; y++) {
        float from_y = ((float)y + 0.5f) * y_step - 0.5f;
        for (int x = 0; x < picture->width; x++, rgb += 3) {
            draw_pixel(drawing, ((float)x + 0.5f) * x_step - 0.5f, from_y, rgb);
        }
    }
}

void cartoon_apply(struct picture *picture)
{
    struct smoother *smoother = mem_alloc(sizeof *smoother);
    struct drawing *drawing = mem_alloc(sizeof *drawing);
    smoother_init(smoother);
    tone_init(drawing->tone);
    drawing->smooth = shrink(picture);
    for (int round = 0; round < 2 * SMOOTH_ROUNDS; round++) {
        smooth_turned(smoother, &drawing->smooth);
    }
    drawing->ink = draw_lines(&drawing->smooth);
    draw(drawing, picture);
    mem_free(drawing->ink.at);
    mem_free(drawing->smooth.at);
    mem_free(drawing);
    mem_free(smoother);
}
