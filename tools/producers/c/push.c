/* Pushes one image with libretouch, waits, and writes the result.
 *
 *     cc push.c -o push $(pkg-config --cflags --libs retouch)
 *     ./push photo.jpg emoji result.jpg
 *
 * RETOUCH_REDIS says where Redis is. */
#include <retouch/retouch.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    IMAGE_MAX = 2 << 20, /* bytes: what the API takes */
    WAIT_MS = 120000
};

/* The file's bytes, to be freed, or NULL. */
static char *read_file(const char *path, size_t *ret_len)
{
    char *bytes = malloc(IMAGE_MAX);
    FILE *file = fopen(path, "rb");
    *ret_len = bytes != NULL && file != NULL ? fread(bytes, 1, IMAGE_MAX, file) : 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    if (*ret_len == 0) {
        free(bytes);
        bytes = NULL;
    }
    return bytes;
}

static int write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return -1;
    }
    size_t written = fwrite(bytes, 1, len, file);
    return fclose(file) == 0 && written == len ? 0 : -1;
}

static int run(struct retouch *retouch, const struct retouch_job *job, const char *result_path)
{
    struct retouch_outcome outcome;
    struct retouch_status *status = NULL;
    void *bytes = NULL;
    size_t len = 0;
    int code = retouch_connect(retouch, getenv("RETOUCH_REDIS"), NULL, NULL);
    if (code == 0) {
        code = retouch_submit(retouch, job, &outcome);
    }
    const char *id = outcome.id;
    if (code == 0) {
        code = retouch_wait(retouch, &id, 1, WAIT_MS, &status);
    }
    if (code == 0 && status->state == RETOUCH_STATE_DONE) {
        code = retouch_fetch(retouch, id, 0, &bytes, &len);
    }
    if (code != 0) {
        (void)fprintf(stderr, "push: %s\n", retouch_error(retouch));
    } else if (bytes == NULL) {
        (void)fprintf(stderr, "push: %s: %s\n", retouch_state_name(status->state),
                      status->error_message);
    } else if (write_file(result_path, bytes, len) != 0) {
        perror(result_path);
        code = -1;
    }
    int done = code == 0 && bytes != NULL;
    retouch_free(bytes);
    retouch_status_free(status);
    return done ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(stderr, "usage: push IMAGE EFFECT RESULT\n");
        return 2;
    }
    size_t len = 0;
    char *image = read_file(argv[1], &len);
    if (image == NULL) {
        perror(argv[1]);
        return 1;
    }
    struct retouch *retouch = retouch_new();
    struct retouch_job job = {.effect = argv[2], .image = image, .image_len = len};
    int status = retouch != NULL ? run(retouch, &job, argv[3]) : 1;
    retouch_close(retouch);
    free(image);
    return status;
}
