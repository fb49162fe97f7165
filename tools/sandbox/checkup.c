/* The check of a photo: a table of items. */
#include "checkup.h"

#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "visit.h"

struct item {
    const char *name; /* also what a fault or a URL says to make it fail */
    int code;         /* what make answers */
    const char *reason;
};

static const struct item items[] = {
    [CHECKUP_FACES] = {"single_person", 20007, "there are several persons in the picture"},
    {"face_found",    20003, "there is no face in the picture"         },
    {"face_complete", 20004, "the face is not complete"                },
    {"face_frontal",  20009, "the head is turned"                      },
    {"face_size",     20010, "the face is too small"                   },
    {"sunglasses",    20011, "sunglasses cover the eyes"               },
    {"eyes_open",     20012, "the eyes are closed"                     },
    {"sharpness",     20013, "the picture is blurred"                  },
    {"lighting",      20014, "half of the face is dark"                },
};

enum {
    ITEMS = sizeof items / sizeof items[0]
};

uint32_t checkup_failures(const struct visit *visit, const char *url)
{
    const struct fault *fault = visit->fault;
    const char *scripted = fault != NULL && fault->kind == FAULT_CHECK_ITEMS && fault->items != NULL
                               ? fault->items
                               : "";
    uint32_t failures = 0;
    for (unsigned i = 0; i < ITEMS; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "|%s|", items[i].name);
        if (strstr(scripted, wanted) != NULL ||
            (url != NULL && strstr(url, items[i].name) != NULL)) {
            failures |= 1U << i;
        }
    }
    return failures;
}

int checkup_code(uint32_t failures, const char **ret_reason)
{
    unsigned i = 0;
    while (i + 1 < ITEMS && (failures & 1U << i) == 0) {
        i++;
    }
    *ret_reason = items[i].reason;
    return items[i].code;
}

bool checkup_format(uint32_t failures, struct bytes *out)
{
    bool ok = bytes_printf(out, "[");
    for (unsigned i = 0; ok && i < ITEMS; i++) {
        bool failed = (failures & 1U << i) != 0;
        ok = bytes_printf(out, "%s{\"name\":\"%s\",\"passed\":%s", i > 0 ? "," : "", items[i].name,
                          failed ? "false" : "true") &&
             (!failed || bytes_printf(out, ",\"reason\":\"%s\"", items[i].reason)) &&
             bytes_append(out, "}", 1);
    }
    return ok && bytes_append(out, "]", 1);
}
