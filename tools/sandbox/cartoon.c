/* Turns a photo into a drawing.
 *
 * A copy of at most WORK_SIDE pixels is smoothed so that edges stay (a bilateral filter, a row and
 * a column at a time), the ink lines are the differences of two blurs of it, and the full picture
 * takes its colours from there: brightness in soft steps, stronger colours, dark lines. */
#include "cartoon.h"

#include <math.h>

#include "ink.h"
#include "mem.h"
#include "smooth.h"

enum {
    WORK_SIDE = 1024, /* px; the longer side of the smoothed copy */
    SMOOTH_ROUNDS = 3,
    TONES = 256 * PLANE_UNIT, /* entries of the brightness curve */
    FINE = 16                 /* places between two pixels of the copy */
};

static const float tone_width = 25.0f; /* one step of brightness, of 255 */
static const float tone_sharp = 0.22f; /* how abrupt a step is */

/* From colour differences to red, green and blue, times 256; makes colours a third stronger. */
static const int red_of_cr = 485;
static const int green_of_cb = -119;
static const int green_of_cr = -247;
static const int blue_of_cb = 613;

static void store(struct planes *copy, size_t at, const float rgb[3])
{
    float light = 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
    copy->at[0][at] = (int16_t)((float)PLANE_UNIT * light);
    copy->at[1][at] = (int16_t)((float)PLANE_UNIT * 0.564f * (rgb[2] - light));
    copy->at[2][at] = (int16_t)((float)PLANE_UNIT * 0.713f * (rgb[0] - light));
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

static void copy_whole(const struct picture *picture, struct planes *copy)
{
    const uint8_t *from = picture->rgb;
    for (int y = 0; y < copy->height; y++) {
        for (int x = 0; x < copy->width; x++, from += 3) {
            const float rgb[3] = {(float)from[0], (float)from[1], (float)from[2]};
            store(copy, (size_t)y * copy->stride + (size_t)x, rgb);
        }
    }
}

static void copy_shrunk(const struct picture *picture, struct planes *copy)
{
    for (int y = 0; y < copy->height; y++) {
        for (int x = 0; x < copy->width; x++) {
            const int box[4] = {
                x * picture->width / copy->width, y * picture->height / copy->height,
                (x + 1) * picture->width / copy->width, (y + 1) * picture->height / copy->height};
            float rgb[3];
            box_mean(picture, box, rgb);
            store(copy, (size_t)y * copy->stride + (size_t)x, rgb);
        }
    }
}

static struct planes shrink(const struct picture *picture)
{
    int longer = picture->width > picture->height ? picture->width : picture->height;
    int side = longer < WORK_SIDE ? longer : WORK_SIDE;
    int width = picture->width * side / longer;
    int height = picture->height * side / longer;
    struct planes copy = planes_new(width > 0 ? width : 1, height > 0 ? height : 1);
    if (copy.width == picture->width && copy.height == picture->height) {
        copy_whole(picture, &copy);
    } else {
        copy_shrunk(picture, &copy);
    }
    return copy;
}

static void tone_init(int16_t tone[TONES])
{
    for (int i = 0; i < TONES; i++) {
        float light = (float)i / (float)PLANE_UNIT;
        float border = roundf(light / tone_width) * tone_width;
        float step = tanhf(tone_sharp * (light - border)) / tanhf(tone_sharp * tone_width / 2.0f);
        float stepped = 6.0f + 1.04f * (border + tone_width / 2.0f * step);
        tone[i] = (int16_t)((float)PLANE_UNIT * stepped);
    }
}

struct drawing {
    struct planes smooth; /* owned, as the ink */
    int16_t *ink;
    int16_t tone[TONES];
};

/* One pixel of the copy, or between its pixels. */
struct spot {
    int light;
    int cb;
    int cr;
    int ink;
};

static uint8_t shade(int value)
{
    value /= 256 * INK_PAPER * PLANE_UNIT;
    return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

static void paint(const struct drawing *drawing, const struct spot *spot, uint8_t *rgb)
{
    int at = spot->light < 0 ? 0 : spot->light < TONES ? spot->light : TONES - 1;
    int light = drawing->tone[at] * 256;
    rgb[0] = shade(spot->ink * (light + red_of_cr * spot->cr));
    rgb[1] = shade(spot->ink * (light + green_of_cb * spot->cb + green_of_cr * spot->cr));
    rgb[2] = shade(spot->ink * (light + blue_of_cb * spot->cb));
}

static void draw_whole(const struct drawing *drawing, struct picture *picture)
{
    const struct planes *smooth = &drawing->smooth;
    uint8_t *rgb = picture->rgb;
    for (int y = 0; y < picture->height; y++) {
        size_t at = (size_t)y * smooth->stride;
        for (int x = 0; x < picture->width; x++, at++, rgb += 3) {
            const struct spot spot = {.light = smooth->at[0][at],
                                      .cb = smooth->at[1][at],
                                      .cr = smooth->at[2][at],
                                      .ink = drawing->ink[at]};
            paint(drawing, &spot, rgb);
        }
    }
}

/* Where a pixel of the full picture lies along one side of the copy. */
struct place {
    size_t first;
    size_t second; /* the next, or the same at the end */
    int share;     /* of the second, of FINE */
};

static struct place place_of(int pixel, int of, int len)
{
    int at = ((2 * pixel + 1) * len * FINE / of - FINE) / 2;
    at = at < 0 ? 0 : at;
    int first = at / FINE < len ? at / FINE : len - 1;
    return (struct place){.first = (size_t)first,
                          .second = (size_t)(first + 1 < len ? first + 1 : first),
                          .share = at % FINE};
}

static int mix(const int16_t *plane, size_t stride, const struct place *x, const struct place *y)
{
    const int16_t *upper = plane + y->first * stride;
    const int16_t *lower = plane + y->second * stride;
    int above = upper[x->first] * (FINE - x->share) + upper[x->second] * x->share;
    int below = lower[x->first] * (FINE - x->share) + lower[x->second] * x->share;
    return (above * (FINE - y->share) + below * y->share) / (FINE * FINE);
}

static void draw_enlarged(const struct drawing *drawing, struct picture *picture)
{
    const struct planes *smooth = &drawing->smooth;
    uint8_t *rgb = picture->rgb;
    for (int row = 0; row < picture->height; row++) {
        const struct place y = place_of(row, picture->height, smooth->height);
        for (int column = 0; column < picture->width; column++, rgb += 3) {
            const struct place x = place_of(column, picture->width, smooth->width);
            const struct spot spot = {.light = mix(smooth->at[0], smooth->stride, &x, &y),
                                      .cb = mix(smooth->at[1], smooth->stride, &x, &y),
                                      .cr = mix(smooth->at[2], smooth->stride, &x, &y),
                                      .ink = mix(drawing->ink, smooth->stride, &x, &y)};
            paint(drawing, &spot, rgb);
        }
    }
}

void cartoon_apply(struct picture *picture)
{
    struct drawing *drawing = mem_alloc(sizeof *drawing);
    tone_init(drawing->tone);
    drawing->smooth = shrink(picture);
    planes_smooth(&drawing->smooth, SMOOTH_ROUNDS);
    drawing->ink = ink_draw(&drawing->smooth);
    if (drawing->smooth.width == picture->width && drawing->smooth.height == picture->height) {
        draw_whole(drawing, picture);
    } else {
        draw_enlarged(drawing, picture);
    }
    mem_free(drawing->ink);
    planes_done(&drawing->smooth);
    mem_free(drawing);
}
