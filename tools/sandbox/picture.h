/* Pictures in memory, from JPEG or PNG and back. */
#ifndef SANDBOX_PICTURE_H
#define SANDBOX_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct picture {
    uint8_t *rgb; /* owned; three bytes a pixel, rows without gaps */
    int width;    /* px */
    int height;   /* px */
};

enum picture_format {
    PICTURE_OTHER, /* neither of the two */
    PICTURE_JPEG,
    PICTURE_PNG
};

/* By the magic bytes. */
enum picture_format picture_format_of(const uint8_t *data, size_t len);
/* Width and height from the header alone; false when there is none to read. */
bool picture_measure(const uint8_t *data, size_t len, struct picture *ret_size);
/* Transparent pixels come on white. False when it cannot be decoded. */
bool picture_decode(const uint8_t *data, size_t len, struct picture *ret_picture);
/* Appends. */
bool picture_encode(const struct picture *picture, enum picture_format format, struct bytes *out);
void picture_done(struct picture *picture);

static inline uint8_t picture_clamp(float value)
{
    if (value <= 0.0f) {
        return 0;
    }
    const float half = 0.5f;
    value += half;
    return value >= 255.0f ? 255 : (uint8_t)value;
}

/* Brings a pixel nearer to a colour: 0 leaves it, 1 replaces it. */
static inline void picture_mix(uint8_t rgb[3], const float colour[3], float weight)
{
    for (int c = 0; c < 3; c++) {
        float old = (float)rgb[c];
        rgb[c] = picture_clamp(old + weight * (colour[c] - old));
    }
}

#endif
