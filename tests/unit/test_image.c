#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "lib/data.h"
#include "lib/unit.h"
#include "wire/image.h"

enum {
    FILE_MAX = 1 << 20
};

static struct buf jpeg;
static struct buf png;

static const struct image_rules avatar_rules = {
    .formats = 1U << IMAGE_FORMAT_JPEG | 1U << IMAGE_FORMAT_PNG,
    .side_min = 48,
    .side_max = 4096,
    .bytes_max = 2 << 20,
};

static void a_photo_tells_format_and_dimensions(void **state)
{
    (void)state;
    struct image_info info;
    struct err err;
    assert_ok(image_inspect(buf_view(&jpeg), &info, &err), &err);
    assert_string_equal(image_format_name(info.format), "jpeg");
    assert_int_equal(info.width, 512);
    assert_int_equal(info.height, 512);
    assert_int_equal(info.bytes, jpeg.len);
    assert_ok(image_inspect(buf_view(&png), &info, &err), &err);
    assert_string_equal(image_format_name(info.format), "png");
    assert_int_equal(info.width, 300);
    assert_int_equal(info.height, 300);
}

static void a_file_cut_anywhere_is_malformed(void **state)
{
    (void)state;
    struct image_info info;
    for (size_t len = 0; len + 2 < jpeg.len; len += 1 + jpeg.len / 300) {
        assert_fails(image_inspect(slice_of(jpeg.ptr, len), &info, NULL), ERR_MALFORMED);
    }
    assert_fails(image_inspect(slice_of(jpeg.ptr, jpeg.len - 1), &info, NULL), ERR_MALFORMED);
    for (size_t len = 0; len + 2 < png.len; len += 1 + png.len / 300) {
        assert_fails(image_inspect(slice_of(png.ptr, len), &info, NULL), ERR_MALFORMED);
    }
    assert_fails(image_inspect(slice_of(png.ptr, png.len - 1), &info, NULL), ERR_MALFORMED);
}

/* SOI, then the photo's first bytes as an APP1 segment that holds a whole small JPEG's end. */
static void the_end_of_a_thumbnail_does_not_stand_in_for_a_lost_end(void **state)
{
    (void)state;
    static const uint8_t thumbnail[] = {0xff, 0xd8, 0xff, 0xe1, 0, 8, 'E', 'x', 0xff, 0xd9, 0, 0};
    struct buf file;
    buf_init(&file, FILE_MAX);
    assert_int_equal(buf_append(&file, thumbnail, sizeof thumbnail), 0);
    assert_int_equal(buf_append(&file, jpeg.ptr + 2, jpeg.len - 2), 0);
    struct image_info info;
    struct err err;
    assert_ok(image_inspect(buf_view(&file), &info, &err), &err);
    file.len -= 1000;
    assert_fails(image_inspect(buf_view(&file), &info, &err), ERR_MALFORMED);
    assert_non_null(strstr(err.msg, "cut off"));
    buf_done(&file);
}

static void what_cameras_append_is_tolerated(void **state)
{
    (void)state;
    static const uint8_t padding[4096] = {0};
    const struct buf *const files[] = {&jpeg, &png};
    for (size_t i = 0; i < N_ELEMENTS(files); i++) {
        struct buf file;
        buf_init(&file, FILE_MAX);
        assert_int_equal(buf_append_slice(&file, buf_view(files[i])), 0);
        assert_int_equal(buf_append(&file, padding, sizeof padding), 0);
        struct image_info info;
        struct err err;
        assert_ok(image_inspect(buf_view(&file), &info, &err), &err);
        buf_done(&file);
    }
}

static void other_files_are_called_by_their_name(void **state)
{
    (void)state;

    static const struct {
        const char *bytes;
        size_t len;
        const char *name;
    } rows[] = {
        {"",                          0,  "empty"         },
        {"GIF89a",                    6,  "GIF"           },
        {"RIFF\1\2\3\4WEBPVP8 ",      16, "WebP"          },
        {"\0\0\0\x18"
         "ftypheic",         12, "HEIC"          },
        {"\0\0\0\x18"
         "ftypmif1",         12, "HEIC"          },
        {"\0\0\0\x18"
         "ftypavif",         12, "AVIF"          },
        {"BM\1\2\3\4",                6,  "BMP"           },
        {"II*\0\1\2",                 6,  "TIFF"          },
        {"MM\0*\1\2",                 6,  "TIFF"          },
        {"%PDF-1.7",                  8,  "PDF"           },
        {"<!DOCTYPE html>",           15, "HTML"          },
        {"<HTML>",                    6,  "HTML"          },
        {"{\"a\":1}",                 7,  "JSON"          },
        {"/9j/4AAQSkZJRg",            14, "base64 text"   },
        {"iVBORw0KGgoAAA",            14, "base64 text"   },
        {"https://h/a.jpg",           15, "a URL"         },
        {"hello, this is plain text", 25, "text"          },
        {"\1\2\3",                    3,  "unknown binary"},
        {"\xff\xd8",                  2,  "unknown binary"},
    };

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        struct image_info info;
        struct err err;
        struct slice file = slice_of(rows[i].bytes, rows[i].len);
        assert_fails(image_inspect(file, &info, &err), ERR_MALFORMED);
        if (strstr(err.msg, rows[i].name) == NULL) {
            fail_msg("%s: %s", rows[i].name, err.msg);
        }
    }
}

/* Signature, header chunk with sides of 65000 px, end chunk: 8 + 25 + 12 bytes. */
static size_t huge_png(uint8_t dest[45])
{
    static const uint8_t bytes[] = {
        0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,   0,   13,   'I',  'H',  'D',
        'R',  0,    0,    0xfd, 0xe8, 0,    0,    0xfd, 0xe8, 8,   2,   0,    0,    0,    0xfb,
        0xaf, 0xd0, 0x99, 0,    0,    0,    0,    'I',  'E',  'N', 'D', 0xae, 0x42, 0x60, 0x82};
    memcpy(dest, bytes, sizeof bytes);
    return sizeof bytes;
}

static void a_png_that_claims_65000_pixels_a_side_is_refused_by_its_sides(void **state)
{
    (void)state;
    uint8_t file[45];
    size_t len = huge_png(file);
    struct image_info info;
    struct err err;
    assert_fails(image_check(slice_of(file, len), &avatar_rules, &info, &err), ERR_INVALID);
    assert_string_equal(err.msg, "65000x65000 px: each side must be 48 to 4096");
}

static void a_png_of_no_width_is_broken(void **state)
{
    (void)state;
    uint8_t file[45];
    size_t len = huge_png(file);
    file[18] = file[19] = 0;
    struct image_info info;
    struct err err;
    assert_fails(image_inspect(slice_of(file, len), &info, &err), ERR_MALFORMED);
    assert_non_null(strstr(err.msg, "broken PNG"));
}

/* Found by fuzzing: to libjpeg this is a good file that only brings tables for others. */
static void a_jpeg_of_tables_only_is_broken(void **state)
{
    (void)state;
    static const uint8_t file[] = {0xff, 0xd8, 0xff, 0xd9, 0xff, 0xda, 0, 4, 0, 0, 0xff, 0xd9};
    struct image_info info;
    struct err err;
    assert_fails(image_inspect(slice_of(file, sizeof file), &info, &err), ERR_MALFORMED);
    assert_string_equal(err.msg, "broken JPEG: no picture is in it");
}

static void rules_are_checked_and_named(void **state)
{
    (void)state;
    struct image_info info;
    struct err err;
    assert_ok(image_check(buf_view(&jpeg), &avatar_rules, &info, &err), &err);
    struct image_rules rules = avatar_rules;
    rules.bytes_max = 1 << 16;
    assert_fails(image_check(buf_view(&jpeg), &rules, &info, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "at most 64KB (65536 bytes)"));
    rules = avatar_rules;
    rules.side_min = 513;
    assert_fails(image_check(buf_view(&jpeg), &rules, &info, &err), ERR_INVALID);
    assert_string_equal(err.msg, "512x512 px: each side must be 513 to 4096");
    rules = avatar_rules;
    rules.formats = 1U << IMAGE_FORMAT_PNG;
    assert_fails(image_check(buf_view(&jpeg), &rules, &info, &err), ERR_INVALID);
    assert_string_equal(err.msg, "jpeg given, png allowed");
}

static void a_png_without_memory_is_no_memory(void **state)
{
    (void)state;
    struct image_info info;
    mem_fail_after(1);
    assert_fails(image_inspect(buf_view(&png), &info, NULL), ERR_NO_MEMORY);
    mem_fail_after(0);
}

static int on_setup(void **state)
{
    (void)state;
    data_read("photos/portrait.jpg", FILE_MAX, &jpeg);
    data_read("photos/portrait-small.png", FILE_MAX, &png);
    return 0;
}

static int on_teardown(void **state)
{
    (void)state;
    buf_done(&jpeg);
    buf_done(&png);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_photo_tells_format_and_dimensions),
        cmocka_unit_test(a_file_cut_anywhere_is_malformed),
        cmocka_unit_test(the_end_of_a_thumbnail_does_not_stand_in_for_a_lost_end),
        cmocka_unit_test(what_cameras_append_is_tolerated),
        cmocka_unit_test(other_files_are_called_by_their_name),
        cmocka_unit_test(a_png_that_claims_65000_pixels_a_side_is_refused_by_its_sides),
        cmocka_unit_test(a_png_of_no_width_is_broken),
        cmocka_unit_test(a_jpeg_of_tables_only_is_broken),
        cmocka_unit_test(rules_are_checked_and_named),
        cmocka_unit_test(a_png_without_memory_is_no_memory),
    };
    return cmocka_run_group_tests(tests, on_setup, on_teardown);
}
