/* What the desk records of decisions, besides their sessions. */
#include "tests/support/desk_bench.h"
#include "tests/support/memory_store.h"

#include <string.h>

static struct stored_decision decision_of(struct desk_bench *bench, struct uuid id)
{
    struct stored_decision found;

    assert_ok(bench->store->ops->find_decision(bench->store, id, &found));
    return found;
}

static void a_refused_start_leaves_its_decision(void **state)
{
    struct desk_bench *bench = *state;
    struct stored_decision found;

    desk_bench_policy(bench, "bar", "session_start deny barred");
    bench->call.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    desk_bench_start(bench, "anna", "NLAB12CD");
    assert_int_equal(bench->answer.verdict, DESK_DENIED_BY_POLICY);
    found = decision_of(bench, bench->answer.decision.id);
    assert_int_equal(found.outcome, DECISION_DENIED);
    assert_string_equal(found.traceparent, bench->call.traceparent);
    assert_string_equal(found.user_id, "anna");
    assert_non_null(strstr(found.reasons, "barred"));
}

static void a_start_that_broke_leaves_its_decision(void **state)
{
    struct desk_bench *bench = *state;

    desk_bench_policy(bench, "bar", "session_start break");
    desk_bench_start(bench, "anna", "NLAB12CD");
    assert_int_equal(bench->answer.verdict, DESK_POLICY_UNAVAILABLE);
    assert_int_equal(decision_of(bench, bench->answer.decision.id).outcome, DECISION_BROKEN);
}

static void a_refused_opening_leaves_its_decision(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = desk_bench_start(bench, "anna", "NLAB12CD");
    struct stored_decision found;

    desk_bench_policy(bench, "bar", "door_request deny barred");
    desk_bench_open(bench, id, "entry-1");
    assert_int_equal(bench->answer.verdict, DESK_DENIED_BY_POLICY);
    found = decision_of(bench, bench->answer.decision.id);
    assert_int_equal(found.trigger, TRIGGER_DOOR_REQUEST);
    assert_string_equal(found.plate, "NLAB12CD");
}

static void a_decision_that_cannot_be_stored_is_counted_and_holds_nobody_up(void **state)
{
    struct desk_bench *bench = *state;

    desk_bench_policy(bench, "bar", "session_start deny barred");
    bench->fail.post = OST_BUSY;
    desk_bench_start(bench, "anna", "NLAB12CD");
    assert_int_equal(bench->answer.verdict, DESK_DENIED_BY_POLICY);
    assert_int_equal(desk_bench_metric(bench, "ostler_decisions_dropped_total"), 1);
}

static void a_note_becomes_an_event_whatever_was_decided(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id;

    desk_bench_policy(bench, "night", "session_start notify call\nsession_stop notify bye\ndoor_request notify again");
    id = desk_bench_start(bench, "anna", "NLAB12CD");
    assert_int_equal(memory_store_count_events(bench->store, EVENT_POLICY_NOTIFIED, "policy/night"), 1);
    desk_bench_open(bench, id, "entry-1");
    assert_int_equal(memory_store_count_events(bench->store, EVENT_POLICY_NOTIFIED, "policy/night"), 2);
    desk_bench_stop(bench, id);
    assert_int_equal(memory_store_count_events(bench->store, EVENT_POLICY_NOTIFIED, "policy/night"), 3);
    desk_bench_policy(bench, "bar", "session_start deny barred");
    desk_bench_start(bench, "anna", "NLAB12CD");
    assert_int_equal(bench->answer.verdict, DESK_DENIED_BY_POLICY);
    assert_int_equal(memory_store_count_events(bench->store, EVENT_POLICY_NOTIFIED, "policy/night"), 4);
}

RUN(DESK_CASE(a_refused_start_leaves_its_decision), DESK_CASE(a_start_that_broke_leaves_its_decision),
    DESK_CASE(a_refused_opening_leaves_its_decision),
    DESK_CASE(a_decision_that_cannot_be_stored_is_counted_and_holds_nobody_up),
    DESK_CASE(a_note_becomes_an_event_whatever_was_decided))
