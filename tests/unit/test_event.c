/* The event contract: what each type of event says. */
#include <stdio.h>
#include <string.h>

#include "runtime/base/json.h"
#include "runtime/core/event.h"
#include "tests/unit/check.h"

static struct event event;
static struct session session;
static struct decision decision;

static int set_up(void **state)
{
    (void)state;
    memset(&event, 0, sizeof(event));
    session = (struct session){.id = {1, 2}, .garage_id = "north", .partner_id = "parkapp", .user_id = "u-1", .plate = "AB1",
                               .started_at_ms = 1000, .ended_at_ms = 61500, .entry.door_id = "in", .exit.door_id = "out"};
    decision = (struct decision){.id = {3, 4}, .revision_count = 1, .revisions = {{.name = "tariff", .revision = 7}}};
    return 0;
}

/* The data is a JSON object with just these members. */
static void assert_members(const char *const *names, size_t count)
{
    struct json_document *document;
    char error[128];

    assert_int_equal(strlen(event.data), event.data_length);
    assert_ok(json_parse(event.data, event.data_length, 16, &document, error));
    assert_int_equal(json_length(json_root(document)), count);
    for (size_t i = 0; i < count; i++) {
        if (!json_member(json_root(document), names[i]))
            fail_msg("%s lacks %s: %s", event_type_text(event.type), names[i], event.data);
    }
    json_free(document);
}
#define ASSERT_MEMBERS(...)                                                        \
    do {                                                                           \
        static const char *const names_[] = {__VA_ARGS__};                         \
        assert_members(names_, sizeof(names_) / sizeof(names_[0]));                \
    } while (0)

static void a_start_tells_who_where_and_by_which_rules(void **state)
{
    (void)state;
    event_session_started(&event, &session, &decision, "hash");
    assert_string_equal(event_type_text(event.type), "ostler.session.started.v1");
    assert_string_equal(event.garage_id, "north");
    assert_memory_equal(event.subject, "session/", 8);
    ASSERT_MEMBERS("sessionId", "partnerId", "userId", "plate", "doorId", "startedAt", "claim", "decisionId", "policyRevisions");
    assert_non_null(strstr(event.data, "\"plate\":\"hash\""));
    assert_null(strstr(event.data, "AB1")); /* no plate leaves in clear */
    assert_non_null(strstr(event.data, "\"policyRevisions\":{\"tariff\":7}"));
}

static void an_end_tells_how_long_and_what_it_cost(void **state)
{
    (void)state;
    event_session_ended(&event, &session, &decision);
    assert_string_equal(event_type_text(event.type), "ostler.session.ended.v1");
    ASSERT_MEMBERS("sessionId", "partnerId", "userId", "doorId", "startedAt", "endedAt", "endReason", "durationSeconds", "price",
                   "decisionId", "policyRevisions");
    assert_non_null(strstr(event.data, "\"durationSeconds\":60"));
}

static void an_opening_tells_its_cause_and_times(void **state)
{
    struct door_command command = {.garage_id = "north", .door_id = "out", .cause = CAUSE_MANUAL, .status = COMMAND_OPENED};

    (void)state;
    event_door_opened(&event, &command);
    assert_string_equal(event_type_text(event.type), "ostler.door.opened.v1");
    assert_string_equal(event.subject, "door/out");
    ASSERT_MEMBERS("doorId", "cause", "causeId", "actor", "outcome", "requestedAt", "relayFiredAt", "seenOpenAt");
    assert_non_null(strstr(event.data, "\"cause\":\"manual\""));
}

static void a_fault_tells_when_it_came_and_went(void **state)
{
    (void)state;
    event_door_fault(&event, "north", "out", "not_moved", "alarm", 1000, 0);
    assert_string_equal(event_type_text(event.type), "ostler.door.fault.v1");
    assert_string_equal(event.subject, "door/out");
    ASSERT_MEMBERS("doorId", "code", "severity", "raisedAt", "clearedAt");
    assert_non_null(strstr(event.data, "\"clearedAt\":null"));
}

static void the_longest_session_fits(void **state)
{
    (void)state;
    memset(session.user_id, 0x01, sizeof(session.user_id) - 1); /* six bytes each in JSON */
    decision.revision_count = POLICIES_MAX;
    for (int i = 0; i < POLICIES_MAX; i++)
        snprintf(decision.revisions[i].name, sizeof(decision.revisions[i].name), "policy-%055d", i);
    session.price.is_set = true;
    session.price.line_count = PRICE_LINES_MAX;
    for (int i = 0; i < PRICE_LINES_MAX; i++)
        memset(session.price.lines[i].text, 'x', PRICE_TEXT_BYTES - 1);
    event_session_ended(&event, &session, &decision);
    ASSERT_MEMBERS("sessionId", "partnerId", "userId", "doorId", "startedAt", "endedAt", "endReason", "durationSeconds", "price",
                   "decisionId", "policyRevisions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_start_tells_who_where_and_by_which_rules, set_up),
        cmocka_unit_test_setup(an_end_tells_how_long_and_what_it_cost, set_up),
        cmocka_unit_test_setup(an_opening_tells_its_cause_and_times, set_up),
        cmocka_unit_test_setup(a_fault_tells_when_it_came_and_went, set_up),
        cmocka_unit_test_setup(the_longest_session_fits, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
