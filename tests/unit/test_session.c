#include <string.h>

#include "runtime/core/money.h"
#include "runtime/core/scope.h"
#include "runtime/core/session.h"
#include "tests/unit/check.h"

#define MINUTE INT64_C(60000)

static const struct session started_at_ten = {.status = SESSION_ACTIVE, .started_at_ms = 10 * MINUTE};
static const struct session ended_at_ten = {.status = SESSION_ENDED, .started_at_ms = 1, .ended_at_ms = 10 * MINUTE};

static enum opening_verdict may(const struct session *session, enum door_kind kind, unsigned openings, int64_t now_ms)
{
    return session_may_open(session, &session_rules_default, kind, openings, now_ms);
}

static void the_entry_opens_again_for_fifteen_minutes(void **state)
{
    (void)state;
    assert_int_equal(may(&started_at_ten, DOOR_ENTRY, 1, 25 * MINUTE), OPENING_ALLOWED);
    assert_int_equal(may(&started_at_ten, DOOR_ENTRY, 1, 25 * MINUTE + 1), OPENING_DOOR_NOT_ALLOWED);
    assert_int_equal(may(&ended_at_ten, DOOR_ENTRY, 0, 11 * MINUTE), OPENING_SESSION_NOT_ACTIVE);
}

static void the_exit_opens_in_the_grace_after_the_stop_only(void **state)
{
    (void)state;
    assert_int_equal(may(&started_at_ten, DOOR_EXIT, 0, 11 * MINUTE), OPENING_DOOR_NOT_ALLOWED);
    assert_int_equal(may(&ended_at_ten, DOOR_EXIT, 1, 25 * MINUTE), OPENING_ALLOWED);
    assert_int_equal(may(&ended_at_ten, DOOR_EXIT, 1, 25 * MINUTE + 1), OPENING_SESSION_NOT_ACTIVE);
}

static void the_pedestrian_door_opens_while_the_session_runs(void **state)
{
    (void)state;
    assert_int_equal(may(&started_at_ten, DOOR_PEDESTRIAN, 2, 1000 * MINUTE), OPENING_ALLOWED);
    assert_int_equal(may(&started_at_ten, DOOR_PEDESTRIAN, 3, 1000 * MINUTE), OPENING_TOO_MANY);
    assert_int_equal(may(&ended_at_ten, DOOR_PEDESTRIAN, 0, 11 * MINUTE), OPENING_SESSION_NOT_ACTIVE);
}

static void three_openings_of_a_door_are_enough(void **state)
{
    (void)state;
    assert_int_equal(may(&ended_at_ten, DOOR_EXIT, 2, 11 * MINUTE), OPENING_ALLOWED);
    assert_int_equal(may(&ended_at_ten, DOOR_EXIT, 3, 11 * MINUTE), OPENING_TOO_MANY);
}

static void a_clock_that_went_back_makes_no_negative_stay(void **state)
{
    (void)state;
    assert_int_equal(session_stayed_ms(&started_at_ten, 9 * MINUTE), 0);
    assert_int_equal(session_stayed_ms(&started_at_ten, 11 * MINUTE), MINUTE);
}

static void prices_sum_their_lines_and_are_never_negative(void **state)
{
    struct price price = {.currency = "EUR"};

    (void)state;
    assert_ok(price_add(&price, 500, "parking"));
    assert_ok(price_add(&price, -700, "voucher"));
    assert_int_equal(price.amount, 0);
    assert_ok(price_add(&price, 300, "wash"));
    assert_int_equal(price.amount, 100);
    assert_ok(price_replace(&price, 50, "flat"));
    assert_int_equal(price.line_count, 1);
    assert_int_equal(price.amount, 50);
}

static void prices_have_bounds_and_keep_what_they_had(void **state)
{
    struct price price = {.currency = "EUR"};

    (void)state;
    for (unsigned i = 0; i < PRICE_LINES_MAX; i++)
        assert_ok(price_add(&price, 1, "line"));
    assert_int_equal(price_add(&price, 1, "one more"), OST_TOO_LARGE);
    assert_int_equal(price.amount, PRICE_LINES_MAX);
    memset(&price, 0, sizeof(price));
    assert_int_equal(price_add(&price, PRICE_AMOUNT_MAX + 1, "x"), OST_TOO_LARGE);
    assert_ok(price_add(&price, PRICE_AMOUNT_MAX, "x"));
}

static void scopes_are_parsed_and_written_in_their_order(void **state)
{
    scope_set scopes;
    char text[256];

    (void)state;
    assert_ok(scope_set_parse("garages:read sessions:write", &scopes));
    scope_set_format(scopes, text, sizeof(text));
    assert_string_equal(text, "sessions:write garages:read");
    assert_int_equal(scope_set_parse("sessions:all", &scopes), OST_INVALID);
    assert_int_equal(SCOPES_OF_PARTNERS & (SCOPE_OPERATIONS_WRITE | SCOPE_POLICIES_WRITE | SCOPE_DOORS_MAINTAIN), 0);
}

static void a_session_is_written_as_the_contract_shows_it(void **state)
{
    struct session session = {.status = SESSION_ACTIVE, .garage_id = "nassaukade", .user_id = "u-123", .plate = "AB123C",
                              .started_at_ms = 1795428000000, .entry = {.door_id = "entry-1"}};
    char text[1024];
    struct json_writer writer;

    (void)state;
    assert_ok(uuid_parse("0193576b-4d2e-7abc-8def-0123456789ab", &session.id));
    session.entry.command_id = session.decision_id = session.id;
    json_writer_init(&writer, text, sizeof(text) - 1);
    session_write(&writer, &session, false);
    text[writer.length] = '\0';
    assert_string_equal(text,
                        "{\"sessionId\":\"0193576b-4d2e-7abc-8def-0123456789ab\",\"garageId\":\"nassaukade\",\"userId\":\"u-123\","
                        "\"licensePlate\":\"AB123C\",\"status\":\"active\",\"startedAt\":\"2026-11-23T10:00:00.000Z\",\"endedAt\":null,"
                        "\"claim\":\"confirmed\",\"entryDoor\":{\"doorId\":\"entry-1\",\"command\":{\"commandId\":"
                        "\"0193576b-4d2e-7abc-8def-0123456789ab\",\"status\":\"queued\"}},\"exitDoor\":null,\"price\":null,"
                        "\"decisionId\":\"0193576b-4d2e-7abc-8def-0123456789ab\"}");
}

RUN(T(the_entry_opens_again_for_fifteen_minutes), T(the_exit_opens_in_the_grace_after_the_stop_only),
    T(the_pedestrian_door_opens_while_the_session_runs), T(three_openings_of_a_door_are_enough),
    T(a_clock_that_went_back_makes_no_negative_stay), T(prices_sum_their_lines_and_are_never_negative),
    T(prices_have_bounds_and_keep_what_they_had), T(scopes_are_parsed_and_written_in_their_order),
    T(a_session_is_written_as_the_contract_shows_it))
