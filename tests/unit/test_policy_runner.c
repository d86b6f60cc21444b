/*
 * What policies do by themselves: runtime/service/policy_runner.h, round by round, with the wall clock in the test's hands.
 * The desk, its store and the policies are those of the desk's bench.
 */
#include "runtime/service/policy_runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/service/site_registry.h"
#include "tests/support/desk_bench.h"
#include "tests/support/memory_store.h"

#define MINUTE_MS INT64_C(60000)
#define SIX_MS    INT64_C(1782792000000) /* 2026-06-30T06:00:00 in Amsterdam, a Tuesday */
#define DOORS     100

struct runner_bench {
    struct desk_bench *desk;
    struct manual_clock clock;
    struct site_registry *sites;
    struct queue *door_events;
    struct policy_runner *runner;
};

static struct runner_bench bench;

static struct site *make_site(void)
{
    struct site *site = calloc(1, sizeof(*site));
    struct garage *garage = calloc(1, sizeof(*garage));

    assert_non_null(site);
    assert_non_null(garage);
    site->garages = garage;
    site->garage_count = 1;
    strcpy(garage->id, "nassaukade");
    strcpy(garage->currency, "EUR");
    assert_ok(zone_create("Europe/Amsterdam", &garage->zone));
    garage->doors = calloc(DOORS, sizeof(*garage->doors));
    assert_non_null(garage->doors);
    for (garage->door_count = 0; garage->door_count < DOORS; garage->door_count++) {
        struct door_plan *door = &garage->doors[garage->door_count];

        strcpy(door->garage_id, garage->id);
        snprintf(door->id, sizeof(door->id), "door-%zu", garage->door_count);
        door->kind = DOOR_EXIT;
    }
    return site;
}

static int set_up(void **state)
{
    struct policy_runner_parts parts;

    if (desk_bench_set_up(state) != 0)
        return -1;
    memset(&bench, 0, sizeof(bench));
    bench.desk = *state;
    clock_init_manual(&bench.clock, SIX_MS - 10 * MINUTE_MS);
    /* The store judges deadlines by the desk's clock. */
    atomic_store(&bench.clock.monotonic_ns, clock_monotonic_ns(&bench.desk->clock) + 3600 * INT64_C(1000000000));
    assert_ok(site_registry_create(make_site(), &bench.sites));
    assert_ok(queue_create(DOOR_EVENTS_MAX, sizeof(struct door_event), &bench.door_events));
    parts = (struct policy_runner_parts){
        .clock = &bench.clock.base,
        .ids = &bench.desk->ids,
        .store = bench.desk->store,
        .sites = bench.sites,
        .desk = bench.desk->desk,
        .door_events = bench.door_events,
        .policies = bench.desk->policies,
        .faults = bench.desk->faults,
        .metrics = bench.desk->metrics,
    };
    assert_ok(policy_runner_create(&parts, &bench.runner));
    return 0;
}

static int tear_down(void **state)
{
    policy_runner_destroy(bench.runner);
    queue_destroy(bench.door_events);
    site_registry_destroy(bench.sites);
    return desk_bench_tear_down(state);
}

/* ---- what a test does and sees ---- */

static void policy(const char *name, const char *text)
{
    desk_bench_policy(bench.desk, name, text);
    policy_runner_round(bench.runner);
}

static void round_at(int64_t wall_ms)
{
    atomic_store(&bench.clock.wall_ms, wall_ms);
    policy_runner_round(bench.runner);
}

static enum garage_state state_now(void)
{
    struct garage_counts counts;

    assert_ok(bench.desk->store->ops->garage_counts(bench.desk->store, "nassaukade", &counts));
    return counts.state;
}

static size_t notes_of(const char *policy_name)
{
    char subject[96];

    snprintf(subject, sizeof(subject), "policy/%s", policy_name);
    return memory_store_count_events(bench.desk->store, EVENT_POLICY_NOTIFIED, subject);
}

static void happen(const char *door_id, enum door_happening happened, const char *fault, enum door_cause cause)
{
    struct door_event event = {.happened = happened, .has_cause = happened == DOOR_HAS_OPENED, .cause = cause};

    strcpy(event.garage_id, "nassaukade");
    strcpy(event.door_id, door_id);
    strcpy(event.fault, fault);
    assert_ok(queue_push(bench.door_events, &event));
    policy_runner_round(bench.runner);
}

static const char *alarm_text(const char *policy_name, const char *door_id, const char *code)
{
    static struct fault faults[FAULTS_MAX];
    size_t count = fault_board_list(bench.desk->faults, faults, FAULTS_MAX);
    char subject[FAULT_SUBJECT_BYTES];

    snprintf(subject, sizeof(subject), "policy/%s/door/nassaukade/%s", policy_name, door_id);
    for (size_t i = 0; i < count; i++) {
        if (faults[i].cleared_at_ms == 0 && strcmp(faults[i].subject, subject) == 0 && strcmp(faults[i].code, code) == 0)
            return faults[i].detail;
    }
    return NULL;
}

/* ---- schedules ---- */

static void a_schedule_runs_at_its_time_and_not_before(void **state)
{
    (void)state;
    policy("night", "at Tue 06:00\nschedule state closed");
    round_at(SIX_MS - 1);
    assert_int_equal(state_now(), GARAGE_OPEN);
    round_at(SIX_MS);
    assert_int_equal(state_now(), GARAGE_CLOSED);
}

static void a_moment_is_run_once(void **state)
{
    (void)state;
    policy("report", "at 06:00\nschedule notify morning");
    for (int i = 0; i < 5; i++)
        round_at(SIX_MS + i * 250);
    assert_int_equal(notes_of("report"), 1);
    round_at(SIX_MS + 24 * 60 * MINUTE_MS);
    assert_int_equal(notes_of("report"), 2);
}

static void a_run_up_to_a_minute_late_is_made_and_a_later_one_is_counted(void **state)
{
    (void)state;
    policy("report", "at 06:00\nschedule notify morning");
    round_at(SIX_MS + MINUTE_MS);
    assert_int_equal(notes_of("report"), 1);
    round_at(SIX_MS + 24 * 60 * MINUTE_MS + MINUTE_MS + 1);
    assert_int_equal(notes_of("report"), 1);
    assert_int_equal(desk_bench_metric(bench.desk, "ostler_policy_schedules_missed_total"), 1);
}

static void a_clock_set_back_runs_no_moment_twice(void **state)
{
    (void)state;
    policy("report", "at every 5min\nschedule notify tick");
    round_at(SIX_MS - 5 * MINUTE_MS);
    round_at(SIX_MS);
    assert_int_equal(notes_of("report"), 2);
    round_at(SIX_MS - 7 * MINUTE_MS);
    policy("other", "session_start notify hello"); /* all is planned anew */
    for (int back = 6; back >= 0; back--)
        round_at(SIX_MS - back * MINUTE_MS);
    assert_int_equal(notes_of("report"), 2);
    round_at(SIX_MS + 5 * MINUTE_MS);
    assert_int_equal(notes_of("report"), 3);
}

static void a_deployment_takes_no_run_away_that_came_due(void **state)
{
    (void)state;
    policy("report", "at 06:00\nschedule notify morning");
    round_at(SIX_MS - 100);
    desk_bench_policy(bench.desk, "other", "session_start notify hello");
    round_at(SIX_MS + 100);
    assert_int_equal(notes_of("report"), 1);
}

static void a_policy_that_breaks_stops_no_other(void **state)
{
    (void)state;
    policy("a-broken", "at 06:00\nschedule break");
    policy("b-fine", "at 06:00\nschedule state closed");
    round_at(SIX_MS);
    assert_int_equal(state_now(), GARAGE_CLOSED);
}

static void a_run_asks_only_the_policy_whose_schedule_it_is(void **state)
{
    (void)state;
    policy("early", "at 05:55\nschedule notify early");
    policy("late", "at 06:00\nschedule notify late");
    round_at(SIX_MS - 5 * MINUTE_MS);
    assert_int_equal(notes_of("early"), 1);
    assert_int_equal(notes_of("late"), 0);
}

/* ---- doors ---- */

static void what_happens_at_a_door_is_told_with_its_cause(void **state)
{
    (void)state;
    policy("watch", "door_event raise opened-by opened");
    happen("door-1", DOOR_HAS_OPENED, "", CAUSE_UNEXPLAINED);
    assert_string_equal(alarm_text("watch", "door-1", "opened-by"), "unexplained");
    happen("door-1", DOOR_HAS_OPENED, "", CAUSE_SESSION);
    assert_string_equal(alarm_text("watch", "door-1", "opened-by"), "session");
}

static void the_last_of_many_doors_is_told_too(void **state)
{
    (void)state;
    policy("watch", "door_event raise broken fault");
    happen("door-99", DOOR_HAS_FAULT, "not_moved", CAUSE_MANUAL);
    assert_string_equal(alarm_text("watch", "door-99", "broken"), "not_moved");
}

static void an_alarm_stands_until_the_door_is_told_of_again_without_it(void **state)
{
    (void)state;
    policy("watch", "door_event raise broken fault");
    happen("door-1", DOOR_HAS_FAULT, "not_moved", CAUSE_MANUAL);
    happen("door-2", DOOR_HAS_CLOSED, "", CAUSE_MANUAL);
    assert_non_null(alarm_text("watch", "door-1", "broken"));
    happen("door-1", DOOR_HAS_RECOVERED, "not_moved", CAUSE_MANUAL);
    assert_null(alarm_text("watch", "door-1", "broken"));
}

static void an_alarm_goes_with_its_policy(void **state)
{
    (void)state;
    policy("other", "session_start notify hello");
    policy("watch", "door_event raise broken fault");
    happen("door-1", DOOR_HAS_FAULT, "not_moved", CAUSE_MANUAL);
    policy("watch", NULL);
    assert_null(alarm_text("watch", "door-1", "broken"));
}

static void two_long_names_make_two_alarms(void **state)
{
    char name[SLUG_BYTES];

    (void)state;
    memset(name, 'p', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    policy(name, "door_event raise broken fault");
    happen("door-10", DOOR_HAS_FAULT, "not_moved", CAUSE_MANUAL);
    happen("door-11", DOOR_HAS_FAULT, "line_busy", CAUSE_MANUAL);
    assert_string_equal(alarm_text(name, "door-10", "broken"), "not_moved");
    assert_string_equal(alarm_text(name, "door-11", "broken"), "line_busy");
}

#define RUNNER_CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNNER_CASE(a_schedule_runs_at_its_time_and_not_before),
        RUNNER_CASE(a_moment_is_run_once),
        RUNNER_CASE(a_run_up_to_a_minute_late_is_made_and_a_later_one_is_counted),
        RUNNER_CASE(a_clock_set_back_runs_no_moment_twice),
        RUNNER_CASE(a_deployment_takes_no_run_away_that_came_due),
        RUNNER_CASE(a_policy_that_breaks_stops_no_other),
        RUNNER_CASE(a_run_asks_only_the_policy_whose_schedule_it_is),
        RUNNER_CASE(what_happens_at_a_door_is_told_with_its_cause),
        RUNNER_CASE(the_last_of_many_doors_is_told_too),
        RUNNER_CASE(an_alarm_stands_until_the_door_is_told_of_again_without_it),
        RUNNER_CASE(an_alarm_goes_with_its_policy),
        RUNNER_CASE(two_long_names_make_two_alarms),
    };

    return cmocka_run_group_tests_name("policy_runner", tests, NULL, NULL);
}
