/* retouch fsck: finds and mends what no lease covers.
 *
 * First the places where ids lie are read, and workers that are gone are found; then every status
 * and result, then the indexes; at last the sum of the dead letters' bytes. Each step is bounded by
 * a page, and workers may run meanwhile. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "client/script.h"
#include "main/fsck.h"
#include "main/record.h"

struct fsck_options {
    bool repair;
};

static const struct argp_option options[] = {
    {.name = "repair",             .key = 'r', .doc = "Mend what is found"},
    {.name = NULL},
};

static error_t parse(int key, char *arg, struct argp_state *state, void *data)
{
    struct fsck_options *own = data;
    (void)arg;
    (void)state;
    if (key != 'r') {
        return ARGP_ERR_UNKNOWN;
    }
    own->repair = true;
    return 0;
}

void fsck_pause(void)
{
    link_pause(FSCK_APART_MS);
}

void fsck_tell(struct fsck *fsck,
               const char *finding,
               const char *subject,
               const char *what,
               const char *remedy,
               bool mended)
{
    char key[256];
    (void)snprintf(key, sizeof key, "%s %s", finding, subject);
    if (id_set_has(&fsck->told, slice_text(key))) {
        return; /* a scan may come by twice */
    }
    err_ignore(id_set_add(&fsck->told, slice_text(key))); /* then it is told twice at worst */
    fsck->found++;
    fsck->mended += mended;
    if (!fsck->line->json) {
        (void)printf("%-15s  ", finding);
        print_safe(slice_text(subject));
        (void)printf("  %s%s%s\n", what, mended ? ": " : "", mended ? remedy : "");
        return;
    }
    struct record record;
    record_init(&record);
    record_string(&record, "finding", finding);
    record_string(&record, "subject", subject);
    record_string(&record, "message", what);
    record_bool(&record, "mended", mended);
    if (mended) {
        record_string(&record, "done", remedy);
    }
    err_ignore(record_print(&record)); /* the stream's error is found when it is flushed */
    record_done(&record);
}

/* Of the keyspace: statuses and results. */
static int visit_key(struct fsck *fsck, struct slice name)
{
    static const char job[] = ":job:";
    static const char result[] = ":result:";
    if (slice_starts(name, job)) {
        struct slice id = slice_of(name.ptr + sizeof job - 1, name.len - (sizeof job - 1));
        return fsck_look(fsck, id, id);
    }
    if (slice_starts(name, result)) {
        struct slice rest = slice_of(name.ptr + sizeof result - 1, name.len - (sizeof result - 1));
        const uint8_t *colon = rest.len > 0 ? memchr(rest.ptr, ':', rest.len) : NULL;
        struct slice id = slice_of(rest.ptr, colon != NULL ? (size_t)(colon - rest.ptr) : rest.len);
        return fsck_look(fsck, id, rest);
    }
    return 0;
}

static int visit_member(struct fsck *fsck, struct slice id)
{
    return fsck_look(fsck, id, id);
}

/* The dead letters' bytes, added up over a scan. */
struct sum {
    int64_t bytes;
    int64_t fields;
};

static int read_sum(struct fsck *fsck, struct sum *ret_sum)
{
    struct retouch *retouch = fsck->line->retouch;
    char cursor[24] = "0";
    *ret_sum = (struct sum){.bytes = 0};
    do {
        struct batch *batch = handle_batch(retouch);
        batch_command(batch, "HSCAN");
        batch_key(batch, KEY_DEAD_BYTES, NULL);
        batch_made(batch, slice_text(cursor));
        batch_text(batch, "COUNT");
        batch_int(batch, FSCK_STEP);
        int code = fsck_exchange(fsck, false);
        if (code != 0) {
            return code;
        }
        const struct reply *reply = batch_reply(batch, 0);
        const struct reply *page = reply_at(reply, 1);
        (void)snprintf(cursor, sizeof cursor, "%.*s", SLICE_ARG(reply_text(reply_at(reply, 0))));
        for (size_t i = 0; i + 1 < reply_count(page); i += 2) {
            bool is_sum = slice_is(reply_text(reply_at(page, i)), "*");
            ret_sum->bytes += is_sum ? 0 : reply_int(reply_at(page, i + 1));
            ret_sum->fields += !is_sum;
        }
    } while (strcmp(cursor, "0") != 0);
    return 0;
}

/* What is on record: the sum as text ("": none), and how many fields there are besides. */
static int read_record(struct fsck *fsck, char text[32], int64_t *ret_fields)
{
    struct batch *batch = handle_batch(fsck->line->retouch);
    batch_command(batch, "HGET");
    batch_key(batch, KEY_DEAD_BYTES, NULL);
    batch_text(batch, "*");
    batch_command(batch, "HLEN");
    batch_key(batch, KEY_DEAD_BYTES, NULL);
    int code = fsck_exchange(fsck, false);
    if (code == 0) {
        bool there = reply_kind(batch_reply(batch, 0)) == REPLY_TEXT;
        (void)snprintf(text, 32, "%.*s", SLICE_ARG(reply_text(batch_reply(batch, 0))));
        *ret_fields = reply_int(batch_reply(batch, 1)) - there;
    }
    return code;
}

static int set_sum(struct fsck *fsck, const struct sum *sum, const char *on_record, bool *ret_done)
{
    struct retouch *retouch = fsck->line->retouch;
    struct batch *batch = handle_batch(retouch);
    script_call(retouch, SCRIPT_fsck_bytes, 1);
    batch_key(batch, KEY_DEAD_BYTES, NULL);
    batch_int(batch, sum->bytes);
    batch_int(batch, sum->fields);
    batch_text(batch, on_record);
    int code = fsck_exchange(fsck, false);
    *ret_done = code == 0 && reply_int(batch_reply(batch, 0)) == 1;
    return code;
}

/* A sum that was added up while nothing changed, twice, and is not the one on record. */
static int look_at_bytes(struct fsck *fsck)
{
    enum {
        TRIES = 10,
        LOOKS = 2
    };

    char before[32] = "";
    char after[32] = "";
    struct sum sum;
    int64_t fields = 0;
    int wrong = 0;
    for (int i = 0; i < TRIES && wrong < LOOKS; i++) {
        int code = read_record(fsck, before, &fields);
        code = code == 0 ? read_sum(fsck, &sum) : code;
        code = code == 0 ? read_record(fsck, after, &fields) : code;
        if (code != 0) {
            return code;
        }
        bool steady = strcmp(before, after) == 0 && fields == sum.fields;
        char text[32];
        (void)snprintf(text, sizeof text, "%" PRId64, sum.bytes);
        bool right = strcmp(text, before) == 0 || (before[0] == '\0' && sum.bytes == 0);
        if (steady && right) {
            return 0;
        }
        wrong += steady;
        fsck_pause();
    }
    bool done = false;
    int code = wrong == LOOKS && fsck->repair ? set_sum(fsck, &sum, before, &done) : 0;
    if (code == 0 && wrong == LOOKS) {
        char what[128];
        (void)snprintf(what, sizeof what, "the sum is %s, the bytes add up to %" PRId64,
                       before[0] != '\0' ? before : "missing", sum.bytes);
        fsck_tell(fsck, "wrong_sum", "dead:bytes", what, "set right", done);
    }
    return code;
}

static int look_at_all(struct fsck *fsck)
{
    static const struct {
        const char *command;
        enum key_kind key;
    } indexes[] = {
        {"ZSCAN", KEY_SCHEDULED },
        {"ZSCAN", KEY_DEAD      },
        {"ZSCAN", KEY_UNKNOWN   },
        {"HSCAN", KEY_DEAD_BYTES},
    };

    int code = fsck_places(fsck);
    code = code == 0 ? fsck_scan(fsck, "SCAN", KEY_COUNT, visit_key) : code;
    for (size_t i = 0; i < N_ELEMENTS(indexes) && code == 0; i++) {
        code = fsck_scan(fsck, indexes[i].command, indexes[i].key, visit_member);
    }
    code = code == 0 ? fsck_look_rest(fsck) : code;
    return code == 0 ? look_at_bytes(fsck) : code;
}

static bool sum_up(const struct fsck *fsck)
{
    if (!fsck->line->json) {
        (void)printf("%" PRIu64 " ids looked at, %" PRIu64 " findings, %" PRIu64 " mended%s\n",
                     fsck->looked, fsck->found, fsck->mended,
                     fsck->found > 0 && !fsck->repair ? " (--repair mends)" : "");
        return ferror(stdout) == 0;
    }
    struct record record;
    record_init(&record);
    record_int(&record, "looked_at", (int64_t)fsck->looked);
    record_int(&record, "findings", (int64_t)fsck->found);
    record_int(&record, "mended", (int64_t)fsck->mended);
    bool printed = record_print(&record);
    record_done(&record);
    return printed;
}

static int run(struct command_line *line)
{
    static struct fsck fsck; /* zero, and too large for the stack */
    const struct fsck_options *own = line->options;
    fsck.line = line;
    fsck.repair = own->repair;
    id_set_init(&fsck.placed);
    id_set_init(&fsck.told);
    int code = look_at_all(&fsck);
    int exit_status = COMMAND_DONE;
    if (code != 0) {
        exit_status = command_fail(line, code);
    } else if (!sum_up(&fsck) || fsck.mended < fsck.found) {
        exit_status = COMMAND_NOT_ALL;
    }
    id_set_done(&fsck.placed);
    id_set_done(&fsck.told);
    return exit_status;
}

extern const struct command cmd_fsck;
const struct command cmd_fsck = {
    .name = "fsck",
    .args = "",
    .help = "Find, and with --repair mend, what no lease covers",
    .doc = "Jobs that lie nowhere, entries and results without a job, workers that are gone and "
           "not on record, sums that do not add up. It walks over all keys of the queue, page by "
           "page, and may run beside workers: what is on its way is looked at twice. Of jobs that "
           "wait, it keeps 16 bytes each in memory. The exit status is 1 where findings are left.",
    .options = options,
    .options_size = sizeof(struct fsck_options),
    .parse = parse,
    .run = run,
};
