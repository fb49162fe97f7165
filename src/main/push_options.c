#include "main/push_options.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/text.h"
#include "main/command.h"
#include "queue/keys.h"
#include "wire/digest.h"

enum {
    OPTION_ID = COMMAND_KEY_OWN,
    OPTION_ID_PREFIX,
    OPTION_ID_FROM,
    OPTION_PRIORITY,
    OPTION_TIMEOUT,
    OPTION_URL,
    OPTION_META,
    OPTION_REPLY_TO,
    OPTION_DEADLINE,
    OPTION_NOT_BEFORE,
    OPTION_PHOTO,
    OPTION_GENERATE_ID,
    OPTION_ATTEMPTS,
    OPTION_TTL,
    OPTION_KEEP_URL
};

const struct argp_option push_option_table[] = {
    {.name = "effect",
     .key = 'e',
     .arg = "EFFECT",
     .doc = "What is done (default: emoji); several times: a recipe, in order"},
    {.name = "param",                                        .key = 'p', .arg = "KEY=VALUE", .doc = "A parameter of the effect before it"},
    {.name = "wait",                                                      .key = 'w', .doc = "Wait until each job has ended"},
    {.name = "out",
     .key = 'o',
     .arg = "DIR",
     .doc = "With --wait: write the results there; an input whose result is there already is "
            "passed over"},
    {.name = "force",          .key = 'f', .doc = "Push again and write over results that are there"},
    {.name = "timeout",
     .key = OPTION_TIMEOUT,
     .arg = "DURATION",
     .doc = "Stop waiting after this long (the jobs go on)"},
    {.name = "id",                .key = OPTION_ID, .arg = "ID", .doc = "The job's id (default: random)"},
    {.name = "id-prefix",                                          .key = OPTION_ID_PREFIX, .arg = "TEXT", .doc = "Ids begin with this"},
    {.name = "id-from",
     .key = OPTION_ID_FROM,
     .arg = "content|random",
     .doc = "content: from image and effects, so that pushing again costs nothing while the status "
            "is kept"},
    {.name = "priority",
     .key = OPTION_PRIORITY,
     .arg = "high|normal|low",
     .doc = "Which inbox (default: normal)"},
    {.name = "url",                                   .key = OPTION_URL, .doc = "The arguments are URLs of images"},
    {.name = "photo",
     .key = OPTION_PHOTO,
     .arg = "ID",
     .doc = "The photo's own id (out_request_id); without a file: its newest source"},
    {.name = "generate-id",
     .key = OPTION_GENERATE_ID,
     .arg = "ID",
     .doc = "Go on from this earlier result instead of a file"},
    {.name = "meta",
     .key = OPTION_META,
     .arg = "JSON",
     .doc = "An object that is handed back in the status"},
    {.name = "reply-to",
     .key = OPTION_REPLY_TO,
     .arg = "NAME",
     .doc = "Push the id of each ended job to this reply list"},
    {.name = "deadline",
     .key = OPTION_DEADLINE,
     .arg = "DURATION",
     .doc = "Expire unless begun within this time"},
    {.name = "not-before",
     .key = OPTION_NOT_BEFORE,
     .arg = "DURATION",
     .doc = "Do not start earlier than in this time"},
    {.name = "max-attempts",.key = OPTION_ATTEMPTS, .arg = "N", .doc = "1 to 100"},
    {.name = "result-ttl",
     .key = OPTION_TTL,
     .arg = "DURATION",
     .doc = "Life of status and result after the end"},
    {.name = "keep-url",
     .key = OPTION_KEEP_URL,
     .doc = "Where the API answers with a URL, keep only that"},
    {.name = NULL                               },
};

static void add_effect(struct push_options *own, char *arg, struct argp_state *state)
{
    if (own->step_count == RETOUCH_STEPS_MAX) {
        argp_error(state, "--effect: at most %d", RETOUCH_STEPS_MAX);
        return;
    }
    struct retouch_step *step = &own->steps[own->step_count];
    step->effect = arg;
    step->params = own->params[own->step_count];
    own->step_count++;
}

static void add_param(struct push_options *own, char *arg, struct argp_state *state)
{
    static char emoji[] = "emoji";
    char *equals = strchr(arg, '=');
    if (equals == NULL || equals == arg) {
        argp_error(state, "--param: \"%s\" is not KEY=VALUE", arg);
        return;
    }
    if (own->step_count == 0) {
        add_effect(own, emoji, state);
    }
    struct retouch_step *step = &own->steps[own->step_count - 1];
    if (step->param_count == RETOUCH_PARAMS_MAX) {
        argp_error(state, "--param: at most %d for one effect", RETOUCH_PARAMS_MAX);
        return;
    }
    *equals = '\0';
    own->params[own->step_count - 1][step->param_count++] =
        (struct retouch_param){.name = arg, .value = equals + 1};
}

static void set_priority(struct push_options *own, const char *arg, struct argp_state *state)
{
    static const enum retouch_priority of[PRIORITY_COUNT] = {
        [PRIORITY_HIGH] = RETOUCH_HIGH,
        [PRIORITY_NORMAL] = RETOUCH_NORMAL,
        [PRIORITY_LOW] = RETOUCH_LOW,
    };
    struct err err = {.code = 0};
    enum priority priority = PRIORITY_NORMAL;
    if (priority_parse(arg, &priority, &err) != 0) {
        argp_error(state, "--priority: %s", err.msg);
    }
    own->job.priority = of[priority];
}

static void set_id_from(struct push_options *own, const char *arg, struct argp_state *state)
{
    own->id_from_content = strcmp(arg, "content") == 0;
    if (!own->id_from_content && strcmp(arg, "random") != 0) {
        argp_error(state, "--id-from: \"%s\" is not known: content or random", arg);
    }
}

static void check(const struct push_options *own, struct argp_state *state)
{
    if (own->id != NULL && (own->id_prefix != NULL || own->id_from_content)) {
        argp_error(state, "--id says it all: leave --id-prefix and --id-from out");
    } else if ((own->out != NULL || own->timeout_ms >= 0) && !own->wait) {
        argp_error(state, "--out and --timeout want --wait");
    }
}

static void finish(struct push_options *own, struct argp_state *state)
{
    static char emoji[] = "emoji";
    if (own->step_count == 0) {
        add_effect(own, emoji, state);
    }
    if (own->step_count == 1) {
        own->job.effect = own->steps[0].effect;
        own->job.params = own->steps[0].params;
        own->job.param_count = own->steps[0].param_count;
    } else {
        own->job.recipe = own->steps;
        own->job.recipe_count = own->step_count;
    }
    check(own, state);
}

/* Options that are a text or a flag of the job. */
static bool parse_plain(int key, char *arg, struct push_options *own)
{
    const struct {
        int key;
        const char **text;
    } texts[] = {
        {'o',                &own->out               },
        {OPTION_ID,          &own->id                },
        {OPTION_ID_PREFIX,   &own->id_prefix         },
        {OPTION_META,        &own->job.meta_json     },
        {OPTION_REPLY_TO,    &own->job.reply_to      },
        {OPTION_PHOTO,       &own->job.out_request_id},
        {OPTION_GENERATE_ID, &own->job.generate_id   },
    };

    const struct {
        int key;
        bool *flag;
    } flags[] = {
        {'w',        &own->wait },
        {'f',        &own->force},
        {OPTION_URL, &own->urls },
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].key == key) {
            *texts[i].text = arg;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (flags[i].key == key) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

error_t push_option_parse(int key, char *arg, struct argp_state *state, void *options)
{
    struct push_options *own = options;
    if (parse_plain(key, arg, own)) {
        return 0;
    }
    switch (key) {
    case ARGP_KEY_INIT:
        own->timeout_ms = -1;
        return 0;
    case ARGP_KEY_END:
        finish(own, state);
        return 0;
    case 'e':
        add_effect(own, arg, state);
        return 0;
    case 'p':
        add_param(own, arg, state);
        return 0;
    case OPTION_PRIORITY:
        set_priority(own, arg, state);
        return 0;
    case OPTION_ID_FROM:
        set_id_from(own, arg, state);
        return 0;
    case OPTION_TIMEOUT:
        own->timeout_ms = command_duration(state, "--timeout", arg);
        return 0;
    case OPTION_DEADLINE:
        own->job.deadline_ms = clock_unix_ms() + command_duration(state, "--deadline", arg);
        return 0;
    case OPTION_NOT_BEFORE:
        own->job.not_before_ms = clock_unix_ms() + command_duration(state, "--not-before", arg);
        return 0;
    case OPTION_ATTEMPTS:
        own->job.max_attempts = command_number(state, "--max-attempts", arg, 100);
        return 0;
    case OPTION_TTL:
        own->job.result_ttl_ms = command_duration(state, "--result-ttl", arg);
        return 0;
    case OPTION_KEEP_URL:
        own->job.keep_url = 1;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What the job does and to what, as one digest. */
static int
content_id(const struct push_options *own, struct slice bytes, char text[DIGEST_TEXT_MAX])
{
    struct slice pieces[RETOUCH_STEPS_MAX * (1 + 2 * RETOUCH_PARAMS_MAX) + 3];
    size_t count = 0;
    pieces[count++] = bytes;
    pieces[count++] = slice_text(own->job.out_request_id);
    pieces[count++] = slice_text(own->job.generate_id);
    for (size_t i = 0; i < own->step_count; i++) {
        pieces[count++] = slice_text(own->steps[i].effect);
        for (size_t j = 0; j < own->steps[i].param_count; j++) {
            pieces[count++] = slice_text(own->steps[i].params[j].name);
            pieces[count++] = slice_text(own->steps[i].params[j].value);
        }
    }
    return digest_text(pieces, count, text);
}

int push_option_id(const struct push_options *options,
                   struct slice bytes,
                   char id[RETOUCH_ID_MAX + 1],
                   struct err *err)
{
    enum {
        ID_DIGITS = 32 /* hex: enough to meet no other image, and room for a prefix of 32 */
    };

    char text[DIGEST_TEXT_MAX] = "";
    const char *prefix = options->id_prefix != NULL ? options->id_prefix : "";
    if (options->id == NULL && options->id_prefix == NULL && !options->id_from_content) {
        id[0] = '\0';
        return 0;
    }
    int code = 0;
    if (options->id == NULL) {
        code = options->id_from_content ? content_id(options, bytes, text)
                                        : rng_secret_hex(text, ID_DIGITS / 2);
    }
    if (code != 0) {
        return err_set(err, code, "no id can be made");
    }
    int len = options->id != NULL
                  ? snprintf(id, RETOUCH_ID_MAX + 1, "%s", options->id)
                  : snprintf(id, RETOUCH_ID_MAX + 1, "%s%.*s", prefix, (int)ID_DIGITS, text);
    if (len < 0 || len > RETOUCH_ID_MAX || !text_is_job_id(slice_text(id))) {
        return err_set(err, ERR_INVALID,
                       "%s is not allowed: an id has 1 to 64 of A-Z a-z 0-9 . _ -, a letter or "
                       "digit first (a prefix at most 32)",
                       options->id != NULL ? "--id" : "--id-prefix");
    }
    return 0;
}
