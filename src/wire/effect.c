/* The catalogue: the embedded effects, and those of a folder, by name. */
#include "wire/effect.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/embedded.h"
#include "base/mem.h"

enum {
    FILE_MAX = 64 << 10,
    FILE_READ = 4096,
    PATH_LEN_MAX = 4096
};

static const char *const origin_embedded = "embedded";

extern const struct embedded effect_files[];
extern const size_t effect_files_count;

static struct effect *effect_of(struct list_node *node)
{
    return CONTAINER_OF(node, struct effect, node);
}

void catalogue_init(struct catalogue *catalogue)
{
    list_init(&catalogue->effects);
}

void catalogue_done(struct catalogue *catalogue)
{
    struct list_node *node;
    while ((node = list_pop_front(&catalogue->effects)) != NULL) {
        mem_free(effect_of(node));
    }
}

const struct effect *catalogue_find(const struct catalogue *catalogue, const char *name)
{
    const struct list_node *head = &catalogue->effects.head;
    for (struct list_node *node = head->next; node != head; node = node->next) {
        if (strcmp(effect_of(node)->name, name) == 0) {
            return effect_of(node);
        }
    }
    return NULL;
}

bool effect_accepts_bytes(const struct effect *effect)
{
    return effect->style == REQUEST_MEDIA_LIST || effect->request.image_data[0] != '\0';
}

static bool list_has(const struct code_list *list, int64_t code)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->codes[i] == code) {
            return true;
        }
    }
    return false;
}

bool effect_says_unknown_id(const struct effect *effect, int64_t code)
{
    return list_has(&effect->unknown_generate_id, code);
}

bool effect_says_unknown_check(const struct effect *effect, int64_t code)
{
    return list_has(&effect->unknown_check_id, code);
}

/* Where the effect belongs by its name: before the returned node. */
static struct list_node *place_of(struct catalogue *catalogue, const char *name)
{
    struct list_node *node = catalogue->effects.head.next;
    while (node != &catalogue->effects.head && strcmp(effect_of(node)->name, name) < 0) {
        node = node->next;
    }
    return node;
}

/* Takes the effect; a file may override an embedded effect but not another file's. */
static int catalogue_add(struct catalogue *catalogue, struct effect *effect, struct err *err)
{
    struct list_node *place = place_of(catalogue, effect->name);
    if (place != &catalogue->effects.head && strcmp(effect_of(place)->name, effect->name) == 0) {
        struct effect *old = effect_of(place);
        if (strcmp(old->origin, origin_embedded) != 0) {
            int code = err_set(err, ERR_INVALID, "%s: effect.name: %s is defined by %s already",
                               effect->origin, effect->name, old->origin);
            mem_free(effect);
            return code;
        }
        place = place->next;
        list_remove(&catalogue->effects, &old->node);
        mem_free(old);
    }
    list_insert_before(&catalogue->effects, place, &effect->node);
    return 0;
}

static int
catalogue_read(struct catalogue *catalogue, struct slice text, const char *origin, struct err *err)
{
    struct effect *effect = mem_alloc(sizeof *effect);
    if (effect == NULL) {
        return err_set(err, ERR_NO_MEMORY, "%s: no memory", origin);
    }
    int code = effect_parse(text, origin, effect, err);
    if (code != 0) {
        mem_free(effect);
        return code;
    }
    return catalogue_add(catalogue, effect, err);
}

static int file_read(const char *path, struct buf *text, struct err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return err_set_sys(err, ERR_INVALID, errno, "%s: cannot open", path);
    }
    int code = 0;
    size_t got = 1;
    while (code == 0 && got > 0) {
        char piece[FILE_READ];
        got = fread(piece, 1, sizeof piece, file);
        code = buf_append(text, piece, got);
    }
    if (code != 0) {
        code = err_set(err, ERR_INVALID, "%s: the file is larger than 64KB", path);
    } else if (ferror(file) != 0) {
        code = err_set_sys(err, ERR_INVALID, errno, "%s: cannot read", path);
    }
    (void)fclose(file);
    return code;
}

static int is_ini(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".ini") == 0;
}

static int
file_load(struct catalogue *catalogue, const char *dir, const char *name, struct err *err)
{
    char path[PATH_LEN_MAX];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) {
        return err_set(err, ERR_INVALID, "%s: the path is too long", name);
    }
    struct buf text;
    buf_init(&text, FILE_MAX);
    int code = file_read(path, &text, err);
    if (code == 0) {
        code = catalogue_read(catalogue, buf_view(&text), name, err);
    }
    buf_done(&text);
    return code;
}

static int dir_load(struct catalogue *catalogue, const char *dir, struct err *err)
{
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, is_ini, alphasort);
    if (count < 0) {
        return err_set_sys(err, ERR_INVALID, errno, "effects.dir: cannot read %s", dir);
    }
    int code = 0;
    for (int i = 0; i < count; i++) {
        if (code == 0) {
            code = file_load(catalogue, dir, entries[i]->d_name, err);
        }
        mem_free(entries[i]);
    }
    mem_free(entries);
    return code;
}

static int embedded_load(struct catalogue *catalogue, struct err *err)
{
    for (size_t i = 0; i < effect_files_count; i++) {
        struct slice text = slice_of(effect_files[i].bytes, effect_files[i].len);
        int code = catalogue_read(catalogue, text, origin_embedded, err);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

static void catalogue_swap(struct catalogue *a, struct catalogue *b)
{
    struct catalogue spare;
    struct list_node *node;
    catalogue_init(&spare);
    while ((node = list_pop_front(&a->effects)) != NULL) {
        list_push_back(&spare.effects, node);
    }
    while ((node = list_pop_front(&b->effects)) != NULL) {
        list_push_back(&a->effects, node);
    }
    while ((node = list_pop_front(&spare.effects)) != NULL) {
        list_push_back(&b->effects, node);
    }
}

int catalogue_load(struct catalogue *catalogue, const char *dir, struct err *err)
{
    struct catalogue loaded;
    catalogue_init(&loaded);
    int code = embedded_load(&loaded, err);
    if (code == 0 && dir != NULL && dir[0] != '\0') {
        code = dir_load(&loaded, dir, err);
    }
    if (code == 0) {
        catalogue_swap(catalogue, &loaded);
    }
    catalogue_done(&loaded);
    return code;
}
