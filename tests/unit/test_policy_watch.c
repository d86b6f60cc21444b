/* The watch over policies: figures, and who has to go. */
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

static void call(struct bench *bench, int revision, enum policy_breach breach, int64_t cpu_ns)
{
    static struct decision decision;

    memset(&decision, 0, sizeof(decision));
    decision.revision_count = 1;
    strcpy(decision.revisions[0].name, "hours");
    decision.revisions[0].revision = revision;
    decision.revisions[0].breach = breach;
    decision.revisions[0].cpu_ns = cpu_ns;
    decision.revisions[0].memory_bytes = 40000;
    if (breach != BREACH_NONE) {
        decision.reason_count = 1;
        decision.reasons[0].verb = REASON_BROKEN;
    }
    policy_watch_saw(bench->watch, &decision);
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

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(figures_count_calls_errors_and_time), CASE(a_young_revision_that_breaks_five_times_has_to_go),
        CASE(what_an_older_revision_broke_counts_for_nothing), CASE(a_proven_revision_goes_only_by_the_minute),
        CASE(twenty_breaks_in_two_minutes_are_not_too_many), CASE(after_a_day_a_revision_only_raises_an_alarm),
        CASE(its_first_hundred_calls_prove_a_revision_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
