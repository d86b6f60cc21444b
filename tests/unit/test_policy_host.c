#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/policy_fixture.h"

static void denials_are_recorded_with_code_text_and_line(void **state)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct decision decision = decide_with(HEAD "function on.session_start(visit)\n  deny('too_late', 'Too late.')\nend", TRIGGER_SESSION_START, &visit);

    (void)state;
    assert_int_equal(decision.outcome, DECISION_DENIED);
    assert_string_equal(decision.reasons[0].code, "too_late");
    assert_string_equal(decision.reasons[0].text, "Too late.");
    assert_int_equal(decision.reasons[0].line, 3);
    assert_string_equal(decision.revisions[0].name, "p");
}

static void no_opinion_allows_and_return_decides_nothing(void **state)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");

    (void)state;
    assert_int_equal(decide_with(START("return false"), TRIGGER_SESSION_START, &visit).outcome, DECISION_ALLOWED);
    assert_int_equal(decide_with(START("deny('x', 'y') allow() return true"), TRIGGER_SESSION_START, &visit).outcome, DECISION_DENIED);
}

static void any_denial_denies_and_the_first_by_order_is_shown(void **state)
{
    static const char *const texts[] = {
        "policy { name = 'late', order = 20 } function on.session_start(visit) deny('b', 'b') end",
        "policy { name = 'calm', order = 5 } function on.session_start(visit) allow() end",
        "policy { name = 'early', order = 10 } function on.session_start(visit) deny('a', 'a') require_leave_by('2h') end",
        "policy { name = 'soon', order = 30 } function on.session_start(visit) require_leave_by('1h') end",
    };
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct policy_set *set = compile(texts, 4);
    struct decision decision;

    (void)state;
    assert_ok(ask(set, TRIGGER_SESSION_START, &visit, &decision));
    assert_int_equal(decision.outcome, DECISION_DENIED);
    assert_string_equal(decision.reasons[0].code, "a");
    assert_int_equal(decision.reason_count, 3);
    assert_int_equal(decision.revision_count, 4);
    assert_int_equal(decision.leave_by_ms, visit.now_ms + 3600000);
    host->ops->destroy_set(host, set);
}

static void a_note_is_known_by_the_policy_that_wrote_it(void **state)
{
    static const char *const texts[] = {
        "policy { name = 'a', order = 1 } function on.session_start(visit) notify('first') end",
        "policy { name = 'b', order = 2 } function on.session_start(visit) end",
        "policy { name = 'c', order = 3 } function on.session_start(visit) notify('second') end",
    };
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct policy_set *set = compile(texts, 3);
    struct decision decision;

    (void)state;
    assert_ok(ask(set, TRIGGER_SESSION_START, &visit, &decision));
    assert_int_equal(decision.note_count, 2);
    assert_string_equal(decision_note_author(&decision, 0)->name, "a");
    assert_string_equal(decision_note_author(&decision, 1)->name, "c");
    host->ops->destroy_set(host, set);
}

static void charges_add_up_and_replace_price_replaces_those_before(void **state)
{
    static const char *const texts[] = {
        "policy { name = 'a', order = 1 } function on.session_stop(visit) charge(money(1.50), 'one') charge(money(0.25), 'two') end",
        "policy { name = 'b', order = 2 } function on.session_stop(visit) replace_price(money(9), 'flat') end",
        "policy { name = 'c', order = 3 } function on.session_stop(visit) charge(money(0.10), 'fee') end",
    };
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct policy_set *set = compile(texts, 3);
    struct decision decision;

    (void)state;
    assert_ok(ask(set, TRIGGER_SESSION_STOP, &visit, &decision));
    assert_int_equal(decision.price.amount, 910);
    assert_int_equal(decision.price.line_count, 2);
    assert_string_equal(decision.price.currency, "EUR");
    host->ops->destroy_set(host, set);
}

static void hours_close_at_their_minute_and_reach_past_midnight(void **state)
{
    static const struct {
        const char *time;
        bool open;
    } cases[] = { /* Amsterdam is two hours ahead in summer */
        {"2026-05-19T03:59:00Z", false}, {"2026-05-19T04:00:00Z", true}, {"2026-05-19T20:59:59Z", true}, {"2026-05-19T21:00:00Z", false},
        {"2026-05-23T22:59:59Z", true}, {"2026-05-23T23:00:00Z", false}, {"2026-05-24T07:59:00Z", false}, {"2026-05-24T08:00:00Z", true},
    };
    static const char text[] = HEAD "setting.open = hours('Mon-Fri 06:00-23:00, Sat 08:00-01:00, Sun 10:00-22:00')\n"
                                    "function on.session_start(visit) if not visit.now:within(setting.open) then deny('closed', 'Open: ' .. setting.open) end end";

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_visit visit = visit_at(cases[i].time);

        assert_int_equal(decide_with(text, TRIGGER_SESSION_START, &visit).outcome, cases[i].open ? DECISION_ALLOWED : DECISION_DENIED);
    }
}

static int64_t tariff_price(int64_t stayed_ms)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");

    visit.stayed_ms = stayed_ms;
    return decide_with(STOP("local t = tariff { free = '10min', rate = money(0.50), every = '12min', cap = money(18.00), per = '24h' }"
                            " charge(t:price(visit.stayed), 'Parking ' .. visit.stayed)"),
                       TRIGGER_SESSION_STOP, &visit).price.amount;
}

static void tariffs_count_started_steps_after_the_free_time_up_to_the_cap(void **state)
{
    const int64_t minute = 60000;

    (void)state;
    assert_int_equal(tariff_price(10 * minute), 0);
    assert_int_equal(tariff_price(10 * minute + 1), 50);
    assert_int_equal(tariff_price(22 * minute), 50);
    assert_int_equal(tariff_price(22 * minute + 1), 100);
    assert_int_equal(tariff_price(20 * 60 * minute), 1800);
    assert_int_equal(tariff_price((24 * 60 + 10) * minute), 1800);
    assert_int_equal(tariff_price((24 * 60 + 10) * minute + 1), 1850);
}

static void mistakes_are_named_with_their_line_and_what_was_meant(void **state)
{
    static const struct {
        const char *text, *says;
        int line;
    } cases[] = {
        {HEAD "function on.session_start(visit)\n if visit.palte == 'X' then deny('x', 'y') end\nend", "visit has no field 'palte'; did you mean 'plate'?", 3},
        {HEAD "function on.session_start(visit) dney('x', 'y') end", "nothing here is called 'dney'; did you mean 'deny'?", 2},
        {HEAD "function on.session_strat(visit) end", "there is no on.session_strat; did you mean on.session_start?", 2},
        {HEAD "function on.session_start(visit) x = 1 end", "write 'local x = ...'", 2},
        {HEAD "function on.session_start(visit)\n\n  if visit then\nend", "'end' expected", 5},
        {"function on.session_start(visit) end", "begin the file with policy", 0},
        {HEAD, "the policy does nothing", 0},
        {"policy { nmae = 'x' }", "did you mean 'name'?", 1},
        {HEAD "setting.open = hours('Mon 6-7') function on.session_start(visit) end", "opening hours: '6-7' are no times", 2},
        {HEAD "function on.session_start(visit) os.exit() end", "nothing here is called 'os'", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_problem(cases[i].text, cases[i].says, cases[i].line);
}

static void what_breaks_while_running_is_broken_and_named(void **state)
{
    static const char *const bodies[] = {
        START("local code = 'garage_full' deny(code, 'x')"), START("deny('Bad' .. ' Code', 'x')"), START("local say = charge say(money(1), 'x')"), START("allow_always('x')"),
        START("local t = nil; t.x = 1"), START("error('no')"), START("error({})"), START("visit.plate = 'x'"),
        START("require_leave_by('soon')"), START("local m = money(1) + duration('1h')"),
    };
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct decision decision = decide_with(bodies[i], TRIGGER_SESSION_START, &visit);

        assert_int_equal(decision.outcome, DECISION_BROKEN);
        assert_string_equal(decision.reasons[0].code, "error");
        assert_int_equal(decision.price.is_set, false);
    }
}

/* Each end of the text ends with a whole character, and with all that fits. */
static void texts_are_cut_between_characters(void **state)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct decision decision = decide_with(START("deny('x', ('\xe2\x82\xac'):rep(100)) notify('n' .. ('\xc3\xa9'):rep(200))"), TRIGGER_SESSION_START, &visit);
    struct decision priced = decide_with(STOP("charge(money(1), 'a' .. ('\xe2\x82\xac'):rep(40))"), TRIGGER_SESSION_STOP, &visit);
    struct decision failed = decide_with(START("error('abc' .. ('\xf0\x9f\x9a\x97'):rep(200))"), TRIGGER_SESSION_START, &visit);

    (void)state;
    assert_int_equal(strlen(decision.reasons[0].text), 255);
    assert_int_equal(strlen(decision.notes[0]), 255);
    assert_int_equal(strlen(priced.price.lines[0].text), 94);
    assert_int_equal(strlen(failed.reasons[0].text), 255);
    failed = decide_with(START("error('ab' .. ('\xf0\x9f\x9a\x97'):rep(200))"), TRIGGER_SESSION_START, &visit);
    assert_int_equal(strlen(failed.reasons[0].text), 254);
}

/* However an error arises, its reason has the line, and the text does not say it again. */
static void errors_say_their_line_once(void **state)
{
    static const struct {
        const char *body, *says;
    } cases[] = {
        {"error('plain')", "plain"},
        {"error('blames the caller', 2)", "blames the caller"},
        {"error('without a position', 0)", "without a position"},
        {"assert(false, 'asserted')", "asserted"},
        {"assert(false)", "assertion failed!"},
        {"local t = nil; t.x = 1", "attempt to index a nil value (local 't')"},
        {"deny(5 .. 'x', 'y')", "a code has small letters"},
        {"deny({}, 'y')", "bad argument #1 to 'deny'"},
        {"string.format('%d', 'x')", "bad argument #2 to 'format'"},
        {"('x'):rep(1e6)", "rep: the text would be longer"},
        {"table.sort({1, 'x'})", "attempt to compare"},
        {"string.gsub('x', 'x', function() error('deep') end)", "deep"},
        {"local s = visit.now .. visit.garage.fre", "the garage has no field 'fre'; did you mean 'free'?"},
        {"while true do end", "takes longer than it may (5 ms)"},
        {"local s = ('x'):rep(60000) s = s .. s", "makes a text that is longer than 65536 bytes"},
        {"local t = {} while true do t[#t + 1] = {} end", "needs more memory than it may have (512 KiB)"},
    };
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[512];
        struct decision decision;

        snprintf(text, sizeof(text), HEAD "function on.session_start(visit0)\nlocal visit = visit0;\n%s\nend", cases[i].body);
        decision = decide_with(text, TRIGGER_SESSION_START, &visit);
        assert_int_equal(decision.outcome, DECISION_BROKEN);
        if (strncmp(decision.reasons[0].text, cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("expected \"%s\", got \"%s\"", cases[i].says, decision.reasons[0].text);
        if (decision.reasons[0].line != 4)
            fail_msg("line %d: %s", decision.reasons[0].line, decision.reasons[0].text);
    }
}

static void a_source_that_does_not_load_breaks_starts_and_passes_stops(void **state)
{
    struct policy_source source = {.file = "broken.lua", .text = "policy {", .length = 8};
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct policy_problem problem;
    struct policy_set *set;
    struct decision decision;
    size_t count;

    (void)state;
    assert_ok(host->ops->compile(host, &source, 1, &set, &problem, 1, &count));
    assert_true(host->ops->listens(set, TRIGGER_DOOR_REQUEST));
    assert_ok(ask(set, TRIGGER_SESSION_START, &visit, &decision));
    assert_int_equal(decision.outcome, DECISION_BROKEN);
    assert_string_equal(decision.reasons[0].policy, "broken");
    assert_ok(ask(set, TRIGGER_SESSION_STOP, &visit, &decision));
    assert_int_equal(decision.outcome, DECISION_ALLOWED);
    assert_true(decision_has_broken(&decision));
    host->ops->destroy_set(host, set);
}

static void nothing_leaks_from_one_call_to_the_next(void **state)
{
    static const char text[] = HEAD "local seen = {} local count = 0\n"
                                    "function on.session_start(visit) count = count + 1 seen[count] = visit.plate\n"
                                    "  if count > 1 or #seen > 1 then deny('leak', 'x') end string.rep('x', 10) end";
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    const char *texts[] = {text};
    struct policy_set *set = compile(texts, 1);
    struct decision decision;

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_ok(ask(set, TRIGGER_SESSION_START, &visit, &decision));
        assert_int_equal(decision.outcome, DECISION_ALLOWED);
    }
    host->ops->destroy_set(host, set);
}

static void what_is_not_on_the_list_is_not_there(void **state)
{
    static const char *const names[] = {"load", "require", "os", "io", "debug", "coroutine", "setmetatable", "getmetatable", "rawget",
                                        "rawset", "rawequal", "rawlen", "pcall", "xpcall", "collectgarbage", "dofile", "loadstring", "_G", "_ENV.x"};
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(text, sizeof(text), START("local x = %s"), names[i]);
        if (strcmp(names[i], "_ENV.x") != 0)
            problem_of(text);
    }
    assert_non_null(strstr(problem_of("\x1bLua binary").text, "binary"));
}

static void a_source_over_its_size_is_refused(void **state)
{
    static char text[POLICY_SOURCE_MAX + 2];
    struct policy_problem problem;

    (void)state;
    memset(text, ' ', sizeof(text) - 1);
    memcpy(text, START(""), strlen(START("")));
    problem = problem_of(text);
    assert_non_null(strstr(problem.text, "8192"));
}

static struct policy_set *shared_set;

static void *decide_many(void *context)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    long *wrong = context;

    for (int i = 0; i < 300; i++) {
        struct decision decision;
        struct policy_question question = {
            .trigger = i % 2 ? TRIGGER_SESSION_START : TRIGGER_SESSION_STOP, .visit = &visit, .wait_ms = 5000};
        enum ost_status status = host->ops->decide(host, shared_set, &question, &decision);

        *wrong += status != OST_OK || decision.outcome != DECISION_ALLOWED;
    }
    return NULL;
}

static void many_threads_decide_at_once(void **state)
{
    static const char *const texts[] = {HEAD "function on.session_start(visit) allow() end function on.session_stop(visit) charge(money(1), 'x') end"};
    pthread_t threads[8];
    long wrong[8] = {0};

    (void)state;
    shared_set = compile(texts, 1);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, decide_many, &wrong[i]), 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
    host->ops->destroy_set(host, shared_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(denials_are_recorded_with_code_text_and_line), T(no_opinion_allows_and_return_decides_nothing),
        T(a_note_is_known_by_the_policy_that_wrote_it), T(any_denial_denies_and_the_first_by_order_is_shown), T(charges_add_up_and_replace_price_replaces_those_before),
        T(hours_close_at_their_minute_and_reach_past_midnight), T(tariffs_count_started_steps_after_the_free_time_up_to_the_cap),
        T(mistakes_are_named_with_their_line_and_what_was_meant), T(what_breaks_while_running_is_broken_and_named),
        T(texts_are_cut_between_characters), T(errors_say_their_line_once),
        T(a_source_that_does_not_load_breaks_starts_and_passes_stops), T(nothing_leaks_from_one_call_to_the_next),
        T(what_is_not_on_the_list_is_not_there), T(a_source_over_its_size_is_refused),
        T(many_threads_decide_at_once),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
