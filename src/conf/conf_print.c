#include "conf/conf_print.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "conf/conf.h"
#include "conf/conf_table.h"
#include "conf/conf_type.h"

static const char sample_head[] =
    "# The configuration of retouchd. Every key stands here with its default; take the # off to\n"
    "# change one. Flags beat the environment, and the environment beats this file.\n"
    "# Durations take ms, s, m, h, d; sizes KB, MB, GB (powers of 1024).\n"
    "# SIGHUP reads the file again; keys marked \"restart\" then wait for a restart.\n";

static bool is_first_of_section(size_t i)
{
    return i == 0 || strcmp(conf_rows[i].section, conf_rows[i - 1].section) != 0;
}

static const char *reload_word(const struct conf_row *row)
{
    return row->reload ? "reload" : "restart";
}

static int sample_row(const struct conf_row *row, struct buf *text)
{
    int code = buf_printf(text, "\n# %s\n# Allowed: ", row->help);
    if (code == 0) {
        code = conf_allowed_format(row, text);
    }
    if (code == 0) {
        code = buf_printf(text, " (%s)\n#%s =%s%s\n", reload_word(row), row->key,
                          row->initial[0] != '\0' ? " " : "", row->initial);
    }
    return code;
}

int conf_sample(struct buf *text)
{
    int code = buf_append_text(text, sample_head);
    for (size_t i = 0; i < N_ELEMENTS(conf_rows) && code == 0; i++) {
        if (is_first_of_section(i)) {
            code = buf_printf(text, "\n[%s]\n", conf_rows[i].section);
        }
        if (code == 0) {
            code = sample_row(&conf_rows[i], text);
        }
    }
    return code;
}

static int help_row(const struct conf_row *row, struct buf *text)
{
    int code = buf_printf(text, "  %-23s %s\n%26s", row->name, row->help, "");
    if (code == 0) {
        code = conf_allowed_format(row, text);
    }
    if (code == 0 && row->initial[0] != '\0') {
        code = buf_printf(text, "; default %s", row->initial);
    }
    return code == 0 ? buf_append_text(text, "\n") : code;
}

int conf_help(struct buf *text)
{
    int code = 0;
    for (size_t i = 0; i < N_ELEMENTS(conf_rows) && code == 0; i++) {
        code = help_row(&conf_rows[i], text);
    }
    return code;
}

/* scdoc takes these as markup unless a backslash stands before them. */
static int man_append(struct buf *text, const char *plain)
{
    int code = 0;
    for (; *plain != '\0' && code == 0; plain++) {
        if (strchr("\\*_[]|#~<>", *plain) != NULL) {
            code = buf_append_text(text, "\\");
        }
        if (code == 0) {
            code = buf_append(text, plain, 1);
        }
    }
    return code;
}

static int man_allowed(const struct conf_row *row, struct buf *text)
{
    struct buf allowed;
    buf_init(&allowed, CONF_TEXT_MAX);
    int code = conf_allowed_format(row, &allowed);
    const char *plain = code == 0 ? buf_cstr(&allowed) : NULL;
    code = plain != NULL ? man_append(text, plain) : ERR_NO_MEMORY;
    buf_done(&allowed);
    return code;
}

static int man_row(const struct conf_row *row, struct buf *text)
{
    int code = buf_append_text(text, "*");
    code = code != 0 ? code : man_append(text, row->name);
    code = code != 0 ? code : buf_append_text(text, "*");
    if (code == 0 && row->initial[0] != '\0') {
        code = buf_append_text(text, " = ");
        code = code != 0 ? code : man_append(text, row->initial);
    }
    code = code != 0 ? code : buf_append_text(text, "\n\t");
    code = code != 0 ? code : man_append(text, row->help);
    code = code != 0 ? code : buf_append_text(text, " Allowed: ");
    code = code != 0 ? code : man_allowed(row, text);
    return code != 0 ? code : buf_printf(text, " (%s).\n\n", reload_word(row));
}

int conf_man(struct buf *text)
{
    int code = 0;
    for (size_t i = 0; i < N_ELEMENTS(conf_rows) && code == 0; i++) {
        code = man_row(&conf_rows[i], text);
    }
    return code;
}

int conf_dump(const struct conf *conf, struct buf *text)
{
    int code = 0;
    for (size_t i = 0; i < N_ELEMENTS(conf_rows) && code == 0; i++) {
        const struct conf_row *row = &conf_rows[i];
        code = buf_printf(text, "%s = ", row->name);
        code = code != 0 ? code : conf_value_format(row, conf_field_view(row, conf), text);
        code = code != 0 ? code : buf_append_text(text, "\n");
    }
    return code;
}
