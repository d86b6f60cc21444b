/* Stops at the desk: letting out, whatever of ours is broken, and telling staff. */
#include <string.h>

#include "tests/support/desk_bench.h"

#define EXIT "door/nassaukade/exit-1"

static struct uuid parked(struct desk_bench *bench, const char *user, const char *plate)
{
    struct uuid id = desk_bench_start(bench, user, plate);

    assert_int_equal(bench->answer.verdict, DESK_DONE);
    return id;
}

static void stop_as(struct desk_bench *bench, struct uuid id, bool by_staff, const char *door, bool open_door)
{
    struct stop_request request = {.session_id = id, .open_door = open_door, .by_staff = by_staff};

    strcpy(request.door_id, door);
    strcpy(request.reason, "The barrier was stuck.");
    desk_bench_stop_with(bench, &request);
}

/* ---- alarms ---- */

static void an_exit_opened_without_a_price_is_alarmed_until_one_is_in_order(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid anna = parked(bench, "anna", "NLAB12CD"), bert = parked(bench, "bert", "NLOTHER1");

    desk_bench_policy(bench, "tariff", "session_stop break");
    desk_bench_stop(bench, anna);
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    assert_true(bench->answer.command.degraded);
    assert_true(desk_bench_has_fault(bench, EXIT, "degraded_opening"));
    assert_int_equal(desk_bench_metric(bench, "ostler_degraded_openings_total"), 1);
    desk_bench_policy(bench, "tariff", "session_stop charge 450");
    desk_bench_stop(bench, bert);
    assert_false(desk_bench_has_fault(bench, EXIT, "degraded_opening"));
}

static void an_exit_opened_without_the_store_is_alarmed(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = parked(bench, "anna", "NLAB12CD");

    bench->fail.commit = bench->fail.post = OST_NO_SPACE;
    desk_bench_stop(bench, id);
    assert_int_equal(bench->answer.verdict, DESK_ENDING);
    assert_true(desk_bench_has_fault(bench, EXIT, "degraded_opening"));
}

static void a_degraded_explicit_opening_is_alarmed(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = parked(bench, "anna", "NLAB12CD");

    desk_bench_stop(bench, id);
    assert_false(desk_bench_has_fault(bench, EXIT, "degraded_opening"));
    desk_bench_policy(bench, "bar", "door_request break");
    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    assert_true(desk_bench_has_fault(bench, EXIT, "degraded_opening"));
    desk_bench_policy(bench, "bar", "door_request allow all");
    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    assert_false(desk_bench_has_fault(bench, EXIT, "degraded_opening"));
}

static void an_exit_in_maintenance_is_not_opened_and_not_alarmed(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = parked(bench, "anna", "NLAB12CD");

    desk_bench_policy(bench, "tariff", "session_stop break");
    assert_ok(door_actuator_maintain(bench->doors, "nassaukade", "exit-1", clock_wall_ms(&bench->clock) + 60000));
    desk_bench_stop(bench, id);
    assert_int_equal(bench->answer.command.status, COMMAND_REFUSED);
    assert_false(desk_bench_has_fault(bench, EXIT, "degraded_opening"));
}

static void a_policy_that_breaks_is_a_fault_until_it_runs_well(void **state)
{
    struct desk_bench *bench = *state;

    desk_bench_policy(bench, "bar", "session_start break NLBAD");
    desk_bench_start(bench, "anna", "NLBAD");
    assert_int_equal(bench->answer.verdict, DESK_POLICY_UNAVAILABLE);
    assert_true(desk_bench_has_fault(bench, "policy/bar", "policy_failing"));
    parked(bench, "anna", "NLAB12CD");
    assert_false(desk_bench_has_fault(bench, "policy/bar", "policy_failing"));
}

static void a_good_run_of_another_trigger_does_not_mend_a_policy(void **state)
{
    struct desk_bench *bench = *state;

    desk_bench_policy(bench, "tariff", "session_start allow all\nsession_stop break");
    desk_bench_stop(bench, parked(bench, "anna", "NLAB12CD"));
    parked(bench, "bert", "NLOTHER1");
    assert_true(desk_bench_has_fault(bench, "policy/tariff", "policy_failing"));
    desk_bench_policy(bench, "tariff", "session_stop charge 1");
    assert_false(desk_bench_has_fault(bench, "policy/tariff", "policy_failing"));
}

/* ---- which exit ---- */

static void staff_names_the_exit_where_there_are_several_or_opens_none(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid anna, bert;

    desk_bench_add_exit(bench);
    desk_bench_restart(bench);
    anna = parked(bench, "anna", "NLAB12CD");
    bert = parked(bench, "bert", "NLOTHER1");
    stop_as(bench, anna, true, "", true);
    assert_int_equal(bench->answer.verdict, DESK_DOOR_INDICATION_REQUIRED);
    stop_as(bench, anna, true, "exit-2", true);
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    assert_string_equal(bench->answer.command.door_id, "exit-2");
    stop_as(bench, bert, true, "", false);
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    assert_true(uuid_is_nil(bench->answer.command.id));
    assert_string_equal(bench->answer.session.exit.door_id, "");
}

/* ---- what a stop answers ---- */

static void a_stop_answers_with_what_the_door_thread_knows_of_the_entry(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id;

    bench->call.wait_ms = 5000;
    bench->fail.post = OST_BUSY; /* so the store does not hear of the entry's opening */
    id = parked(bench, "anna", "NLAB12CD");
    assert_int_equal(bench->answer.command.status, COMMAND_OPENED);
    bench->call.wait_ms = 0;
    desk_bench_stop(bench, id);
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    assert_int_equal(bench->answer.session.entry.command_status, COMMAND_OPENED);
}

RUN(DESK_CASE(an_exit_opened_without_a_price_is_alarmed_until_one_is_in_order),
    DESK_CASE(an_exit_opened_without_the_store_is_alarmed), DESK_CASE(a_degraded_explicit_opening_is_alarmed),
    DESK_CASE(an_exit_in_maintenance_is_not_opened_and_not_alarmed),
    DESK_CASE(a_policy_that_breaks_is_a_fault_until_it_runs_well),
    DESK_CASE(a_good_run_of_another_trigger_does_not_mend_a_policy),
    DESK_CASE(staff_names_the_exit_where_there_are_several_or_opens_none),
    DESK_CASE(a_stop_answers_with_what_the_door_thread_knows_of_the_entry))
