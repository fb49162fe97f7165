/* The route table. A family of effects joins by a row and a file of its own. */
#include "route.h"

#include <stddef.h>
#include <string.h>

#include "control.h"
#include "effect.h"
#include "idphoto.h"
#include "link.h"
#include "photo.h"
#include "visit.h"

static void serve_not_found(struct visit *visit)
{
    answer_fail(&visit->answer, 404, 90014, "no such interface: %.100s", visit->path);
}

static void serve_wrong_method(struct visit *visit)
{
    answer_fail(&visit->answer, 405, 90014, "this interface does not know %.20s", visit->method);
}

static const struct route routes[] = {
    {"POST",   "/v1/EmojMaterialH5", effect_serve,         true,  true },
    {"POST",   "/v1/filter",         effect_serve,         true,  true },
    {"POST",   "/v1/idphoto/*",      idphoto_serve,        true,  true },
    {"POST",   "/v2/id/*",           idphoto_serve,        true,  true },
    {"GET",    "/_sandbox/photo/*",  photo_serve,          false, true },
    {"GET",    "/_sandbox/result/*", link_serve,           false, true },
    {"GET",    "/_sandbox/redirect", control_redirect,     false, false},
    {"POST",   "/_sandbox/redirect", control_redirect,     false, false},
    {"GET",    "/_sandbox/calls",    control_calls_list,   false, false},
    {"DELETE", "/_sandbox/calls",    control_calls_reset,  false, false},
    {"GET",    "/_sandbox/faults",   control_faults_list,  false, false},
    {"POST",   "/_sandbox/faults",   control_faults_set,   false, false},
    {"DELETE", "/_sandbox/faults",   control_faults_clear, false, false},
};

static const struct route not_found = {"", "", serve_not_found, true, true};
static const struct route not_found_inside = {"", "", serve_not_found, false, false};
static const struct route wrong_method = {"", "", serve_wrong_method, false, false};

bool path_matches(const char *pattern, const char *path)
{
    size_t len = strlen(pattern);
    if (len > 0 && pattern[len - 1] == '*') {
        return strncmp(pattern, path, len - 1) == 0;
    }
    return strcmp(pattern, path) == 0;
}

const struct route *route_find(const char *method, const char *path)
{
    const struct route *found = path_matches("/_sandbox/*", path) ? &not_found_inside : &not_found;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!path_matches(routes[i].path, path)) {
            continue;
        }
        if (strcmp(routes[i].method, method) == 0) {
            return &routes[i];
        }
        found = &wrong_method;
    }
    return found;
}
