#include "queue/scripts.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/embedded.h"
#include "base/mem.h"

extern const struct embedded queue_lua[];
extern const size_t queue_lua_count;

static const char *const script_names[SCRIPT_COUNT] = {
#define X(name) #name,
#include "queue/scripts.def"
#undef X
};

static const struct embedded *script_file_find(const char *name)
{
    for (size_t i = 0; i < queue_lua_count; i++) {
        size_t len = strlen(name);
        if (strncmp(queue_lua[i].name, name, len) == 0 &&
            strcmp(queue_lua[i].name + len, ".lua") == 0) {
            return &queue_lua[i];
        }
    }
    return NULL;
}

int scripts_init(struct scripts *scripts, struct err *err)
{
    *scripts = (struct scripts){.sources = {NULL}};
    const struct embedded *prelude = script_file_find("prelude");
    CHECK(prelude != NULL);
    for (size_t i = 0; i < SCRIPT_COUNT; i++) {
        const struct embedded *file = script_file_find(script_names[i]);
        CHECK(file != NULL);
        size_t size = prelude->len + file->len + 1;
        scripts->sources[i] = mem_alloc(size);
        if (scripts->sources[i] == NULL) {
            scripts_done(scripts);
            return err_set(err, ERR_NO_MEMORY, "scripts: no memory");
        }
        (void)snprintf(scripts->sources[i], size, "%s%s", prelude->bytes, file->bytes);
        scripts->script[i] =
            (struct redis_script){.name = script_names[i], .source = scripts->sources[i]};
        scripts->all[i] = &scripts->script[i];
        int code = redis_script_init(&scripts->script[i]);
        if (code != 0) {
            scripts_done(scripts);
            return err_set(err, code, "script %s: cannot be digested", script_names[i]);
        }
    }
    return 0;
}

void scripts_done(struct scripts *scripts)
{
    for (size_t i = 0; i < SCRIPT_COUNT; i++) {
        mem_free(scripts->sources[i]);
        scripts->sources[i] = NULL;
    }
}
