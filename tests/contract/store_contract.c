/* The contract of stores: sessions, and the keys of requests. The rest is in the files beside this one. */
#include "tests/contract/store_contract.h"

#include <string.h>

#include "tests/contract/store_contract_bench.h"

/* ---- what staff sets ---- */

static void set_garage(struct bench *bench, enum garage_state garage_state)
{
    struct store_change *change = a_change(STORE_GARAGE_STATE);

    strcpy(change->u.garage.garage_id, "nassaukade");
    change->u.garage.set_state = true;
    change->u.garage.state = garage_state;
    assert_int_equal(result_of(bench, change), STORE_DONE);
}

static void set_occupied(struct bench *bench, int64_t cars)
{
    struct store_change *change = a_change(STORE_GARAGE_STATE);

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

static void a_season_holder_is_counted_while_inside(void **state)
{
    struct bench *bench = *state;
    struct store_change *holder = a_start(bench, "anna", "NLAB12CD");
    struct uuid id = holder->session->id;
    struct garage_counts counts;

    holder->session->kind = VISIT_SEASON;
    assert_int_equal(result_of(bench, holder), STORE_DONE);
    park(bench, "bert", "NLOTHER1");
    assert_ok(bench->store->ops->garage_counts(bench->store, "nassaukade", &counts));
    assert_int_equal(counts.season_inside, 1);
    assert_int_equal(result_of(bench, a_stop(bench, id, "parkapp")), STORE_DONE);
    assert_ok(bench->store->ops->garage_counts(bench->store, "nassaukade", &counts));
    assert_int_equal(counts.season_inside, 0);
    assert_int_equal(counts.occupied, 1);
}

static void a_garage_that_was_never_opened_takes_nobody_and_has_no_counts(void **state)
{
    struct bench *bench = *state;
    struct store_change *start = a_start(bench, "anna", "NLAB12CD");
    struct garage_counts counts;
    struct session found;

    strcpy(start->session->garage_id, "nowhere");
    assert_int_not_equal(commit(bench, start), OST_OK);
    store_change_release(start);
    assert_int_equal(bench->store->ops->find_active_by_user(bench->store, "parkapp", "anna", &found), OST_NOT_FOUND);
    assert_int_equal(bench->store->ops->garage_counts(bench->store, "nowhere", &counts), OST_NOT_FOUND);
}

static void a_garage_that_was_never_opened_has_no_state_to_set(void **state)
{
    struct bench *bench = *state;
    struct store_change *change = a_change(STORE_GARAGE_STATE);

    strcpy(change->u.garage.garage_id, "nowhere");
    change->u.garage.set_state = true;
    assert_int_equal(result_of(bench, change), STORE_NO_SUCH);
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
    strcpy(stop->inputs, "{\"stayed\":60}");
    assert_int_equal(result_of(bench, stop), STORE_DONE);
    assert_ok(bench->store->ops->list_pending_prices(bench->store, INT64_MAX, 2, pending, &count, &next));
    assert_int_equal(count, 1);
    assert_string_equal(pending[0].inputs, "{\"stayed\":60}");
    for (int i = 0; i < 2; i++) {
        price = a_change(STORE_PRICE);
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

static struct store_change *an_answer(struct bench *bench, unsigned char digest, int64_t stored_at_ms)
{
    struct store_change *change = a_change(STORE_ANSWER);

    with_key(bench, change, "key-1", digest);
    change->answer->stored_at_ms = stored_at_ms;
    return change;
}

static void an_answer_is_found_by_partner_and_key_and_replaces_its_earlier_one(void **state)
{
    struct bench *bench = *state;
    struct store_change *later = an_answer(bench, 1, 2000);
    struct stored_answer found;

    later->answer->http_status = 409;
    strcpy(later->answer->location, "/here");
    assert_int_equal(result_of(bench, an_answer(bench, 1, 1000)), STORE_DONE);
    assert_int_equal(result_of(bench, later), STORE_DONE);
    assert_ok(bench->store->ops->find_answer(bench->store, "parkapp", "key-1", &found));
    assert_int_equal(found.http_status, 409);
    assert_int_equal(found.stored_at_ms, 2000);
    assert_int_equal(found.digest[0], 1);
    assert_string_equal(found.location, "/here");
    assert_int_equal(found.length, strlen("{\"answer\":1}"));
    assert_int_equal(bench->store->ops->find_answer(bench->store, "other", "key-1", &found), OST_NOT_FOUND);
    assert_int_equal(bench->store->ops->find_answer(bench->store, "parkapp", "key-2", &found), OST_NOT_FOUND);
}

static void an_answer_does_not_replace_that_of_another_request(void **state)
{
    struct bench *bench = *state;
    struct stored_answer found;

    assert_int_equal(result_of(bench, an_answer(bench, 1, 1000)), STORE_DONE);
    assert_int_equal(result_of(bench, an_answer(bench, 2, 2000)), STORE_KEY_REUSED);
    assert_ok(bench->store->ops->find_answer(bench->store, "parkapp", "key-1", &found));
    assert_int_equal(found.digest[0], 1);
}

static void a_key_is_free_again_after_a_day(void **state)
{
    struct bench *bench = *state;
    struct store_change *too_early = a_start(bench, "anna", "NLAB12CD");
    struct store_change *next_day = a_start(bench, "anna", "NLAB12CD");

    with_key(bench, too_early, "key-1", 2);
    with_key(bench, next_day, "key-1", 2);
    too_early->answer->stored_at_ms = 1000 + DAY_MS - 1;
    next_day->answer->stored_at_ms = 1000 + DAY_MS;
    assert_int_equal(result_of(bench, an_answer(bench, 1, 1000)), STORE_DONE);
    assert_int_equal(result_of(bench, too_early), STORE_KEY_REUSED);
    assert_int_equal(result_of(bench, next_day), STORE_DONE);
}

static void a_running_session_is_known_without_its_row_until_it_ends(void **state)
{
    struct bench *bench = *state;
    struct uuid id = park(bench, "anna", "NLAB12CD"), other = id;
    struct session found;

    other.low ^= 1;
    assert_ok(bench->store->ops->find_running(bench->store, id, &found));
    assert_true(uuid_equal(found.id, id));
    assert_string_equal(found.garage_id, "nassaukade");
    assert_string_equal(found.partner_id, "parkapp");
    assert_int_equal(found.status, SESSION_ACTIVE);
    assert_in_range(clock_wall_ms(&bench->clock) - found.started_at_ms, 0, 60000);
    assert_int_equal(bench->store->ops->find_running(bench->store, other, &found), OST_NOT_FOUND);
    assert_int_equal(result_of(bench, a_stop(bench, id, "parkapp")), STORE_DONE);
    assert_int_equal(bench->store->ops->find_running(bench->store, id, &found), OST_NOT_FOUND);
}

static void what_was_refused_does_not_run(void **state)
{
    struct bench *bench = *state;
    struct store_change *again;
    struct session found;
    struct uuid refused;

    park(bench, "anna", "NLAB12CD");
    again = a_start(bench, "anna", "NLXY99ZZ");
    refused = again->session->id;
    assert_int_equal(result_of(bench, again), STORE_USER_ACTIVE);
    assert_int_equal(bench->store->ops->find_running(bench->store, refused, &found), OST_NOT_FOUND);
}

int store_contract_run(const char *name, const struct store_factory *factory)
{
    const struct CMUnitTest cases[] = {
        CASE(a_running_session_is_known_without_its_row_until_it_ends),
        CASE(what_was_refused_does_not_run),
        CASE(a_started_session_is_found_by_id_user_and_plate),
        CASE(an_id_with_another_tail_is_not_found),
        CASE(the_same_start_again_answers_with_the_running_session),
        CASE(a_user_parks_once_and_a_plate_once),
        CASE(users_of_two_partners_may_have_the_same_name),
        CASE(the_last_spot_is_given_and_no_more),
        CASE(a_closed_or_suspended_garage_takes_nobody),
        CASE(a_season_holder_is_counted_while_inside),
        CASE(a_garage_that_was_never_opened_takes_nobody_and_has_no_counts),
        CASE(a_garage_that_was_never_opened_has_no_state_to_set),
        CASE(a_stop_ends_the_session_and_frees_user_plate_and_spot),
        CASE(a_second_stop_answers_with_the_ended_session),
        CASE(a_foreign_partner_cannot_stop_and_staff_can),
        CASE(occupancy_set_by_staff_moves_on_from_there_and_never_below_none),
        CASE(a_postponed_price_is_set_once),
        CASE(a_key_replays_its_answer_and_refuses_another_request),
        CASE(a_key_belongs_to_its_partner),
        CASE(an_answer_is_found_by_partner_and_key_and_replaces_its_earlier_one),
        CASE(an_answer_does_not_replace_that_of_another_request),
        CASE(a_key_is_free_again_after_a_day),
    };

    bench_use(factory);
    return cmocka_run_group_tests_name(name, cases, NULL, NULL) + store_contract_run_records(name) +
           store_contract_run_decisions(name) + store_contract_run_lists(name) + store_contract_run_queue(name);
}
