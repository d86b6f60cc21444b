/* The mistakes of operators who do not know Lua, and what `policy check` says of each: the way to the right text. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/policy_fixture.h"

struct mistake {
    const char *text, *says;
    int line;
};

static void each_is_an_error(const struct mistake *mistakes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_problem(mistakes[i].text, mistakes[i].says, mistakes[i].line);
}

/* The first warning of a source that loads; its text is empty where there is none. */
static struct policy_problem warning_of(const char *text)
{
    struct policy_source source = {.file = "p.lua", .text = text, .length = strlen(text)};
    struct policy_problem problems[4];
    struct policy_setting form[1];
    struct policy_facts facts;
    size_t form_count, count;

    memset(problems, 0, sizeof(problems));
    assert_ok(host->ops->check(host, &source, &facts, form, 0, &form_count, problems, 4, &count));
    return count > 0 ? problems[0] : (struct policy_problem){.line = 0};
}

#define BODY(line) HEAD "function on.session_start(visit)\n" line "\nend"

static void another_languages_syntax_is_answered_with_ours(void **state)
{
    static const struct mistake mistakes[] = {
        {BODY("if visit.kind = 'season' then end"), "two values are compared with ==", 3},
        {BODY("if visit.kind != 'season' then end"), "'not equal' is written ~=", 3},
        {BODY("if visit.inside && visit.last_exit then end"), "write 'and' for &&", 3},
        {BODY("if visit.inside || visit.last_exit then end"), "write 'or' for ||", 3},
        {BODY("if !visit.inside then end"), "write 'not' for !", 3},
        {BODY("local n = 1\nn += 1"), "write x = x + 1 in full", 4},
        {BODY("local n = 1\nn++"), "write x = x + 1 in full", 4},
        {BODY("// no vans"), "a comment begins with --", 3},
        {BODY("if (visit.inside) {\n deny('x', 'y');\n}"), "write 'then' for { and 'end' for the }", 6},
        {BODY("If visit.inside Then\nEnd"), "in small letters", 3},
        {BODY("if visit.kind == \xe2\x80\x9cvisitor\xe2\x80\x9d then end"), "straight quotes", 3},
        {BODY("deny(\"x, \"No vans.\")"), "look for a missing \" in this line", 3},
        {BODY("deny(\"x\", \"No vans.)"), "a text ends on its line", 3},
        {BODY("if visit.inside\n deny('x', 'y') end"), "an if ends its condition with 'then'", 4},
        {BODY("if visit.inside then\nend\nend"), "there is an 'end' too many", 6},
        {"policy ( name = 'p' )", "write policy { ... } with curly brackets", 1},
        {"policy { name: 'p' }", "with = and not with :", 1},
        {"policy { name = 'p' version = '1' }", "a comma stands behind each member", 1},
    };

    (void)state;
    each_is_an_error(mistakes, sizeof(mistakes) / sizeof(mistakes[0]));
}

static void half_a_text_is_not_complained_of_word_by_word(void **state)
{
    struct policy_source source = {.file = "p.lua", .text = BODY("// cars that are inside"), .length = strlen(BODY("// cars that are inside"))};
    struct policy_problem problems[8];
    struct policy_set *set;
    size_t count;

    (void)state;
    assert_ok(host->ops->compile(host, &source, 1, &set, problems, 8, &count));
    host->ops->destroy_set(host, set);
    assert_int_equal(count, 1);
}

static void words_of_everyday_speech_are_answered_with_ours(void **state)
{
    static const struct mistake mistakes[] = {
        {BODY("refuse('x', 'y')"), "did you mean 'deny'?", 3},
        {BODY("print(visit.plate)"), "did you mean 'notify'?", 3},
        {BODY("if visit.last_exit == null then end"), "did you mean 'nil'?", 3},
        {BODY("if os.date('%H') then end"), "did you mean 'visit.now'?", 3},
        {BODY("if visit.time then end"), "did you mean 'now'?", 3},
        {BODY("if visit.kind == visitor then end"), "a text has quotes: \"visitor\"", 3},
        {HEAD "function on.session_start()\nif visit.inside then end end", "function on.session_start(visit)", 3},
        {HEAD "function session_start(visit) end", "a handler begins with 'on.': function on.session_start(visit)", 2},
        {HEAD "function on.session_begin(visit) end", "did you mean on.session_start?", 2},
        {BODY("limit = 5"), "write 'local limit = ...'", 3},
        {"policy { name = 'My Rule' }", "small letters, digits and hyphens", 1},
        {"policy { name = 'p', description = 'x' }", "did you mean 'about'?", 1},
        {HEAD "local t = tariff { rate = money(1), every = '1h', max = money(9) }", "did you mean 'cap'?", 2},
        {STOP("deny('x', 'y')"), "A car always gets out", 2},
    };

    (void)state;
    each_is_an_error(mistakes, sizeof(mistakes) / sizeof(mistakes[0]));
}

static void values_that_would_break_later_are_found_before(void **state)
{
    static const struct mistake mistakes[] = {
        {BODY("require_leave_by(duration('15 minutes'))"), "'15 minutes' is no duration", 3},
        {BODY("if visit.now:within('Mo-Fr 06:00-22:00') then end"), "'Mo-Fr' is no day", 3},
        {BODY("if visit.now:within('6.00-22.00') then end"), "are no times; write them as 07:00-23:00", 3},
        {BODY("if visit.now:within('24:00-06:00') then end"), "a day begins at 00:00", 3},
        {BODY("if visit.now:within('Mon-Fri') then end"), "has days without times", 3},
        {BODY("if visit.now > '22:00' then end"), "ask visit.now:within(", 3},
        {BODY("if visit.now.hour >= '22' then end"), "write 22 without quotes", 3},
        {BODY("if visit.now.within('06:00-22:00') then end"), "write it with a colon: visit.now:within", 3},
        {BODY("if visit.on_list('blocked') then end"), "write it with a colon: visit:on_list", 3},
        {BODY("if visit.inside() then end"), "write it without brackets", 3},
        {BODY("deny()"), "deny needs a code for the app and a text for the driver", 3},
        {BODY("deny('x', 'Hello ' + visit.plate)"), "texts are joined with two points", 3},
        {STOP("charge(2.50)"), "write the amount as money(2.50)", 2},
        {STOP("charge(money(2,50))"), "money(2.50); a comma makes two numbers of it", 2},
        {STOP("if visit.stayed > 60 then end"), "duration(\"60min\")", 2},
    };

    (void)state;
    each_is_an_error(mistakes, sizeof(mistakes) / sizeof(mistakes[0]));
}

static void what_runs_and_is_hardly_meant_is_warned_of(void **state)
{
    static const struct mistake mistakes[] = {
        {BODY("if visit.kind == 'visitors' then end"), "did you mean \"visitor\"?", 3},
        {BODY("if visit.plate == 'AB-12-CD' then end"), "ask visit:plate_matches(\"AB-12-CD\")", 3},
        {BODY("if visit.kind == 'visitor' or 'booking' then end"), "this is always true", 3},
        {BODY("if not visit.kind == 'season' then end"), "write visit.kind ~= ...", 3},
        {BODY("if visit.on_list then end"), "ask visit:on_list(\"blocked\")", 3},
        {BODY("if visit.now == '22:00' then end"), "a time is not compared with a text", 3},
        {BODY("return false"), "say deny(\"code\"", 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct policy_problem warning = warning_of(mistakes[i].text);

        if (!strstr(warning.text, mistakes[i].says) || warning.line != mistakes[i].line)
            fail_msg("expected \"%s\" in line %d, got \"%s\" in line %d", mistakes[i].says, mistakes[i].line, warning.text, warning.line);
    }
}

/* A policy that would run is never refused, and what is right is not warned of. */
static void what_is_right_is_left_alone(void **state)
{
    static const char *const good[] = {
        BODY("if visit.kind == 'visitor' or visit.kind == 'booking' then return end"),
        BODY("if not visit.inside == true then end"),
        BODY("if visit.plate == 'AB12CD' then deny('x', 'y') end"),
        BODY("local text = visit.kind .. visit.plate if text == 'visitorAB-1' then end"),
        BODY("if visit.kind .. visit.plate == 'visitorAB-1' then end"),
        BODY("local n = '5' + 1"),
        BODY("local f = function() return false end if f() then end"),
        BODY("local ask = visit.on_list if ask 'x' then end"),
        BODY("if (visit.garage.state or '') == 'open' then end"),
        BODY("local mine = { kind = 'x' } if mine.kind == 'visitors' then end"),
        HEAD "function on.session_start(v) local visit = { kind = 'x' } if visit.kind == 'visitors' then end end",
        STOP("if visit.stayed > duration('1h') and visit.now:within('Mon-Fri 06:00-24:00, 22:00-04:00') then charge(money(1)) end"),
        STOP("local hours = function(text) return text end local h = hours('x')"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct policy_problem warning = warning_of(good[i]);

        if (warning.text[0])
            fail_msg("warned \"%s\" of:\n%s", warning.text, good[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(another_languages_syntax_is_answered_with_ours), T(half_a_text_is_not_complained_of_word_by_word),
        T(words_of_everyday_speech_are_answered_with_ours), T(values_that_would_break_later_are_found_before),
        T(what_runs_and_is_hardly_meant_is_warned_of), T(what_is_right_is_left_alone),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
