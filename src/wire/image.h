/* What an image file says of itself: format and dimensions from its header, by the formats' own
 * libraries; nothing is decoded. */
#ifndef RETOUCH_WIRE_IMAGE_H
#define RETOUCH_WIRE_IMAGE_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum image_format {
    IMAGE_FORMAT_JPEG,
    IMAGE_FORMAT_PNG,
    IMAGE_FORMAT_COUNT
};

struct image_info {
    enum image_format format;
    uint32_t width;  /* px */
    uint32_t height; /* px */
    uint64_t bytes;
};

/* What an effect accepts (from its catalogue file). */
struct image_rules {
    uint32_t formats;  /* bit 1 << image_format per accepted one */
    uint32_t side_min; /* px, both sides */
    uint32_t side_max; /* px, both sides */
    uint64_t bytes_max;
};

/* "jpeg", "png" */
const char *image_format_name(enum image_format format);
/* ERR_MALFORMED: neither JPEG nor PNG (err tells what it looks like: GIF, WebP, HEIC, HTML, text,
 * empty ...), a broken header, or a file that is cut off before its end. */
int image_inspect(struct slice file, struct image_info *ret_info, struct err *err) MUST_CHECK;
/* ERR_INVALID with what was found and what is allowed: "47x48 px: each side must be 48 to 4096".
 * The size in bytes is checked first, without looking into the file. */
int image_check(struct slice file,
                const struct image_rules *rules,
                struct image_info *ret_info,
                struct err *err) MUST_CHECK;

#endif
