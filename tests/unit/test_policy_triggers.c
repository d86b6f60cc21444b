/* The triggers beside a visit, what a deployment grants (settings, order, rights, fail mode), and shadows. */
#include <stdio.h>
#include <string.h>

#include "runtime/core/policy.h"
#include "tests/unit/policy_fixture.h"

#define OFFER(body) HEAD "function on.availability(garage) " body " end"
#define EVENT(body) HEAD "function on.door_event(event) " body " end"
#define TIMER(body) "policy { name = \"p\", schedule = \"every 15min\" } function on.schedule(clock) " body " end"
#define CALL(body) "policy { name = \"p\", route = \"/hello\" } function on.http(request) " body " end"

static struct policy_set *compile_granted(const struct policy_source *sources, size_t count)
{
    struct policy_source complete[8];
    struct policy_problem problems[8];
    struct policy_set *set;
    size_t problem_count;

    for (size_t i = 0; i < count; i++) {
        complete[i] = sources[i];
        complete[i].length = strlen(sources[i].text);
        snprintf(complete[i].file, sizeof(complete[i].file), "p%zu.lua", i);
    }
    assert_ok(host->ops->compile(host, complete, count, &set, problems, 8, &problem_count));
    if (problem_count > 0)
        fail_msg("%s:%d: %s", problems[0].file, problems[0].line, problems[0].text);
    return set;
}

static struct decision ask_granted(const struct policy_source *sources, size_t count, enum policy_trigger trigger)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct policy_set *set = compile_granted(sources, count);
    struct decision decision;

    visit.garage.free = 49;
    visit.garage.capacity = 100;
    assert_ok(ask(set, trigger, &visit, &decision));
    host->ops->destroy_set(host, set);
    return decision;
}

static void problem_of_settings(const char *text, const char *settings, const char *says)
{
    struct policy_source source = {.file = "p.lua", .text = text, .length = strlen(text), .settings = settings};
    struct policy_setting form[4];
    struct policy_facts facts;
    struct policy_problem problem;
    size_t form_count, count;

    assert_int_equal(host->ops->check(host, &source, &facts, form, 4, &form_count, &problem, 1, &count), OST_INVALID);
    if (!strstr(problem.text, says))
        fail_msg("'%s' does not say '%s'", problem.text, says);
}

/* ---- availability ---- */

static void the_smallest_offer_counts(void **state)
{
    static const struct policy_source sources[] = {
        {.text = "policy { name = 'a' } function on.availability(garage) offer(garage.free - 5) end"},
        {.text = "policy { name = 'b' } function on.availability(garage) offer(garage.capacity) end"},
    };
    struct decision decision = ask_granted(sources, 2, TRIGGER_AVAILABILITY);

    (void)state;
    assert_true(decision.has_offer);
    assert_int_equal(decision.offer, 44);
}

static void an_offer_is_a_whole_number_and_never_below_none(void **state)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct decision decision = decide_with(OFFER("offer(-3)"), TRIGGER_AVAILABILITY, &visit);

    (void)state;
    assert_int_equal(decision.offer, 0);
    visit.garage.free = 49;
    decision = decide_with(OFFER("offer(garage.free / 8)"), TRIGGER_AVAILABILITY, &visit);
    assert_false(decision.has_offer);
    assert_non_null(strstr(decision.reasons[0].text, "math.floor"));
    decision = decide_with(OFFER("offer 'many'"), TRIGGER_AVAILABILITY, &visit);
    assert_non_null(strstr(decision.reasons[0].text, "offer(garage.free - 5)"));
}

/* Skipped: the others' offers stand, and nobody is refused. */
static void a_broken_offer_is_skipped(void **state)
{
    static const struct policy_source sources[] = {
        {.text = "policy { name = 'a' } function on.availability(garage) offer(7) end"},
        {.text = "policy { name = 'b' } function on.availability(garage) offer(3) error('no') end"},
    };
    struct decision decision = ask_granted(sources, 2, TRIGGER_AVAILABILITY);

    (void)state;
    assert_int_equal(decision.outcome, DECISION_ALLOWED);
    assert_int_equal(decision.offer, 7);
    assert_int_equal(decision.revisions[1].breach, BREACH_ERROR);
}

static void words_belong_to_their_trigger(void **state)
{
    (void)state;
    assert_problem(OFFER("local x = garage.plate"), "garage has no field 'plate' in on.availability", 2);
    assert_problem(START("local x = visit.free"), "did you mean 'visit.garage.free'?", 2);
    assert_problem(START("offer(3)"), "offer cannot be said in on.session_start; it belongs in on.availability", 2);
    assert_problem(EVENT("respond {}"), "respond cannot be said in on.door_event; it belongs in on.http", 2);
    assert_problem(DOOR("notify 'x'"), "notify cannot be said in on.door_request", 2);
}

/* ---- door_event ---- */

static void an_event_is_told_and_may_raise(void **state)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct decision decision;

    (void)state;
    snprintf(visit.door_id, sizeof(visit.door_id), "exit-1");
    visit.door_kind = DOOR_EXIT;
    visit.happened = DOOR_HAS_FAULT;
    snprintf(visit.fault, sizeof(visit.fault), "not_moved");
    decision = decide_with(EVENT("raise('door_stuck', event.door .. ' ' .. event.kind .. ' ' .. event.happened .. ' ' .. event.fault .. ' ' .. tostring(event.cause))"),
                           TRIGGER_DOOR_EVENT, &visit);
    assert_int_equal(decision.alarm_count, 1);
    assert_string_equal(decision.alarms[0].code, "door_stuck");
    assert_string_equal(decision.alarms[0].text, "exit-1 exit fault not_moved nil");
    assert_int_equal(decision.alarms[0].author, 1);
    decision = decide_with(EVENT("raise('x') error('no')"), TRIGGER_DOOR_EVENT, &visit);
    assert_int_equal(decision.alarm_count, 0);
    assert_int_equal(decision.outcome, DECISION_ALLOWED);
}

/* ---- schedule ---- */

static void a_schedule_may_set_the_state(void **state)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct decision decision = decide_with(TIMER("if clock.now.hour == 12 then set_garage_state('closed', 'Noon') end"), TRIGGER_SCHEDULE, &visit);

    (void)state;
    assert_true(decision.has_state);
    assert_int_equal(decision.state, GARAGE_CLOSED);
    assert_string_equal(decision.state_reason, "Noon");
    decision = decide_with(TIMER("set_garage_state('shut')"), TRIGGER_SCHEDULE, &visit);
    assert_false(decision.has_state);
    assert_non_null(strstr(decision.reasons[0].text, "\"open\", \"closed\" or \"suspended\""));
}

static void schedule_and_route_go_with_their_handlers(void **state)
{
    (void)state;
    assert_problem("policy { name = 'p' } function on.schedule(clock) end", "policy { schedule = \"every 15min\" }", 0);
    assert_problem("policy { name = 'p', schedule = '06:00' } function on.session_start(visit) end", "needs a handler", 0);
    assert_problem("policy { name = 'p', schedule = 'hourly' } function on.schedule(clock) end", "every 15min", 1);
    assert_problem("policy { name = 'p' } function on.http(request) end", "policy { route = \"/hello\" }", 0);
    assert_problem("policy { name = 'p', route = 'hello' } function on.http(request) end", "a route is written as \"/hello\"", 1);
    assert_problem("policy { name = 'p', route = '/x', scopes = { 'garages' } } function on.http(request) end", "there is no scope 'garages'", 1);
    assert_problem("policy { name = 'p', rights = { 'all' } } function on.session_start(visit) end", "there is no right 'all'", 1);
}

/* ---- http ---- */

static struct policy_response *call(const char *text, const char *body, struct decision *decision)
{
    static struct policy_response response;
    struct policy_source source = {.text = text};
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct policy_request request = {.method = "POST"};
    struct policy_question question = {.trigger = TRIGGER_HTTP, .visit = &visit, .only = "p", .response = &response, .wait_ms = 100};
    struct policy_set *set = compile_granted(&source, 1);
    struct json_document *document = NULL;
    char error[128];

    if (body) {
        assert_ok(json_parse(body, strlen(body), 16, &document, error));
        request.body = json_root(document);
    }
    visit.request = &request;
    memset(&response, 0, sizeof(response));
    assert_ok(host->ops->decide(host, set, &question, decision));
    json_free(document);
    host->ops->destroy_set(host, set);
    response.body[response.length] = '\0';
    return &response;
}

static void a_function_answers_json(void **state)
{
    struct decision decision;
    struct policy_response *response =
        call(CALL("respond(201, { sum = request.body.a + request.body.b, list = { 1, 2.5, 'x' }, empty = {}, m = request.method, price = money(2.5) })"),
             "{\"a\": 2, \"b\": 3, \"c\": null}", &decision);

    (void)state;
    assert_int_equal(response->status, 201);
    assert_string_equal(response->body, "{\"empty\":{},\"list\":[1,2.5,\"x\"],\"m\":\"POST\",\"price\":\"2.50\",\"sum\":5}");
    assert_int_equal(decision.outcome, DECISION_ALLOWED);
    response = call(CALL("respond { missing = request.body == nil, none = request.query.page == nil }"), NULL, &decision);
    assert_int_equal(response->status, 200);
    assert_string_equal(response->body, "{\"missing\":true,\"none\":true}");
}

static void what_is_no_answer_breaks(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {CALL("respond(99, {})"), "a status is a number from 200 to 599"},
        {CALL("respond { f = print }"), "nothing here is called 'print'"},
        {CALL("respond { f = tostring }"), "not of a function"},
        {CALL("local t = {} t.t = t respond(t)"), "nested 16 deep"},
        {CALL("respond { [1.5] = 'x' }"), "texts as names"},
        {CALL("respond { x = 1 / 0 }"), "divided by zero"},
        {CALL("respond(setting)"), "made of texts"},
        {CALL("local s = string.rep('x', 65000) respond { s, s }"), "65536 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_source source = {.text = cases[i].text, .length = strlen(cases[i].text), .file = "p.lua"};
        struct policy_problem problem = {.text = ""};
        struct policy_setting form[1];
        struct policy_facts facts;
        size_t form_count, count;
        struct decision decision = {.outcome = DECISION_BROKEN};

        if (host->ops->check(host, &source, &facts, form, 1, &form_count, &problem, 1, &count) == OST_OK) {
            assert_int_equal(call(cases[i].text, NULL, &decision)->status, 0);
            snprintf(problem.text, sizeof(problem.text), "%s", decision.reasons[0].text);
        }
        assert_int_equal(decision.outcome, DECISION_BROKEN);
        if (!strstr(problem.text, cases[i].says))
            fail_msg("%s: '%s' does not say '%s'", cases[i].text, problem.text, cases[i].says);
    }
}

static void only_one_policy_has_a_route(void **state)
{
    struct policy_source sources[2] = {{.file = "a.lua", .text = "policy { name = 'a', route = '/x' } function on.http(r) end"},
                                       {.file = "b.lua", .text = "policy { name = 'b', route = '/x' } function on.http(r) end"}};
    struct policy_problem problem;
    struct policy_set *set;
    size_t count;

    (void)state;
    for (int i = 0; i < 2; i++)
        sources[i].length = strlen(sources[i].text);
    assert_ok(host->ops->compile(host, sources, 2, &set, &problem, 1, &count));
    assert_int_equal(count, 1);
    assert_non_null(strstr(problem.text, "the route /x is that of the policy a already"));
    host->ops->destroy_set(host, set);
}

/* ---- what a deployment grants ---- */

#define OVERRIDE "policy { name = 'vip', order = 1, rights = { 'override' } } function on.session_start(visit) allow_always('The mayor') end"

static void override_ends_the_asking_as_allowed(void **state)
{
    static const struct policy_source sources[] = {
        {.text = "policy { name = 'early', order = 0 } function on.session_start(visit) deny('no', 'No.') end"},
        {.text = OVERRIDE, .rights = 1u << RIGHT_OVERRIDE},
        {.text = "policy { name = 'late', order = 2 } function on.session_start(visit) error('never asked') end"},
    };
    struct decision decision = ask_granted(sources, 3, TRIGGER_SESSION_START);

    (void)state;
    assert_int_equal(decision.outcome, DECISION_ALLOWED);
    assert_int_equal(decision.revision_count, 2);
    assert_int_equal(decision.reason_count, 2); /* the denial is logged all the same */
    assert_int_equal(decision.reasons[0].verb, REASON_ALLOW_ALWAYS);
    assert_string_equal(decision.reasons[0].text, "The mayor");
}

static void nobody_overrides_without_the_right(void **state)
{
    struct policy_source source = {.text = OVERRIDE};
    struct decision decision = ask_granted(&source, 1, TRIGGER_SESSION_START);

    (void)state;
    assert_int_equal(decision.outcome, DECISION_BROKEN);
    assert_non_null(strstr(decision.reasons[0].text, "--grant override"));
    /* Granted, and not asked for: the policy{} is what reviewers read. */
    source = (struct policy_source){.text = START("allow_always 'x'"), .rights = 1u << RIGHT_OVERRIDE};
    decision = ask_granted(&source, 1, TRIGGER_SESSION_START);
    assert_int_equal(decision.outcome, DECISION_BROKEN);
    /* One that breaks after it has overridden nothing. */
    source = (struct policy_source){.rights = 1u << RIGHT_OVERRIDE,
        .text = "policy { name = 'vip', rights = { 'override' } } function on.session_start(visit) allow_always('x') error('no') end"};
    decision = ask_granted(&source, 1, TRIGGER_SESSION_START);
    assert_int_equal(decision.outcome, DECISION_BROKEN);
}

#define FORM                                                                                                              \
    HEAD "setting.open = hours('Mon-Fri 06:00-23:00', 'Opening hours')\nsetting.fee = money(2.5, 'Fee')\n"                \
         "setting.stay = duration('90min', 'Stay')\nsetting.count = number(3, 'Count')\nsetting.motto = text('Hi', 'Motto')\n" \
         "setting.strict = boolean(true, 'Strict')\nsetting.rate = tariff({ rate = money(0.5), every = '12min' }, 'Rate')\n"   \
         "setting.fleet = plates('TX-##-*', 'Fleet')\n"                                                                   \
         "function on.session_start(visit) deny('x', setting.open .. '|' .. setting.fee .. '|' .. setting.stay .. '|' .. setting.count .. '|' .. " \
         "setting.motto .. '|' .. tostring(setting.strict) .. '|' .. setting.rate:price('1h') .. '|' .. setting.fleet) end"

static void a_deployment_sets_every_kind_of_setting(void **state)
{
    struct policy_source source = {.text = FORM};
    struct decision decision = ask_granted(&source, 1, TRIGGER_SESSION_START);

    (void)state;
    assert_string_equal(decision.reasons[0].text, "Mon-Fri 06:00-23:00|2.50|1 h 30 min|3|Hi|true|2.50|TX-##-*");
    source.settings = "{\"open\":\"Sat 08:00-12:00\",\"fee\":\"0.10\",\"stay\":\"2h\",\"count\":4,\"motto\":\"Bye\",\"strict\":false,"
                      "\"rate\":{\"rate\":\"1.00\",\"every\":\"30min\",\"cap\":1.5,\"per\":\"24h\"},\"fleet\":\"AB-*\"}";
    decision = ask_granted(&source, 1, TRIGGER_SESSION_START);
    assert_string_equal(decision.reasons[0].text, "Sat 08:00-12:00|0.10|2 h|4|Bye|false|1.50|AB-*");
}

static void the_form_tells_types_values_and_labels(void **state)
{
    static const char *const texts[][3] = {{"open", "Mon-Fri 06:00-23:00", "Opening hours"}, {"fee", "2.50", "Fee"},
        {"stay", "1h 30min", "Stay"}, {"count", "7", "Count"}, {"motto", "Hi", "Motto"}, {"strict", "true", "Strict"},
        {"rate", "{\"free\":\"0s\",\"rate\":\"0.50\",\"every\":\"12min\"}", "Rate"}, {"fleet", "TX-##-*", "Fleet"}};
    static const enum setting_type types[] = {SETTING_HOURS, SETTING_MONEY, SETTING_DURATION, SETTING_NUMBER, SETTING_TEXT,
                                              SETTING_BOOLEAN, SETTING_TARIFF, SETTING_PLATES};
    struct policy_source source = {.text = FORM, .settings = "{\"count\":7}"};
    struct policy_set *set = compile_granted(&source, 1);
    struct policy_setting form[SETTINGS_MAX];

    (void)state;
    assert_int_equal(host->ops->settings(host, set, 0, form, SETTINGS_MAX), 8);
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal(form[i].name, texts[i][0]);
        assert_int_equal(form[i].type, types[i]);
        assert_string_equal(form[i].value, texts[i][1]);
        assert_string_equal(form[i].label, texts[i][2]);
    }
    assert_string_equal(form[3].standard, "3");
    host->ops->destroy_set(host, set);
}

static void a_wrong_setting_says_what_is_right(void **state)
{
    (void)state;
    problem_of_settings(FORM, "{\"opne\":\"x\"}", "the policy has no setting 'opne'; did you mean 'open'?");
    problem_of_settings(FORM, "{\"open\":7}", "the setting 'open' is hours such as");
    problem_of_settings(FORM, "{\"open\":\"Mo-Fr 7-9\"}", "'Mo-Fr' is no day");
    problem_of_settings(FORM, "{\"fee\":\"2,50\"}", "the setting 'fee' is an amount such as 2.50");
    problem_of_settings(FORM, "{\"fee\":2.505}", "at most two decimal places");
    problem_of_settings(FORM, "{\"stay\":\"soon\"}", "a duration is written as");
    problem_of_settings(FORM, "{\"strict\":1}", "true or false");
    problem_of_settings(FORM, "{\"rate\":{\"price\":1}}", "a tariff has no 'price'");
    problem_of_settings(FORM, "[1]", "no JSON object");
}

static void the_deployment_has_the_last_word_on_the_order(void **state)
{
    static const struct policy_source sources[] = {
        {.text = "policy { name = 'a', order = 10 } function on.session_start(visit) deny('a', '') end"},
        {.text = "policy { name = 'b', order = 20 } function on.session_start(visit) deny('b', '') end", .has_order = true, .order = 5},
    };
    struct decision decision = ask_granted(sources, 2, TRIGGER_SESSION_START);

    (void)state;
    assert_string_equal(decision.reasons[0].code, "b");
}

static void one_that_may_fail_open_refuses_nobody(void **state)
{
    struct policy_source source = {.text = START("error('no')"), .fail = FAIL_OPEN};
    struct decision decision = ask_granted(&source, 1, TRIGGER_SESSION_START);
    struct policy_source both[2] = {source, {.text = "policy { name = 'q' } function on.session_start(visit) error('no') end"}};

    (void)state;
    assert_int_equal(decision.outcome, DECISION_ALLOWED);
    assert_true(decision_has_broken(&decision));
    decision = ask_granted(both, 2, TRIGGER_SESSION_START);
    assert_int_equal(decision.outcome, DECISION_BROKEN);
}

static void plates_match_globs(void **state)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct decision decision;

    (void)state;
    snprintf(visit.plate, sizeof(visit.plate), "TX12AB");
    decision = decide_with(HEAD "setting.fleet = plates('AB-*, TX-##-*', 'Fleet') function on.session_start(visit) "
                                "if visit:plate_matches(setting.fleet) and visit:plate_matches 'tx-1*' and not visit:plate_matches 'TX-##' then deny('x') end end",
                           TRIGGER_SESSION_START, &visit);
    assert_int_equal(decision.outcome, DECISION_DENIED);
    decision = decide_with(START("return visit:plate_matches 'TX[0-9]'"), TRIGGER_SESSION_START, &visit);
    assert_non_null(strstr(decision.reasons[0].text, "# is one digit"));
    decision = decide_with(START("local ask = visit.on_list ask('x')"), TRIGGER_SESSION_START, &visit);
    assert_non_null(strstr(decision.reasons[0].text, "write it with a colon: visit:on_list \"name\""));
}

/* ---- shadows ---- */

static void a_shadow_changes_nothing_and_is_compared(void **state)
{
    static const struct policy_source sources[] = {
        {.text = "policy { name = 'hours' } function on.session_start(visit) allow() end", .revision = 1},
        {.text = "policy { name = 'hours' } function on.session_start(visit)\n deny('closed', 'x') notify 'x' end", .revision = 2, .is_shadow = true},
        {.text = "policy { name = 'same' } function on.session_start(visit) end", .revision = 1, .is_shadow = true},
    };
    struct decision decision = ask_granted(sources, 3, TRIGGER_SESSION_START);

    (void)state;
    assert_int_equal(decision.outcome, DECISION_ALLOWED);
    assert_int_equal(decision.revision_count, 1);
    assert_int_equal(decision.note_count, 0);
    assert_int_equal(decision.shadow_count, 2);
    assert_string_equal(decision.shadows[0].name, "hours");
    assert_int_equal(decision.shadows[0].revision, 2);
    assert_true(decision.shadows[0].differs);
    assert_int_equal(decision.shadows[0].outcome, DECISION_DENIED);
    assert_string_equal(decision.shadows[0].code, "closed");
    assert_int_equal(decision.shadows[0].line, 2);
    assert_false(decision.shadows[1].differs);
}

/* The candidate takes the place of its live revision: together they would charge twice. */
static void a_shadow_stands_in_for_its_live_revision(void **state)
{
    static const struct policy_source sources[] = {
        {.text = "policy { name = 'tariff', order = 5 } function on.session_stop(visit) charge(money(1), 'x') end", .revision = 1},
        {.text = "policy { name = 'fee' } function on.session_stop(visit) charge(money(2), 'x') end", .revision = 1},
        {.text = "policy { name = 'tariff', order = 5 } function on.session_stop(visit) charge(money(4), 'x') end", .revision = 2, .is_shadow = true},
    };
    struct decision decision = ask_granted(sources, 3, TRIGGER_SESSION_STOP);

    (void)state;
    assert_int_equal(decision.price.amount, 300);
    assert_int_equal(decision.shadows[0].price, 600);
    assert_true(decision.shadows[0].differs);
}

/* A hundred calls of 5 ms each would be half a second; the shadow gets 20 ms in a second. */
static void a_shadow_is_the_first_to_go(void **state)
{
    static const struct policy_source sources[] = {
        {.text = "policy { name = 'live' } function on.session_start(visit) end"},
        {.text = "policy { name = 'slow' } function on.session_start(visit) while true do end end", .is_shadow = true},
    };
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct policy_set *set = compile_granted(sources, 2);
    unsigned skipped = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct decision decision;

        assert_ok(ask(set, TRIGGER_SESSION_START, &visit, &decision));
        assert_int_equal(decision.outcome, DECISION_ALLOWED);
        skipped += decision.shadows_skipped;
    }
    assert_true(skipped >= 80);
    host->ops->destroy_set(host, set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_offer_counts),
        cmocka_unit_test(an_offer_is_a_whole_number_and_never_below_none),
        cmocka_unit_test(a_broken_offer_is_skipped),
        cmocka_unit_test(words_belong_to_their_trigger),
        cmocka_unit_test(an_event_is_told_and_may_raise),
        cmocka_unit_test(a_schedule_may_set_the_state),
        cmocka_unit_test(schedule_and_route_go_with_their_handlers),
        cmocka_unit_test(a_function_answers_json),
        cmocka_unit_test(what_is_no_answer_breaks),
        cmocka_unit_test(only_one_policy_has_a_route),
        cmocka_unit_test(override_ends_the_asking_as_allowed),
        cmocka_unit_test(nobody_overrides_without_the_right),
        cmocka_unit_test(a_deployment_sets_every_kind_of_setting),
        cmocka_unit_test(the_form_tells_types_values_and_labels),
        cmocka_unit_test(a_wrong_setting_says_what_is_right),
        cmocka_unit_test(the_deployment_has_the_last_word_on_the_order),
        cmocka_unit_test(one_that_may_fail_open_refuses_nobody),
        cmocka_unit_test(plates_match_globs),
        cmocka_unit_test(a_shadow_changes_nothing_and_is_compared),
        cmocka_unit_test(a_shadow_stands_in_for_its_live_revision),
        cmocka_unit_test(a_shadow_is_the_first_to_go),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
