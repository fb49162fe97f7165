/* Where the head is in a picture: the box that is full of skin while its surroundings are not.
 *
 * No face detection: it has to place one portrait well and any other picture somewhere. */
#include "frame.h"

#include <math.h>

#include "mem.h"

enum {
    GRID = 96,    /* cells along the longer side */
    BOX_MIN = 8,  /* cells; the smallest face */
    BOX_STEP = 2, /* cells between two sizes */
    RIM = 3       /* cells around a box that should have no skin */
};

static const float score_least = 0.15f; /* below: there is no face to see */

struct grid {
    int *sum; /* owned; cells of skin above and to the left, (width + 1) * (height + 1) */
    int width;
    int height;
    float cell; /* px */
};

static bool is_skin(const uint8_t *rgb)
{
    float red = (float)rgb[0];
    float green = (float)rgb[1];
    float blue = (float)rgb[2];
    float light = 0.299f * red + 0.587f * green + 0.114f * blue;
    float cr = 0.713f * (red - light);
    float cb = 0.564f * (blue - light);
    return red > 95.0f && red - green > 15.0f && green > blue - 5.0f && blue > 0.4f * red &&
           cr > 10.0f && cr < 45.0f && cb > -40.0f && cb < 0.0f;
}

static struct grid grid_new(const struct picture *picture)
{
    int longer = picture->width > picture->height ? picture->width : picture->height;
    int cells = longer < GRID ? longer : GRID;
    struct grid grid = {.width = picture->width * cells / longer,
                        .height = picture->height * cells / longer,
                        .cell = (float)longer / (float)cells};
    grid.sum = mem_zalloc((size_t)(grid.width + 1) * (size_t)(grid.height + 1), sizeof(int));
    for (int y = 0; y < grid.height; y++) {
        int row = 0;
        for (int x = 0; x < grid.width; x++) {
            int from_x = (int)(((float)x + 0.5f) * grid.cell);
            int from_y = (int)(((float)y + 0.5f) * grid.cell);
            size_t pixel = (size_t)from_y * (size_t)picture->width + (size_t)from_x;
            row += is_skin(picture->rgb + 3 * pixel) ? 1 : 0;
            size_t at = (size_t)(y + 1) * (size_t)(grid.width + 1) + (size_t)(x + 1);
            grid.sum[at] = grid.sum[at - (size_t)(grid.width + 1)] + row;
        }
    }
    return grid;
}

/* Cells of skin in a box, whose part outside of the grid has none. */
static int skin_in(const struct grid *grid, int x, int y, int width, int height)
{
    int right = x + width < grid->width ? x + width : grid->width;
    int bottom = y + height < grid->height ? y + height : grid->height;
    int left = x > 0 ? x : 0;
    int top = y > 0 ? y : 0;
    int stride = grid->width + 1;
    if (left >= right || top >= bottom) {
        return 0;
    }
    return grid->sum[bottom * stride + right] - grid->sum[top * stride + right] -
           grid->sum[bottom * stride + left] + grid->sum[top * stride + left];
}

static float score(const struct grid *grid, int x, int y, int side)
{
    int tall = side * 5 / 4;
    int inside = skin_in(grid, x, y, side, tall);
    int around = skin_in(grid, x - RIM, y - RIM, side + 2 * RIM, tall + 2 * RIM) - inside;
    float area = (float)(side * tall);
    float rim = (float)((side + 2 * RIM) * (tall + 2 * RIM)) - area;
    float aside = fabsf((float)x + 0.5f * (float)side - 0.5f * (float)grid->width);
    float prior = 1.0f - 0.4f * (float)y / (float)grid->height - 0.6f * aside / (float)grid->width;
    float large = powf((float)side / (float)GRID, 0.3f);
    return ((float)inside / area - (float)around / rim) * prior * large;
}

/* The mean column of the skin in a box. */
static float skin_middle(const struct grid *grid, int x, int y, int side)
{
    float sum = 0.0f;
    float count = 0.0f;
    for (int column = x; column < x + side; column++) {
        float skin = (float)skin_in(grid, column, y, 1, side * 5 / 4);
        sum += skin * ((float)column + 0.5f);
        count += skin;
    }
    return count > 0.0f ? sum / count : (float)x + 0.5f * (float)side;
}

/* Takes a box for the head if it beats the score so far. */
static void judge(const struct grid *grid, const int box[3], float *best, struct frame *frame)
{
    int x = box[0];
    int y = box[1];
    int side = box[2];
    float found = score(grid, x, y, side);
    if (found > *best) {
        *best = found;
        frame->r = (float)side * grid->cell * 0.66f;
        frame->x = skin_middle(grid, x, y, side) * grid->cell;
        frame->y = ((float)y + 0.58f * (float)side) * grid->cell;
    }
}

/* All boxes of one size. */
static void search(const struct grid *grid, int side, float *best, struct frame *frame)
{
    for (int y = 0; y + side * 5 / 4 <= grid->height; y++) {
        for (int x = 0; x + side <= grid->width; x++) {
            const int box[3] = {x, y, side};
            judge(grid, box, best, frame);
        }
    }
}

struct frame frame_find(const struct picture *picture)
{
    struct grid grid = grid_new(picture);
    int shorter = grid.width < grid.height ? grid.width : grid.height;
    float best = score_least;
    float least = fminf((float)picture->width, (float)picture->height);
    struct frame frame = {.x = 0.5f * (float)picture->width,
                          .y = fmaxf(0.42f * (float)picture->height, 0.4f * least),
                          .r = 0.27f * least};
    for (int side = BOX_MIN; side <= shorter * 2 / 3; side += BOX_STEP) {
        search(&grid, side, &best, &frame);
    }
    mem_free(grid.sum);
    return frame;
}
