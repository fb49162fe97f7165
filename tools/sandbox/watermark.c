/* The mark that an unpaid photo carries: pairs of slanting lines. */
#include "watermark.h"

#include <math.h>
#include <string.h>

#include "digest.h"

struct pattern {
    float rgb[3];
    float slope;    /* px down for one px to the right */
    float distance; /* between two lines, of the height */
};

static const struct pattern own = {
    {255.0f, 255.0f, 255.0f},
    -0.7f, 0.16f
};
static const float strength = 0.45f;
static const float thickness = 0.008f; /* of the height */

static struct pattern pattern_of(const char *id)
{
    uint8_t digest[DIGEST_BYTES];
    if (id[0] == '\0') {
        return own;
    }
    digest_of(id, strlen(id), digest);
    struct pattern pattern = {.slope = 0.4f + (float)(digest[3] % 8) * 0.1f,
                              .distance = 0.10f + (float)(digest[4] % 8) * 0.01f};
    for (int c = 0; c < 3; c++) {
        pattern.rgb[c] = 0.5f * (float)digest[c];
    }
    pattern.rgb[digest[5] % 3] = 255.0f;
    return pattern;
}

/* Whether a place, measured from the last line before it, is on one of the pair. */
static bool is_line(float from, float wide)
{
    return from <= wide || (from >= 2.0f * wide && from <= 3.0f * wide);
}

void watermark_draw(struct picture *picture, const char *id)
{
    if (strcmp(id, "none") == 0) {
        return;
    }
    struct pattern pattern = pattern_of(id);
    float height = (float)picture->height;
    float gap = fmaxf(pattern.distance * height, 4.0f);
    float wide = fmaxf(thickness * height, 1.0f);
    uint8_t *rgb = picture->rgb;
    for (int y = 0; y < picture->height; y++) {
        for (int x = 0; x < picture->width; x++, rgb += 3) {
            float across = (float)y - pattern.slope * (float)x;
            float from = across - gap * floorf(across / gap);
            picture_mix(rgb, pattern.rgb, is_line(from, wide) ? strength : 0.0f);
        }
    }
}
