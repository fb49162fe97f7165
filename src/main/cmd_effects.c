/* retouch effects: the catalogue, or one effect with its parameters. */
#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "main/command.h"
#include "main/record.h"
#include "wire/effect.h"

struct effects_options {
    const char *dir; /* borrowed; NULL: as configured */
};

static const struct argp_option options[] = {
    {.name = "effects-dir",
     .key = 'd',
     .arg = "DIR",
     .doc = "Catalogue files that add to or override the built-in ones (default: effects.dir)"},
    {.name = NULL         },
};

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    (void)state;
    struct effects_options *own = data;
    if (key != 'd') {
        return ARGP_ERR_UNKNOWN;
    }
    own->dir = arg;
    return 0;
}

static const struct effect *effect_of(const struct list_node *node)
{
    return (const void *)((const char *)node - offsetof(struct effect, node));
}

static void record_choices(struct record *record, const struct param_rule *rule)
{
    if (rule->choice_count == 0) {
        return;
    }
    record_open_list(record, "choices");
    for (uint32_t i = 0; i < rule->choice_count; i++) {
        record_open_object(record, NULL);
        record_string(record, "name", rule->choices[i].name);
        record_string(record, "value", rule->choices[i].value);
        record_close(record);
    }
    record_close(record);
}

static void record_param(struct record *record, const struct param_rule *rule)
{
    record_open_object(record, NULL);
    record_string(record, "name", rule->name);
    record_string(record, "kind", param_kind_name(rule->kind));
    record_bool(record, "required", rule->required);
    if (rule->has_default) {
        record_string(record, "default", rule->fallback);
    }
    if (rule->kind != PARAM_CHOICE && rule->kind != PARAM_BOOL && rule->kind != PARAM_COLOR) {
        record_real(record, "min", rule->min);
        record_real(record, "max", rule->max);
    }
    record_choices(record, rule);
    record_close(record);
}

static bool print_json(const struct effect *effect)
{
    struct record record;
    record_init(&record);
    record_string(&record, "effect", effect->name);
    record_string(&record, "title", effect->title);
    record_string(&record, "path", effect->path);
    record_string(&record, "origin", effect->origin);
    record_open_list(&record, "params");
    for (uint32_t i = 0; i < effect->param_count; i++) {
        record_param(&record, &effect->params[i]);
    }
    record_close(&record);
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

static void print_param(const struct param_rule *rule)
{
    (void)printf("  %-20s %-7s", rule->name, param_kind_name(rule->kind));
    if (rule->kind == PARAM_INT || rule->kind == PARAM_REAL) {
        (void)printf(" %g to %g", rule->min, rule->max);
    }
    for (uint32_t i = 0; i < rule->choice_count; i++) {
        (void)printf("%s%s", i > 0 ? "|" : " ", rule->choices[i].name);
    }
    if (rule->required) {
        (void)fputs(" (required)", stdout);
    } else if (rule->has_default) {
        (void)printf(" (default: %s)", rule->fallback);
    }
    (void)putchar('\n');
}

static bool print_one(const struct command_line *line, const struct effect *effect)
{
    if (line->json) {
        return print_json(effect);
    }
    (void)printf("%s: %s (%s)\n", effect->name, effect->title, effect->origin);
    for (uint32_t i = 0; i < effect->param_count; i++) {
        print_param(&effect->params[i]);
    }
    return true;
}

static int print_catalogue(const struct command_line *line, const struct catalogue *catalogue)
{
    bool printed = true;
    if (line->arg_count > 0) {
        const struct effect *effect = catalogue_find(catalogue, line->args[0]);
        if (effect == NULL) {
            command_warn(line, "there is no effect \"%s\": `retouch effects` lists them",
                         line->args[0]);
            return COMMAND_NOT_ALL;
        }
        return print_one(line, effect) ? COMMAND_DONE : COMMAND_NOT_ALL;
    }
    list_foreach_safe(&catalogue->effects, node) {
        const struct effect *effect = effect_of(node);
        if (line->json) {
            printed = print_json(effect) && printed;
        } else {
            (void)printf("%-20s  %s\n", effect->name, effect->title);
        }
    }
    return printed ? COMMAND_DONE : COMMAND_NOT_ALL;
}

static int run(struct command_line *line)
{
    const struct effects_options *own = line->options;
    struct catalogue catalogue;
    struct err err = {.code = 0};
    catalogue_init(&catalogue);
    int status = COMMAND_USAGE;
    if (catalogue_load(&catalogue, own->dir != NULL ? own->dir : line->conf.effects.dir, &err) !=
        0) {
        command_warn(line, "%s", err.msg);
    } else {
        status = print_catalogue(line, &catalogue);
    }
    catalogue_done(&catalogue);
    return status;
}

extern const struct command cmd_effects;
const struct command cmd_effects = {
    .name = "effects",
    .args = "[NAME]",
    .help = "List the effects, or the parameters of one",
    .doc = "With --json one object per effect, its parameters and their choices inside.",
    .options = options,
    .options_size = sizeof(struct effects_options),
    .parse = parse,
    .run = run,
    .args_max = 1,
    .offline = true,
};
