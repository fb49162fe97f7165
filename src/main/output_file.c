#include "main/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

static const struct {
    const char *type;
    const char *extension;
    const char *also; /* another spelling of the extension */
} kinds[] = {
    {"jpeg", ".jpg",  ".jpeg"},
    {"jpg",  ".jpg",  ".jpeg"},
    {"png",  ".png",  ".png" },
    {"json", ".json", ".json"},
};

const char *output_extension(const char *result_type)
{
    const char *slash = strrchr(result_type, '/');
    const char *type = slash != NULL ? slash + 1 : result_type;
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
        if (strcasecmp(type, kinds[i].type) == 0) {
            return kinds[i].extension;
        }
    }
    return "";
}

/* Where the name's own extension begins if it says the same as `extension`; else its end. */
static size_t stem_len(const char *name, const char *extension)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && dot != name && i < N_ELEMENTS(kinds); i++) {
        if (strcmp(extension, kinds[i].extension) == 0 &&
            (strcasecmp(dot, kinds[i].extension) == 0 || strcasecmp(dot, kinds[i].also) == 0)) {
            return (size_t)(dot - name);
        }
    }
    return strlen(name);
}

int output_path(const char *folder,
                const char *name,
                const char *extension,
                unsigned number,
                char path[PATH_MAX])
{
    char suffix[16] = "";
    size_t stem = stem_len(name, extension);
    const char *own = name[stem] != '\0' ? name + stem : extension;
    bool has_folder = folder != NULL && folder[0] != '\0';
    if (number > 0) {
        (void)snprintf(suffix, sizeof suffix, "-%u", number);
    }
    int len = snprintf(path, PATH_MAX, "%s%s%.*s%s%s", has_folder ? folder : "",
                       has_folder ? "/" : "", (int)stem, name, suffix, own);
    return len > 0 && len < PATH_MAX ? 0 : ERR_TOO_BIG;
}

bool output_exists(const char *folder, const char *name, char path[PATH_MAX])
{
    struct stat info;
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
        if (output_path(folder, name, kinds[i].extension, 0, path) == 0 &&
            lstat(path, &info) == 0) {
            return true;
        }
    }
    return false;
}

/* stat of the folder that holds the path; false where there is none (yet). */
static bool folder_stat(const char *path, struct stat *info)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int len = slash == NULL   ? snprintf(folder, sizeof folder, ".")
              : slash == path ? snprintf(folder, sizeof folder, "/")
                              : snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return len > 0 && len < PATH_MAX && stat(folder, info) == 0;
}

bool output_lies_beside(const char *folder, const char *name, const char *input_path)
{
    char path[PATH_MAX];
    struct stat output;
    struct stat input;
    return output_path(folder, name, "", 0, path) == 0 && folder_stat(path, &output) &&
           folder_stat(input_path, &input) && output.st_dev == input.st_dev &&
           output.st_ino == input.st_ino;
}

static int make_folders(const char *path, struct err *err)
{
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
            return err_set_sys(err, ERR_SYSTEM, errno, "%s", folder);
        }
        *slash = '/';
    }
    return 0;
}

static int write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t written = write(fd, at, len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return -1;
        }
        at += written;
        len -= (size_t)written;
    }
    return 0;
}

int output_write(const char *path, const void *bytes, size_t len, bool force, struct err *err)
{
    char temporary[PATH_MAX];
    int code = make_folders(path, err);
    if (code != 0) {
        return code;
    }
    int named = snprintf(temporary, sizeof temporary, "%s.part-%ld", path, (long)getpid());
    if (named < 0 || named >= PATH_MAX) {
        return err_set(err, ERR_TOO_BIG, "%.200s...: the path is too long", path);
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return err_set_sys(err, ERR_SYSTEM, errno, "%s", temporary);
    }
    bool good = write_all(fd, bytes, len) == 0;
    good = close(fd) == 0 && good;
    if (!good) {
        code = err_set_sys(err, ERR_SYSTEM, errno, "%s", temporary);
    } else if (force ? rename(temporary, path) != 0 : link(temporary, path) != 0) {
        code = errno == EEXIST ? err_set(err, ERR_EXISTS, "%s exists: --force writes over it", path)
                               : err_set_sys(err, ERR_SYSTEM, errno, "%s", path);
    }
    if (code != 0 || !force) {
        (void)unlink(temporary);
    }
    return code;
}
