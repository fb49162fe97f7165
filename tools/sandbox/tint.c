/* Gives a picture a colour cast: a table of colour matrices. */
#include "tint.h"

#include <string.h>

struct tint {
    const char *name;
    float from[3][3]; /* each of red, green, blue from the three */
    float add[3];
};

static const struct tint tints[] = {
    {"warm",
     {{1.10f, 0.12f, 0.0f}, {0.06f, 0.96f, 0.0f}, {0.0f, 0.06f, 0.68f}},
     {14.0f, 4.0f, -6.0f}},
    {"cool",
     {{0.78f, 0.08f, 0.0f}, {0.0f, 0.98f, 0.06f}, {0.0f, 0.10f, 1.08f}},
     {-4.0f, 4.0f, 16.0f}},
    {"mono",
     {{0.30f, 0.59f, 0.11f}, {0.30f, 0.59f, 0.11f}, {0.30f, 0.59f, 0.11f}},
     {0.0f, 0.0f, 0.0f}  },
};

static const struct tint *tint_find(const char *name)
{
    for (size_t i = 0; i < sizeof tints / sizeof tints[0]; i++) {
        if (name == NULL || strcmp(tints[i].name, name) == 0) {
            return &tints[i];
        }
    }
    return NULL;
}

bool tint_known(const char *name)
{
    return tint_find(name) != NULL;
}

bool tint_apply(struct picture *picture, const char *name, int alpha_percent)
{
    const struct tint *tint = tint_find(name);
    if (tint == NULL) {
        return false;
    }
    float alpha = (float)alpha_percent / 100.0f;
    size_t pixels = (size_t)picture->width * (size_t)picture->height;
    for (size_t i = 0; i < pixels; i++) {
        uint8_t *rgb = picture->rgb + 3 * i;
        const float old[3] = {(float)rgb[0], (float)rgb[1], (float)rgb[2]};
        for (size_t c = 0; c < 3; c++) {
            const float *from = tint->from[c];
            float new = from[0] * old[0] + from[1] * old[1] + from[2] * old[2] + tint->add[c];
            rgb[c] = picture_clamp(old[c] + alpha * (new - old[c]));
        }
    }
    return true;
}
