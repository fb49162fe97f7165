#include "main/figures.h"

#include "base/check.h"

const struct figure_row figure_rows[FIGURE_COUNT] = {
    {"queued_high", "LLEN",   KEY_JOBS_HIGH},
    {"queued",      "LLEN",   KEY_JOBS     },
    {"queued_low",  "LLEN",   KEY_JOBS_LOW },
    {"scheduled",   "ZCARD",  KEY_SCHEDULED},
    {"dead",        "ZCARD",  KEY_DEAD     },
    {"unknown",     "ZCARD",  KEY_UNKNOWN  },
    {"rejected",    "LLEN",   KEY_REJECTED },
    {"workers",     "ZCARD",  KEY_WORKERS  },
    {"paused",      "EXISTS", KEY_PAUSED   },
};

const struct counter_row counter_rows[COUNTER_COUNT] = {
    {"submitted_total",    "submitted by the library"               },
    {"done_total",         "done"                                   },
    {"dead_total",         "dead"                                   },
    {"unknown_total",      "unknown"                                },
    {"canceled_total",     "canceled"                               },
    {"expired_total",      "expired"                                },
    {"calls_sent",         "calls that may have been billed"        },
    {"retries_total",      "put back to be tried again"             },
    {"duplicates_total",   "dropped: the id was known"              },
    {"rejected_total",     "elements that were no job"              },
    {"late_success_total", "results accepted after a lease was lost"},
    {"results_dropped",    "results dropped: the job had ended"     },
    {"reaped_total",       "taken over from workers that died"      },
};

void figures_ask(struct batch *batch)
{
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        batch_command(batch, figure_rows[i].command);
        batch_key(batch, figure_rows[i].key, NULL);
    }
    batch_command(batch, "HGETALL");
    batch_key(batch, KEY_STATS, NULL);
}

const struct reply *figures_counters(const struct batch *batch)
{
    return batch_reply(batch, FIGURE_COUNT);
}

int64_t counter_of(const struct reply *hash, const char *name)
{
    for (size_t i = 0; i + 1 < reply_count(hash); i += 2) {
        if (slice_is(reply_text(reply_at(hash, i)), name)) {
            return reply_int(reply_at(hash, i + 1));
        }
    }
    return 0;
}

bool counter_is_known(struct slice name)
{
    for (size_t i = 0; i < N_ELEMENTS(counter_rows); i++) {
        if (slice_is(name, counter_rows[i].name)) {
            return true;
        }
    }
    return false;
}
