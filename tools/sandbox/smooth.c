/* Smooths a picture so that its edges stay: a bilateral filter, a row and a column at a time.
 *
 * Whole numbers of 16 bits, eight pixels at once by the vectors of GCC and Clang, which every
 * machine has something for; the order of bytes is the one of little-endian machines. */
#include "smooth.h"

#include <stdbool.h>
#include <string.h>

#include "mem.h"

enum {
    RADIUS = 4,             /* px */
    LANES = 8,              /* pixels at once */
    ALIKE = 36 * PLANE_UNIT /* distance at which colours have nothing in common */
};

/* Eight values anywhere in a plane. */
typedef int16_t lanes __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
/* Four of them with more room. */
typedef int32_t quad __attribute__((vector_size(16), may_alias));
typedef float floats __attribute__((vector_size(16)));

/* How much a neighbour counts, by its distance: a Gauss curve. */
static const int16_t near_weights[RADIUS] = {7, 5, 3, 1};
static const int16_t own_weight = ALIKE / 8 * 8;

struct planes planes_new(int width, int height)
{
    struct planes planes = {.width = width, .height = height};
    planes.stride = (size_t)(width + LANES - 1) / LANES * LANES;
    for (int c = 0; c < 3; c++) {
        planes.at[c] = mem_zalloc(planes.stride * (size_t)height, sizeof(int16_t));
    }
    return planes;
}

void planes_done(struct planes *planes)
{
    for (int c = 0; c < 3; c++) {
        mem_free(planes->at[c]);
        planes->at[c] = NULL;
    }
}

static inline lanes load(const int16_t *from)
{
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline lanes distance(lanes difference)
{
    lanes sign = difference < 0;
    return (difference ^ sign) - sign;
}

/* Sums over the neighbours of eight pixels. */
struct sums {
    lanes centre[3];
    lanes change[3]; /* weighted differences to the pixel itself */
    lanes weight;
};

static inline struct sums sums_of(const int16_t *const centre[3])
{
    struct sums sums = {.weight = (lanes){0} + own_weight};
    for (int c = 0; c < 3; c++) {
        sums.centre[c] = load(centre[c]);
    }
    return sums;
}

/* One more neighbour, whose weight falls with the distance of the colours, in a straight line. All
 * changes together are at most 72 * 72 / 8 * 32, which fits. */
static inline __attribute__((always_inline)) void
sums_add(struct sums *sums, const int16_t *const other[3], int16_t near)
{
    lanes d0 = load(other[0]) - sums->centre[0];
    lanes d1 = load(other[1]) - sums->centre[1];
    lanes d2 = load(other[2]) - sums->centre[2];
    lanes alike = ALIKE - distance(d0) - distance(d1) - distance(d2);
    lanes weight = ((alike & (alike > 0)) >> 3) * near;
    sums->change[0] += weight * d0;
    sums->change[1] += weight * d1;
    sums->change[2] += weight * d2;
    sums->weight += weight;
}

/* Half of the values, with their signs, in 32 bits each. */
static inline floats widened(lanes value, bool high)
{
    lanes sign = value < 0;
    lanes pairs = high ? __builtin_shufflevector(value, sign, 4, 12, 5, 13, 6, 14, 7, 15)
                       : __builtin_shufflevector(value, sign, 0, 8, 1, 9, 2, 10, 3, 11);
    return __builtin_convertvector((quad)pairs, floats);
}

static inline void sums_store(const struct sums *sums, int16_t *const out[3])
{
    floats low = 1.0f / widened(sums->weight, false);
    floats high = 1.0f / widened(sums->weight, true);
    for (int c = 0; c < 3; c++) {
        quad first = __builtin_convertvector(widened(sums->change[c], false) * low, quad);
        quad second = __builtin_convertvector(widened(sums->change[c], true) * high, quad);
        lanes change =
            __builtin_shufflevector((lanes)first, (lanes)second, 0, 2, 4, 6, 8, 10, 12, 14);
        lanes value = sums->centre[c] + change;
        memcpy(out[c], &value, sizeof value);
    }
}

/* The same place in the three planes. */
struct place {
    const int16_t *at[3];
};

static inline struct place place_of(const struct planes *planes, size_t at)
{
    return (struct place){
        {planes->at[0] + at, planes->at[1] + at, planes->at[2] + at}
    };
}

/* Smooths the eight pixels at x of one row with those above and below. */
static inline void
smooth_column(const struct planes *from, const struct planes *to, int y, size_t x)
{
    int last = from->height - 1;
    size_t at = (size_t)y * from->stride + x;
    int16_t *const out[3] = {to->at[0] + at, to->at[1] + at, to->at[2] + at};
    struct sums sums = sums_of(place_of(from, at).at);
    for (int k = 1; k <= RADIUS; k++) {
        size_t up = (size_t)(y - k > 0 ? y - k : 0) * from->stride + x;
        size_t down = (size_t)(y + k < last ? y + k : last) * from->stride + x;
        sums_add(&sums, place_of(from, up).at, near_weights[k - 1]);
        sums_add(&sums, place_of(from, down).at, near_weights[k - 1]);
    }
    sums_store(&sums, out);
}

static void smooth_columns(const struct planes *from, const struct planes *to)
{
    for (int y = 0; y < from->height; y++) {
        for (size_t x = 0; x < from->stride; x += LANES) {
            smooth_column(from, to, y, x);
        }
    }
}

/* A row with its first and last pixel repeated RADIUS times and more. */
static void widen(const struct planes *from, size_t row, int16_t *const wide[3])
{
    for (int c = 0; c < 3; c++) {
        const int16_t *at = from->at[c] + row;
        size_t width = (size_t)from->width;
        for (size_t i = 0; i < RADIUS; i++) {
            wide[c][i] = at[0];
        }
        memcpy(wide[c] + RADIUS, at, width * sizeof *at);
        for (size_t i = width; i < from->stride + RADIUS; i++) {
            wide[c][RADIUS + i] = at[width - 1];
        }
    }
}

/* Smooths the eight pixels at `centre` with those to the left and to the right. */
static inline void smooth_row(const int16_t *const centre[3], int16_t *const out[3])
{
    struct sums sums = sums_of(centre);
    for (size_t k = 1; k <= RADIUS; k++) {
        const int16_t *const left[3] = {centre[0] - k, centre[1] - k, centre[2] - k};
        const int16_t *const right[3] = {centre[0] + k, centre[1] + k, centre[2] + k};
        sums_add(&sums, left, near_weights[k - 1]);
        sums_add(&sums, right, near_weights[k - 1]);
    }
    sums_store(&sums, out);
}

static void smooth_rows(const struct planes *from, const struct planes *to)
{
    size_t room = from->stride + (size_t)2 * RADIUS;
    int16_t *space = mem_alloc(3 * room * sizeof *space);
    int16_t *const wide[3] = {space, space + room, space + 2 * room};
    for (int y = 0; y < from->height; y++) {
        size_t row = (size_t)y * from->stride;
        widen(from, row, wide);
        for (size_t x = 0; x < from->stride; x += LANES) {
            size_t in = x + RADIUS;
            const int16_t *const centre[3] = {wide[0] + in, wide[1] + in, wide[2] + in};
            int16_t *const out[3] = {to->at[0] + row + x, to->at[1] + row + x, to->at[2] + row + x};
            smooth_row(centre, out);
        }
    }
    mem_free(space);
}

void planes_smooth(struct planes *planes, int rounds)
{
    struct planes other = planes_new(planes->width, planes->height);
    for (int round = 0; round < rounds; round++) {
        smooth_rows(planes, &other);
        smooth_columns(&other, planes);
    }
    planes_done(&other);
}
