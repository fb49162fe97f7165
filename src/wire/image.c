#include "wire/image.h"

#include <inttypes.h>
#include <spng.h>
#include <stdbool.h>
#include <stdio.h>
#include <strings.h>
#include <turbojpeg.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"

enum {
    PNG_TAIL_BYTES = 64 << 10, /* padding that may follow a PNG's last chunk */
    LOOKS_TEXT_BYTES = 64,     /* looked at to tell text from other bytes */
    JPEG_SOI_BYTES = 2,
    JPEG_MARKER_BYTES = 2
};

static const char *const format_names[IMAGE_FORMAT_COUNT] = {
    [IMAGE_FORMAT_JPEG] = "jpeg",
    [IMAGE_FORMAT_PNG] = "png",
};

/* What a file that is neither JPEG nor PNG looks like. First match wins. */
static const struct look {
    const char *name;
    size_t offset;
    const char *magic; /* letters match in either case */
    size_t len;
} looks[] = {
    {"a GIF image",                          0, "GIF8",           4 },
    {"a WebP image",                         8, "WEBP",           4 },
    {"a HEIC image",                         4, "ftyphei",        7 },
    {"a HEIC image",                         4, "ftypmif1",       8 },
    {"a HEIC image",                         4, "ftypmsf1",       8 },
    {"an AVIF image",                        4, "ftypavi",        7 },
    {"a video (MP4)",                        4, "ftyp",           4 },
    {"a BMP image",                          0, "BM",             2 },
    {"a TIFF image",                         0, "II*\0",          4 },
    {"a TIFF image",                         0, "MM\0*",          4 },
    {"a JPEG XL image",                      0, "\xff\x0a",       2 },
    {"a JPEG XL image",                      0, "\0\0\0\x0cJXL ", 8 },
    {"a JPEG 2000 image",                    0, "\0\0\0\x0cjP  ", 8 },
    {"a PDF document",                       0, "%PDF",           4 },
    {"a gzip file",                          0, "\x1f\x8b",       2 },
    {"a ZIP file",                           0, "PK\x03\x04",     4 },
    {"HTML",                                 0, "<!doctype html", 14},
    {"HTML",                                 0, "<html",          5 },
    {"an SVG image",                         0, "<svg",           4 },
    {"XML",                                  0, "<?xml",          5 },
    {"JSON",                                 0, "{",              1 },
    {"JSON",                                 0, "[",              1 },
    {"a data: URL",                          0, "data:",          5 },
    {"a URL",                                0, "http://",        7 },
    {"a URL",                                0, "https://",       8 },
    {"base64 text of a JPEG, not its bytes", 0, "/9j/",           4 },
    {"base64 text of a PNG, not its bytes",  0, "iVBORw0KGgo",    11},
};

static bool look_matches(const struct look *look, struct slice file)
{
    if (file.len < look->offset + look->len) {
        return false;
    }
    const uint8_t *at = file.ptr + look->offset;
    for (size_t i = 0; i < look->len; i++) {
        uint8_t want = (uint8_t)look->magic[i];
        bool letter = (want | 0x20) >= 'a' && (want | 0x20) <= 'z';
        if (at[i] != want && !(letter && (at[i] | 0x20) == (want | 0x20))) {
            return false;
        }
    }
    return true;
}

/* UTF-8 without control characters, as far as is looked; the last character may be cut. */
static bool looks_like_text(struct slice file)
{
    struct slice start = slice_of(file.ptr, file.len);
    if (start.len > LOOKS_TEXT_BYTES) {
        start.len = LOOKS_TEXT_BYTES;
        while (start.len > 0 && (start.ptr[start.len] & 0xc0) == 0x80) {
            start.len--;
        }
    }
    for (size_t i = 0; i < start.len; i++) {
        uint8_t c = start.ptr[i];
        if (c == 0x7f || (c < ' ' && c != '\n' && c != '\r' && c != '\t')) {
            return false;
        }
    }
    return text_is_utf8(start);
}

static const char *what_it_looks_like(struct slice file)
{
    if (file.len == 0) {
        return "empty";
    }
    for (size_t i = 0; i < N_ELEMENTS(looks); i++) {
        if (look_matches(&looks[i], file)) {
            return looks[i].name;
        }
    }
    return looks_like_text(file) ? "text" : "unknown binary data";
}

static bool is_jpeg(struct slice file)
{
    return file.len >= 3 && memcmp(file.ptr, "\xff\xd8\xff", 3) == 0;
}

static bool is_png(struct slice file)
{
    return file.len >= 8 && memcmp(file.ptr, "\x89PNG\r\n\x1a\n", 8) == 0;
}

/* Where the first scan begins: its marker's offset; the length of the file when there is none.
 * Only the lengths of segments are read, so that an embedded thumbnail is stepped over. */
static size_t jpeg_find_scan(struct slice file)
{
    size_t at = JPEG_SOI_BYTES;
    while (at + JPEG_MARKER_BYTES + 2 <= file.len) {
        if (file.ptr[at] != 0xff || file.ptr[at + 1] == 0xff || file.ptr[at + 1] == 0) {
            at++; /* fill bytes, or garbage that decoders skip too */
            continue;
        }
        if (file.ptr[at + 1] == 0xda) {
            return at;
        }
        size_t segment = (size_t)file.ptr[at + 2] << 8 | file.ptr[at + 3];
        at += JPEG_MARKER_BYTES + segment;
    }
    return file.len;
}

/* Whether the end marker follows the scan's begin. Searched from the back, where it nearly always
 * stands; cameras append padding, previews and even films. */
static bool jpeg_has_end(struct slice file)
{
    size_t scan = jpeg_find_scan(file);
    struct slice rest = slice_of(file.ptr + scan, file.len - scan);
    while (rest.len > 1) {
        const uint8_t *found = memrchr(rest.ptr + 1, 0xd9, rest.len - 1);
        if (found == NULL) {
            return false;
        }
        if (found[-1] == 0xff) {
            return true;
        }
        rest.len = (size_t)(found - rest.ptr);
    }
    return false;
}

static int jpeg_inspect(struct slice file, struct image_info *ret_info, struct err *err)
{
    int code = 0;
    int width = 0;
    int height = 0;
    int subsampling = 0;
    int colorspace = 0;
    tjhandle decoder = tjInitDecompress();
    if (decoder == NULL) {
        return err_set(err, ERR_NO_MEMORY, "no memory for a JPEG decoder");
    }
    int status = tjDecompressHeader3(decoder, file.ptr, file.len, &width, &height, &subsampling,
                                     &colorspace);
    /* A rare subsampling is reported as an error, but with the dimensions filled in; a file of
     * tables only is none, but has no dimensions. */
    if (width < 1 || height < 1) {
        const char *reason = status != 0 ? tjGetErrorStr2(decoder) : "no picture is in it";
        code = err_set(err, ERR_MALFORMED, "broken JPEG: %s", reason);
        goto out;
    }
    if (!jpeg_has_end(file)) {
        code = err_set(err, ERR_MALFORMED, "the JPEG is cut off: its end marker is missing");
        goto out;
    }
    ret_info->format = IMAGE_FORMAT_JPEG;
    ret_info->width = (uint32_t)width;
    ret_info->height = (uint32_t)height;
out:
    tjDestroy(decoder);
    return code;
}

static bool png_has_end(struct slice file)
{
    static const uint8_t end[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
    size_t len = file.len < PNG_TAIL_BYTES ? file.len : PNG_TAIL_BYTES;
    return memmem(file.ptr + file.len - len, len, end, sizeof end) != NULL;
}

static int png_inspect(struct slice file, struct image_info *ret_info, struct err *err)
{
    struct spng_alloc alloc = {
        .malloc_fn = mem_alloc,
        .realloc_fn = mem_realloc,
        .calloc_fn = mem_zalloc,
        .free_fn = mem_free,
    };
    int code = 0;
    struct spng_ihdr header;
    spng_ctx *decoder = spng_ctx_new2(&alloc, 0);
    if (decoder == NULL) {
        return err_set(err, ERR_NO_MEMORY, "no memory for a PNG decoder");
    }
    int status = spng_set_png_buffer(decoder, file.ptr, file.len);
    if (status == 0) {
        status = spng_get_ihdr(decoder, &header);
    }
    if (status != 0) {
        code = err_set(err, status == SPNG_EMEM ? ERR_NO_MEMORY : ERR_MALFORMED, "broken PNG: %s",
                       spng_strerror(status));
        goto out;
    }
    if (!png_has_end(file)) {
        code = err_set(err, ERR_MALFORMED, "the PNG is cut off: its end chunk is missing");
        goto out;
    }
    ret_info->format = IMAGE_FORMAT_PNG;
    ret_info->width = header.width;
    ret_info->height = header.height;
out:
    spng_ctx_free(decoder);
    return code;
}

const char *image_format_name(enum image_format format)
{
    CHECK(format < IMAGE_FORMAT_COUNT);
    return format_names[format];
}

int image_inspect(struct slice file, struct image_info *ret_info, struct err *err)
{
    struct image_info info = {.bytes = file.len};
    int code;
    if (is_jpeg(file)) {
        code = jpeg_inspect(file, &info, err);
    } else if (is_png(file)) {
        code = png_inspect(file, &info, err);
    } else {
        code = err_set(err, ERR_MALFORMED, "neither JPEG nor PNG: the file is %s",
                       what_it_looks_like(file));
    }
    if (code == 0) {
        *ret_info = info;
    }
    return code;
}

/* "jpeg", "png" or "jpeg and png" into text. */
static void formats_allowed(uint32_t formats, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned f = 0; f < IMAGE_FORMAT_COUNT && used < size; f++) {
        if ((formats & 1U << f) != 0) {
            int len = snprintf(text + used, size - used, "%s%s", used > 0 ? " and " : "",
                               format_names[f]);
            used += len > 0 ? (size_t)len : 0;
        }
    }
}

static bool side_is_good(uint32_t side, const struct image_rules *rules)
{
    return side >= rules->side_min && side <= rules->side_max;
}

int image_check(struct slice file,
                const struct image_rules *rules,
                struct image_info *ret_info,
                struct err *err)
{
    if (file.len > rules->bytes_max) {
        char allowed[32];
        return err_set(err, ERR_INVALID,
                       "image of %zu bytes given, at most %s (%" PRIu64 " bytes) allowed", file.len,
                       text_format_size((int64_t)rules->bytes_max, allowed, sizeof allowed),
                       rules->bytes_max);
    }
    struct image_info info;
    int code = image_inspect(file, &info, err);
    if (code != 0) {
        return code;
    }
    if ((rules->formats & 1U << info.format) == 0) {
        char allowed[32];
        formats_allowed(rules->formats, allowed, sizeof allowed);
        return err_set(err, ERR_INVALID, "%s given, %s allowed", format_names[info.format],
                       allowed);
    }
    if (!side_is_good(info.width, rules) || !side_is_good(info.height, rules)) {
        return err_set(err, ERR_INVALID,
                       "%" PRIu32 "x%" PRIu32 " px: each side must be %" PRIu32 " to %" PRIu32,
                       info.width, info.height, rules->side_min, rules->side_max);
    }
    *ret_info = info;
    return 0;
}
