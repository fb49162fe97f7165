/* Pictures in memory: libjpeg-turbo and libspng do the work. */
#include "picture.h"

#include <spng.h>
#include <string.h>
#include <turbojpeg.h>

#include "mem.h"

enum {
    JPEG_QUALITY = 90,
    PNG_SIDE_MAX = 4096,
    PNG_CHUNK_MAX = 4 * 1024 * 1024
};

enum picture_format picture_format_of(const uint8_t *data, size_t len)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const uint8_t jpeg[] = {0xff, 0xd8, 0xff};
    if (len > sizeof png && memcmp(data, png, sizeof png) == 0) {
        return PICTURE_PNG;
    }
    if (len > sizeof jpeg && memcmp(data, jpeg, sizeof jpeg) == 0) {
        return PICTURE_JPEG;
    }
    return PICTURE_OTHER;
}

static bool jpeg_measure(tjhandle handle, const uint8_t *data, size_t len, struct picture *ret_size)
{
    int subsampling = 0;
    int colours = 0;
    return tjDecompressHeader3(handle, data, (unsigned long)len, &ret_size->width,
                               &ret_size->height, &subsampling, &colours) == 0 &&
           ret_size->width > 0 && ret_size->height > 0;
}

static bool png_measure(spng_ctx *png, struct picture *ret_size)
{
    struct spng_ihdr header;
    if (spng_get_ihdr(png, &header) != 0 || header.width > INT32_MAX || header.height > INT32_MAX) {
        return false;
    }
    ret_size->width = (int)header.width;
    ret_size->height = (int)header.height;
    return true;
}

static spng_ctx *png_open(const uint8_t *data, size_t len)
{
    spng_ctx *png = spng_ctx_new(0);
    if (png == NULL) {
        return NULL;
    }
    if (spng_set_chunk_limits(png, PNG_CHUNK_MAX, PNG_CHUNK_MAX) != 0 ||
        spng_set_png_buffer(png, data, len) != 0) {
        spng_ctx_free(png);
        return NULL;
    }
    return png;
}

bool picture_measure(const uint8_t *data, size_t len, struct picture *ret_size)
{
    bool known = false;
    if (picture_format_of(data, len) == PICTURE_PNG) {
        spng_ctx *png = png_open(data, len);
        known = png != NULL && png_measure(png, ret_size);
        spng_ctx_free(png);
    } else {
        tjhandle handle = tjInitDecompress();
        known = handle != NULL && jpeg_measure(handle, data, len, ret_size);
        if (handle != NULL) {
            tjDestroy(handle);
        }
    }
    return known;
}

static void picture_alloc(struct picture *picture)
{
    picture->rgb = mem_alloc((size_t)picture->width * (size_t)picture->height * 3);
}

static bool jpeg_decode(const uint8_t *data, size_t len, struct picture *ret_picture)
{
    struct picture picture = {0};
    tjhandle handle = tjInitDecompress();
    bool ok = handle != NULL && jpeg_measure(handle, data, len, &picture);
    if (ok) {
        picture_alloc(&picture);
        /* A warning (bytes missing at the end) still gives a picture. */
        ok = tjDecompress2(handle, data, (unsigned long)len, picture.rgb, picture.width, 0,
                           picture.height, TJPF_RGB, 0) == 0 ||
             tjGetErrorCode(handle) == TJERR_WARNING;
    }
    if (handle != NULL) {
        tjDestroy(handle);
    }
    if (!ok) {
        picture_done(&picture);
        return false;
    }
    *ret_picture = picture;
    return true;
}

static void flatten(const uint8_t *rgba, size_t pixels, uint8_t *rgb)
{
    for (size_t i = 0; i < pixels; i++) {
        unsigned alpha = rgba[4 * i + 3];
        for (size_t c = 0; c < 3; c++) {
            rgb[3 * i + c] = (uint8_t)((rgba[4 * i + c] * alpha + 255 * (255 - alpha)) / 255);
        }
    }
}

static bool png_decode(const uint8_t *data, size_t len, struct picture *ret_picture)
{
    struct picture picture = {0};
    uint8_t *rgba = NULL;
    size_t size = 0;
    spng_ctx *png = png_open(data, len);
    bool ok = png != NULL && spng_set_image_limits(png, PNG_SIDE_MAX, PNG_SIDE_MAX) == 0 &&
              png_measure(png, &picture) &&
              spng_decoded_image_size(png, SPNG_FMT_RGBA8, &size) == 0;
    if (ok) {
        rgba = mem_alloc(size);
        ok = spng_decode_image(png, rgba, size, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS) == 0;
    }
    if (ok) {
        picture_alloc(&picture);
        flatten(rgba, (size_t)picture.width * (size_t)picture.height, picture.rgb);
        *ret_picture = picture;
    }
    mem_free(rgba);
    spng_ctx_free(png);
    return ok;
}

bool picture_decode(const uint8_t *data, size_t len, struct picture *ret_picture)
{
    return picture_format_of(data, len) == PICTURE_PNG ? png_decode(data, len, ret_picture)
                                                       : jpeg_decode(data, len, ret_picture);
}

static bool jpeg_encode(const struct picture *picture, struct bytes *out)
{
    unsigned char *jpeg = NULL;
    unsigned long len = 0;
    tjhandle handle = tjInitCompress();
    bool ok =
        handle != NULL && tjCompress2(handle, picture->rgb, picture->width, 0, picture->height,
                                      TJPF_RGB, &jpeg, &len, TJSAMP_420, JPEG_QUALITY, 0) == 0;
    ok = ok && bytes_append(out, jpeg, len);
    tjFree(jpeg);
    if (handle != NULL) {
        tjDestroy(handle);
    }
    return ok;
}

static bool png_encode(const struct picture *picture, struct bytes *out)
{
    struct spng_ihdr header = {.width = (uint32_t)picture->width,
                               .height = (uint32_t)picture->height,
                               .bit_depth = 8,
                               .color_type = SPNG_COLOR_TYPE_TRUECOLOR};
    size_t size = (size_t)picture->width * (size_t)picture->height * 3;
    int status = 0;
    size_t len = 0;
    void *encoded = NULL;
    spng_ctx *png = spng_ctx_new(SPNG_CTX_ENCODER);
    bool ok = png != NULL && spng_set_option(png, SPNG_ENCODE_TO_BUFFER, 1) == 0 &&
              spng_set_option(png, SPNG_IMG_COMPRESSION_LEVEL, 3) == 0 &&
              spng_set_ihdr(png, &header) == 0 &&
              spng_encode_image(png, picture->rgb, size, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE) == 0;
    if (ok) {
        encoded = spng_get_png_buffer(png, &len, &status);
        ok = encoded != NULL && bytes_append(out, encoded, len);
    }
    mem_free(encoded);
    spng_ctx_free(png);
    return ok;
}

bool picture_encode(const struct picture *picture, enum picture_format format, struct bytes *out)
{
    return format == PICTURE_PNG ? png_encode(picture, out) : jpeg_encode(picture, out);
}

void picture_done(struct picture *picture)
{
    mem_free(picture->rgb);
    picture->rgb = NULL;
}
