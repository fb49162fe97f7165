/* The request of an ID-photo effect: a table of parameters, a table of who wants which, a table of
 * refusals. */
#include "idphoto_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "generate.h"
#include "visit.h"

enum {
    URL_MAX = 4096
};

enum value_type {
    VALUE_NONE, /* no parameter */
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_COLOUR
};

struct value_rule {
    enum value_type type;
    int min;
    int max; /* of numbers; most bytes of texts */
};

static const struct value_rule rules[WORDS] = {
    [WORD_WIDTH] = {VALUE_NUMBER, 1, 4096                 },
    [WORD_HEIGHT] = {VALUE_NUMBER, 1, 4096                 },
    [WORD_BACKGROUND] = {VALUE_COLOUR, 7, 7                    },
    [WORD_GRADIENT] = {VALUE_NUMBER, 1, 3                    },
    [WORD_CLOTHES] = {VALUE_TEXT,   1, GENERATE_TEXT_MAX - 1},
    [WORD_MAKEUP] = {VALUE_TEXT,   1, GENERATE_TEXT_MAX - 1},
    [WORD_HAIR] = {VALUE_TEXT,   1, GENERATE_TEXT_MAX - 1},
    [WORD_STRENGTH] = {VALUE_NUMBER, 0, 100                  },
    [WORD_WATERMARK] = {VALUE_TEXT,   1, GENERATE_TEXT_MAX - 1},
    [WORD_LAYOUT_WATERMARK] = {VALUE_TEXT,   1, GENERATE_TEXT_MAX - 1},
    [WORD_CHECK_ID] = {VALUE_TEXT,   1, GENERATE_ID_MAX - 1  },
};

#define BIT(word) (1U << (word))
#define MARKS     (BIT(WORD_WATERMARK) | BIT(WORD_LAYOUT_WATERMARK))
#define SIZE      (BIT(WORD_WIDTH) | BIT(WORD_HEIGHT))
#define COLOURS   (BIT(WORD_BACKGROUND) | BIT(WORD_GRADIENT))
#define FINE      (BIT(WORD_STRENGTH) | MARKS)

/* Which parameters a kind must and may have. */
static const struct {
    unsigned required;
    unsigned allowed;
} wants[IDPHOTO_KINDS] = {
    [IDPHOTO_MAKE] = {SIZE,                 SIZE | COLOURS | MARKS | BIT(WORD_CHECK_ID)},
    [IDPHOTO_BEAUTY] = {0,                    FINE                                       },
    [IDPHOTO_CLOTHES] = {BIT(WORD_CLOTHES),    BIT(WORD_CLOTHES) | MARKS                  },
    [IDPHOTO_BACKGROUND] = {BIT(WORD_BACKGROUND), COLOURS | MARKS                            },
    [IDPHOTO_MAKEUP] = {BIT(WORD_MAKEUP),     BIT(WORD_MAKEUP) | FINE                    },
    [IDPHOTO_HAIR] = {BIT(WORD_HAIR),       BIT(WORD_HAIR) | MARKS                     },
    [IDPHOTO_SKIN] = {0,                    FINE                                       },
    [IDPHOTO_SYMMETRY] = {0,                    FINE                                       },
    [IDPHOTO_EXPRESSION] = {0,                    FINE                                       },
    [IDPHOTO_EYES] = {0,                    FINE                                       },
    [IDPHOTO_GLASSES] = {0,                    FINE                                       },
    [IDPHOTO_SHADING] = {0,                    FINE                                       },
    [IDPHOTO_CHECK] = {0,                    0                                          },
};

/* The vendor's nearest general codes. */
static const int codes[] = {
    [IDPHOTO_NOT_JSON] = 10000,   /* no JSON object, or not sent as JSON */
    [IDPHOTO_MISSING] = 21101,    /* a field is missing */
    [IDPHOTO_TYPE] = 21102,       /* a field has another type */
    [IDPHOTO_VALUE] = 21103,      /* a value or a field that is not allowed */
    [IDPHOTO_UNKNOWN_ID] = 21104, /* an id that is not known, or no longer */
    [IDPHOTO_FOREIGN_ID] = 21105, /* an id of another photo */
    [IDPHOTO_FETCH] = 10003,      /* the image cannot be fetched */
    [IDPHOTO_NO_PICTURE] = 10025, /* neither JPG nor PNG, or damaged */
    [IDPHOTO_TOO_LARGE] = 22203,  /* too many bytes */
    [IDPHOTO_SIDE] = 20008,       /* a side is too short or too long */
    [IDPHOTO_HAIR_SMALL] = 20020, /* hair wants more than 400 px */
    [IDPHOTO_BROKEN] = 20001,     /* the picture could not be written */
};

bool idphoto_refuse(struct visit *visit,
                    const struct contract *contract,
                    enum idphoto_refusal why,
                    const char *fmt,
                    ...)
{
    char message[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    answer_fail_shaped(&visit->answer, 400, contract_shape(contract), codes[why], message);
    return false;
}

/* A text field of the request; NULL, and answered unless it may be missing, where it is none. */
static bool read_text(struct visit *visit,
                      const struct idphoto_request *request,
                      yyjson_val *root,
                      enum word word,
                      const char **ret_text)
{
    const char *name = contract_word(request->contract, word);
    yyjson_val *value = yyjson_obj_get(root, name);
    size_t max = word == WORD_IMAGE ? URL_MAX : GENERATE_TEXT_MAX - 1;
    *ret_text = NULL;
    if (value == NULL) {
        return true;
    }
    if (!yyjson_is_str(value)) {
        return idphoto_refuse(visit, request->contract, IDPHOTO_TYPE, "%s must be a string", name);
    }
    const char *text = yyjson_get_str(value);
    if (text[0] == '\0' || yyjson_get_len(value) > max || strlen(text) != yyjson_get_len(value)) {
        return idphoto_refuse(visit, request->contract, IDPHOTO_VALUE,
                              "%s must have 1 to %zu bytes", name, max);
    }
    *ret_text = text;
    return true;
}

static bool is_colour(const char *text)
{
    return text[0] == '#' && strlen(text) == 7 && strspn(text + 1, "0123456789abcdefABCDEF") == 6;
}

static bool check_value(struct visit *visit,
                        const struct idphoto_request *request,
                        enum word word,
                        yyjson_val *value)
{
    const struct contract *contract = request->contract;
    const struct value_rule *rule = &rules[word];
    const char *name = contract_word(contract, word);
    if (rule->type == VALUE_NUMBER) {
        if (!yyjson_is_int(value)) {
            return idphoto_refuse(visit, contract, IDPHOTO_TYPE, "%s must be a whole number", name);
        }
        int64_t number = yyjson_get_sint(value);
        return (number >= rule->min && number <= rule->max) ||
               idphoto_refuse(visit, contract, IDPHOTO_VALUE, "%s must be %d to %d", name,
                              rule->min, rule->max);
    }
    if (!yyjson_is_str(value)) {
        return idphoto_refuse(visit, contract, IDPHOTO_TYPE, "%s must be a string", name);
    }
    if (rule->type == VALUE_COLOUR) {
        return is_colour(yyjson_get_str(value)) ||
               idphoto_refuse(visit, contract, IDPHOTO_VALUE, "%s must be #RRGGBB", name);
    }
    size_t len = yyjson_get_len(value);
    return (len >= (size_t)rule->min && len <= (size_t)rule->max) ||
           idphoto_refuse(visit, contract, IDPHOTO_VALUE, "%s must have %d to %d bytes", name,
                          rule->min, rule->max);
}

static enum word word_find(const struct contract *contract, const char *name)
{
    int word = WORD_WIDTH;
    while (word <= WORD_CHECK_ID && strcmp(contract_word(contract, (enum word)word), name) != 0) {
        word++;
    }
    return word <= WORD_CHECK_ID ? (enum word)word : WORDS;
}

static bool read_parameter(struct visit *visit, struct idphoto_request *request)
{
    const struct contract *contract = request->contract;
    size_t i;
    size_t n;
    yyjson_val *name;
    yyjson_val *value;
    yyjson_obj_foreach(request->parameter, i, n, name, value)
    {
        enum word word = word_find(contract, yyjson_get_str(name));
        if (word == WORDS || (wants[request->kind].allowed & BIT(word)) == 0) {
            return idphoto_refuse(visit, contract, IDPHOTO_VALUE, "unknown parameter %.40s",
                                  yyjson_get_str(name));
        }
        if (!check_value(visit, request, word, value)) {
            return false;
        }
        request->values[word] = value;
    }
    for (enum word word = WORD_WIDTH; word <= WORD_CHECK_ID; word++) {
        bool wanted = (wants[request->kind].required & BIT(word)) != 0 ||
                      (word == WORD_BACKGROUND && request->values[WORD_GRADIENT] != NULL);
        if (wanted && request->values[word] == NULL) {
            return idphoto_refuse(visit, contract, IDPHOTO_MISSING, "%s is required",
                                  contract_word(contract, word));
        }
    }
    return true;
}

static bool
check_names(struct visit *visit, const struct idphoto_request *request, yyjson_val *root)
{
    size_t i;
    size_t n;
    yyjson_val *name;
    yyjson_val *value;
    yyjson_obj_foreach(root, i, n, name, value)
    {
        bool known = false;
        for (enum word word = WORD_REQUEST_ID; word <= WORD_PARAMETER; word++) {
            known = known || yyjson_equals_str(name, contract_word(request->contract, word));
        }
        if (!known) {
            return idphoto_refuse(visit, request->contract, IDPHOTO_VALUE, "unknown field %.40s",
                                  yyjson_get_str(name));
        }
    }
    return true;
}

static bool check_source(struct visit *visit, const struct idphoto_request *request)
{
    const char *image = contract_word(request->contract, WORD_IMAGE);
    const char *generate = contract_word(request->contract, WORD_GENERATE_ID);
    if (request->request_id == NULL) {
        return idphoto_refuse(visit, request->contract, IDPHOTO_MISSING, "%s is required",
                              contract_word(request->contract, WORD_REQUEST_ID));
    }
    if (request->image == NULL && request->generate_id == NULL) {
        return idphoto_refuse(visit, request->contract, IDPHOTO_MISSING, "%s or %s is required",
                              image, generate);
    }
    if (request->image != NULL && request->generate_id != NULL) {
        return idphoto_refuse(visit, request->contract, IDPHOTO_VALUE, "%s or %s, not both", image,
                              generate);
    }
    return true;
}

bool idphoto_request_read(struct visit *visit,
                          struct yyjson_val *root,
                          struct idphoto_request *request)
{
    const struct contract *contract = request->contract;
    if (!yyjson_is_obj(root)) {
        return idphoto_refuse(visit, contract, IDPHOTO_NOT_JSON, "the body must be a JSON object");
    }
    if (!check_names(visit, request, root) ||
        !read_text(visit, request, root, WORD_REQUEST_ID, &request->request_id) ||
        !read_text(visit, request, root, WORD_IMAGE, &request->image) ||
        !read_text(visit, request, root, WORD_GENERATE_ID, &request->generate_id)) {
        return false;
    }
    const char *name = contract_word(contract, WORD_PARAMETER);
    request->parameter = yyjson_obj_get(root, name);
    if (request->parameter == NULL) {
        return idphoto_refuse(visit, contract, IDPHOTO_MISSING, "%s is required", name);
    }
    if (!yyjson_is_obj(request->parameter)) {
        return idphoto_refuse(visit, contract, IDPHOTO_TYPE, "%s must be an object", name);
    }
    return check_source(visit, request) && read_parameter(visit, request);
}

const char *idphoto_text(const struct idphoto_request *request, enum word word)
{
    return yyjson_get_str(request->values[word]);
}

int idphoto_number(const struct idphoto_request *request, enum word word, int fallback)
{
    yyjson_val *value = request->values[word];
    return value != NULL ? (int)yyjson_get_sint(value) : fallback;
}

struct backdrop idphoto_backdrop(const struct idphoto_request *request)
{
    struct backdrop backdrop = {
        .rgb = {255, 255, 255}
    };
    const char *text = idphoto_text(request, WORD_BACKGROUND);
    for (size_t c = 0; c < 3 && text != NULL; c++) {
        const char pair[3] = {text[1 + 2 * c], text[2 + 2 * c], '\0'};
        backdrop.rgb[c] = (uint8_t)strtoul(pair, NULL, 16);
    }
    backdrop.mode = (enum backdrop_mode)idphoto_number(request, WORD_GRADIENT, BACKDROP_PLAIN);
    return backdrop;
}
