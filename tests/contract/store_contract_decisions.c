/* The contract of stores: decisions. */
#include <string.h>

#include "tests/contract/store_contract_bench.h"

static void fill_decision(struct bench *bench, struct decision *decision, enum decision_outcome outcome)
{
    decision->id = new_id(bench);
    decision->outcome = outcome;
    decision->trigger = TRIGGER_SESSION_START;
    decision->decided_at_ms = 4711;
    decision->cpu_ns = 2000;
    strcpy(decision->traceparent, "00-trace");
}

static void a_decision_that_refused_is_remembered_with_whom(void **state)
{
    struct bench *bench = *state;
    struct store_change *refusal = a_change(STORE_DECISION);
    struct decision *decision = refusal->decision;
    struct uuid id;
    struct stored_decision found;

    fill_decision(bench, decision, DECISION_DENIED);
    id = decision->id;
    decision->reason_count = decision->revision_count = 1;
    strcpy(decision->reasons[0].policy, "opening-hours");
    strcpy(decision->reasons[0].code, "outside_opening_hours");
    strcpy(decision->revisions[0].name, "opening-hours");
    decision->revisions[0].revision = 3;
    strcpy(refusal->session->garage_id, "nassaukade");
    strcpy(refusal->session->partner_id, "parkapp");
    strcpy(refusal->session->user_id, "anna");
    strcpy(refusal->session->plate, "NLAB12CD");
    assert_int_equal(result_of(bench, refusal), STORE_DONE);
    assert_ok(bench->store->ops->find_decision(bench->store, id, &found));
    assert_int_equal(found.outcome, DECISION_DENIED);
    assert_int_equal(found.trigger, TRIGGER_SESSION_START);
    assert_int_equal(found.decided_at_ms, 4711);
    assert_int_equal(found.cpu_ns, 2000);
    assert_string_equal(found.traceparent, "00-trace");
    assert_string_equal(found.revisions, "{\"opening-hours\":3}");
    assert_non_null(strstr(found.reasons, "outside_opening_hours"));
    assert_string_equal(found.partner_id, "parkapp");
    assert_string_equal(found.user_id, "anna");
    assert_string_equal(found.plate, "NLAB12CD");
    assert_int_equal(occupied(bench), 0);
    id.low ^= 1;
    assert_int_equal(bench->store->ops->find_decision(bench->store, id, &found), OST_NOT_FOUND);
}

static void a_decision_of_a_session_names_nobody(void **state)
{
    struct bench *bench = *state;
    struct store_change *start = a_start(bench, "anna", "NLAB12CD");
    struct stored_decision found;
    struct uuid id;

    fill_decision(bench, start->decision, DECISION_ALLOWED);
    start->session->decision_id = id = start->decision->id;
    assert_int_equal(result_of(bench, start), STORE_DONE);
    assert_ok(bench->store->ops->find_decision(bench->store, id, &found));
    assert_string_equal(found.traceparent, "00-trace");
    assert_string_equal(found.revisions, "");
    assert_string_equal(found.reasons, "");
    assert_string_equal(found.user_id, "");
    assert_string_equal(found.plate, "");
}

int store_contract_run_decisions(const char *name)
{
    const struct CMUnitTest cases[] = {
        CASE(a_decision_that_refused_is_remembered_with_whom),
        CASE(a_decision_of_a_session_names_nobody),
    };

    return cmocka_run_group_tests_name(name, cases, NULL, NULL);
}
