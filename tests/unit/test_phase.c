/* The table of phases, as a diagram; every phase is reached and ends. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "job/phase.h"
#include "lib/unit.h"

static const struct row {
    enum job_phase from;
    enum job_event event;
    enum job_phase to;
} rows[] = {

#define STEP(from, event, to) {PHASE_##from, JOB_##event, PHASE_##to},
#include "job/phase.def"
};

static void the_table_is_a_diagram(void **state)
{
    (void)state;
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        print_message("%s\n", job_phase_name((enum job_phase)phase));
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
            if (rows[i].from == (enum job_phase)phase) {
                print_message("    %-10s -> %s\n", job_event_name(rows[i].event),
                              job_phase_name(rows[i].to));
            }
        }
    }
}

static void each_row_is_what_the_function_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        assert_int_equal(job_phase_after(rows[i].from, rows[i].event), rows[i].to);
    }
}

static void no_pair_has_two_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        for (size_t j = i + 1; j < N_ELEMENTS(rows); j++) {
            assert_false(rows[i].from == rows[j].from && rows[i].event == rows[j].event);
        }
    }
}

/* Spreads a mark along the rows (or against them) until nothing changes. */
static void spread(bool marked[PHASE_COUNT], bool backwards)
{
    for (size_t pass = 0; pass < PHASE_COUNT; pass++) {
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
            enum job_phase source = backwards ? rows[i].to : rows[i].from;
            enum job_phase dest = backwards ? rows[i].from : rows[i].to;
            marked[dest] = marked[dest] || marked[source];
        }
    }
}

static void every_phase_is_reached_and_leads_back_to_a_free_slot(void **state)
{
    (void)state;
    bool reached[PHASE_COUNT] = {[PHASE_FREE] = true};
    bool ends[PHASE_COUNT] = {[PHASE_FREE] = true};
    spread(reached, false);
    spread(ends, true);
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        if (!reached[phase] || !ends[phase]) {
            fail_msg("%s: reached %d, ends %d", job_phase_name((enum job_phase)phase),
                     reached[phase], ends[phase]);
        }
    }
}

static void every_event_happens_somewhere(void **state)
{
    (void)state;
    for (int event = 0; event < JOB_EVENT_COUNT; event++) {
        size_t uses = 0;
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
            uses += rows[i].event == (enum job_event)event ? 1 : 0;
        }
        assert_true(uses > 0);
    }
}

static void what_was_called_ends_by_a_commit(void **state)
{
    (void)state;

    static const enum job_phase called[] = {PHASE_CALLING, PHASE_FETCHING, PHASE_COMMITTING};

    for (size_t c = 0; c < N_ELEMENTS(called); c++) {
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
            if (rows[i].from == called[c] && rows[i].to == PHASE_FREE) {
                assert_int_equal(rows[i].from, PHASE_COMMITTING);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_a_diagram),
        cmocka_unit_test(each_row_is_what_the_function_says),
        cmocka_unit_test(no_pair_has_two_rows),
        cmocka_unit_test(every_phase_is_reached_and_leads_back_to_a_free_slot),
        cmocka_unit_test(every_event_happens_somewhere),
        cmocka_unit_test(what_was_called_ends_by_a_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
