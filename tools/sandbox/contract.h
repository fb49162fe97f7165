/* The paths and names of the ID-photo family, which are not public: each contract is one column of
 * a table. */
#ifndef SANDBOX_CONTRACT_H
#define SANDBOX_CONTRACT_H

#include "answer.h"
#include "brush.h"

enum word {
    WORD_REQUEST_ID,
    WORD_IMAGE,
    WORD_GENERATE_ID,
    WORD_PARAMETER,
    WORD_WIDTH,
    WORD_HEIGHT,
    WORD_BACKGROUND,
    WORD_GRADIENT,
    WORD_CLOTHES,
    WORD_MAKEUP,
    WORD_HAIR,
    WORD_STRENGTH,
    WORD_WATERMARK,
    WORD_LAYOUT_WATERMARK,
    WORD_CHECK_ID,
    WORD_CODE, /* of the answer, from here on */
    WORD_MESSAGE,
    WORD_RESULT,
    WORD_RESULT_ID,
    WORD_RESULT_URL,
    WORD_RESULT_CHECK_ID,
    WORDS
};

struct contract;

/* NULL for an unknown name; NULL as name is the standard one. */
const struct contract *contract_find(const char *name);
/* IDPHOTO_KINDS for a path that is not of this contract. */
enum idphoto_kind contract_kind(const struct contract *contract, const char *path);
const char *contract_word(const struct contract *contract, enum word word);
enum error_shape contract_shape(const struct contract *contract);
/* "make", "beauty", ...: the same in every contract. */
const char *contract_effect(enum idphoto_kind kind);

#endif
