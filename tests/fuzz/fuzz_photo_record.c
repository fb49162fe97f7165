/* A record that was read is written and read again as the same; hostile text is refused or cut. */
#include "base/check.h"
#include "wire/photo_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct photo_record *record)
{
    struct photo_record again;
    struct buf text;
    photo_record_init(&again);
    buf_init(&text, 8 * (size_t)PHOTO_RECORD_MAX);
    CHECK(photo_record_write(record, &text) == 0);
    if (text.len <= PHOTO_RECORD_MAX) {
        CHECK(photo_record_read(&again, buf_view(&text)) == 0);
        CHECK(again.width == record->width && again.at_ms == record->at_ms);
        CHECK(strcmp(again.url, record->url) == 0);
        CHECK(slice_equal(buf_view(&again.data), buf_view(&record->data)));
    }
    buf_done(&text);
    photo_record_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct photo_record record;
    struct photo_source source = {.width = 0};
    photo_record_init(&record);
    if (photo_record_read(&record, slice_of(data, size)) == 0) {
        check_again(&record);
    }
    if (photo_source_read(&source, slice_of(data, size)) == 0) {
        CHECK(memchr(source.url, '\0', sizeof source.url) != NULL);
    }
    photo_record_done(&record);
    return 0;
}
