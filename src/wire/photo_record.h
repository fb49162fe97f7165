/* What a photo's record holds, as JSON text in the fields of P:photo:OUT_REQUEST_ID: where the
 * photo comes from, and what each step of a recipe gave. */
#ifndef RETOUCH_WIRE_PHOTO_RECORD_H
#define RETOUCH_WIRE_PHOTO_RECORD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/api_response.h"
#include "wire/digest.h"
#include "wire/effect.h"

enum {
    PHOTO_URL_MAX = 2048,
    PHOTO_PARAMS_MAX = 512,
    PHOTO_JSON_MAX = 2048,
    PHOTO_RECORD_MAX = 16 << 10 /* bytes of one text */
};

/* A photo's source: its image or where that is, or an earlier result. */
struct photo_source {
    char kind[16]; /* "bytes", "url", "generate_id" */
    char digest[DIGEST_TEXT_MAX];
    char url[PHOTO_URL_MAX];      /* url */
    char generate_id[API_ID_MAX]; /* generate_id */
    int64_t width, height;        /* px; 0: not known */
};

/* One step that has answered. */
struct photo_record {
    char effect[EFFECT_NAME_MAX + 1];
    char params[PHOTO_PARAMS_MAX];    /* for people */
    char params_json[PHOTO_JSON_MAX]; /* canonical, for programs; "": not known */
    char from[DIGEST_TEXT_MAX];       /* digest of the prefix before it; "" from the image */
    char generate_id[API_ID_MAX];     /* "": none */
    char check_id[API_ID_MAX];        /* "": none */
    char url[PHOTO_URL_MAX];          /* of the picture; "": none */
    char job[65];                     /* that called it */
    int64_t width, height;            /* px; 0: not known */
    int64_t at_ms;                    /* unix */
    int64_t api_ms;
    struct buf data; /* owned: JSON of an effect that answers with data */
};

void photo_record_init(struct photo_record *record);
void photo_record_done(struct photo_record *record);
int photo_record_write(const struct photo_record *record, struct buf *text) MUST_CHECK;
/* ERR_MALFORMED, ERR_NO_MEMORY. */
int photo_record_read(struct photo_record *record, struct slice text) MUST_CHECK;
int photo_source_write(const struct photo_source *source, struct buf *text) MUST_CHECK;
int photo_source_read(struct photo_source *source, struct slice text) MUST_CHECK;

#endif
