/* The catalogue: one effect of the API per INI file (deploy/effects/), embedded as the default.
 * Adding an effect, or a contract with other paths and names, is adding a file. */
#ifndef RETOUCH_WIRE_EFFECT_H
#define RETOUCH_WIRE_EFFECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/slice.h"
#include "wire/image.h"
#include "wire/value.h"

enum {
    EFFECT_NAME_MAX = 32,
    EFFECT_TEXT_MAX = 128, /* path, JSON pointers, defaults */
    EFFECT_CHOICES_MAX = 16,
    EFFECT_CODES_MAX = 4,
    PARAM_INTO_MAX = 2
};

/* How a request of this effect is written. */
enum request_style {
    REQUEST_MEDIA_LIST, /* parameter, extra, media_info_list: seed document of the anime avatar */
    REQUEST_IMG_URL     /* out_request_id, img_url or mt_generate_id, parameter: ID photos */
};

enum param_kind {
    PARAM_TEXT,
    PARAM_INT,
    PARAM_REAL,
    PARAM_BOOL,
    PARAM_CHOICE,
    PARAM_COLOR, /* "#RRGGBB"; normalised to the integer 0xRRGGBB, sent as "#RRGGBB" */
    PARAM_KIND_COUNT
};

/* A word a producer may write, and the text that stands for it ("blue" is "#438EDB"). */
struct param_choice {
    char name[PARAM_NAME_MAX + 1];
    char value[PARAM_NAME_MAX + 1]; /* the same as name where the file gives none */
};

/* What the planner has to know of a parameter. */
enum param_role {
    PARAM_ROLE_NONE,
    PARAM_ROLE_WIDTH,   /* px of the picture that the effect makes */
    PARAM_ROLE_HEIGHT,  /* the same */
    PARAM_ROLE_CHECK_ID /* of an earlier check; changes no picture, so it is in no digest */
};

struct param_rule {
    char name[PARAM_NAME_MAX + 1];  /* as producers write it */
    char field[PARAM_NAME_MAX + 1]; /* as the API wants it */
    enum param_kind kind;
    bool required;
    bool has_default;
    char fallback[EFFECT_TEXT_MAX]; /* default as text; sent when the producer gives nothing */
    double min, max;                /* PARAM_INT, PARAM_REAL: range; PARAM_TEXT: length in bytes */
    struct param_choice choices[EFFECT_CHOICES_MAX]; /* PARAM_CHOICE: all; others: more words */
    uint32_t choice_count;
    bool closed; /* nothing but the choices is allowed, in any of their spellings */
    bool unsent; /* checked, then dropped: it can have one meaning only */
    char needs[PARAM_NAME_MAX + 1]; /* must be given as well; or "" */
    char refusal[EFFECT_TEXT_MAX];  /* why a value is refused, for people; or "": what is allowed */
    /* "295x413" goes into these two, which must then not be given; it is not a parameter itself. */
    char into[PARAM_INTO_MAX][PARAM_NAME_MAX + 1];
    uint32_t into_count; /* 0 or PARAM_INTO_MAX */
    enum param_role role;
};

/* REQUEST_IMG_URL: the names of the fields. */
struct request_fields {
    char image_url[PARAM_NAME_MAX + 1];
    char image_data[PARAM_NAME_MAX + 1]; /* takes base64; or "": the API takes no bytes */
    char generate_id[PARAM_NAME_MAX + 1];
    char out_request_id[PARAM_NAME_MAX + 1];
    char parameter[PARAM_NAME_MAX + 1];
};

/* How the effect may stand in a recipe. */
struct order_rules {
    char family[EFFECT_NAME_MAX + 1]; /* goes with others of this family; or "": stands alone */
    char kind[EFFECT_NAME_MAX + 1];   /* one of a kind in a recipe: effects do not stack */
    bool first;                       /* the others depend on it */
    bool on_original;                 /* may stand before the first one, and alone */
    bool no_picture;                  /* answers with data about the photo */
    bool single_person;               /* for people: refused by the API otherwise */
    uint32_t side_above;              /* px the shorter side of its image must exceed */
};

struct code_list {
    int64_t codes[EFFECT_CODES_MAX];
    uint32_t count;
};

struct effect {
    char name[EFFECT_NAME_MAX + 1];
    char title[EFFECT_TEXT_MAX]; /* one line for people */
    char path[EFFECT_TEXT_MAX];  /* after the base URL, with its leading slash */
    enum request_style style;
    struct request_fields request;
    struct order_rules order;
    struct image_rules image;
    bool accepts_url; /* the API can be given a URL instead of bytes */
    struct param_rule params[PARAMS_MAX];
    uint32_t param_count;
    int64_t timeout_ms;                   /* one call; 0: api.timeout */
    int64_t unknown_retries;              /* -1: retry.unknown */
    char result_pointer[EFFECT_TEXT_MAX]; /* JSON pointer to the image (base64 or URL) */
    char result_list[EFFECT_TEXT_MAX]; /* JSON pointer to a list whose items each hold one; or "" */
    char data_pointer[EFFECT_TEXT_MAX]; /* instead of an image: JSON that is the result; or "" */
    char check_id_pointer[EFFECT_TEXT_MAX];    /* or "" */
    char generate_id_pointer[EFFECT_TEXT_MAX]; /* or "" */
    char width_pointer[EFFECT_TEXT_MAX];       /* of the image, px; or "" */
    char height_pointer[EFFECT_TEXT_MAX];      /* the same */
    char time_pointer[EFFECT_TEXT_MAX];        /* seconds; or "" */
    struct code_list unknown_generate_id;      /* the API's codes that say so */
    struct code_list unknown_check_id;         /* the same of a check id that was handed over */
    char origin[EFFECT_TEXT_MAX]; /* "embedded" or the file's name, for `retouch effects` */
    struct list_node node;        /* in catalogue->effects, by name */
};

struct catalogue {
    struct list effects; /* owned, ordered by name */
};

void catalogue_init(struct catalogue *catalogue);
void catalogue_done(struct catalogue *catalogue);
/* Reads the embedded files, then every *.ini of `dir` (NULL or "": none), which add or override.
 * Errors name file, line, key and the allowed values. On error the catalogue is unchanged. */
int catalogue_load(struct catalogue *catalogue, const char *dir, struct err *err) MUST_CHECK;
/* One file's text. ERR_INVALID naming origin, line, key, what was given and what is allowed;
 * ERR_NO_MEMORY. */
int effect_parse(struct slice text, const char *origin, struct effect *ret_effect, struct err *err)
    MUST_CHECK;
const struct effect *catalogue_find(const struct catalogue *catalogue, const char *name);

const struct param_rule *effect_rule_find(const struct effect *effect, const char *name);
/* NULL when no parameter has the role. */
const struct param_rule *effect_rule_of_role(const struct effect *effect, enum param_role role);
bool effect_accepts_bytes(const struct effect *effect);
/* The code means that the generate id of the request is not known (any more). */
bool effect_says_unknown_id(const struct effect *effect, int64_t code);
/* The same of its check id. */
bool effect_says_unknown_check(const struct effect *effect, int64_t code);

/* ERR_INVALID naming the parameter, what was given and what is allowed; ret_params gets every
 * parameter normalised: to the declared kind (text that reads as it is accepted: "k=v" of a command
 * line), defaults filled in, words and sizes replaced by what they stand for, in the order of the
 * rules; so that equal meanings are equal. Its texts are views of `given`'s texts or of the effect.
 */
int effect_check_params(const struct effect *effect,
                        const struct params *given,
                        struct params *ret_params,
                        struct err *err) MUST_CHECK;
/* The same for one value. */
int param_read(const struct param_rule *rule,
               const struct value *given,
               struct value *ret_value,
               struct err *err) MUST_CHECK;
const char *param_kind_name(enum param_kind kind); /* "text", "int", ... as in a file */

/* Appends normalised parameters as a JSON object with the API's field names. ERR_INVALID,
 * ERR_TOO_BIG, ERR_NO_MEMORY. */
int effect_params_write(const struct effect *effect,
                        const struct params *params,
                        struct buf *dest) MUST_CHECK;
/* The same with the producers' names, sorted, without check ids: one text for one meaning, to be
 * digested. */
int effect_params_canonical(const struct effect *effect,
                            const struct params *params,
                            struct buf *dest) MUST_CHECK;
/* For people: "width=295 height=413 background=#438EDB"; cut to fit. Returns text. */
char *effect_params_show(const struct effect *effect,
                         const struct params *params,
                         char *text,
                         size_t size);

#endif
