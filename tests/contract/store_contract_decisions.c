/* The contract of stores: decisions, and the policies that made them. */
#include <stdio.h>
#include <stdlib.h>
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

/* ---- the log: what a decision was made from ---- */

static void ask(struct decision *decision, const char *policy, int revision)
{
    struct policy_revision *asked = &decision->revisions[decision->revision_count++];

    snprintf(asked->name, sizeof(asked->name), "%s", policy);
    asked->revision = revision;
}

static void fill_visit(struct policy_visit *visit)
{
    visit->now_ms = 4711;
    strcpy(visit->plate, "NLAB12CD");
    strcpy(visit->user_id, "anna");
    strcpy(visit->partner_id, "parkapp");
    strcpy(visit->entrance, "entry-1");
    strcpy(visit->garage.id, "nassaukade");
    strcpy(visit->garage.name, "Nassau\"kade");
    strcpy(visit->garage.currency, "EUR");
    strcpy(visit->garage.state, "open");
    visit->garage.free = 12;
    visit->garage.capacity = 120;
    visit->kind = VISIT_SEASON;
    visit->list_count = 2;
    strcpy(visit->lists[0], "season");
    strcpy(visit->lists[1], "vip");
    visit->seed = UINT64_MAX;
}

/* A start that was decided with inputs; its decision's id. */
static struct uuid start_decided(struct bench *bench, const char *user, const char *plate, struct uuid *session)
{
    struct store_change *start = a_start(bench, user, plate);
    struct uuid id;

    fill_decision(bench, start->decision, DECISION_ALLOWED);
    ask(start->decision, "tariff", 2);
    start->decision->leave_by_ms = 86400000;
    start->session->decision_id = id = start->decision->id;
    *session = start->session->id;
    fill_visit(start->visit);
    assert_int_equal(result_of(bench, start), STORE_DONE);
    return id;
}

static void a_decision_keeps_what_it_was_made_from(void **state)
{
    struct bench *bench = *state;
    struct stored_decision found;
    struct policy_visit visit = {.now_ms = 0};
    struct uuid session, id = start_decided(bench, "anna", "NLAB12CD", &session);

    fill_visit(&visit);
    assert_ok(bench->store->ops->find_decision(bench->store, id, &found));
    assert_true(uuid_equal(found.session_id, session));
    assert_true(found.has_inputs);
    assert_string_equal(found.garage_id, "nassaukade");
    assert_string_equal(found.revisions, "{\"tariff\":2}");
    assert_non_null(strstr(found.result, "\"leaveBy\":\"1970-01-02T00:00:00.000Z\""));
    assert_memory_equal(&found.visit, &visit, sizeof(visit));
}

/* Whose it is, its session says: in the decision itself there is nothing to erase. */
static void a_decision_forgets_whose_it_is_with_its_session(void **state)
{
    struct bench *bench = *state;
    struct uuid session, id = start_decided(bench, "anna", "NLAB12CD", &session);
    struct store_change *stop = a_stop(bench, session, "parkapp"), *prune = a_change(STORE_PRUNE);
    struct stored_decision found;

    assert_ok(bench->store->ops->find_decision(bench->store, id, &found));
    assert_string_equal(found.plate, "NLAB12CD");
    assert_string_equal(found.visit.user_id, "anna");
    assert_int_equal(result_of(bench, stop), STORE_DONE);
    assert_ok(bench->store->ops->find_decision(bench->store, id, &found));
    assert_string_equal(found.user_id, "anna");
    prune->u.prune.sessions_before_ms = INT64_C(4102444800000);
    prune->u.prune.rows_max = 10;
    assert_int_equal(result_of(bench, prune), STORE_DONE);
    assert_ok(bench->store->ops->find_decision(bench->store, id, &found));
    assert_true(found.has_inputs);
    assert_string_equal(found.user_id, "");
    assert_string_equal(found.plate, "");
    assert_string_equal(found.visit.plate, "");
    assert_string_equal(found.visit.user_id, "");
    assert_int_equal(found.visit.garage.free, 12);
}

static void decisions_where_nobody_was_asked_keep_no_inputs(void **state)
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
    assert_false(found.has_inputs);
}

static void refuse(struct bench *bench, const char *policy, const char *user)
{
    struct store_change *refusal = a_change(STORE_DECISION);

    fill_decision(bench, refusal->decision, DECISION_DENIED);
    ask(refusal->decision, policy, 1);
    strcpy(refusal->session->garage_id, "nassaukade");
    strcpy(refusal->session->partner_id, "parkapp");
    strcpy(refusal->session->user_id, user);
    strcpy(refusal->session->plate, "X");
    fill_visit(refusal->visit);
    assert_int_equal(result_of(bench, refusal), STORE_DONE);
}

static void decisions_are_listed_filtered_and_paged(void **state)
{
    struct bench *bench = *state;
    struct stored_decision *found = calloc(3, sizeof(*found));
    struct decision_filter filter = {.policy = NULL};
    struct uuid session;
    store_cursor next;
    uint64_t total;
    size_t count;

    refuse(bench, "hours", "u1");
    refuse(bench, "tariff", "u2");
    start_decided(bench, "u3", "NL3", &session);
    assert_ok(bench->store->ops->count_decisions(bench->store, &total));
    assert_int_equal(total, 3);
    assert_ok(bench->store->ops->list_decisions(bench->store, &filter, INT64_MAX, 2, found, &count, &next));
    assert_int_equal(count, 2);
    assert_string_equal(found[0].user_id, "u3");
    assert_string_equal(found[1].user_id, "u2");
    assert_ok(bench->store->ops->list_decisions(bench->store, &filter, next, 2, found, &count, &next));
    assert_int_equal(count, 1);
    assert_string_equal(found[0].user_id, "u1");
    assert_int_equal(next, 0);
    filter.oldest_first = true;
    assert_ok(bench->store->ops->list_decisions(bench->store, &filter, 0, 3, found, &count, &next));
    assert_int_equal(count, 3);
    assert_string_equal(found[0].user_id, "u1");
    filter = (struct decision_filter){.policy = "tariff", .has_outcome = true, .outcome = DECISION_DENIED};
    assert_ok(bench->store->ops->list_decisions(bench->store, &filter, INT64_MAX, 3, found, &count, &next));
    assert_int_equal(count, 1);
    assert_string_equal(found[0].user_id, "u2");
    filter = (struct decision_filter){.since_ms = 1, .until_ms = 2};
    assert_ok(bench->store->ops->list_decisions(bench->store, &filter, INT64_MAX, 3, found, &count, &next));
    assert_int_equal(count, 0);
    free(found);
}

static void the_log_is_bounded_by_number(void **state)
{
    struct bench *bench = *state;
    struct store_change *prune = a_change(STORE_PRUNE);
    uint64_t total;

    for (int i = 0; i < 5; i++)
        refuse(bench, "hours", "u1");
    prune->u.prune.decisions_max = 2;
    prune->u.prune.rows_max = 10;
    assert_ok(commit(bench, prune));
    assert_int_equal(prune->u.prune.decisions_deleted, 3);
    store_change_release(prune);
    assert_ok(bench->store->ops->count_decisions(bench->store, &total));
    assert_int_equal(total, 2);
}

/* ---- what is deployed ---- */

static struct store_change *a_revision(const char *name, int revision, unsigned char digest)
{
    struct store_change *change = a_change(STORE_POLICY);

    snprintf(change->record->name, sizeof(change->record->name), "%s", name);
    change->record->revision = revision;
    change->record->sha256[0] = digest;
    snprintf(change->record->source, sizeof(change->record->source), "source %d", revision);
    strcpy(change->record->settings, "{\"a\":1}");
    strcpy(change->record->author, "staff/x");
    change->record->has_order = true;
    change->record->order = -3;
    change->record->rights = 1;
    change->record->fail = FAIL_OPEN;
    change->u.policy.count = 1;
    snprintf(change->u.policy.deployments[0].name, SLUG_BYTES, "%s", name);
    change->u.policy.deployments[0].live = revision;
    snprintf(change->activation->name, SLUG_BYTES, "%s", name);
    change->activation->revision = revision;
    change->activation->previous = revision - 1;
    change->activation->mode = POLICY_ON;
    return change;
}

static void revisions_are_kept_and_found(void **state)
{
    struct bench *bench = *state;
    struct policy_record *found = calloc(2, sizeof(*found));
    unsigned char digest[32] = {7};
    size_t count;
    int revision;

    assert_int_equal(bench->store->ops->find_policy(bench->store, "tariff", 0, found), OST_NOT_FOUND);
    assert_int_equal(result_of(bench, a_revision("tariff", 1, 7)), STORE_DONE);
    assert_int_equal(result_of(bench, a_revision("tariff", 2, 8)), STORE_DONE);
    assert_int_equal(result_of(bench, a_revision("hours", 1, 7)), STORE_DONE);
    assert_ok(bench->store->ops->find_policy(bench->store, "tariff", 1, found));
    assert_string_equal(found->source, "source 1");
    assert_string_equal(found->settings, "{\"a\":1}");
    assert_string_equal(found->author, "staff/x");
    assert_true(found->has_order);
    assert_int_equal(found->order, -3);
    assert_int_equal(found->rights, 1);
    assert_int_equal(found->fail, FAIL_OPEN);
    assert_ok(bench->store->ops->find_policy(bench->store, "tariff", 0, found));
    assert_int_equal(found->revision, 2);
    assert_ok(bench->store->ops->find_policy_digest(bench->store, "tariff", digest, &revision));
    assert_int_equal(revision, 1);
    digest[0] = 9;
    assert_int_equal(bench->store->ops->find_policy_digest(bench->store, "tariff", digest, &revision), OST_NOT_FOUND);
    assert_ok(bench->store->ops->list_policy_revisions(bench->store, "tariff", INT32_MAX, 2, found, &count));
    assert_int_equal(count, 2);
    assert_int_equal(found[0].revision, 2);
    assert_int_equal(found[1].revision, 1);
    free(found);
}

/* Two that were made at once have the same number: the second changes nothing. */
static void a_number_is_given_once(void **state)
{
    struct bench *bench = *state;
    struct policy_deployment deployment;
    struct policy_record *found = calloc(1, sizeof(*found));
    struct store_change *second = a_revision("tariff", 1, 8);
    size_t count;

    assert_int_equal(result_of(bench, a_revision("tariff", 1, 7)), STORE_DONE);
    second->u.policy.deployments[0].shadow = 1;
    assert_int_equal(result_of(bench, second), STORE_NO_SUCH);
    assert_ok(bench->store->ops->find_policy(bench->store, "tariff", 1, found));
    assert_int_equal(found->sha256[0], 7);
    assert_ok(bench->store->ops->list_deployments(bench->store, &deployment, 1, &count));
    assert_int_equal(count, 1);
    assert_int_equal(deployment.shadow, 0);
    free(found);
}

static void deployments_and_their_history_are_listed(void **state)
{
    struct bench *bench = *state;
    struct policy_deployment deployments[3];
    struct policy_activation lines[2];
    struct policy_record *found = calloc(1, sizeof(*found));
    struct store_change *mark = a_change(STORE_POLICY);
    store_cursor next;
    size_t count;

    assert_int_equal(result_of(bench, a_revision("tariff", 1, 1)), STORE_DONE);
    assert_int_equal(result_of(bench, a_revision("hours", 1, 1)), STORE_DONE);
    assert_int_equal(result_of(bench, a_revision("tariff", 2, 2)), STORE_DONE);
    assert_int_equal(result_of(bench, a_revision("tariff", 3, 3)), STORE_DONE);
    assert_ok(bench->store->ops->list_deployments(bench->store, deployments, 3, &count));
    assert_int_equal(count, 2);
    assert_string_equal(deployments[0].name, "hours");
    assert_int_equal(deployments[1].live, 3);
    assert_ok(bench->store->ops->list_activations(bench->store, "tariff", INT64_MAX, 2, lines, &count, &next));
    assert_int_equal(count, 2);
    assert_int_equal(lines[0].revision, 3);
    assert_int_equal(lines[1].revision, 2);
    assert_ok(bench->store->ops->list_activations(bench->store, "tariff", next, 2, lines, &count, &next));
    assert_int_equal(count, 1);
    assert_int_equal(lines[0].revision, 1);
    assert_int_equal(next, 0);
    mark->u.policy.mark = POLICY_MARK_QUARANTINED;
    strcpy(mark->u.policy.marked_name, "tariff");
    mark->u.policy.marked_revision = 3;
    mark->u.policy.marked_at_ms = 99;
    assert_int_equal(result_of(bench, mark), STORE_DONE);
    assert_ok(bench->store->ops->find_policy(bench->store, "tariff", 3, found));
    assert_int_equal(found->quarantined_at_ms, 99);
    assert_int_equal(found->proven_at_ms, 0);
    free(found);
}

int store_contract_run_decisions(const char *name)
{
    const struct CMUnitTest cases[] = {
        CASE(a_decision_that_refused_is_remembered_with_whom),
        CASE(a_decision_keeps_what_it_was_made_from),
        CASE(a_decision_forgets_whose_it_is_with_its_session),
        CASE(decisions_where_nobody_was_asked_keep_no_inputs),
        CASE(decisions_are_listed_filtered_and_paged),
        CASE(the_log_is_bounded_by_number),
        CASE(revisions_are_kept_and_found),
        CASE(a_number_is_given_once),
        CASE(deployments_and_their_history_are_listed),
    };

    return cmocka_run_group_tests_name(name, cases, NULL, NULL);
}
