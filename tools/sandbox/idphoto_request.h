/* The request of an ID-photo effect, read as strictly as a contract allows. */
#ifndef SANDBOX_IDPHOTO_REQUEST_H
#define SANDBOX_IDPHOTO_REQUEST_H

#include <stdbool.h>

#include "backdrop.h"
#include "contract.h"

struct visit;
struct yyjson_val;

enum idphoto_refusal {
    IDPHOTO_NOT_JSON,
    IDPHOTO_MISSING,
    IDPHOTO_TYPE,
    IDPHOTO_VALUE,
    IDPHOTO_UNKNOWN_ID,
    IDPHOTO_FOREIGN_ID,
    IDPHOTO_FETCH,
    IDPHOTO_NO_PICTURE,
    IDPHOTO_TOO_LARGE,
    IDPHOTO_SIDE,
    IDPHOTO_HAIR_SMALL,
    IDPHOTO_BROKEN
};

/* Texts are borrowed from the document; NULL where they are not given. */
struct idphoto_request {
    const struct contract *contract;
    enum idphoto_kind kind;
    const char *request_id;
    const char *image;
    const char *generate_id;
    struct yyjson_val *parameter;
    struct yyjson_val *values[WORDS]; /* of the parameter; NULL where not given */
};

/* Answers in the contract's form; always false. */
bool idphoto_refuse(struct visit *visit,
                    const struct contract *contract,
                    enum idphoto_refusal why,
                    const char *fmt,
                    ...) __attribute__((format(printf, 4, 5)));
/* Fills the request, whose contract and kind are given; false, and answered, where it is wrong. */
bool idphoto_request_read(struct visit *visit,
                          struct yyjson_val *root,
                          struct idphoto_request *request);
/* Of a request that was read: */
const char *idphoto_text(const struct idphoto_request *request, enum word word); /* may be NULL */
int idphoto_number(const struct idphoto_request *request, enum word word, int fallback);
struct backdrop idphoto_backdrop(const struct idphoto_request *request); /* white if not given */

#endif
