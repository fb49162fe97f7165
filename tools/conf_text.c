/* Prints what is made from the configuration table: conf_text sample|help|man. Writes the sample of
 * deploy/ and the key list of the manual page. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "conf/conf_print.h"

enum {
    TEXT_BYTES_MAX = 1 << 20
};

static const struct {
    const char *name;
    int (*print)(struct buf *text);
} kinds[] = {
    {"sample", conf_sample},
    {"help",   conf_help  },
    {"man",    conf_man   },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < N_ELEMENTS(kinds) && argc == 2; i++) {
        if (strcmp(argv[1], kinds[i].name) == 0) {
            struct buf text;
            buf_init(&text, TEXT_BYTES_MAX);
            int code = kinds[i].print(&text);
            size_t written = code == 0 ? fwrite(text.ptr, 1, text.len, stdout) : 0;
            int status = code == 0 && written == text.len ? 0 : 1;
            buf_done(&text);
            return status;
        }
    }
    (void)fprintf(stderr, "usage: conf_text sample|help|man\n");
    return 2;
}
