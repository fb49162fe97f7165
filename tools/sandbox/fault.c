/* What is to go wrong: sets of faults, replaced as a whole.
 *
 * A call that met a fault holds on to the set it came from; a replaced set goes when the last of
 * its calls has ended. */
#include "fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <yyjson.h>

#include "mem.h"
#include "route.h"

enum {
    FAULTS_MAX = 64
};

struct fault_set {
    struct fault rules[FAULTS_MAX];
    size_t len;
    size_t holders; /* calls, and one for being the current set */
    struct fault_set *next;
};

struct faults {
    struct fault_set *current; /* owned; first of the list of all sets that are still held */
    uint64_t random;
};

static void set_release(struct faults *faults, struct fault_set *set)
{
    if (--set->holders > 0) {
        return;
    }
    struct fault_set **at = &faults->current;
    while (*at != set) {
        at = &(*at)->next;
    }
    *at = set->next;
    for (size_t i = 0; i < set->len; i++) {
        fault_done(&set->rules[i]);
    }
    mem_free(set);
}

static void set_install(struct faults *faults, struct fault_set *set)
{
    struct fault_set *old = faults->current;
    set->holders = 1;
    set->next = old;
    faults->current = set;
    if (old != NULL) {
        for (size_t i = 0; i < old->len; i++) {
            old->rules[i].lifted = true;
        }
        set_release(faults, old);
    }
}

struct faults *faults_new(uint64_t seed)
{
    struct faults *faults = mem_zalloc(1, sizeof *faults);
    faults->random = seed;
    faults_clear(faults);
    return faults;
}

void faults_free(struct faults *faults)
{
    while (faults->current != NULL) {
        faults->current->holders = 1;
        set_release(faults, faults->current);
    }
    mem_free(faults);
}

void faults_clear(struct faults *faults)
{
    set_install(faults, mem_zalloc(1, sizeof(struct fault_set)));
}

static bool set_add(struct fault_set *set, yyjson_val *rule, char *why, size_t why_size)
{
    if (set->len == FAULTS_MAX) {
        snprintf(why, why_size, "at most %d faults", FAULTS_MAX);
        return false;
    }
    return fault_parse(rule, &set->rules[set->len++], why, why_size);
}

/* {"faults":[...]}, a list, or a single object. */
static bool set_fill(struct fault_set *set, yyjson_val *root, char *why, size_t why_size)
{
    yyjson_val *list = yyjson_is_obj(root) ? yyjson_obj_get(root, "faults") : root;
    if (list == NULL) {
        return set_add(set, root, why, why_size);
    }
    if (!yyjson_is_arr(list)) {
        snprintf(why, why_size, "faults must be a list");
        return false;
    }
    size_t i;
    size_t n;
    yyjson_val *rule;
    yyjson_arr_foreach(list, i, n, rule)
    {
        if (!set_add(set, rule, why, why_size)) {
            return false;
        }
    }
    return true;
}

bool faults_set(struct faults *faults, struct bytes *json, char *why, size_t why_size)
{
    yyjson_read_err trouble = {0};
    yyjson_doc *doc = yyjson_read_opts((char *)json->ptr, json->len, 0, NULL, &trouble);
    if (doc == NULL) {
        snprintf(why, why_size, "not JSON: %s", json->len > 0 ? trouble.msg : "empty");
        return false;
    }
    struct fault_set *set = mem_zalloc(1, sizeof *set);
    bool ok = set_fill(set, yyjson_doc_get_root(doc), why, why_size);
    if (ok) {
        set_install(faults, set);
    } else {
        for (size_t i = 0; i < set->len; i++) {
            fault_done(&set->rules[i]);
        }
        mem_free(set);
    }
    yyjson_doc_free(doc);
    return ok;
}

bool faults_format(struct faults *faults, struct bytes *out)
{
    const struct fault_set *set = faults->current;
    bool ok = bytes_printf(out, "{\"faults\":[");
    for (size_t i = 0; ok && i < set->len; i++) {
        const struct fault *fault = &set->rules[i];
        ok = bytes_printf(out, "%s{\"rule\":%s,\"seen\":%" PRId64 ",\"fired\":%" PRId64 "}",
                          i > 0 ? "," : "", fault->rule, fault->seen, fault->fired);
    }
    return ok && bytes_printf(out, "]}\n");
}

/* splitmix64 */
static uint64_t next_random(struct faults *faults)
{
    faults->random += 0x9e3779b97f4a7c15U;
    uint64_t mixed = faults->random;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

uint64_t faults_chance(struct faults *faults, uint64_t max)
{
    return max == UINT64_MAX ? next_random(faults) : next_random(faults) % (max + 1);
}

static bool fault_meets(const struct fault *fault, const char *path, bool is_call)
{
    return fault->path != NULL ? path_matches(fault->path, path) : is_call;
}

static bool fault_fires(struct faults *faults, struct fault *fault)
{
    fault->seen++;
    if (fault->seen <= fault->after || (fault->times >= 0 && fault->fired >= fault->times)) {
        return false;
    }
    double draw = (double)(next_random(faults) >> 11) / (double)((uint64_t)1 << 53);
    if (draw >= fault->rate) {
        return false;
    }
    fault->fired++;
    return true;
}

const struct fault *faults_choose(struct faults *faults, const char *path, bool is_call)
{
    struct fault_set *set = faults->current;
    for (size_t i = 0; i < set->len; i++) {
        struct fault *fault = &set->rules[i];
        if (fault_meets(fault, path, is_call) && fault_fires(faults, fault)) {
            set->holders++;
            return fault;
        }
    }
    return NULL;
}

void faults_release(struct faults *faults, const struct fault *fault)
{
    struct fault_set *set = faults->current;
    while (fault < set->rules || fault >= set->rules + FAULTS_MAX) {
        set = set->next;
    }
    set_release(faults, set);
}
