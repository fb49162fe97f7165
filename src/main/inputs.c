#include "main/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

static size_t len_without_slashes(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    return len;
}

/* The last part of a path, slashes at its end aside. */
static struct slice base_name(const char *path)
{
    size_t len = len_without_slashes(path);
    size_t start = len;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    return slice_of(path + start, len - start);
}

int inputs_init(struct inputs *inputs, char **args, size_t count, size_t max_bytes, struct err *err)
{
    *inputs = (struct inputs){.args = args, .arg_count = count, .max_bytes = max_bytes};
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (slice_equal(base_name(args[i]), base_name(args[j]))) {
                return err_set(err, ERR_INVALID,
                               "%s and %s have one name, and so would their results: push them one "
                               "after the other, or the folder they are in",
                               args[j], args[i]);
            }
        }
    }
    return 0;
}

void inputs_done(struct inputs *inputs)
{
    if (inputs->walk != NULL) {
        (void)fts_close(inputs->walk);
        inputs->walk = NULL;
    }
}

static bool looks_like_image(const char *path)
{
    unsigned char head[4] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t len = fd >= 0 ? read(fd, head, sizeof head) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    /* What cannot be read is let through: reading it says why. */
    return len < 0 || (len >= 3 && memcmp(head, "\xff\xd8\xff", 3) == 0) ||
           (len == 4 && memcmp(head, "\x89PNG", 4) == 0);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int name_input(const struct inputs *inputs, struct input *input, const char *inner)
{
    /* Several arguments: each folder keeps its name, so that their files stay apart. */
    struct slice folder = base_name(inputs->args[inputs->at - 1]);
    bool plain = inner == NULL || inputs->arg_count == 1;
    int len = inner == NULL ? snprintf(input->name, PATH_MAX, "%.*s", SLICE_ARG(folder))
              : plain       ? snprintf(input->name, PATH_MAX, "%s", inner)
                            : snprintf(input->name, PATH_MAX, "%.*s/%s", SLICE_ARG(folder), inner);
    return len > 0 && len < PATH_MAX ? 0 : ERR_TOO_BIG;
}

static int
take_file(struct inputs *inputs, struct input *input, const char *path, const char *inner)
{
    int len = snprintf(input->path, PATH_MAX, "%s", path);
    return len > 0 && len < PATH_MAX ? name_input(inputs, input, inner) : ERR_TOO_BIG;
}

/* The next image of the folder, or ERR_NOT_FOUND and the folder is closed. */
static int next_in_folder(struct inputs *inputs, struct input *input, struct err *err)
{
    FTSENT *entry;
    while ((entry = fts_read(inputs->walk)) != NULL) {
        switch (entry->fts_info) {
        case FTS_F:
            if (looks_like_image(entry->fts_path)) {
                return take_file(inputs, input, entry->fts_path,
                                 entry->fts_path + inputs->root_len + 1);
            }
            inputs->skipped++;
            break;
        case FTS_DNR:
        case FTS_ERR:
        case FTS_NS:
            return err_set_sys(err, ERR_SYSTEM, entry->fts_errno, "%s", entry->fts_path);
        default:
            break;
        }
    }
    inputs_done(inputs);
    return ERR_NOT_FOUND;
}

static int open_folder(struct inputs *inputs, char *path, struct err *err)
{
    char *const paths[] = {path, NULL};
    size_t len = len_without_slashes(path);
    path[len] = '\0';
    inputs->root_len = strcmp(path, "/") == 0 ? 0 : len;
    inputs->walk = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    return inputs->walk != NULL ? 0 : err_set_sys(err, ERR_SYSTEM, errno, "%s", path);
}

int inputs_next(struct inputs *inputs, struct input *input, struct err *err)
{
    struct stat info;
    for (;;) {
        if (inputs->walk != NULL) {
            int code = next_in_folder(inputs, input, err);
            if (code != ERR_NOT_FOUND) {
                return code;
            }
        }
        if (inputs->at == inputs->arg_count) {
            return err_set(err, ERR_NOT_FOUND, "no more");
        }
        char *path = inputs->args[inputs->at++];
        if (strcmp(path, "-") == 0) {
            (void)snprintf(input->path, PATH_MAX, "-");
            (void)snprintf(input->name, PATH_MAX, "stdin");
            return 0;
        }
        if (stat(path, &info) != 0) {
            return err_set_sys(err, ERR_SYSTEM, errno, "%s", path);
        }
        if (!S_ISDIR(info.st_mode)) {
            int code = take_file(inputs, input, path, NULL);
            return code == 0 ? 0 : err_set(err, code, "%.200s...: the path is too long", path);
        }
        int code = open_folder(inputs, path, err);
        if (code != 0) {
            return code;
        }
    }
}

static int read_all(int fd, const char *path, struct buf *bytes, struct err *err)
{
    enum {
        PIECE = 64 << 10
    };

    for (;;) {
        size_t room = bytes->cap - bytes->len;
        if (room == 0) {
            size_t left = bytes->max - bytes->len;
            int code = buf_reserve(bytes, left < PIECE && left > 0 ? left : PIECE);
            if (code == ERR_TOO_BIG) {
                return err_set(err, code, "%s: more than %zu bytes: no job takes that much", path,
                               bytes->max);
            }
            if (code != 0) {
                return err_set(err, code, "%s: no memory", path);
            }
            room = bytes->cap - bytes->len;
        }
        ssize_t len = read(fd, bytes->ptr + bytes->len, room);
        if (len == 0) {
            return bytes->len > 0 ? 0 : err_set(err, ERR_INVALID, "%s: empty", path);
        }
        if (len < 0 && errno != EINTR) {
            return err_set_sys(err, ERR_SYSTEM, errno, "%s", path);
        }
        bytes->len += len > 0 ? (size_t)len : 0;
    }
}

int input_read(const struct inputs *inputs, struct input *input, struct err *err)
{
    struct stat info;
    bool is_stdin = strcmp(input->path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(input->path, O_RDONLY | O_CLOEXEC);
    int code = 0;
    buf_init(&input->bytes, inputs->max_bytes);
    if (fd < 0 || fstat(fd, &info) != 0) {
        code = err_set_sys(err, ERR_SYSTEM, errno, "%s", input->path);
    } else if (S_ISREG(info.st_mode) && (size_t)info.st_size > inputs->max_bytes) {
        code = err_set(err, ERR_TOO_BIG, "%s: %lld bytes: a job takes at most %zu", input->path,
                       (long long)info.st_size, inputs->max_bytes);
    } else {
        if (S_ISREG(info.st_mode)) {
            /* One byte more, so that the end of the file is seen without growing. */
            err_ignore(buf_reserve(&input->bytes, (size_t)info.st_size + 1)); /* read_all grows */
        }
        code = read_all(fd, input->path, &input->bytes, err);
    }
    if (fd >= 0 && !is_stdin) {
        (void)close(fd);
    }
    if (code != 0) {
        buf_done(&input->bytes);
    }
    return code;
}
