/* The watch over policies: figures, and who has to go. */
#include <stdio.h>
#include <string.h>

#include "runtime/service/policy_watch.h"
#include "tests/unit/check.h"

struct bench {
    struct manual_clock clock;
    struct fault_board *faults;
    struct policy_watch *watch;
};

static int begin(void **state)
{
    static struct bench bench;

    clock_init_manual(&bench.clock, 1000000000);
    bench.faults = fault_board_create(&bench.clock.base, NULL);
    bench.watch = policy_watch_create(&bench.clock.base, bench.faults, NULL);
    *state = &bench;
    return bench.watch ? 0 : -1;
}

static int end(void **state)
{
    struct bench *bench = *state;

    policy_watch_destroy(bench->watch);
    fault_board_destroy(bench->faults);
    return 0;
}

static const struct decision *decision_of(const char *name, int revision, enum policy_breach breach, int64_t cpu_ns)
{
    static struct decision decision;

    memset(&decision, 0, sizeof(decision));
    decision.revision_count = 1;
    snprintf(decision.revisions[0].name, sizeof(decision.revisions[0].name), "%s", name);
    decision.revisions[0].revision = revision;
    decision.revisions[0].breach = breach;
    decision.revisions[0].cpu_ns = cpu_ns;
    decision.revisions[0].memory_bytes = 40000;
    if (breach != BREACH_NONE) {
        decision.reason_count = 1;
        decision.reasons[0].verb = REASON_BROKEN;
    }
    return &decision;
}

static void call(struct bench *bench, int revision, enum policy_breach breach, int64_t cpu_ns)
{
    policy_watch_saw(bench->watch, decision_of("hours", revision, breach, cpu_ns));
}

static bool has_to_go(struct bench *bench)
{
    char name[SLUG_BYTES];
    int revision;

    return policy_watch_take_quarantine(bench->watch, name, &revision);
}

static void go_live(struct bench *bench, int revision, bool proven)
{
    policy_watch_activated(bench->watch, "hours", revision, clock_wall_ms(&bench->clock.base), proven);
}

static void figures_count_calls_errors_and_time(void **state)
{
    struct bench *bench = *state;
    struct policy_figures figures;

    for (int i = 0; i < 98; i++)
        call(bench, 1, BREACH_NONE, 2000);
    call(bench, 1, BREACH_CPU, 5000000);
    call(bench, 1, BREACH_ERROR, 5000000);
    assert_true(policy_watch_read(bench->watch, "hours", &figures));
    assert_int_equal(figures.calls, 100);
    assert_int_equal(figures.errors[BREACH_CPU], 1);
    assert_int_equal(figures.errors[BREACH_ERROR], 1);
    assert_in_range(figures.p50_ns, 2000, 2560);
    assert_in_range(figures.p99_ns, 5000000, 6300000);
    assert_int_equal(figures.memory_peak_bytes, 40000);
    assert_false(policy_watch_read(bench->watch, "tariff", &figures));
}

/* Five breaks in its first hundred calls; once told, it is not told again. */
static void a_young_revision_that_breaks_five_times_has_to_go(void **state)
{
    struct bench *bench = *state;

    go_live(bench, 3, false);
    for (int i = 0; i < 4; i++)
        call(bench, 3, BREACH_ERROR, 1);
    call(bench, 3, BREACH_NOT_LOADED, 1);
    assert_false(has_to_go(bench));
    call(bench, 3, BREACH_MEMORY, 1);
    assert_true(has_to_go(bench));
    assert_false(has_to_go(bench));
}

static void what_an_older_revision_broke_counts_for_nothing(void **state)
{
    struct bench *bench = *state;

    go_live(bench, 3, false);
    for (int i = 0; i < 50; i++)
        call(bench, 2, BREACH_ERROR, 1);
    assert_false(has_to_go(bench));
}

static void a_proven_revision_goes_only_by_the_minute(void **state)
{
    struct bench *bench = *state;

    go_live(bench, 3, true);
    for (int i = 0; i < 19; i++)
        call(bench, 3, BREACH_ERROR, 1);
    assert_false(has_to_go(bench));
    call(bench, 3, BREACH_ERROR, 1);
    assert_true(has_to_go(bench));
}

static void twenty_breaks_in_two_minutes_are_not_too_many(void **state)
{
    struct bench *bench = *state;

    go_live(bench, 3, true);
    for (int i = 0; i < 40; i++) {
        call(bench, 3, BREACH_ERROR, 1);
        manual_clock_advance(&bench->clock, 6000);
    }
    assert_false(has_to_go(bench));
}

/* Else a caller could bring back last year's rule by sending what breaks today's. */
static void after_a_day_a_revision_only_raises_an_alarm(void **state)
{
    struct bench *bench = *state;
    struct fault fault;

    go_live(bench, 3, true);
    manual_clock_advance(&bench->clock, YOUNG_MS);
    for (int i = 0; i < 100; i++)
        call(bench, 3, BREACH_ERROR, 1);
    assert_false(has_to_go(bench));
    assert_int_equal(fault_board_list(bench->faults, &fault, 1), 1);
    assert_string_equal(fault.code, "policy_failing");
}

static void its_first_hundred_calls_prove_a_revision_once(void **state)
{
    struct bench *bench = *state;
    char name[SLUG_BYTES];
    int revision = 0;

    go_live(bench, 3, false);
    for (int i = 0; i < YOUNG_CALLS - 1; i++)
        call(bench, 3, BREACH_NONE, 1);
    assert_false(policy_watch_take_proven(bench->watch, name, &revision));
    call(bench, 3, BREACH_NONE, 1);
    assert_true(policy_watch_take_proven(bench->watch, name, &revision));
    assert_string_equal(name, "hours");
    assert_int_equal(revision, 3);
    assert_false(policy_watch_take_proven(bench->watch, name, &revision));
    for (int i = 0; i < YOUNG_BREAKS; i++)
        call(bench, 3, BREACH_ERROR, 1);
    assert_false(has_to_go(bench));
}

/* Who cannot go, having no predecessor, is not asked to again and again; a quarantine that failed is tried again. */
static void who_goes_on_breaking_is_told_of_once_a_minute(void **state)
{
    struct bench *bench = *state;

    go_live(bench, 3, false);
    for (int i = 0; i < YOUNG_BREAKS; i++)
        call(bench, 3, BREACH_ERROR, 1);
    assert_true(has_to_go(bench));
    for (int i = 0; i < 60; i++)
        call(bench, 3, BREACH_ERROR, 1);
    assert_false(has_to_go(bench));
    manual_clock_advance(&bench->clock, 60000);
    for (int i = 0; i < MINUTE_BREAKS; i++)
        call(bench, 3, BREACH_ERROR, 1);
    assert_true(has_to_go(bench));
}

/* Its last call of the hundred may be one that breaks. */
static void a_revision_is_proven_by_a_hundred_calls_however_the_last_one_ended(void **state)
{
    struct bench *bench = *state;
    char name[SLUG_BYTES];
    int revision;

    go_live(bench, 3, false);
    for (int i = 0; i < YOUNG_CALLS - 1; i++)
        call(bench, 3, BREACH_NONE, 1);
    call(bench, 3, BREACH_ERROR, 1);
    assert_true(policy_watch_take_proven(bench->watch, name, &revision));
}

static void a_wall_clock_that_jumps_back_makes_no_minute_longer(void **state)
{
    struct bench *bench = *state;

    go_live(bench, 3, true);
    for (int i = 0; i < MINUTE_BREAKS; i++) {
        call(bench, 3, BREACH_ERROR, 1);
        manual_clock_advance(&bench->clock, 6000);
        atomic_fetch_sub(&bench->clock.wall_ms, 6000);
    }
    assert_false(has_to_go(bench));
}

/* A bill that waits is tried again every few seconds: that is seen in the figures, and proves and condemns nobody. */
static void what_is_only_tallied_counts_against_nobody(void **state)
{
    struct bench *bench = *state;
    struct policy_figures figures;
    struct fault fault;
    char name[SLUG_BYTES];
    int revision;

    go_live(bench, 3, false);
    for (int i = 0; i < 2 * YOUNG_CALLS; i++)
        policy_watch_tally(bench->watch, decision_of("hours", 3, BREACH_ERROR, 1));
    assert_false(has_to_go(bench));
    assert_false(policy_watch_take_proven(bench->watch, name, &revision));
    assert_int_equal(fault_board_list(bench->faults, &fault, 1), 0);
    assert_true(policy_watch_read(bench->watch, "hours", &figures));
    assert_int_equal(figures.errors[BREACH_ERROR], 2 * YOUNG_CALLS);
}

/* Policies come and go while the runtime runs; the newest has its figures, and its rule, as well. */
static void as_many_policies_are_watched_as_can_be_deployed(void **state)
{
    struct bench *bench = *state;
    struct policy_figures figures;
    char name[SLUG_BYTES];

    for (int i = 0; i < POLICIES_WATCHED_MAX; i++) {
        snprintf(name, sizeof(name), "policy-%d", i);
        policy_watch_saw(bench->watch, decision_of(name, 1, BREACH_NONE, 1000 * i));
    }
    for (int i = 0; i < POLICIES_WATCHED_MAX; i++) {
        snprintf(name, sizeof(name), "policy-%d", i);
        assert_true(policy_watch_read(bench->watch, name, &figures));
        assert_int_equal(figures.calls, 1);
    }
}

/* What no revision of the store is has nothing to return to. */
static void without_a_revision_nobody_is_quarantined(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < YOUNG_CALLS; i++)
        call(bench, 0, BREACH_ERROR, 1);
    assert_false(has_to_go(bench));
}

static void a_shadow_is_counted_and_never_quarantined(void **state)
{
    struct bench *bench = *state;
    struct policy_figures figures;
    struct decision decision;

    go_live(bench, 3, false);
    memset(&decision, 0, sizeof(decision));
    decision.shadow_count = 1;
    strcpy(decision.shadows[0].name, "hours");
    decision.shadows[0].revision = 4;
    decision.shadows[0].breach = BREACH_ERROR;
    decision.shadows[0].differs = true;
    for (int i = 0; i < YOUNG_CALLS; i++)
        policy_watch_saw(bench->watch, &decision);
    assert_false(has_to_go(bench));
    assert_true(policy_watch_read(bench->watch, "hours", &figures));
    assert_int_equal(figures.calls, 0);
    assert_int_equal(figures.shadow_calls, YOUNG_CALLS);
    assert_int_equal(figures.shadow_differences, YOUNG_CALLS);
}

/* One trigger of it is well again: it is failing as long as another is not. */
static void a_policy_is_failing_until_each_of_its_triggers_is_well(void **state)
{
    struct bench *bench = *state;
    struct decision stop = *decision_of("hours", 3, BREACH_ERROR, 1);
    struct fault fault;

    stop.trigger = TRIGGER_SESSION_STOP;
    policy_watch_saw(bench->watch, &stop);
    call(bench, 3, BREACH_ERROR, 1);
    call(bench, 3, BREACH_NONE, 1);
    assert_int_equal(fault_board_list(bench->faults, &fault, 1), 1);
    assert_int_equal(fault.cleared_at_ms, 0);
    stop.revisions[0].breach = BREACH_NONE;
    policy_watch_saw(bench->watch, &stop);
    assert_int_equal(fault_board_list(bench->faults, &fault, 1), 1);
    assert_int_not_equal(fault.cleared_at_ms, 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(figures_count_calls_errors_and_time), CASE(a_young_revision_that_breaks_five_times_has_to_go),
        CASE(what_an_older_revision_broke_counts_for_nothing), CASE(a_proven_revision_goes_only_by_the_minute),
        CASE(twenty_breaks_in_two_minutes_are_not_too_many), CASE(after_a_day_a_revision_only_raises_an_alarm),
        CASE(its_first_hundred_calls_prove_a_revision_once),
        CASE(who_goes_on_breaking_is_told_of_once_a_minute),
        CASE(a_revision_is_proven_by_a_hundred_calls_however_the_last_one_ended),
        CASE(a_wall_clock_that_jumps_back_makes_no_minute_longer), CASE(what_is_only_tallied_counts_against_nobody),
        CASE(as_many_policies_are_watched_as_can_be_deployed), CASE(without_a_revision_nobody_is_quarantined),
        CASE(a_shadow_is_counted_and_never_quarantined), CASE(a_policy_is_failing_until_each_of_its_triggers_is_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
