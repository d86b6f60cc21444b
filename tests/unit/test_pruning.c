/* When old records may go: the rule of runtime/service/pruning.h, on a store in memory and a clock in the test's hands. */
#include "runtime/service/pruning.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/memory_store.h"
#include "tests/unit/check.h"

#define NOW_MS  INT64_C(1790000000000)
#define YEAR_MS (365 * PRUNING_DAY_MS)

struct bench {
    struct manual_clock clock;
    struct uuid_generator ids;
    struct store *store;
    struct fault_board *faults;
    struct pruning pruning;
};

static struct bench bench;

static int set_up(void **state)
{
    static const char *const garages[] = {"north"};

    (void)state;
    memset(&bench, 0, sizeof(bench));
    clock_init_manual(&bench.clock, NOW_MS);
    atomic_store(&bench.clock.trust, CLOCK_HOLDOVER);
    uuid_generator_init(&bench.ids);
    bench.store = memory_store_create(&bench.clock.base, garages, 1);
    bench.faults = fault_board_create(&bench.clock.base, NULL);
    bench.pruning = (struct pruning){.clock = &bench.clock.base, .store = bench.store, .faults = bench.faults,
                                     .keep_past_sessions_ms = PRUNING_RECORDS_MS, .keep_outbox_ms = 30 * PRUNING_DAY_MS};
    return bench.store ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    bench.store->ops->destroy(bench.store);
    fault_board_destroy(bench.faults);
    uuid_generator_finish(&bench.ids);
    return 0;
}

/* A car came and went at that time. */
static void visit_at(int64_t at_ms)
{
    struct store_change *start = store_change_create(STORE_START);
    struct store_change *stop = store_change_create(STORE_STOP);
    struct session *session = start->session;
    int64_t deadline_ms = clock_monotonic_ms(&bench.clock.base) + 1000;

    uuid_generator_finish(&bench.ids);
    uuid_generator_init(&bench.ids); /* it never goes back by itself */
    session->id = uuid_make(&bench.ids, at_ms);
    session->started_at_ms = at_ms;
    strcpy(session->garage_id, "north");
    strcpy(session->partner_id, "parkapp");
    strcpy(session->user_id, "u");
    strcpy(session->plate, "P");
    start->command->id = session->entry.command_id = uuid_make(&bench.ids, at_ms);
    start->command->status = COMMAND_OPENED;
    start->command->requested_at_ms = at_ms;
    strcpy(start->command->garage_id, "north");
    start->u.start.spots = 10;
    *stop->session = *session;
    stop->session->ended_at_ms = at_ms;
    stop->session->end = END_STOPPED;
    assert_ok(bench.store->ops->commit(bench.store, start, deadline_ms));
    assert_int_equal(start->result, STORE_DONE);
    assert_ok(bench.store->ops->commit(bench.store, stop, deadline_ms));
    assert_int_equal(stop->result, STORE_DONE);
    store_change_release(start);
    store_change_release(stop);
}

/* A visit every 30 days, from the newer time back to the older one. */
static void visits_between(int64_t newer_ms, int64_t older_ms)
{
    for (int64_t at_ms = newer_ms; at_ms >= older_ms; at_ms -= 30 * PRUNING_DAY_MS)
        visit_at(at_ms);
}

static size_t visits(void)
{
    struct session_filter filter = {.ended = true};
    static struct session found[100];
    store_cursor next;
    size_t count;

    assert_ok(bench.store->ops->list_sessions(bench.store, &filter, INT64_MAX, 100, found, &count, &next));
    return count;
}

static bool is_held_up(void)
{
    struct fault faults[4];
    size_t count = fault_board_list(bench.faults, faults, 4);

    return count > 0 && strcmp(faults[0].code, "pruning_held_up") == 0 && faults[0].cleared_at_ms == 0;
}

/* The runtime starts now, and runs for a minute. */
static void run(void)
{
    pruning_begin(&bench.pruning);
    pruning_run(&bench.pruning);
    manual_clock_advance(&bench.clock, 60000);
    pruning_run(&bench.pruning);
}

static void jump_to(int64_t wall_ms)
{
    atomic_store(&bench.clock.wall_ms, wall_ms);
}

static void a_synced_clock_prunes_by_age_alone(void **state)
{
    (void)state;
    visit_at(NOW_MS - 2 * YEAR_MS);
    visit_at(NOW_MS);
    atomic_store(&bench.clock.trust, CLOCK_SYNCED);
    run();
    assert_int_equal(visits(), 1);
    assert_false(is_held_up());
}

static void a_clock_before_what_is_stored_prunes_nothing(void **state)
{
    (void)state;
    visits_between(NOW_MS, NOW_MS - 2 * YEAR_MS);
    atomic_store(&bench.clock.trust, CLOCK_UNSYNCED);
    run();
    assert_int_equal(visits(), 25);
    assert_true(is_held_up());
}

static void without_a_time_source_an_unbroken_history_bears_the_clock_out(void **state)
{
    (void)state;
    visits_between(NOW_MS, NOW_MS - 2 * YEAR_MS);
    run();
    assert_int_equal(visits(), 14); /* 0 to 390 days old */
    assert_false(is_held_up());
}

static void a_start_years_ahead_deletes_nothing(void **state)
{
    (void)state;
    visits_between(NOW_MS, NOW_MS - YEAR_MS);
    jump_to(NOW_MS + 5 * YEAR_MS);
    run();
    assert_int_equal(visits(), 13);
    assert_true(is_held_up());
}

static void what_a_wrong_clock_recorded_does_not_bear_it_out_at_the_next_start(void **state)
{
    int64_t wrong_ms = NOW_MS + 5 * YEAR_MS;

    (void)state;
    visits_between(NOW_MS, NOW_MS - YEAR_MS);
    visits_between(wrong_ms + 90 * PRUNING_DAY_MS, wrong_ms);
    jump_to(wrong_ms + 91 * PRUNING_DAY_MS);
    run();
    assert_int_equal(visits(), 13 + 4);
    assert_true(is_held_up());
}

static void a_hole_of_35_days_is_none_and_one_longer_is(void **state)
{
    (void)state;
    visits_between(NOW_MS - 35 * PRUNING_DAY_MS, NOW_MS - 500 * PRUNING_DAY_MS);
    pruning_begin(&bench.pruning);
    pruning_run(&bench.pruning);
    assert_false(is_held_up());
    assert_int_equal(visits(), 13); /* 35 to 395 days old */
    manual_clock_advance(&bench.clock, 60000);
    pruning_run(&bench.pruning);
    assert_true(is_held_up());
}

static void a_clock_that_jumps_while_it_runs_deletes_nothing_until_it_is_synced(void **state)
{
    (void)state;
    visits_between(NOW_MS, NOW_MS - YEAR_MS);
    pruning_begin(&bench.pruning);
    jump_to(NOW_MS + 34 * PRUNING_DAY_MS); /* no hole in the history, but time did not move so */
    pruning_run(&bench.pruning);
    assert_true(is_held_up());
    assert_int_equal(visits(), 13);
    atomic_store(&bench.clock.trust, CLOCK_SYNCED);
    manual_clock_advance(&bench.clock, 60000);
    pruning_run(&bench.pruning);
    assert_false(is_held_up());
    atomic_store(&bench.clock.trust, CLOCK_HOLDOVER);
    manual_clock_advance(&bench.clock, 60000);
    pruning_run(&bench.pruning);
    assert_false(is_held_up());
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
RUN(CASE(a_synced_clock_prunes_by_age_alone), CASE(a_clock_before_what_is_stored_prunes_nothing),
    CASE(without_a_time_source_an_unbroken_history_bears_the_clock_out), CASE(a_start_years_ahead_deletes_nothing),
    CASE(what_a_wrong_clock_recorded_does_not_bear_it_out_at_the_next_start), CASE(a_hole_of_35_days_is_none_and_one_longer_is),
    CASE(a_clock_that_jumps_while_it_runs_deletes_nothing_until_it_is_synced))
