#include <string.h>

#include "runtime/core/door.h"
#include "tests/unit/check.h"

static void kinds_and_causes_parse_to_themselves(void **state)
{
    static const char *const kinds[] = {"entry", "exit", "pedestrian"};
    static const char *const causes[] = {"session", "manual", "test", "schedule", "fire", "request_to_exit", "unexplained"};
    enum door_kind kind;
    enum door_cause cause;

    (void)state;
    for (int i = DOOR_ENTRY; i <= DOOR_PEDESTRIAN; i++) {
        assert_string_equal(door_kind_text((enum door_kind)i), kinds[i]);
        assert_ok(door_kind_parse(kinds[i], &kind));
        assert_int_equal(kind, i);
    }
    for (int i = CAUSE_SESSION; i <= CAUSE_UNEXPLAINED; i++) {
        assert_string_equal(door_cause_text((enum door_cause)i), causes[i]);
        assert_ok(door_cause_parse(causes[i], &cause));
        assert_int_equal(cause, i);
    }
}

static void command_statuses_parse_to_themselves(void **state)
{
    static const char *const texts[] = {"queued", "firing", "opened", "fired", "not_moved", "expired", "refused", "failed"};
    enum command_status status;

    (void)state;
    for (int i = COMMAND_QUEUED; i <= COMMAND_FAILED; i++) {
        assert_string_equal(command_status_text((enum command_status)i), texts[i]);
        assert_ok(command_status_parse(texts[i], &status));
        assert_int_equal(status, i);
    }
}

static void positions_and_healths_have_their_texts(void **state)
{
    (void)state;
    assert_string_equal(door_position_text(DOOR_POSITION_UNKNOWN), "unknown");
    assert_string_equal(door_position_text(DOOR_CLOSED), "closed");
    assert_string_equal(door_position_text(DOOR_OPENING), "opening");
    assert_string_equal(door_position_text(DOOR_OPEN), "open");
    assert_string_equal(door_position_text(DOOR_CLOSING), "closing");
    assert_string_equal(door_health_text(DOOR_OK), "ok");
    assert_string_equal(door_health_text(DOOR_UNREACHABLE), "unreachable");
    assert_string_equal(door_health_text(DOOR_FAULTED), "faulted");
    assert_string_equal(door_health_text(DOOR_IN_MAINTENANCE), "maintenance");
    assert_string_equal(door_health_text(DOOR_NOT_COMMISSIONED), "not_commissioned");
}

static void other_texts_are_refused_and_change_nothing(void **state)
{
    static const char *const bad[] = {"", "?", "Entry", "exit ", "sessions", "open", NULL};
    enum door_kind kind = DOOR_EXIT;
    enum door_cause cause = CAUSE_FIRE;
    enum command_status status = COMMAND_FIRED;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(door_kind_parse(bad[i], &kind), OST_INVALID);
        assert_int_equal(door_cause_parse(bad[i], &cause), OST_INVALID);
        assert_int_equal(command_status_parse(bad[i], &status), OST_INVALID);
    }
    assert_int_equal(kind, DOOR_EXIT);
    assert_int_equal(cause, CAUSE_FIRE);
    assert_int_equal(status, COMMAND_FIRED);
}

static void values_from_a_damaged_file_have_a_text_too(void **state)
{
    (void)state;
    assert_string_equal(door_kind_text((enum door_kind)(DOOR_PEDESTRIAN + 1)), "?");
    assert_string_equal(door_position_text((enum door_position)(DOOR_CLOSING + 1)), "?");
    assert_string_equal(door_health_text((enum door_health)(DOOR_NOT_COMMISSIONED + 1)), "?");
    assert_string_equal(door_cause_text((enum door_cause)(CAUSE_UNEXPLAINED + 1)), "?");
    assert_string_equal(command_status_text((enum command_status)(COMMAND_FAILED + 1)), "?");
}

static void queued_and_firing_are_the_only_states_that_are_not_final(void **state)
{
    (void)state;
    for (int i = COMMAND_QUEUED; i <= COMMAND_FAILED; i++)
        assert_int_equal(command_status_is_final((enum command_status)i), i > COMMAND_FIRING);
}

static void only_a_fired_relay_counts_as_an_opening(void **state)
{
    struct door_command command = {.status = COMMAND_NOT_MOVED};

    (void)state;
    assert_false(command_counts_as_opening(&command));
    command.relay_fired_at_ms = 1;
    assert_true(command_counts_as_opening(&command));
}

static void a_command_is_written_whole_with_null_for_what_was_not(void **state)
{
    struct door_command command = {.garage_id = "north", .door_id = "in", .cause = CAUSE_MANUAL, .note = "secret",
                                   .requested_at_ms = 1795428000000, .expires_at_ms = 1795428010000};
    char text[1024];
    struct json_writer writer;

    (void)state;
    assert_ok(uuid_parse("0193576b-4d2e-7abc-8def-0123456789ab", &command.id));
    json_writer_init(&writer, text, sizeof(text) - 1);
    door_command_write(&writer, &command);
    text[writer.length] = '\0';
    assert_string_equal(text, "{\"commandId\":\"0193576b-4d2e-7abc-8def-0123456789ab\",\"doorId\":\"in\",\"garageId\":\"north\","
                              "\"cause\":\"manual\",\"requestedAt\":\"2026-11-23T10:00:00.000Z\","
                              "\"expiresAt\":\"2026-11-23T10:00:10.000Z\",\"status\":\"queued\",\"reason\":null,"
                              "\"finishedAt\":null,\"relayFiredAt\":null,\"seenOpenAt\":null}");
}

RUN(T(kinds_and_causes_parse_to_themselves), T(command_statuses_parse_to_themselves),
    T(positions_and_healths_have_their_texts), T(other_texts_are_refused_and_change_nothing),
    T(values_from_a_damaged_file_have_a_text_too), T(queued_and_firing_are_the_only_states_that_are_not_final),
    T(only_a_fired_relay_counts_as_an_opening), T(a_command_is_written_whole_with_null_for_what_was_not))
