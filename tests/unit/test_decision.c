#include <stdio.h>
#include <string.h>

#include "runtime/core/decision.h"
#include "tests/unit/check.h"

static char text[16384];

static const char *visit_text(const struct policy_visit *visit)
{
    struct json_writer writer;

    json_writer_init(&writer, text, sizeof(text) - 1);
    policy_visit_write(&writer, visit);
    assert_false(writer.overflow);
    text[writer.length] = '\0';
    return text;
}

static enum ost_status read_visit(const char *json, struct policy_visit *out)
{
    struct json_document *document = NULL;
    enum ost_status status;
    char error[128];

    assert_ok(json_parse(json, strlen(json), 8, &document, error));
    status = policy_visit_read(json_root(document), out);
    json_free(document);
    return status;
}

/* Every member differs from its default; texts and lists are as long as they may be. */
static void fill(struct policy_visit *visit)
{
    memset(visit, 0, sizeof(*visit));
    visit->now_ms = 1795428000001;
    snprintf(visit->plate, sizeof(visit->plate), "%s", "AB123C");
    snprintf(visit->country, sizeof(visit->country), "%s", "NLD");
    visit->kind = VISIT_SEASON;
    memset(visit->user_id, '"', sizeof(visit->user_id) - 1);
    memset(visit->partner_id, 'p', sizeof(visit->partner_id) - 1);
    snprintf(visit->entrance, sizeof(visit->entrance), "%s", "in");
    snprintf(visit->garage.id, sizeof(visit->garage.id), "%s", "north");
    memset(visit->garage.name, 'n', sizeof(visit->garage.name) - 1);
    snprintf(visit->garage.currency, sizeof(visit->garage.currency), "%s", "EUR");
    snprintf(visit->garage.state, sizeof(visit->garage.state), "%s", "open");
    visit->garage.free = -1;
    visit->garage.capacity = 120;
    visit->garage.season_holders = 40;
    visit->garage.season_inside = 12;
    visit->inside = true;
    visit->last_exit_ms = 3;
    visit->visits_today = 4;
    for (unsigned i = 0; i < LISTS_PER_VISIT_MAX; i++)
        memset(visit->lists[i], 'a' + (int)i, sizeof(visit->lists[i]) - 1);
    visit->list_count = LISTS_PER_VISIT_MAX;
    visit->started_ms = 5;
    visit->stayed_ms = INT64_MAX;
    snprintf(visit->session_id, sizeof(visit->session_id), "%s", "0193576b-4d2e-7abc-8def-0123456789ab");
    snprintf(visit->door_id, sizeof(visit->door_id), "%s", "out");
    visit->door_kind = DOOR_PEDESTRIAN;
    visit->direction = DIRECTION_OUT;
    visit->openings = 3;
    visit->seed = UINT64_MAX;
}

static void assert_visits_equal(const struct policy_visit *a, const struct policy_visit *b)
{
    assert_int_equal(a->now_ms, b->now_ms);
    assert_string_equal(a->plate, b->plate);
    assert_string_equal(a->country, b->country);
    assert_int_equal(a->kind, b->kind);
    assert_string_equal(a->user_id, b->user_id);
    assert_string_equal(a->partner_id, b->partner_id);
    assert_string_equal(a->entrance, b->entrance);
    assert_string_equal(a->garage.id, b->garage.id);
    assert_string_equal(a->garage.name, b->garage.name);
    assert_string_equal(a->garage.currency, b->garage.currency);
    assert_string_equal(a->garage.state, b->garage.state);
    assert_int_equal(a->garage.free, b->garage.free);
    assert_int_equal(a->garage.capacity, b->garage.capacity);
    assert_int_equal(a->garage.season_holders, b->garage.season_holders);
    assert_int_equal(a->garage.season_inside, b->garage.season_inside);
    assert_int_equal(a->inside, b->inside);
    assert_int_equal(a->last_exit_ms, b->last_exit_ms);
    assert_int_equal(a->visits_today, b->visits_today);
    assert_int_equal(a->list_count, b->list_count);
    for (unsigned i = 0; i < a->list_count; i++)
        assert_string_equal(a->lists[i], b->lists[i]);
    assert_int_equal(a->started_ms, b->started_ms);
    assert_int_equal(a->stayed_ms, b->stayed_ms);
    assert_string_equal(a->session_id, b->session_id);
    assert_string_equal(a->door_id, b->door_id);
    assert_int_equal(a->door_kind, b->door_kind);
    assert_int_equal(a->direction, b->direction);
    assert_int_equal(a->openings, b->openings);
    assert_true(a->seed == b->seed);
}

static void a_full_visit_is_read_back_equal(void **state)
{
    struct policy_visit visit, back;

    (void)state;
    fill(&visit);
    assert_ok(read_visit(visit_text(&visit), &back));
    assert_visits_equal(&visit, &back);
    assert_null(back.zone);
}

static void an_empty_visit_is_read_back_equal_without_a_door(void **state)
{
    struct policy_visit visit, back;

    (void)state;
    memset(&visit, 0, sizeof(visit));
    assert_null(strstr(visit_text(&visit), "\"door"));
    fill(&back);
    assert_ok(read_visit(visit_text(&visit), &back));
    assert_visits_equal(&visit, &back);
}

/* The full visit's JSON with the first `from` replaced by `to`. */
static enum ost_status read_changed(const char *from, const char *to, struct policy_visit *out)
{
    static char changed[sizeof(text) + 1024];
    struct policy_visit visit;
    const char *at;

    fill(&visit);
    at = strstr(visit_text(&visit), from);
    assert_non_null(at);
    snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return read_visit(changed, out);
}

static void damaged_visits_are_corrupt_and_change_nothing(void **state)
{
    static const struct {
        const char *from, *to;
    } damages[] = {
        {"\"plate\":", "\"plat\":"}, {"\"AB123C\"", "7"}, {"\"country\":\"NLD\"", "\"country\":\"NLDX\""}, {"\"season\"", "\"seasons\""},
        {"\"partner\":\"p", "\"partner\":\"pp"}, {"\"user\":\"", "\"user\":\"u"}, {"\"entrance\":", "\"e\":"}, {"\"garage\":", "\"g\":"},
        {"\"id\":", "\"i\":"}, {"\"name\":\"n", "\"name\":\"nn"}, {"\"currency\":\"EUR\"", "\"currency\":\"EURO\""}, {"\"state\":\"open\"", "\"state\":null"},
        {"\"lists\":", "\"l\":"}, {"\"lists\":[\"a", "\"lists\":[\"aa"}, {"\"lists\":[", "\"lists\":[\"x\","},
        {"\"lists\":[", "\"lists\":{},\"l\":["}, {"\"lists\":[", "\"lists\":\"x\",\"l\":["}, {"\"lists\":[", "\"lists\":[7],\"l\":["},
        {"\"session\":", "\"s\":"}, {"\"door\":\"out\"", "\"door\":7"}, {"\"doorKind\":\"pedestrian\"", "\"doorKind\":\"window\""}, {"\"seed\":", "\"s\":"},
    };
    struct policy_visit visit = {.now_ms = 42};

    (void)state;
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        if (read_changed(damages[i].from, damages[i].to, &visit) != OST_CORRUPT)
            fail_msg("%s is accepted", damages[i].to);
    }
    assert_int_equal(read_visit("{}", &visit), OST_CORRUPT);
    assert_int_equal(read_visit("[]", &visit), OST_CORRUPT);
    assert_int_equal(read_visit("null", &visit), OST_CORRUPT);
    assert_int_equal(policy_visit_read(NULL, &visit), OST_CORRUPT);
    assert_int_equal(visit.now_ms, 42);
}

static void reasons_are_written_in_their_order_with_their_place(void **state)
{
    static const struct decision decision = {
        .reasons = {{.verb = REASON_DENY, .policy = "hours", .revision = 3, .line = 7, .code = "closed", .text = "We are \"shut\""},
                    {.verb = REASON_ALLOW, .policy = "a"}, {.verb = REASON_ALLOW_ALWAYS, .policy = "b"},
                    {.verb = REASON_BROKEN, .policy = "c", .code = "cpu_limit"}},
        .reason_count = 4,
    };
    struct json_writer writer;

    (void)state;
    json_writer_init(&writer, text, sizeof(text) - 1);
    decision_write_reasons(&writer, &decision);
    text[writer.length] = '\0';
    assert_string_equal(
        text, "[{\"verb\":\"deny\",\"policy\":\"hours\",\"revision\":3,\"line\":7,\"code\":\"closed\",\"text\":\"We are \\\"shut\\\"\"},"
              "{\"verb\":\"allow\",\"policy\":\"a\",\"revision\":0,\"line\":0,\"code\":\"\",\"text\":\"\"},"
              "{\"verb\":\"allow_always\",\"policy\":\"b\",\"revision\":0,\"line\":0,\"code\":\"\",\"text\":\"\"},"
              "{\"verb\":\"broken\",\"policy\":\"c\",\"revision\":0,\"line\":0,\"code\":\"cpu_limit\",\"text\":\"\"}]");
}

static void revisions_are_one_object_by_policy(void **state)
{
    struct decision decision = {.revisions = {{"opening-hours", 3}, {"tariff", 12}}, .revision_count = 2};
    struct json_writer writer;

    (void)state;
    json_writer_init(&writer, text, sizeof(text) - 1);
    decision_write_revisions(&writer, &decision);
    decision.revision_count = decision.reason_count = 0;
    decision_write_revisions(&writer, &decision);
    decision_write_reasons(&writer, &decision);
    text[writer.length] = '\0';
    assert_string_equal(text, "{\"opening-hours\":3,\"tariff\":12},{},[]");
}

static void one_broken_policy_makes_a_decision_broken_in_part(void **state)
{
    struct decision decision = {.outcome = DECISION_ALLOWED, .reasons = {{.verb = REASON_ALLOW}, {.verb = REASON_BROKEN}}, .reason_count = 1};

    (void)state;
    assert_false(decision_has_broken(&decision));
    decision.reason_count = 2;
    assert_true(decision_has_broken(&decision));
    decision = (struct decision){.outcome = DECISION_BROKEN};
    assert_true(decision_has_broken(&decision));
}

static void triggers_and_outcomes_have_their_texts(void **state)
{
    (void)state;
    assert_string_equal(policy_trigger_text(TRIGGER_SESSION_START), "session_start");
    assert_string_equal(policy_trigger_text(TRIGGER_SESSION_STOP), "session_stop");
    assert_string_equal(policy_trigger_text(TRIGGER_DOOR_REQUEST), "door_request");
    assert_string_equal(policy_trigger_text(TRIGGER_COUNT), "?");
    assert_string_equal(decision_outcome_text(DECISION_ALLOWED), "allowed");
    assert_string_equal(decision_outcome_text(DECISION_DENIED), "denied");
    assert_string_equal(decision_outcome_text(DECISION_BROKEN), "broken");
}

RUN(T(a_full_visit_is_read_back_equal), T(an_empty_visit_is_read_back_equal_without_a_door),
    T(damaged_visits_are_corrupt_and_change_nothing), T(reasons_are_written_in_their_order_with_their_place),
    T(revisions_are_one_object_by_policy), T(one_broken_policy_makes_a_decision_broken_in_part),
    T(triggers_and_outcomes_have_their_texts))
