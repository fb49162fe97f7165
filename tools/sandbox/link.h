/* Results behind links of the sandbox itself. */
#ifndef SANDBOX_LINK_H
#define SANDBOX_LINK_H

#include "bytes.h"
#include "digest.h"

struct visit;

/* Appends the link to a result, as the text of a JSON string: '&' comes as \u0026 and the signature
 * has a raw '+', as the vendor's store gives them. The name is what the link answers: "ok", "html"
 * or a status. */
bool link_format(const struct visit *visit,
                 const uint8_t key[DIGEST_BYTES],
                 const char *name,
                 struct bytes *out);
/* What a link answers where the visit's fault scripts it; "ok" otherwise. The text is borrowed from
 * `space` or static. */
const char *link_fault_name(const struct visit *visit, char *space, size_t size);
/* Answers a link: 403 where the signature is wrong (a raw '+' is a blank), 404 where the result has
 * gone. */
void link_serve(struct visit *visit);

#endif
