/* What is behind the person, and the cutting out that puts it there. */
#include "backdrop.h"

#include <math.h>
#include <string.h>

#include "mem.h"

static const float head_share = 0.27f;  /* half a head, of the height of an ID photo */
static const float head_place = 0.42f;  /* its middle, from the top */
static const float head_widest = 0.36f; /* half a head at most, of the width */

void backdrop_at(const struct backdrop *backdrop, float x, float y, float ret_rgb[3])
{
    float from_middle = sqrtf((x - 0.5f) * (x - 0.5f) + (y - 0.5f) * (y - 0.5f)) / 0.7072f;
    float white = 0.0f;
    if (backdrop->mode == BACKDROP_TOP_DOWN) {
        white = y;
    } else if (backdrop->mode == BACKDROP_OUTSIDE_IN) {
        white = 1.0f - from_middle;
    } else if (backdrop->mode == BACKDROP_INSIDE_OUT) {
        white = from_middle;
    }
    white = fminf(fmaxf(white, 0.0f), 1.0f);
    for (int c = 0; c < 3; c++) {
        float colour = (float)backdrop->rgb[c];
        ret_rgb[c] = colour + (255.0f - colour) * white;
    }
}

/* Takes a share of one colour out of a pixel and puts as much of another in. */
static void exchange(uint8_t *rgb, const float old[3], const float new[3], float share)
{
    for (int c = 0; c < 3; c++) {
        rgb[c] = picture_clamp((float)rgb[c] + share * (new[c] - old[c]));
    }
}

void backdrop_replace(struct picture *picture,
                      const struct matte *matte,
                      const struct backdrop *from,
                      const struct backdrop *to)
{
    uint8_t *rgb = picture->rgb;
    for (int row = 0; row < picture->height; row++) {
        float y = ((float)row + 0.5f) / (float)picture->height;
        for (int column = 0; column < picture->width; column++, rgb += 3) {
            float x = ((float)column + 0.5f) / (float)picture->width;
            float person = matte_at(matte, x, y);
            float old[3];
            float new[3];
            backdrop_at(from, x, y, old);
            backdrop_at(to, x, y, new);
            exchange(rgb, old, new, 1.0f - person);
        }
    }
}

static int clip(int value, int most)
{
    return value < 0 ? 0 : value < most ? value : most;
}

/* The mean of the source around a place, over a box of `step` px; untouched, and false, outside of
 * it. */
static bool sample(const struct picture *source, float x, float y, float step, float ret_rgb[3])
{
    int side = step > 1.0f ? (int)step : 1;
    int left = (int)floorf(x - 0.5f * step + 0.5f);
    int top = (int)floorf(y - 0.5f * step + 0.5f);
    int right = clip(left + side, source->width);
    int bottom = clip(top + side, source->height);
    left = clip(left, source->width);
    top = clip(top, source->height);
    unsigned sum[3] = {0, 0, 0};
    for (int row = top; row < bottom; row++) {
        const uint8_t *rgb = source->rgb + 3 * ((size_t)row * (size_t)source->width + (size_t)left);
        for (int column = left; column < right; column++, rgb += 3) {
            sum[0] += rgb[0];
            sum[1] += rgb[1];
            sum[2] += rgb[2];
        }
    }
    float count = (float)((right - left) * (bottom - top));
    for (int c = 0; c < 3 && count > 0.0f; c++) {
        ret_rgb[c] = (float)sum[c] / count;
    }
    return count > 0.0f;
}

/* Bilinear, for what is enlarged; untouched, and false, outside of the source. */
static bool sample_fine(const struct picture *source, float x, float y, float ret_rgb[3])
{
    float fx = x - 0.5f;
    float fy = y - 0.5f;
    if (fx < -0.5f || fy < -0.5f || fx > (float)source->width - 0.5f ||
        fy > (float)source->height - 0.5f) {
        return false;
    }
    fx = fminf(fmaxf(fx, 0.0f), (float)(source->width - 1));
    fy = fminf(fmaxf(fy, 0.0f), (float)(source->height - 1));
    size_t left = (size_t)fx;
    size_t top = (size_t)fy;
    size_t right = left + 1 < (size_t)source->width ? left + 1 : left;
    size_t bottom = top + 1 < (size_t)source->height ? top + 1 : top;
    float dx = fx - (float)left;
    float dy = fy - (float)top;
    const uint8_t *upper = source->rgb + 3 * top * (size_t)source->width;
    const uint8_t *lower = source->rgb + 3 * bottom * (size_t)source->width;
    for (size_t c = 0; c < 3; c++) {
        float above = (float)upper[3 * left + c] * (1.0f - dx) + (float)upper[3 * right + c] * dx;
        float below = (float)lower[3 * left + c] * (1.0f - dx) + (float)lower[3 * right + c] * dx;
        ret_rgb[c] = above * (1.0f - dy) + below * dy;
    }
    return true;
}

/* Cuts and scales; what lies outside of the source comes in the backdrop's colour. */
static void cut(const struct picture *source,
                struct frame from,
                struct frame to,
                const struct backdrop *backdrop,
                struct picture *photo)
{
    float step = from.r / to.r;
    uint8_t *rgb = photo->rgb;
    for (int row = 0; row < photo->height; row++) {
        float y = from.y + ((float)row + 0.5f - to.y) * step;
        for (int column = 0; column < photo->width; column++, rgb += 3) {
            float x = from.x + ((float)column + 0.5f - to.x) * step;
            float colour[3];
            backdrop_at(backdrop, ((float)column + 0.5f) / (float)photo->width,
                        ((float)row + 0.5f) / (float)photo->height, colour);
            (void)(step > 1.5f ? sample(source, x, y, step, colour)
                               : sample_fine(source, x, y, colour));
            picture_mix(rgb, colour, 1.0f);
        }
    }
}

static void
put_behind(struct picture *photo, const struct matte *matte, const struct backdrop *backdrop)
{
    uint8_t *rgb = photo->rgb;
    for (int row = 0; row < photo->height; row++) {
        float y = ((float)row + 0.5f) / (float)photo->height;
        for (int column = 0; column < photo->width; column++, rgb += 3) {
            float x = ((float)column + 0.5f) / (float)photo->width;
            float person = matte_at(matte, x, y);
            float behind[3];
            backdrop_at(backdrop, x, y, behind);
            picture_mix(rgb, behind, 1.0f - person);
        }
    }
}

struct frame backdrop_make(const struct picture *source,
                           struct frame frame,
                           const struct backdrop *backdrop,
                           struct picture *photo,
                           const struct matte *matte)
{
    float width = (float)photo->width;
    float height = (float)photo->height;
    struct frame to = {.x = 0.5f * width,
                       .y = head_place * height,
                       .r = fmaxf(fminf(head_share * height, head_widest * width), 0.5f)};
    photo->rgb = mem_alloc((size_t)photo->width * (size_t)photo->height * 3);
    cut(source, frame, to, backdrop, photo);
    matte_find(matte, photo, to);
    put_behind(photo, matte, backdrop);
    return to;
}
