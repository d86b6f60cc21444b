/* Explicit openings at the desk: who may be denied, and what happens while the store fails. */
#include "tests/support/desk_bench.h"

#include <string.h>

static struct uuid parked(struct desk_bench *bench)
{
    struct uuid id = desk_bench_start(bench, "anna", "NLAB12CD");

    assert_int_equal(bench->answer.verdict, DESK_DONE);
    return id;
}

/* Stop, and wait for what becomes of the exit. */
static enum command_status leave(struct desk_bench *bench, struct uuid session)
{
    desk_bench_stop(bench, session);
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    return desk_bench_await(bench, bench->answer.command.id).status;
}

/* ---- a policy and the way out ---- */

static void nobody_is_denied_out_while_the_exit_stayed_shut(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = parked(bench);

    desk_bench_policy(bench, "bar", "door_request deny barred");
    assert_ok(door_actuator_simulate(bench->doors, "nassaukade", "exit-1", "stuck"));
    assert_int_equal(leave(bench, id), COMMAND_NOT_MOVED);
    assert_ok(door_actuator_simulate(bench->doors, "nassaukade", "exit-1", "none"));
    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    assert_int_equal(desk_bench_await(bench, bench->answer.command.id).status, COMMAND_OPENED);
    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_DENIED_BY_POLICY);
}

static void a_second_opening_of_the_exit_may_be_denied(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = parked(bench);

    desk_bench_policy(bench, "bar", "door_request deny barred");
    assert_int_equal(leave(bench, id), COMMAND_OPENED);
    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_DENIED_BY_POLICY);
}

static void nobody_is_denied_out_while_openings_cannot_be_read(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = parked(bench);

    desk_bench_policy(bench, "bar", "door_request deny barred");
    assert_int_equal(leave(bench, id), COMMAND_OPENED);
    bench->fail.count_openings = OST_IO;
    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_DONE);
}

/* ---- a store that fails ---- */

static void a_key_opens_the_exit_once_while_the_store_fails(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = parked(bench), fired;
    struct stored_answer first;

    leave(bench, id);
    bench->fail.commit = bench->fail.post = OST_NO_SPACE;
    desk_bench_key(bench, "k1", 1);
    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    fired = bench->answer.command.id;

    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_REPLAYED);
    first = bench->answer.replay;
    assert_true(first.length > 0);
    desk_bench_key(bench, "k1", 2);
    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_KEY_REUSED);

    /* And the same bytes once it is recorded. */
    bench->fail.commit = bench->fail.post = OST_OK;
    session_desk_price_pending(bench->desk, &bench->site);
    desk_bench_key(bench, "k1", 1);
    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_REPLAYED);
    assert_int_equal(bench->answer.replay.length, first.length);
    assert_memory_equal(bench->answer.replay.body, first.body, first.length);
    assert_int_equal(desk_bench_await(bench, fired).status, COMMAND_OPENED);
}

static void an_unrecorded_opening_counts(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = parked(bench);

    leave(bench, id);
    bench->fail.commit = bench->fail.post = OST_NO_SPACE;
    for (int i = 0; i < 2; i++) {
        desk_bench_open(bench, id, "exit-1");
        assert_int_equal(bench->answer.verdict, DESK_DONE);
    }
    desk_bench_open(bench, id, "exit-1");
    assert_int_equal(bench->answer.verdict, DESK_TOO_MANY_OPENINGS);
}

RUN(DESK_CASE(nobody_is_denied_out_while_the_exit_stayed_shut), DESK_CASE(a_second_opening_of_the_exit_may_be_denied),
    DESK_CASE(nobody_is_denied_out_while_openings_cannot_be_read),
    DESK_CASE(a_key_opens_the_exit_once_while_the_store_fails), DESK_CASE(an_unrecorded_opening_counts))
