/* The paths and names of the ID-photo family. */
#include "contract.h"

#include <string.h>

struct contract {
    const char *name;
    enum error_shape shape;
    const char *paths[IDPHOTO_KINDS];
    const char *words[WORDS];
};

static const char *const effects[IDPHOTO_KINDS] = {
    [IDPHOTO_MAKE] = "make",
    [IDPHOTO_BEAUTY] = "beauty",
    [IDPHOTO_CLOTHES] = "clothes",
    [IDPHOTO_BACKGROUND] = "background",
    [IDPHOTO_MAKEUP] = "makeup",
    [IDPHOTO_HAIR] = "hair",
    [IDPHOTO_SKIN] = "skin",
    [IDPHOTO_SYMMETRY] = "symmetry",
    [IDPHOTO_EXPRESSION] = "expression",
    [IDPHOTO_EYES] = "eyes",
    [IDPHOTO_GLASSES] = "glasses",
    [IDPHOTO_SHADING] = "shading",
    [IDPHOTO_CHECK] = "check",
};

static const struct contract contracts[] = {
    {
     .name = "assumed",
     .shape = SHAPE_CODE,
     .paths =
            {
                [IDPHOTO_MAKE] = "/v1/idphoto/make",
                [IDPHOTO_BEAUTY] = "/v1/idphoto/beauty",
                [IDPHOTO_CLOTHES] = "/v1/idphoto/clothes",
                [IDPHOTO_BACKGROUND] = "/v1/idphoto/background",
                [IDPHOTO_MAKEUP] = "/v1/idphoto/makeup",
                [IDPHOTO_HAIR] = "/v1/idphoto/hair",
                [IDPHOTO_SKIN] = "/v1/idphoto/skin",
                [IDPHOTO_SYMMETRY] = "/v1/idphoto/symmetry",
                [IDPHOTO_EXPRESSION] = "/v1/idphoto/expression",
                [IDPHOTO_EYES] = "/v1/idphoto/eyes",
                [IDPHOTO_GLASSES] = "/v1/idphoto/glasses",
                [IDPHOTO_SHADING] = "/v1/idphoto/shading",
                [IDPHOTO_CHECK] = "/v1/idphoto/check",
            },      .words =
            {
                [WORD_REQUEST_ID] = "out_request_id",
                [WORD_IMAGE] = "img_url",
                [WORD_GENERATE_ID] = "mt_generate_id",
                [WORD_PARAMETER] = "parameter",
                [WORD_WIDTH] = "width",
                [WORD_HEIGHT] = "height",
                [WORD_BACKGROUND] = "background",
                [WORD_GRADIENT] = "gradient_mode",
                [WORD_CLOTHES] = "clothes_id",
                [WORD_MAKEUP] = "makeup_id",
                [WORD_HAIR] = "hair_id",
                [WORD_STRENGTH] = "strength",
                [WORD_WATERMARK] = "watermark_id",
                [WORD_LAYOUT_WATERMARK] = "layout_watermark_id",
                [WORD_CHECK_ID] = "check_id",
                [WORD_CODE] = "code",
                [WORD_MESSAGE] = "message",
                [WORD_RESULT] = "data",
                [WORD_RESULT_ID] = "mt_generate_id",
                [WORD_RESULT_URL] = "img_url",
                [WORD_RESULT_CHECK_ID] = "check_id",
            }, },
    {
     .name = "alt",
     .shape = SHAPE_ERROR_CODE,
     .paths =
            {
                [IDPHOTO_MAKE] = "/v2/id/make",
                [IDPHOTO_BEAUTY] = "/v2/id/smooth",
                [IDPHOTO_CLOTHES] = "/v2/id/dress",
                [IDPHOTO_BACKGROUND] = "/v2/id/backdrop",
                [IDPHOTO_MAKEUP] = "/v2/id/cosmetics",
                [IDPHOTO_HAIR] = "/v2/id/haircut",
                [IDPHOTO_SKIN] = "/v2/id/even",
                [IDPHOTO_SYMMETRY] = "/v2/id/mirror",
                [IDPHOTO_EXPRESSION] = "/v2/id/smile",
                [IDPHOTO_EYES] = "/v2/id/gaze",
                [IDPHOTO_GLASSES] = "/v2/id/unglass",
                [IDPHOTO_SHADING] = "/v2/id/relight",
                [IDPHOTO_CHECK] = "/v2/id/inspect",
            }, .words =
            {
                [WORD_REQUEST_ID] = "request_no",
                [WORD_IMAGE] = "image",
                [WORD_GENERATE_ID] = "gid",
                [WORD_PARAMETER] = "args",
                [WORD_WIDTH] = "w",
                [WORD_HEIGHT] = "h",
                [WORD_BACKGROUND] = "bg",
                [WORD_GRADIENT] = "fade",
                [WORD_CLOTHES] = "garment",
                [WORD_MAKEUP] = "palette",
                [WORD_HAIR] = "cut",
                [WORD_STRENGTH] = "level",
                [WORD_WATERMARK] = "mark",
                [WORD_LAYOUT_WATERMARK] = "sheet_mark",
                [WORD_CHECK_ID] = "checked",
                [WORD_CODE] = "error_code",
                [WORD_MESSAGE] = "error_msg",
                [WORD_RESULT] = "result",
                [WORD_RESULT_ID] = "gid",
                [WORD_RESULT_URL] = "url",
                [WORD_RESULT_CHECK_ID] = "checked",
            }, },
};

const struct contract *contract_find(const char *name)
{
    for (size_t i = 0; i < sizeof contracts / sizeof contracts[0]; i++) {
        if (name == NULL || strcmp(contracts[i].name, name) == 0) {
            return &contracts[i];
        }
    }
    return NULL;
}

enum idphoto_kind contract_kind(const struct contract *contract, const char *path)
{
    int kind = 0;
    while (kind < IDPHOTO_KINDS && strcmp(contract->paths[kind], path) != 0) {
        kind++;
    }
    return (enum idphoto_kind)kind;
}

const char *contract_word(const struct contract *contract, enum word word)
{
    return contract->words[word];
}

enum error_shape contract_shape(const struct contract *contract)
{
    return contract->shape;
}

const char *contract_effect(enum idphoto_kind kind)
{
    return effects[kind];
}
