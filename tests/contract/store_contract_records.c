/* The contract of stores: what is recorded beside sessions: doors, staff's deeds, tokens, revisions, and their pruning. */
#include <stdio.h>
#include <string.h>

#include "tests/contract/store_contract_bench.h"

/* ---- commands and the ledger ---- */

static void an_outcome_finishes_the_command_with_one_ledger_line(void **state)
{
    struct bench *bench = *state;
    struct store_change *start = a_start(bench, "anna", "NLAB12CD");
    struct door_command command = *start->command, found;
    struct door_opening openings[3];
    store_cursor next;
    size_t count;

    assert_int_equal(result_of(bench, start), STORE_DONE);
    assert_ok(bench->store->ops->find_command(bench->store, command.id, &found));
    assert_int_equal(found.status, COMMAND_QUEUED);
    assert_int_equal(result_of(bench, an_outcome(bench, &command)), STORE_DONE);
    assert_int_equal(result_of(bench, an_outcome(bench, &command)), STORE_DONE);
    assert_ok(bench->store->ops->find_command(bench->store, command.id, &found));
    assert_int_equal(found.status, COMMAND_OPENED);
    assert_ok(bench->store->ops->list_openings(bench->store, INT64_MAX, 3, openings, &count, &next));
    assert_int_equal(count, 1);
    assert_true(uuid_equal(openings[0].command.id, command.id));
}

static void a_final_command_stays_as_it_is(void **state)
{
    struct bench *bench = *state;
    struct store_change *start = a_start(bench, "anna", "NLAB12CD");
    struct store_change *first = an_outcome(bench, start->command), *second = an_outcome(bench, start->command);
    struct door_command command = *start->command, found;

    first->u.outcome.opening.command.relay_fired_at_ms = 1234;
    second->u.outcome.opening.command.status = COMMAND_NOT_MOVED;
    assert_int_equal(result_of(bench, start), STORE_DONE);
    assert_int_equal(result_of(bench, first), STORE_DONE);
    assert_int_equal(result_of(bench, second), STORE_DONE);
    assert_ok(bench->store->ops->find_command(bench->store, command.id, &found));
    assert_int_equal(found.status, COMMAND_OPENED);
    assert_int_equal(found.relay_fired_at_ms, 1234);
}

static void an_outcome_may_come_before_its_command(void **state)
{
    struct bench *bench = *state;
    struct store_change *start = a_start(bench, "anna", "NLAB12CD");
    struct door_command command = *start->command, found;

    assert_int_equal(result_of(bench, an_outcome(bench, &command)), STORE_DONE);
    assert_int_equal(result_of(bench, start), STORE_DONE);
    assert_ok(bench->store->ops->find_command(bench->store, command.id, &found));
    assert_int_equal(found.status, COMMAND_OPENED);
}

static void an_opening_whose_outcome_came_first_is_counted_once(void **state)
{
    struct bench *bench = *state;
    struct uuid id = park(bench, "anna", "NLAB12CD");
    struct store_change *opening = an_opening(bench, id);
    struct opening_count count;

    opening->u.open.openings_max = 2;
    assert_int_equal(result_of(bench, an_outcome(bench, opening->command)), STORE_DONE);
    assert_ok(bench->store->ops->count_openings(bench->store, id, "entry-1", 0, &count));
    assert_int_equal(count.openings, 2);
    assert_int_equal(result_of(bench, opening), STORE_DONE);
    assert_ok(bench->store->ops->count_openings(bench->store, id, "entry-1", 0, &count));
    assert_int_equal(count.openings, 2);
}

static void a_door_has_opened_once_a_command_of_the_session_went_through(void **state)
{
    static const enum command_status ends[] = {COMMAND_NOT_MOVED, COMMAND_EXPIRED, COMMAND_FAILED, COMMAND_FIRED};
    struct bench *bench = *state;
    struct uuid id = park(bench, "anna", "NLAB12CD");
    struct opening_count count;

    for (size_t i = 0; i < 4; i++) {
        struct store_change *opening = an_opening(bench, id);
        struct store_change *outcome = an_outcome(bench, opening->command);

        opening->u.open.openings_max = 9;
        outcome->u.outcome.opening.command.status = ends[i];
        assert_ok(bench->store->ops->count_openings(bench->store, id, "entry-1", 0, &count));
        assert_false(count.has_opened);
        assert_int_equal(result_of(bench, opening), STORE_DONE);
        assert_int_equal(result_of(bench, outcome), STORE_DONE);
    }
    assert_ok(bench->store->ops->count_openings(bench->store, id, "entry-1", INT64_MAX, &count));
    assert_true(count.has_opened); /* whenever that was */
    assert_int_equal(count.openings, 0);
}

static void openings_are_counted_with_the_implied_one(void **state)
{
    struct bench *bench = *state;
    struct opening_count count;
    struct uuid id = park(bench, "anna", "NLAB12CD");

    assert_int_equal(result_of(bench, an_opening(bench, id)), STORE_DONE);
    assert_int_equal(result_of(bench, an_opening(bench, id)), STORE_DONE);
    assert_int_equal(result_of(bench, an_opening(bench, id)), STORE_TOO_MANY_OPENINGS);
    assert_ok(bench->store->ops->count_openings(bench->store, id, "entry-1", 0, &count));
    assert_int_equal(count.openings, 3);
    assert_ok(bench->store->ops->count_openings(bench->store, id, "exit-1", 0, &count));
    assert_int_equal(count.openings, 0);
}

static void an_opening_that_was_refused_or_failed_is_not_counted(void **state)
{
    static const enum command_status vain[] = {COMMAND_REFUSED, COMMAND_FAILED};
    struct bench *bench = *state;
    struct uuid id = park(bench, "anna", "NLAB12CD");
    struct opening_count count;

    for (size_t i = 0; i < 2; i++) {
        struct store_change *opening = an_opening(bench, id);
        struct store_change *outcome = an_outcome(bench, opening->command);

        outcome->u.outcome.opening.command.status = vain[i];
        outcome->u.outcome.opening.command.relay_fired_at_ms = 0;
        outcome->u.outcome.is_opening = false;
        assert_int_equal(result_of(bench, opening), STORE_DONE);
        assert_ok(bench->store->ops->count_openings(bench->store, id, "entry-1", 0, &count));
        assert_int_equal(count.openings, 2);
        assert_int_equal(result_of(bench, outcome), STORE_DONE);
        assert_ok(bench->store->ops->count_openings(bench->store, id, "entry-1", 0, &count));
        assert_int_equal(count.openings, 1);
    }
}

static void openings_are_counted_from_a_time_on(void **state)
{
    struct bench *bench = *state;
    struct uuid id = park(bench, "anna", "NLAB12CD");
    struct store_change *first = an_opening(bench, id), *within = an_opening(bench, id);
    struct store_change *after = an_opening(bench, id);
    int64_t requested_at_ms = first->command->requested_at_ms += 10000; /* later than the implied one */
    struct opening_count count;

    within->u.open.openings_max = after->u.open.openings_max = 1;
    within->u.open.since_ms = requested_at_ms;
    after->u.open.since_ms = requested_at_ms + 1;
    assert_int_equal(result_of(bench, first), STORE_DONE);
    assert_ok(bench->store->ops->count_openings(bench->store, id, "entry-1", requested_at_ms, &count));
    assert_int_equal(count.openings, 1);
    assert_ok(bench->store->ops->count_openings(bench->store, id, "entry-1", requested_at_ms + 1, &count));
    assert_int_equal(count.openings, 0);
    assert_int_equal(result_of(bench, within), STORE_TOO_MANY_OPENINGS);
    assert_int_equal(result_of(bench, after), STORE_DONE);
}

static void an_opening_that_nobody_asked_for_has_a_line_and_no_command(void **state)
{
    struct bench *bench = *state;
    struct store_change *seen = a_change(STORE_OUTCOME);
    struct door_command *command = &seen->u.outcome.opening.command;
    struct door_opening openings[2];
    store_cursor next;
    size_t count;

    seen->u.outcome.opening.id = new_id(bench);
    seen->u.outcome.is_opening = true;
    strcpy(command->garage_id, "nassaukade");
    strcpy(command->door_id, "exit-1");
    command->cause = CAUSE_UNEXPLAINED;
    command->status = COMMAND_OPENED;
    command->seen_open_at_ms = 77;
    assert_int_equal(result_of(bench, seen), STORE_DONE);
    assert_ok(bench->store->ops->list_openings(bench->store, INT64_MAX, 2, openings, &count, &next));
    assert_int_equal(count, 1);
    assert_true(uuid_is_nil(openings[0].command.id));
    assert_string_equal(openings[0].command.garage_id, "nassaukade");
    assert_string_equal(openings[0].command.door_id, "exit-1");
    assert_int_equal(openings[0].command.cause, CAUSE_UNEXPLAINED);
    assert_int_equal(openings[0].command.status, COMMAND_OPENED);
    assert_int_equal(openings[0].command.seen_open_at_ms, 77);
}

/* ---- tokens, locks, revisions ---- */

static struct store_change *a_token(const char *id, unsigned char hash)
{
    struct store_change *change = a_change(STORE_TOKEN);
    struct device_token *token = &change->u.token.token;

    strcpy(token->id, id);
    token->hash[0] = hash;
    strcpy(token->partner_id, "parkapp");
    token->scopes = SCOPE_SESSIONS_WRITE;
    token->created_at_ms = 1;
    return change;
}

static struct store_change *a_revocation(const char *id, int64_t revoked_at_ms)
{
    struct store_change *change = a_change(STORE_TOKEN);

    strcpy(change->u.token.token.id, id);
    change->u.token.token.revoked_at_ms = revoked_at_ms;
    change->u.token.revoke = true;
    return change;
}

static void a_revoked_token_counts_as_revoked_at_once(void **state)
{
    struct bench *bench = *state;
    const unsigned char hash[TOKEN_HASH_BYTES] = {7};
    struct device_token found;

    assert_int_equal(bench->store->ops->find_token(bench->store, hash, &found), OST_NOT_FOUND);
    assert_int_equal(result_of(bench, a_token("t1", 7)), STORE_DONE);
    assert_ok(bench->store->ops->find_token(bench->store, hash, &found));
    assert_int_equal(found.revoked_at_ms, 0);
    assert_int_equal(found.scopes, SCOPE_SESSIONS_WRITE);
    assert_int_equal(result_of(bench, a_revocation("t1", 5)), STORE_DONE);
    assert_ok(bench->store->ops->find_token(bench->store, hash, &found));
    assert_int_equal(found.revoked_at_ms, 5);
}

static void a_token_is_revoked_once_and_only_if_it_is_there(void **state)
{
    struct bench *bench = *state;
    const unsigned char hash[TOKEN_HASH_BYTES] = {7};
    struct device_token found;

    assert_int_equal(result_of(bench, a_revocation("t1", 5)), STORE_NO_SUCH);
    assert_int_equal(result_of(bench, a_token("t1", 7)), STORE_DONE);
    assert_int_equal(result_of(bench, a_revocation("t1", 5)), STORE_DONE);
    assert_int_equal(result_of(bench, a_revocation("t1", 6)), STORE_NO_SUCH);
    assert_ok(bench->store->ops->find_token(bench->store, hash, &found));
    assert_int_equal(found.revoked_at_ms, 5);
}

static void a_tokens_id_and_secret_are_its_own(void **state)
{
    struct bench *bench = *state;
    struct store_change *twins[] = {a_token("t1", 8), a_token("t2", 7)};
    struct device_token tokens[3];
    size_t count;

    assert_int_equal(result_of(bench, a_token("t1", 7)), STORE_DONE);
    for (size_t i = 0; i < 2; i++) {
        assert_int_not_equal(commit(bench, twins[i]), OST_OK);
        store_change_release(twins[i]);
    }
    assert_ok(bench->store->ops->list_tokens(bench->store, 3, tokens, &count));
    assert_int_equal(count, 1);
    assert_string_equal(tokens[0].id, "t1");
    assert_int_equal(tokens[0].hash[0], 7);
}

static void lock(struct bench *bench, const char *garage, const char *door, int64_t until_ms)
{
    struct store_change *change = a_change(STORE_MAINTENANCE);

    strcpy(change->u.maintenance.garage_id, garage);
    strcpy(change->u.maintenance.door_id, door);
    strcpy(change->u.maintenance.reason, "The arm is bent.");
    change->u.maintenance.until_ms = until_ms;
    assert_int_equal(result_of(bench, change), STORE_DONE);
}

static void a_maintenance_lock_is_set_and_lifted(void **state)
{
    struct bench *bench = *state;
    struct maintenance_lock locks[2];
    size_t count;

    for (int i = 0; i < 2; i++) {
        lock(bench, "nassaukade", "entry-1", i == 0 ? 99 : 0);
        assert_ok(bench->store->ops->list_maintenance(bench->store, 0, NULL, 2, locks, &count));
        assert_int_equal(count, i == 0 ? 1 : 0);
    }
}

static void a_door_has_one_lock(void **state)
{
    struct bench *bench = *state;
    struct maintenance_lock locks[3];
    size_t count;

    for (int i = 1; i <= 2; i++)
        lock(bench, "nassaukade", "entry-1", i);
    assert_ok(bench->store->ops->list_maintenance(bench->store, 0, NULL, 3, locks, &count));
    assert_int_equal(count, 1);
    assert_string_equal(locks[0].door_id, "entry-1");
    assert_string_equal(locks[0].reason, "The arm is bent.");
    assert_int_equal(locks[0].until_ms, 2);
}

static void locks_in_force_are_listed_page_by_page_and_no_others(void **state)
{
    struct bench *bench = *state;
    struct maintenance_lock locks[2];
    size_t count;
    char door[16];

    for (int i = 0; i < 80; i++) { /* many that ended */
        snprintf(door, sizeof(door), "a%d", i);
        lock(bench, "nassaukade", door, 100);
    }
    lock(bench, "nassaukade", "entry-1", 101);
    lock(bench, "nassaukade", "exit-1", 101);
    lock(bench, "zuid", "entry-1", 101);
    assert_ok(bench->store->ops->list_maintenance(bench->store, 100, NULL, 2, locks, &count));
    assert_int_equal(count, 2);
    assert_string_equal(locks[0].door_id, "entry-1");
    assert_string_equal(locks[1].door_id, "exit-1");
    assert_ok(bench->store->ops->list_maintenance(bench->store, 100, &locks[1], 2, locks, &count));
    assert_int_equal(count, 1);
    assert_string_equal(locks[0].garage_id, "zuid");
}

/* ---- pruning ---- */

/* Prunes what a case has made so far; the number of rows deleted. Tables that are not named in `which` are kept. */
enum { PRUNE_SESSIONS = 1, PRUNE_ANSWERS = 2, PRUNE_OUTBOX = 4, PRUNE_RECORDS = 8, PRUNE_LOCKS = 16 };

static unsigned prune(struct bench *bench, unsigned which, int64_t before_ms, unsigned rows_max)
{
    struct store_change *change = a_change(STORE_PRUNE);
    unsigned deleted;

    change->u.prune.sessions_before_ms = which & PRUNE_SESSIONS ? before_ms : 0;
    change->u.prune.answers_before_ms = which & PRUNE_ANSWERS ? before_ms : 0;
    change->u.prune.outbox_before_ms = which & PRUNE_OUTBOX ? before_ms : 0;
    change->u.prune.records_before_ms = which & PRUNE_RECORDS ? before_ms : 0;
    change->u.prune.locks_before_ms = which & PRUNE_LOCKS ? before_ms : 0;
    change->u.prune.rows_max = rows_max;
    assert_ok(commit(bench, change));
    assert_int_equal(change->result, STORE_DONE);
    deleted = change->u.prune.deleted;
    store_change_release(change);
    return deleted;
}

static int64_t soon(struct bench *bench)
{
    return clock_wall_ms(&bench->clock) + 10000;
}

static void pruning_takes_ended_sessions_but_not_those_that_wait_for_their_price(void **state)
{
    struct bench *bench = *state;
    struct uuid ended = park(bench, "anna", "NLA"), waiting = park(bench, "bert", "NLB");
    struct uuid running = park(bench, "cees", "NLC");
    struct store_change *stop = a_stop(bench, waiting, "parkapp");
    struct session found;

    stop->session->price_pending = true;
    assert_int_equal(result_of(bench, a_stop(bench, ended, "parkapp")), STORE_DONE);
    assert_int_equal(result_of(bench, stop), STORE_DONE);
    assert_int_equal(prune(bench, PRUNE_SESSIONS, soon(bench) - 60000, 100), 0);
    assert_int_equal(prune(bench, PRUNE_SESSIONS, soon(bench), 100), 1);
    assert_int_equal(bench->store->ops->find_session(bench->store, ended, &found), OST_NOT_FOUND);
    assert_ok(bench->store->ops->find_session(bench->store, waiting, &found));
    assert_ok(bench->store->ops->find_session(bench->store, running, &found));
}

static void pruning_takes_records_but_no_command_that_is_under_way(void **state)
{
    struct bench *bench = *state;
    struct store_change *anna = a_start(bench, "anna", "NLA"), *bert = a_start(bench, "bert", "NLB");
    struct store_change *closing = a_change(STORE_GARAGE_STATE);
    struct door_command done = *anna->command, under_way = *bert->command, found;
    struct door_opening opening;
    struct audit_line line;
    store_cursor next;
    size_t count;

    strcpy(closing->u.garage.garage_id, "nassaukade");
    with_audit(bench, closing, "Cleaning.");
    anna->decision->id = new_id(bench);
    assert_int_equal(result_of(bench, anna), STORE_DONE);
    assert_int_equal(result_of(bench, bert), STORE_DONE);
    assert_int_equal(result_of(bench, an_outcome(bench, &done)), STORE_DONE);
    assert_int_equal(result_of(bench, closing), STORE_DONE);
    assert_int_equal(prune(bench, PRUNE_RECORDS, soon(bench) - 60000, 100), 0);
    /* A decision, a line of the audit, a line of the ledger, and the command of that line. */
    assert_int_equal(prune(bench, PRUNE_RECORDS, soon(bench), 100), 4);
    assert_int_equal(bench->store->ops->find_command(bench->store, done.id, &found), OST_NOT_FOUND);
    assert_ok(bench->store->ops->find_command(bench->store, under_way.id, &found));
    assert_ok(bench->store->ops->list_openings(bench->store, INT64_MAX, 1, &opening, &count, &next));
    assert_int_equal(count, 0);
    assert_ok(bench->store->ops->list_audit(bench->store, INT64_MAX, 1, &line, &count, &next));
    assert_int_equal(count, 0);
}

static void pruning_keeps_a_command_as_long_as_its_line_of_the_ledger(void **state)
{
    struct bench *bench = *state;
    struct store_change *start = a_start(bench, "anna", "NLA");
    struct store_change *outcome = an_outcome(bench, start->command);
    struct door_command command = *start->command, found;

    outcome->u.outcome.opening.id = uuid_make(&bench->ids, soon(bench) + 60000);
    assert_int_equal(result_of(bench, start), STORE_DONE);
    assert_int_equal(result_of(bench, outcome), STORE_DONE);
    assert_int_equal(prune(bench, PRUNE_RECORDS, soon(bench), 100), 0);
    assert_ok(bench->store->ops->find_command(bench->store, command.id, &found));
}

static void pruning_takes_answers_and_all_events_but_the_newest(void **state)
{
    struct bench *bench = *state;
    struct store_change *keyed = a_start(bench, "anna", "NLA");
    struct stored_answer found;

    with_key(bench, keyed, "key-1", 1);
    assert_int_equal(result_of(bench, keyed), STORE_DONE);
    park(bench, "bert", "NLB");
    park(bench, "cees", "NLC");
    assert_int_equal(prune(bench, PRUNE_OUTBOX, soon(bench), 100), 2);
    assert_int_equal(prune(bench, PRUNE_OUTBOX, soon(bench), 100), 0);
    assert_int_equal(prune(bench, PRUNE_ANSWERS, soon(bench) - 60000, 100), 0);
    assert_int_equal(prune(bench, PRUNE_ANSWERS, soon(bench), 100), 1);
    assert_int_equal(bench->store->ops->find_answer(bench->store, "parkapp", "key-1", &found), OST_NOT_FOUND);
}

static void one_pruning_takes_so_many_rows_of_a_table_and_no_more(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 3; i++)
        assert_int_equal(result_of(bench, a_stop(bench, park(bench, "anna", "NLA"), "parkapp")), STORE_DONE);
    assert_int_equal(prune(bench, PRUNE_SESSIONS, soon(bench), 2), 2);
    assert_int_equal(prune(bench, PRUNE_SESSIONS, soon(bench), 2), 1);
    assert_int_equal(prune(bench, PRUNE_SESSIONS, soon(bench), 2), 0);
}

static void pruning_takes_locks_that_ended(void **state)
{
    struct bench *bench = *state;
    struct maintenance_lock locks[3];
    size_t count;

    lock(bench, "nassaukade", "entry-1", 1000);
    lock(bench, "nassaukade", "exit-1", 2000);
    assert_int_equal(prune(bench, PRUNE_LOCKS, 2000, 100), 1);
    assert_ok(bench->store->ops->list_maintenance(bench->store, 0, NULL, 3, locks, &count));
    assert_int_equal(count, 1);
    assert_string_equal(locks[0].door_id, "exit-1");
}

static void the_first_command_of_a_time_is_found(void **state)
{
    struct bench *bench = *state;
    int64_t from_ms = clock_wall_ms(&bench->clock), found_ms = 7;

    assert_int_equal(bench->store->ops->first_command_since(bench->store, 0, &found_ms), OST_NOT_FOUND);
    park(bench, "anna", "NLA");
    park(bench, "bert", "NLB");
    assert_ok(bench->store->ops->first_command_since(bench->store, 0, &found_ms));
    assert_in_range(found_ms, from_ms, clock_wall_ms(&bench->clock));
    assert_ok(bench->store->ops->first_command_since(bench->store, found_ms, &found_ms));
    assert_int_equal(bench->store->ops->first_command_since(bench->store, soon(bench), &found_ms), OST_NOT_FOUND);
}

int store_contract_run_records(const char *name)
{
    const struct CMUnitTest cases[] = {
        CASE(an_outcome_finishes_the_command_with_one_ledger_line),
        CASE(a_final_command_stays_as_it_is),
        CASE(an_outcome_may_come_before_its_command),
        CASE(an_opening_whose_outcome_came_first_is_counted_once),
        CASE(a_door_has_opened_once_a_command_of_the_session_went_through),
        CASE(openings_are_counted_with_the_implied_one),
        CASE(an_opening_that_was_refused_or_failed_is_not_counted),
        CASE(openings_are_counted_from_a_time_on),
        CASE(an_opening_that_nobody_asked_for_has_a_line_and_no_command),
        CASE(a_revoked_token_counts_as_revoked_at_once),
        CASE(a_token_is_revoked_once_and_only_if_it_is_there),
        CASE(a_tokens_id_and_secret_are_its_own),
        CASE(a_maintenance_lock_is_set_and_lifted),
        CASE(a_door_has_one_lock),
        CASE(locks_in_force_are_listed_page_by_page_and_no_others),
        CASE(pruning_takes_ended_sessions_but_not_those_that_wait_for_their_price),
        CASE(pruning_takes_records_but_no_command_that_is_under_way),
        CASE(pruning_keeps_a_command_as_long_as_its_line_of_the_ledger),
        CASE(pruning_takes_answers_and_all_events_but_the_newest),
        CASE(one_pruning_takes_so_many_rows_of_a_table_and_no_more),
        CASE(pruning_takes_locks_that_ended),
        CASE(the_first_command_of_a_time_is_found),
    };

    return cmocka_run_group_tests_name(name, cases, NULL, NULL);
}
