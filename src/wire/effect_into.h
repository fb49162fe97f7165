/* A word that stands for two parameters: size = one-inch is width = 295 and height = 413. */
#ifndef RETOUCH_WIRE_EFFECT_INTO_H
#define RETOUCH_WIRE_EFFECT_INTO_H

#include "wire/effect.h"

/* Appends the two to `spread`, normalised. ERR_INVALID: no such word, or a part of it is not
 * allowed. */
int into_spread(const struct effect *effect,
                const struct param_rule *rule,
                const struct value *word,
                struct params *spread,
                struct err *err) MUST_CHECK;
/* All words of `given`. ERR_INVALID also where one is given beside a parameter it stands for. */
int into_spread_all(const struct effect *effect,
                    const struct params *given,
                    struct params *spread,
                    struct err *err) MUST_CHECK;
/* The parameter that may be given instead of this one; NULL when there is none. */
const struct param_rule *into_find(const struct effect *effect, const struct param_rule *target);

#endif
