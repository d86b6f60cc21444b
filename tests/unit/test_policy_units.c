/* Arithmetic at its ends: an error that says what is wrong, never a wrong number. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/policy_fixture.h"

static void arithmetic_that_leaves_its_unit_is_an_error(void **state)
{
    static const struct {
        const char *body, *says;
    } cases[] = {
        {"local m = money(999999999) + money(999999999)", "this is too much money"},
        {"local m = money(-999999999) - money(999999999)", "this is too much money"},
        {"local m = money(999999999) * 999999999", "this is too much money"},
        {"local m = money(1) * (0/0)", "this is too much money"},
        {"local m = money(1) * math.huge", "this is too much money"},
        {"local m = money(0/0)", "this is too much money"},
        {"local m = money(1e300)", "this is too much money"},
        {"local m = money(0.001)", "money has at most two decimal places"},
        {"local d = duration(('10000000d'):rep(5000))", "a duration is written as"},
        {"local d = duration('99999999999999999999' .. 'd')", "a duration is written as"},
        {"local d = duration('3660d') * 1e5", "this is too long a duration"},
        {"local d = duration('3660d') while true do d = d + d end", "this is too long a duration"},
        {"local d = duration('1s') while true do d = d - duration('3660d') end", "this is too long a duration"},
        {"local d = duration('1h') * (0/0)", "this is too long a duration"},
        {"local t = visit.now while true do t = t + '3660d' end", "this time would be outside of the calendar"},
        {"local t = visit.now while true do t = t - '3660d' end", "this time would be outside of the calendar"},
        {"local t = tariff { rate = money(999999999), every = '1s' } local p = t:price('3660d')", "this is too much money"},
        {"local t = tariff { rate = money(999999999), every = '1s', cap = money(999999999), per = '1s' } local p = t:price('3660d')", "this is too much money"},
        {"local m = money(2, 0 + 50)", "an amount is written with a point, as in money(2.50)"},
        {"local m = money(money(1), 5)", "an amount is written with a point, as in money(2.50)"},
        {"local t = tariff { rate = money(1), every = visit.now - (visit.now + '1h') }", "a tariff's 'every' must not be negative"},
    };
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct decision decision;

        snprintf(text, sizeof(text), START("%s"), cases[i].body);
        decision = decide_with(text, TRIGGER_SESSION_START, &visit);
        assert_int_equal(decision.outcome, DECISION_BROKEN);
        if (!strstr(decision.reasons[0].text, cases[i].says))
            fail_msg("expected \"%s\", got \"%s\" for: %s", cases[i].says, decision.reasons[0].text, cases[i].body);
    }
}

static void assert_text(const char *expression, const char *expected)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    char text[512];
    struct decision decision;

    snprintf(text, sizeof(text), START("deny('x', '' .. %s)"), expression);
    decision = decide_with(text, TRIGGER_SESSION_START, &visit);
    assert_string_equal(decision.reasons[0].text, expected);
}

static void arithmetic_within_its_unit_is_exact(void **state)
{
    (void)state;
    assert_text("money(999999999.99) + money(0.01)", "1000000000.00");
    assert_text("money(0.10) + money(0.20)", "0.30");
    assert_text("money(0.05) * 3 - money(1)", "-0.85");
    assert_text("duration('1h 30min') + duration('45s')", "1 h 30 min");
    assert_text("duration('90s') * 2", "3 min");
    assert_text("(visit.now - (visit.now + '5min'))", "-5 min");
    assert_text("duration('1h') .. ', ' .. money(1) .. ', ' .. hours('06:00-23:00') .. 1 .. 2.5", "1 h, 1.00, 06:00-23:0012.5");
    assert_text("visit.now + '3660d'", "2036-05-26 12:00");
    assert_text("tariff { rate = money(0.50), every = '12min', cap = money(18), per = '24h' }:price('25h')", "20.50");
    assert_text("tariff { rate = money(0.50), every = '12min', free = '10min' }:price('10min')", "0.00");
}

/* An address would differ each time. */
static void values_without_a_text_are_named_by_their_kind(void **state)
{
    (void)state;
    assert_text("tostring(visit) .. tostring(visit.garage) .. tostring({}) .. tostring(deny)", "visitgaragetablefunction");
    assert_text("money(1) .. tariff { rate = money(1), every = '1h' }", "1.00tariff");
    assert_text("string.format('%s %s %s', visit, nil, 1.5)", "visit nil 1.5");
}

/* A date has hyphens, which a pattern takes for more than they are. */
static void a_text_is_found_as_it_is_written_where_that_is_asked(void **state)
{
    (void)state;
    assert_text("('2026-07-04, 2026-12-31'):find('2026-12-31', 1, true)", "13");
    assert_text("table.concat({ ('a.b.b'):find('.b', 3, true) }, ' ')", "4 5");
    assert_text("tostring(('a.b'):find('^a', 1, true)) .. tostring(('a^a'):find('^a', 1, true))", "nil2");
    assert_text("table.concat({ ('abc'):find('', 4, true) }, ' ') .. tostring(('abc'):find('', 5, true))", "4 3nil");
    assert_text("tostring(('2026-12-31'):find('2026-12-31'))", "nil");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(arithmetic_that_leaves_its_unit_is_an_error), T(arithmetic_within_its_unit_is_exact),
        T(values_without_a_text_are_named_by_their_kind), T(a_text_is_found_as_it_is_written_where_that_is_asked),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
