#include "tests/contract/store_contract.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

#define PATIENCE_MS 20000
#define RACERS 64

struct bench {
    struct clock clock;
    struct uuid_generator ids;
    struct store *store;
};

static const struct store_factory *factory;

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    clock_init_system(&bench->clock);
    uuid_generator_init(&bench->ids);
    bench->store = factory->make(&bench->clock, &bench->ids);
    assert_non_null(bench->store);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    bench->store->ops->destroy(bench->store);
    if (factory->clean_up)
        factory->clean_up();
    uuid_generator_finish(&bench->ids);
    free(bench);
    return 0;
}

/* ---- making changes ---- */

static struct uuid new_id(struct bench *bench)
{
    return uuid_make(&bench->ids, clock_wall_ms(&bench->clock));
}

static void fill_command(struct bench *bench, struct door_command *command, const char *door, struct uuid session)
{
    command->id = new_id(bench);
    strcpy(command->garage_id, "nassaukade");
    strcpy(command->door_id, door);
    strcpy(command->partner_id, "parkapp");
    strcpy(command->actor, "partner/parkapp");
    command->cause = CAUSE_SESSION;
    command->cause_id = session;
    command->requested_at_ms = clock_wall_ms(&bench->clock);
    command->expires_at_ms = command->requested_at_ms + 10000;
}

static void fill_event(struct bench *bench, struct event *event, enum event_type type)
{
    event->id = new_id(bench);
    event->type = type;
    strcpy(event->garage_id, "nassaukade");
    strcpy(event->subject, "session/x");
    event->time_ms = clock_wall_ms(&bench->clock);
    strcpy(event->data, "{}");
    event->data_length = 2;
}

static struct store_change *a_start(struct bench *bench, const char *user, const char *plate)
{
    struct store_change *change = store_change_create(STORE_START);
    struct session *session;

    assert_non_null(change);
    session = change->session;
    session->id = new_id(bench);
    strcpy(session->garage_id, "nassaukade");
    strcpy(session->partner_id, "parkapp");
    strcpy(session->user_id, user);
    strcpy(session->plate, plate);
    session->started_at_ms = clock_wall_ms(&bench->clock);
    strcpy(session->entry.door_id, "entry-1");
    change->u.start.spots = 100;
    fill_command(bench, change->command, "entry-1", session->id);
    session->entry.command_id = change->command->id;
    fill_event(bench, change->event, EVENT_SESSION_STARTED);
    return change;
}

static struct store_change *a_stop(struct bench *bench, struct uuid session, const char *partner)
{
    struct store_change *change = store_change_create(STORE_STOP);

    assert_non_null(change);
    change->session->id = session;
    strcpy(change->session->partner_id, partner);
    strcpy(change->session->exit.door_id, "exit-1");
    change->session->ended_at_ms = clock_wall_ms(&bench->clock);
    change->session->end = END_STOPPED;
    fill_command(bench, change->command, "exit-1", session);
    change->session->exit.command_id = change->command->id;
    fill_event(bench, change->event, EVENT_SESSION_ENDED);
    return change;
}

static void with_key(struct bench *bench, struct store_change *change, const char *key, unsigned char digest)
{
    strcpy(change->answer->partner_id, "parkapp");
    strcpy(change->answer->key, key);
    memset(change->answer->digest, digest, sizeof(change->answer->digest));
    change->answer->stored_at_ms = clock_wall_ms(&bench->clock);
    change->answer->http_status = 201;
    strcpy(change->answer->body, "{\"answer\":1}");
    change->answer->length = strlen(change->answer->body);
}

static enum ost_status commit(struct bench *bench, struct store_change *change)
{
    return bench->store->ops->commit(bench->store, change, clock_monotonic_ms(&bench->clock) + PATIENCE_MS);
}

/* Commit, release, and the result. */
static enum store_result result_of(struct bench *bench, struct store_change *change)
{
    enum store_result result;

    assert_ok(commit(bench, change));
    result = change->result;
    store_change_release(change);
    return result;
}

static struct uuid park(struct bench *bench, const char *user, const char *plate)
{
    struct store_change *change = a_start(bench, user, plate);
    struct uuid id = change->session->id;

    assert_int_equal(result_of(bench, change), STORE_DONE);
    return id;
}

static int64_t occupied(struct bench *bench)
{
    struct garage_counts counts;

    assert_ok(bench->store->ops->garage_counts(bench->store, "nassaukade", &counts));
    return counts.occupied;
}

static void set_garage(struct bench *bench, enum garage_state garage_state)
{
    struct store_change *change = store_change_create(STORE_GARAGE_STATE);

    strcpy(change->u.garage.garage_id, "nassaukade");
    change->u.garage.set_state = true;
    change->u.garage.state = garage_state;
    assert_int_equal(result_of(bench, change), STORE_DONE);
}

static void set_occupied(struct bench *bench, int64_t cars)
{
    struct store_change *change = store_change_create(STORE_GARAGE_STATE);

    strcpy(change->u.garage.garage_id, "nassaukade");
    change->u.garage.set_occupied = true;
    change->u.garage.occupied = cars;
    assert_int_equal(result_of(bench, change), STORE_DONE);
}

/* ---- starts ---- */

static void a_started_session_is_found_by_id_user_and_plate(void **state)
{
    struct bench *bench = *state;
    struct session found;
    struct uuid id = park(bench, "anna", "NLAB12CD");

    assert_ok(bench->store->ops->find_session(bench->store, id, &found));
    assert_int_equal(found.status, SESSION_ACTIVE);
    assert_string_equal(found.user_id, "anna");
    assert_string_equal(found.plate, "NLAB12CD");
    assert_string_equal(found.garage_id, "nassaukade");
    assert_string_equal(found.entry.door_id, "entry-1");
    assert_ok(bench->store->ops->find_active_by_user(bench->store, "parkapp", "anna", &found));
    assert_true(uuid_equal(found.id, id));
    assert_ok(bench->store->ops->find_active_by_plate(bench->store, "nassaukade", "NLAB12CD", &found));
    assert_true(uuid_equal(found.id, id));
    assert_int_equal(occupied(bench), 1);
}

static void an_id_with_another_tail_is_not_found(void **state)
{
    struct bench *bench = *state;
    struct session found;
    struct uuid id = park(bench, "anna", "NLAB12CD");

    id.low ^= 1;
    assert_int_equal(bench->store->ops->find_session(bench->store, id, &found), OST_NOT_FOUND);
    assert_int_equal(result_of(bench, a_stop(bench, id, "parkapp")), STORE_NO_SUCH);
    assert_int_equal(occupied(bench), 1);
}

static void the_same_start_again_answers_with_the_running_session(void **state)
{
    struct bench *bench = *state;
    struct uuid id = park(bench, "anna", "NLAB12CD");
    struct store_change *again = a_start(bench, "anna", "NLAB12CD");

    assert_ok(commit(bench, again));
    assert_int_equal(again->result, STORE_SAME_SESSION);
    assert_true(uuid_equal(again->session->id, id));
    assert_int_equal(occupied(bench), 1);
    store_change_release(again);
}

static void a_user_parks_once_and_a_plate_once(void **state)
{
    struct bench *bench = *state;

    park(bench, "anna", "NLAB12CD");
    assert_int_equal(result_of(bench, a_start(bench, "anna", "NLOTHER1")), STORE_USER_ACTIVE);
    assert_int_equal(result_of(bench, a_start(bench, "bert", "NLAB12CD")), STORE_PLATE_ACTIVE);
    assert_int_equal(occupied(bench), 1);
}

static void users_of_two_partners_may_have_the_same_name(void **state)
{
    struct bench *bench = *state;
    struct store_change *other = a_start(bench, "anna", "NLOTHER1");

    park(bench, "anna", "NLAB12CD");
    strcpy(other->session->partner_id, "other");
    assert_int_equal(result_of(bench, other), STORE_DONE);
}

static void the_last_spot_is_given_and_no_more(void **state)
{
    struct bench *bench = *state;
    struct store_change *last = a_start(bench, "anna", "NLAB12CD");
    struct store_change *beyond = a_start(bench, "bert", "NLOTHER1");
    struct store_change *repeated = a_start(bench, "anna", "NLAB12CD");

    last->u.start.spots = beyond->u.start.spots = repeated->u.start.spots = 1;
    assert_int_equal(result_of(bench, last), STORE_DONE);
    assert_int_equal(result_of(bench, beyond), STORE_GARAGE_FULL);
    assert_int_equal(result_of(bench, repeated), STORE_SAME_SESSION);
}

static void a_closed_or_suspended_garage_takes_nobody(void **state)
{
    struct bench *bench = *state;

    set_garage(bench, GARAGE_CLOSED);
    assert_int_equal(result_of(bench, a_start(bench, "anna", "NLAB12CD")), STORE_GARAGE_CLOSED);
    set_garage(bench, GARAGE_SUSPENDED);
    assert_int_equal(result_of(bench, a_start(bench, "anna", "NLAB12CD")), STORE_GARAGE_SUSPENDED);
    set_garage(bench, GARAGE_OPEN);
    assert_int_equal(result_of(bench, a_start(bench, "anna", "NLAB12CD")), STORE_DONE);
}

/* ---- stops ---- */

static void a_stop_ends_the_session_and_frees_user_plate_and_spot(void **state)
{
    struct bench *bench = *state;
    struct session found;
    struct uuid id = park(bench, "anna", "NLAB12CD");
    struct store_change *stop = a_stop(bench, id, "parkapp");

    assert_int_equal(price_add(&stop->session->price, 450, "parking"), OST_OK);
    strcpy(stop->session->price.currency, "EUR");
    stop->session->price.is_set = true;
    assert_int_equal(result_of(bench, stop), STORE_DONE);
    assert_int_equal(occupied(bench), 0);
    assert_ok(bench->store->ops->find_session(bench->store, id, &found));
    assert_int_equal(found.status, SESSION_ENDED);
    assert_int_equal(found.end, END_STOPPED);
    assert_string_equal(found.user_id, "anna");
    assert_int_equal(found.price.amount, 450);
    assert_int_equal(bench->store->ops->find_active_by_user(bench->store, "parkapp", "anna", &found), OST_NOT_FOUND);
    park(bench, "anna", "NLAB12CD");
}

static void a_second_stop_answers_with_the_ended_session(void **state)
{
    struct bench *bench = *state;
    struct uuid id = park(bench, "anna", "NLAB12CD");
    struct store_change *again = a_stop(bench, id, "parkapp");

    assert_int_equal(result_of(bench, a_stop(bench, id, "parkapp")), STORE_DONE);
    assert_ok(commit(bench, again));
    assert_int_equal(again->result, STORE_ALREADY_ENDED);
    assert_string_equal(again->session->user_id, "anna");
    store_change_release(again);
    assert_int_equal(occupied(bench), 0);
}

static void a_foreign_partner_cannot_stop_and_staff_can(void **state)
{
    struct bench *bench = *state;
    struct uuid id = park(bench, "anna", "NLAB12CD");

    assert_int_equal(result_of(bench, a_stop(bench, id, "other")), STORE_NO_SUCH);
    assert_int_equal(occupied(bench), 1);
    assert_int_equal(result_of(bench, a_stop(bench, id, "")), STORE_DONE);
    assert_int_equal(result_of(bench, a_stop(bench, id, "other")), STORE_NO_SUCH);
}

static void occupancy_set_by_staff_moves_on_from_there_and_never_below_none(void **state)
{
    struct bench *bench = *state;
    struct uuid anna = park(bench, "anna", "NLAB12CD");
    struct uuid bert = park(bench, "bert", "NLOTHER1");

    set_occupied(bench, 1);
    assert_int_equal(result_of(bench, a_stop(bench, anna, "parkapp")), STORE_DONE);
    assert_int_equal(occupied(bench), 0);
    assert_int_equal(result_of(bench, a_stop(bench, bert, "parkapp")), STORE_DONE);
    assert_int_equal(occupied(bench), 0);
    set_occupied(bench, 99);
    park(bench, "anna", "NLAB12CD");
    assert_int_equal(occupied(bench), 100);
    assert_int_equal(result_of(bench, a_start(bench, "bert", "NLOTHER1")), STORE_GARAGE_FULL);
}

static void a_postponed_price_is_set_once(void **state)
{
    struct bench *bench = *state;
    struct pending_price pending[2];
    struct store_change *stop, *price;
    struct session found;
    store_cursor next;
    size_t count;
    struct uuid id = park(bench, "anna", "NLAB12CD");

    stop = a_stop(bench, id, "parkapp");
    stop->session->price_pending = true;
    strcpy(stop->u.stop.inputs, "{\"stayed\":60}");
    assert_int_equal(result_of(bench, stop), STORE_DONE);
    assert_ok(bench->store->ops->list_pending_prices(bench->store, INT64_MAX, 2, pending, &count, &next));
    assert_int_equal(count, 1);
    assert_string_equal(pending[0].inputs, "{\"stayed\":60}");
    for (int i = 0; i < 2; i++) {
        price = store_change_create(STORE_PRICE);
        price->session->id = id;
        assert_ok(price_add(&price->session->price, 300, "parking"));
        strcpy(price->session->price.currency, "EUR");
        price->session->price.is_set = true;
        assert_int_equal(result_of(bench, price), i == 0 ? STORE_DONE : STORE_NO_SUCH);
    }
    assert_ok(bench->store->ops->find_session(bench->store, id, &found));
    assert_false(found.price_pending);
    assert_int_equal(found.price.amount, 300);
    assert_ok(bench->store->ops->list_pending_prices(bench->store, INT64_MAX, 2, pending, &count, &next));
    assert_int_equal(count, 0);
}

/* ---- keys ---- */

static void a_key_replays_its_answer_and_refuses_another_request(void **state)
{
    struct bench *bench = *state;
    struct store_change *first = a_start(bench, "anna", "NLAB12CD");
    struct store_change *same = a_start(bench, "anna", "NLAB12CD");
    struct store_change *other = a_start(bench, "bert", "NLOTHER1");

    with_key(bench, first, "key-1", 1);
    with_key(bench, same, "key-1", 1);
    with_key(bench, other, "key-1", 2);
    same->answer->length = 0;
    assert_int_equal(result_of(bench, first), STORE_DONE);
    assert_ok(commit(bench, same));
    assert_int_equal(same->result, STORE_KEY_REPLAY);
    assert_int_equal(same->answer->http_status, 201);
    assert_memory_equal(same->answer->body, "{\"answer\":1}", same->answer->length);
    assert_int_equal(same->answer->length, strlen("{\"answer\":1}"));
    store_change_release(same);
    assert_int_equal(result_of(bench, other), STORE_KEY_REUSED);
    assert_int_equal(occupied(bench), 1);
}

static void a_key_belongs_to_its_partner(void **state)
{
    struct bench *bench = *state;
    struct store_change *first = a_start(bench, "anna", "NLAB12CD");
    struct store_change *other = a_start(bench, "bert", "NLOTHER1");

    with_key(bench, first, "key-1", 1);
    with_key(bench, other, "key-1", 2);
    strcpy(other->session->partner_id, "other");
    strcpy(other->answer->partner_id, "other");
    assert_int_equal(result_of(bench, first), STORE_DONE);
    assert_int_equal(result_of(bench, other), STORE_DONE);
}

/* ---- commands and the ledger ---- */

static struct store_change *an_outcome(struct bench *bench, const struct door_command *command)
{
    struct store_change *change = store_change_create(STORE_OUTCOME);

    change->u.outcome.has_command = true;
    change->u.outcome.is_opening = true;
    change->u.outcome.opening.id = new_id(bench);
    change->u.outcome.opening.command = *command;
    change->u.outcome.opening.command.status = COMMAND_OPENED;
    change->u.outcome.opening.command.finished_at_ms = clock_wall_ms(&bench->clock);
    change->u.outcome.opening.command.relay_fired_at_ms = clock_wall_ms(&bench->clock);
    return change;
}

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

static struct store_change *an_opening(struct bench *bench, struct uuid session)
{
    struct store_change *change = store_change_create(STORE_OPEN);

    change->session->id = session;
    change->u.open.openings_max = 3;
    fill_command(bench, change->command, "entry-1", session);
    return change;
}

static void openings_are_counted_with_the_implied_one(void **state)
{
    struct bench *bench = *state;
    unsigned openings = 0;
    struct uuid id = park(bench, "anna", "NLAB12CD");

    assert_int_equal(result_of(bench, an_opening(bench, id)), STORE_DONE);
    assert_int_equal(result_of(bench, an_opening(bench, id)), STORE_DONE);
    assert_int_equal(result_of(bench, an_opening(bench, id)), STORE_TOO_MANY_OPENINGS);
    assert_ok(bench->store->ops->count_openings(bench->store, id, "entry-1", 0, &openings));
    assert_int_equal(openings, 3);
    assert_ok(bench->store->ops->count_openings(bench->store, id, "exit-1", 0, &openings));
    assert_int_equal(openings, 0);
}

/* ---- lists, tokens, locks, revisions ---- */

static void put_list(struct bench *bench, const char *list, const char *entry, bool remove, enum store_result expected)
{
    struct store_change *change = store_change_create(STORE_LIST_ENTRY);

    strcpy(change->u.list.entry.list, list);
    strcpy(change->u.list.entry.entry, entry);
    change->u.list.remove = remove;
    assert_int_equal(result_of(bench, change), expected);
}

static void a_visit_knows_its_lists(void **state)
{
    struct bench *bench = *state;
    struct visit_facts facts;
    int64_t now_ms = clock_wall_ms(&bench->clock);

    put_list(bench, "season", "NLAB12CD", false, STORE_DONE);
    put_list(bench, "staff", "user:bert", false, STORE_DONE);
    assert_ok(bench->store->ops->read_facts(bench->store, "nassaukade", "NLAB12CD", "anna", 0, now_ms, &facts));
    assert_int_equal(facts.kind, VISIT_SEASON);
    assert_int_equal(facts.list_count, 1);
    assert_int_equal(facts.season_holders, 1);
    assert_false(facts.inside);
    assert_ok(bench->store->ops->read_facts(bench->store, "nassaukade", "NLAB12CD", "bert", 0, now_ms, &facts));
    assert_int_equal(facts.kind, VISIT_STAFF);
    park(bench, "anna", "NLAB12CD");
    assert_ok(bench->store->ops->read_facts(bench->store, "nassaukade", "NLAB12CD", "anna", 0, now_ms, &facts));
    assert_true(facts.inside);
    assert_int_equal(facts.visits_today, 1);
    put_list(bench, "season", "NLAB12CD", true, STORE_DONE);
    put_list(bench, "season", "NLAB12CD", true, STORE_NO_SUCH);
    assert_ok(bench->store->ops->read_facts(bench->store, "nassaukade", "NLAB12CD", "anna", 0, now_ms, &facts));
    assert_int_equal(facts.season_holders, 0);
    assert_int_equal(facts.kind, VISIT_VISITOR);
}

static void a_revoked_token_counts_as_revoked_at_once(void **state)
{
    struct bench *bench = *state;
    struct store_change *put = store_change_create(STORE_TOKEN);
    struct store_change *revoke = store_change_create(STORE_TOKEN);
    struct device_token *token = &put->u.token.token, found;
    unsigned char hash[TOKEN_HASH_BYTES] = {7};

    strcpy(token->id, "t1");
    memcpy(token->hash, hash, sizeof(hash));
    strcpy(token->partner_id, "parkapp");
    token->scopes = SCOPE_SESSIONS_WRITE;
    token->created_at_ms = 1;
    assert_int_equal(bench->store->ops->find_token(bench->store, hash, &found), OST_NOT_FOUND);
    assert_int_equal(result_of(bench, put), STORE_DONE);
    assert_ok(bench->store->ops->find_token(bench->store, hash, &found));
    assert_int_equal(found.revoked_at_ms, 0);
    assert_int_equal(found.scopes, SCOPE_SESSIONS_WRITE);
    strcpy(revoke->u.token.token.id, "t1");
    revoke->u.token.token.revoked_at_ms = 5;
    revoke->u.token.revoke = true;
    assert_int_equal(result_of(bench, revoke), STORE_DONE);
    assert_ok(bench->store->ops->find_token(bench->store, hash, &found));
    assert_int_equal(found.revoked_at_ms, 5);
}

static void a_maintenance_lock_is_set_and_lifted(void **state)
{
    struct bench *bench = *state;
    struct maintenance_lock locks[2];
    size_t count;

    for (int i = 0; i < 2; i++) {
        struct store_change *change = store_change_create(STORE_MAINTENANCE);

        strcpy(change->u.maintenance.garage_id, "nassaukade");
        strcpy(change->u.maintenance.door_id, "entry-1");
        change->u.maintenance.until_ms = i == 0 ? 99 : 0;
        assert_int_equal(result_of(bench, change), STORE_DONE);
        assert_ok(bench->store->ops->list_maintenance(bench->store, 2, locks, &count));
        assert_int_equal(count, i == 0 ? 1 : 0);
    }
}

static void a_policys_bytes_keep_their_revision(void **state)
{
    struct bench *bench = *state;
    unsigned char one[32] = {1}, two[32] = {2};
    int revision = 0;

    assert_ok(bench->store->ops->policy_revision(bench->store, "tariff", one, 1, &revision));
    assert_int_equal(revision, 1);
    assert_ok(bench->store->ops->policy_revision(bench->store, "tariff", two, 1, &revision));
    assert_int_equal(revision, 2);
    assert_ok(bench->store->ops->policy_revision(bench->store, "tariff", one, 1, &revision));
    assert_int_equal(revision, 1);
}

/* ---- listings ---- */

static void sessions_are_listed_newest_first_across_active_and_past(void **state)
{
    struct bench *bench = *state;
    struct session_filter filter = {.active = true, .ended = true};
    struct session page[2];
    struct uuid ids[3];
    store_cursor next;
    size_t count;

    ids[0] = park(bench, "anna", "NLA");
    ids[1] = park(bench, "bert", "NLB");
    ids[2] = park(bench, "cees", "NLC");
    assert_int_equal(result_of(bench, a_stop(bench, ids[1], "parkapp")), STORE_DONE);
    assert_ok(bench->store->ops->list_sessions(bench->store, &filter, INT64_MAX, 2, page, &count, &next));
    assert_int_equal(count, 2);
    assert_true(uuid_equal(page[0].id, ids[2]));
    assert_true(uuid_equal(page[1].id, ids[1]));
    assert_true(next != 0);
    assert_ok(bench->store->ops->list_sessions(bench->store, &filter, next, 2, page, &count, &next));
    assert_int_equal(count, 1);
    assert_true(uuid_equal(page[0].id, ids[0]));
    assert_int_equal(next, 0);
    filter.active = false;
    assert_ok(bench->store->ops->list_sessions(bench->store, &filter, INT64_MAX, 2, page, &count, &next));
    assert_int_equal(count, 1);
    filter = (struct session_filter){.active = true, .ended = true, .user_id = "cees", .partner_id = "other"};
    assert_ok(bench->store->ops->list_sessions(bench->store, &filter, INT64_MAX, 2, page, &count, &next));
    assert_int_equal(count, 0);
}

/* ---- the queue ---- */

static void count_done(void *context, struct store_change *change, enum ost_status status)
{
    (void)change;
    if (status == OST_OK)
        atomic_fetch_add((_Atomic unsigned *)context, 1);
}

static void a_posted_change_is_told_when_it_is_decided(void **state)
{
    struct bench *bench = *state;
    struct store_change *change = a_start(bench, "anna", "NLAB12CD");
    _Atomic unsigned done = 0;
    int64_t until = clock_monotonic_ms(&bench->clock) + PATIENCE_MS;

    change->on_done = count_done;
    change->done_context = &done;
    assert_ok(bench->store->ops->post(bench->store, change));
    while (!atomic_load(&done) && clock_monotonic_ms(&bench->clock) < until)
        ;
    assert_int_equal(atomic_load(&done), 1);
    assert_int_equal(occupied(bench), 1);
}

struct racer {
    struct bench *bench;
    pthread_t thread;
    struct store_change *change;
    enum ost_status status;
};

static void *race(void *context)
{
    struct racer *racer = context;

    racer->status = commit(racer->bench, racer->change);
    return NULL;
}

/* How many of 64 at once were stored. */
static unsigned winners_of(struct bench *bench, const char *user, uint32_t spots)
{
    static struct racer racers[RACERS];
    unsigned winners = 0;

    for (unsigned i = 0; i < RACERS; i++) {
        char name[32], plate[32];

        snprintf(name, sizeof(name), "user-%u", i);
        snprintf(plate, sizeof(plate), "NL%u", i);
        racers[i].bench = bench;
        racers[i].change = a_start(bench, user ? user : name, plate);
        racers[i].change->u.start.spots = spots;
    }
    for (unsigned i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    for (unsigned i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        assert_ok(racers[i].status);
        winners += racers[i].change->result == STORE_DONE;
        store_change_release(racers[i].change);
    }
    return winners;
}

static void one_of_64_gets_the_last_spot(void **state)
{
    assert_int_equal(winners_of(*state, NULL, 1), 1);
    assert_int_equal(occupied(*state), 1);
}

static void one_of_64_gets_the_users_session(void **state)
{
    assert_int_equal(winners_of(*state, "anna", 1000), 1);
    assert_int_equal(occupied(*state), 1);
}

static void a_change_that_cannot_be_stored_takes_no_other_with_it(void **state)
{
    struct bench *bench = *state;
    static struct racer racers[RACERS];
    unsigned stored = 0;

    for (unsigned i = 0; i < RACERS; i++) {
        char name[32];

        snprintf(name, sizeof(name), "U%u", i / 2); /* pairs: one is stored, the other is answered with it */
        racers[i].bench = bench;
        racers[i].change = a_start(bench, name, name);
        if (i % 8 == 7)
            strcpy(racers[i].change->event->garage_id, "nowhere");
    }
    for (unsigned i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    for (unsigned i = 0; i < RACERS; i++) {
        struct store_change *change = racers[i].change;
        struct session found;

        pthread_join(racers[i].thread, NULL);
        if (racers[i].status == OST_OK) {
            assert_ok(bench->store->ops->find_active_by_user(bench->store, "parkapp", change->session->user_id, &found));
            assert_true(uuid_equal(found.id, change->session->id));
            assert_true(change->result != STORE_DONE || uuid_equal(found.id, change->command->cause_id));
            stored += change->result == STORE_DONE;
        } else {
            assert_int_equal(i % 8, 7);
        }
        store_change_release(change);
    }
    assert_int_equal(stored, RACERS / 2);
    assert_int_equal(occupied(bench), RACERS / 2);
}

static void the_counters_equal_the_tables_after_chaos(void **state)
{
    struct bench *bench = *state;
    struct session_filter filter = {.active = true};
    struct session *page = calloc(100, sizeof(*page));
    const unsigned seed = (unsigned)clock_wall_ms(&bench->clock);
    unsigned random_state = seed;
    struct uuid ids[20] = {0};
    store_cursor next;
    size_t count;

    print_message("seed %u\n", seed);
    for (int i = 0; i < 300; i++) {
        unsigned who = (unsigned)rand_r(&random_state) % 20;
        char user[16];

        snprintf(user, sizeof(user), "u%u", who);
        if (rand_r(&random_state) % 2 || uuid_is_nil(ids[who])) {
            struct store_change *start = a_start(bench, user, user);

            assert_ok(commit(bench, start));
            ids[who] = start->session->id;
            store_change_release(start);
        } else {
            result_of(bench, a_stop(bench, ids[who], "parkapp"));
        }
    }
    assert_ok(bench->store->ops->list_sessions(bench->store, &filter, INT64_MAX, 100, page, &count, &next));
    assert_int_equal(occupied(bench), count);
    free(page);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int store_contract_run(const char *name, const struct store_factory *stores)
{
    const struct CMUnitTest cases[] = {
        CASE(a_started_session_is_found_by_id_user_and_plate),
        CASE(an_id_with_another_tail_is_not_found),
        CASE(the_same_start_again_answers_with_the_running_session),
        CASE(a_user_parks_once_and_a_plate_once),
        CASE(users_of_two_partners_may_have_the_same_name),
        CASE(the_last_spot_is_given_and_no_more),
        CASE(a_closed_or_suspended_garage_takes_nobody),
        CASE(a_stop_ends_the_session_and_frees_user_plate_and_spot),
        CASE(a_second_stop_answers_with_the_ended_session),
        CASE(a_foreign_partner_cannot_stop_and_staff_can),
        CASE(occupancy_set_by_staff_moves_on_from_there_and_never_below_none),
        CASE(a_postponed_price_is_set_once),
        CASE(a_key_replays_its_answer_and_refuses_another_request),
        CASE(a_key_belongs_to_its_partner),
        CASE(an_outcome_finishes_the_command_with_one_ledger_line),
        CASE(an_outcome_may_come_before_its_command),
        CASE(openings_are_counted_with_the_implied_one),
        CASE(a_visit_knows_its_lists),
        CASE(a_revoked_token_counts_as_revoked_at_once),
        CASE(a_maintenance_lock_is_set_and_lifted),
        CASE(a_policys_bytes_keep_their_revision),
        CASE(sessions_are_listed_newest_first_across_active_and_past),
        CASE(a_posted_change_is_told_when_it_is_decided),
        CASE(one_of_64_gets_the_last_spot),
        CASE(one_of_64_gets_the_users_session),
        CASE(a_change_that_cannot_be_stored_takes_no_other_with_it),
        CASE(the_counters_equal_the_tables_after_chaos),
    };

    factory = stores;
    return cmocka_run_group_tests_name(name, cases, NULL, NULL);
}
