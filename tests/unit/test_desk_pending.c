/* Prices that are postponed: what is recorded, and when they are set. */
#include <string.h>

#include "runtime/service/desk_internal.h"
#include "tests/support/desk_bench.h"

/* Anna leaves while the tariff is broken. */
static struct uuid leave_unpriced(struct desk_bench *bench, const char *tariff)
{
    struct uuid id;

    desk_bench_policy(bench, "tariff", tariff);
    id = desk_bench_start(bench, "anna", "NLAB12CD");
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    desk_bench_stop(bench, id);
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    assert_true(bench->answer.session.price_pending);
    return id;
}

static void a_postponed_bill_is_not_waived_by_a_folder_without_the_tariff(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = leave_unpriced(bench, "session_stop break");

    desk_bench_policy(bench, "tariff", NULL);
    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 0);
    assert_true(desk_bench_session(bench, id).price_pending);
    assert_true(desk_bench_has_fault(bench, "policy/tariff", "price_pending"));

    desk_bench_policy(bench, "tariff", "session_stop charge 450");
    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 1);
    assert_false(desk_bench_session(bench, id).price_pending);
    assert_int_equal(desk_bench_session(bench, id).price.amount, 450);
    assert_false(desk_bench_has_fault(bench, "policy/tariff", "price_pending"));
}

static void a_postponed_bill_waits_while_the_tariff_still_breaks(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = leave_unpriced(bench, "session_stop break");

    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 0);
    assert_true(desk_bench_session(bench, id).price_pending);
    assert_true(desk_bench_has_fault(bench, "policy/tariff", "price_pending"));
}

static void a_postponed_bill_waits_while_the_tariff_does_not_load(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = leave_unpriced(bench, "session_stop break");

    desk_bench_policy(bench, "tariff", "unloadable");
    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 0);
    assert_true(desk_bench_session(bench, id).price_pending);
}

static void another_policy_cannot_stand_in_for_the_tariff(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = leave_unpriced(bench, "session_stop break");

    desk_bench_policy(bench, "tariff", NULL);
    desk_bench_policy(bench, "levy", "session_stop charge 100");
    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 0);
    assert_true(desk_bench_session(bench, id).price_pending);
}

static void an_earlier_revision_does_not_price_what_a_later_one_was_asked(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id;

    desk_bench_policy(bench, "tariff", "session_stop charge 100");
    id = leave_unpriced(bench, "session_stop break");
    desk_bench_policy(bench, "tariff", "session_stop charge 100");
    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 0);
    desk_bench_policy(bench, "tariff", "session_stop charge 200");
    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 1);
    assert_int_equal(desk_bench_session(bench, id).price.amount, 200);
}

static void put_on_list(struct desk_bench *bench, const char *list, const char *plate)
{
    struct store_change *change = store_change_create(STORE_LIST_ENTRY);

    strcpy(change->u.list.entry.list, list);
    strcpy(change->u.list.entry.entry, plate);
    assert_ok(bench->store->ops->commit(bench->store, change, INT64_MAX));
    store_change_release(change);
}

static void a_stop_whose_store_could_not_be_read_is_priced_by_what_is_read_later(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = desk_bench_start(bench, "anna", "NLAB12CD");

    put_on_list(bench, "a", "NLAB12CD");
    put_on_list(bench, "b", "NLAB12CD");
    desk_bench_policy(bench, "tariff", "session_stop per-list 100");
    bench->fail.read_facts = OST_IO;
    desk_bench_stop(bench, id);
    assert_true(bench->answer.session.price_pending);
    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 0);
    desk_bench_heal(bench);
    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 1);
    assert_int_equal(desk_bench_session(bench, id).price.amount, 200);
}

static void a_car_in_a_garage_that_is_configured_no_more_is_billed_once_it_is_back(void **state)
{
    static const struct site nothing = {.garage_count = 0};
    struct desk_bench *bench = *state;
    struct uuid id = desk_bench_start(bench, "anna", "NLAB12CD");

    desk_bench_policy(bench, "tariff", "session_stop charge 450");
    bench->call.site = &nothing;
    desk_bench_stop(bench, id);
    assert_int_equal(bench->answer.verdict, DESK_DONE);
    assert_true(bench->answer.session.price_pending);
    assert_int_equal(session_desk_price_pending(bench->desk, &nothing), 0);
    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 1);
    assert_int_equal(desk_bench_session(bench, id).price.amount, 450);
}

/* ---- the recorded inputs ---- */

static void fill(char *text, size_t bytes, const char *with)
{
    size_t length = strlen(with);

    for (size_t at = 0; at + length < bytes; at += length)
        memcpy(text + at, with, length);
}

static void worst_inputs(struct desk_inputs *inputs, const char *user)
{
    struct policy_visit *visit = &inputs->visit;

    memset(inputs, 0, sizeof(*inputs));
    fill(visit->user_id, 128 * strlen(user) + 1, user);
    fill(visit->plate, sizeof(visit->plate), "\xc3\x89");
    fill(visit->country, sizeof(visit->country), "N");
    fill(visit->partner_id, SLUG_BYTES, "p");
    fill(visit->entrance, SLUG_BYTES, "e");
    fill(visit->garage.id, SLUG_BYTES, "g");
    fill(visit->garage.name, sizeof(visit->garage.name), "\x01");
    strcpy(visit->garage.currency, "EUR");
    strcpy(visit->garage.state, "suspended");
    visit->now_ms = visit->started_ms = visit->stayed_ms = visit->last_exit_ms = visit->visits_today = INT64_MIN;
    visit->garage.free = visit->garage.capacity = INT64_MIN;
    visit->garage.season_holders = visit->garage.season_inside = INT64_MIN;
    visit->seed = UINT64_MAX;
    visit->list_count = LISTS_PER_VISIT_MAX;
    for (unsigned i = 0; i < LISTS_PER_VISIT_MAX; i++)
        fill(visit->lists[i], SLUG_BYTES, "l");
    inputs->policies_are_known = inputs->is_incomplete = true;
    inputs->policy_count = POLICIES_MAX;
    for (unsigned i = 0; i < POLICIES_MAX; i++) {
        fill(inputs->policies[i].name, SLUG_BYTES, "p");
        inputs->policies[i].name[0] = (char)('a' + i % 26);
        inputs->policies[i].name[1] = (char)('a' + i / 26);
        inputs->policies[i].revision = INT32_MAX;
    }
}

static void the_longest_inputs_are_recorded_whole(void **state)
{
    static const char *const users[] = {"\xf0\x9f\x9a\x97", "\"", "a"};
    static char text[PENDING_INPUTS_BYTES];
    static struct desk_inputs written, read;

    (void)state;
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        worst_inputs(&written, users[i]);
        desk_inputs_write(&written, text);
        assert_true(strlen(text) > 2048);
        assert_ok(desk_inputs_read(text, &read));
        assert_string_equal(read.visit.user_id, written.visit.user_id);
        assert_string_equal(read.visit.garage.name, written.visit.garage.name);
        assert_int_equal(read.visit.list_count, LISTS_PER_VISIT_MAX);
        assert_int_equal(read.visit.seed, UINT64_MAX);
        assert_int_equal(read.policy_count, POLICIES_MAX);
        assert_int_equal(read.policies[POLICIES_MAX - 1].revision, INT32_MAX);
    }
}

static void the_longest_visit_stays_within_its_bound(void **state)
{
    static char text[POLICY_VISIT_JSON_BYTES];
    static struct desk_inputs inputs;
    struct json_writer writer;

    (void)state;
    worst_inputs(&inputs, "\xf0\x9f\x9a\x97");
    fill(inputs.visit.door_id, SLUG_BYTES, "d");
    fill(inputs.visit.session_id, UUID_TEXT_BYTES, "0");
    inputs.visit.door_kind = DOOR_PEDESTRIAN;
    inputs.visit.direction = DIRECTION_OUT;
    inputs.visit.openings = UINT32_MAX;
    json_writer_init(&writer, text, sizeof(text));
    policy_visit_write(&writer, &inputs.visit);
    assert_false(writer.overflow);
}

RUN(DESK_CASE(a_postponed_bill_is_not_waived_by_a_folder_without_the_tariff),
    DESK_CASE(a_postponed_bill_waits_while_the_tariff_still_breaks),
    DESK_CASE(a_postponed_bill_waits_while_the_tariff_does_not_load),
    DESK_CASE(another_policy_cannot_stand_in_for_the_tariff),
    DESK_CASE(an_earlier_revision_does_not_price_what_a_later_one_was_asked),
    DESK_CASE(a_stop_whose_store_could_not_be_read_is_priced_by_what_is_read_later),
    DESK_CASE(a_car_in_a_garage_that_is_configured_no_more_is_billed_once_it_is_back),
    T(the_longest_inputs_are_recorded_whole), T(the_longest_visit_stays_within_its_bound))
