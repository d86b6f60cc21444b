/* Specs: what operators' tests say when they pass, when they fail, and when they are no specs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/policy_fixture.h"

#define POLICY                                                                                                            \
    "policy { name = 'p' }\n"                                                                                             \
    "setting.open = hours('Mon-Sun 06:00-23:00', 'Hours')\n"                                                              \
    "function on.session_start(visit)\n"                                                                                  \
    "  if visit:on_list('blocked') then\n"                                                                                \
    "    deny('blocked', 'Blocked.')\n"                                                                                   \
    "  end\n"                                                                                                             \
    "  if not visit.now:within(setting.open) then deny('closed', 'We are closed.') end\n"                                 \
    "end\n"                                                                                                               \
    "local function never()\n"                                                                                            \
    "  return 1\n"                                                                                                        \
    "end\n"

static struct spec_report *report;

static enum ost_status run(const char *policy, const char *spec)
{
    struct policy_source source = {.text = policy, .length = strlen(policy), .file = "p.lua"};

    return host->ops->run_specs(host, &source, "p_spec.lua", spec, strlen(spec), report);
}

static void a_case_passes_when_all_that_it_expects_comes(void **state)
{
    (void)state;
    assert_ok(run(POLICY, "test 'p'\ngiven { now = '2026-05-19 12:00' }\n"
                          "case 'by day' { expect = 'nothing' }\n"
                          "case 'by night' { now = '2026-05-19 23:00', expect = 'deny closed' }\n"
                          "case 'blocked' { lists = { 'blocked' }, expect = { 'deny blocked', 'no leave_by' } }\n"
                          "case 'other hours' { settings = { open = 'Mon 00:00-24:00' }, expect = 'deny closed' }\n"));
    assert_int_equal(report->passed, 4);
    assert_int_equal(report->failed, 0);
    assert_int_equal(report->cases[1].line, 4);
}

static void a_case_that_fails_tells_what_came_instead(void **state)
{
    (void)state;
    assert_ok(run(POLICY, "test 'p'\ngiven { now = '2026-05-19 12:00' }\n"
                          "case 'a' { expect = 'deny closed' }\n"
                          "case 'b' { now = '2026-05-19 23:00', expect = 'allow' }\n"
                          "case 'c' { expect = 'price 1.00' }\n"
                          "case 'd' { expect = 'refuse' }\n"
                          "case 'e' { palte = 'X', expect = 'allow' }\n"));
    assert_int_equal(report->failed, 5);
    assert_string_equal(report->cases[0].text, "expected deny closed, but it was allowed (no rule spoke)");
    assert_string_equal(report->cases[1].text, "expected allow, but line 7 denied closed: 'We are closed.'");
    assert_string_equal(report->cases[2].text, "expected price 1.00, but nothing was charged");
    assert_non_null(strstr(report->cases[3].text, "nothing that can be expected"));
    assert_string_equal(report->cases[4].text, "visit has no field 'palte' in on.session_start; did you mean 'plate'?");
}

/* Lines of functions that nobody calls count too; an `end` is no line of code. */
static void coverage_names_what_no_case_reached(void **state)
{
    (void)state;
    assert_ok(run(POLICY, "test 'p'\ncase 'by day' { now = '2026-05-19 12:00', expect = 'allow' }\n"));
    assert_int_equal(report->lines[4], LINE_RAN);
    assert_int_equal(report->lines[5], LINE_NEVER_RAN);
    assert_int_equal(report->lines[6], LINE_IS_NO_CODE);
    assert_int_equal(report->lines[7], LINE_RAN);
    assert_int_equal(report->lines[10], LINE_NEVER_RAN);
    assert_int_equal(report->codes_missing_count, 2);
    assert_string_equal(report->codes_missing[0], "blocked");
}

static void what_is_no_spec_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *spec, *says;
        int line;
    } cases[] = {
        {"case 'x' { expect = 'allow' }", "begin the spec with test", 1},
        {"test 'p'\ncase 'x' { }", "expects nothing", 2},
        {"test 'p'\ncases 'x' { }", "nothing here is called 'cases'; did you mean 'case'?", 2},
        {"test 'p'\ngiven 'x'", "with curly brackets", 2},
        {"test 'p'\nx = 1", "no global variables", 2},
        {"test 'p'\nwhile true do end", "takes longer than it may", 2},
        {"test 'p'\ncase 'x' {", "expected", 2},
        {"test 'p'\ncase 'x' { body = tostring, expect = 'allow' }", "not of a function", 2}, /* and nothing leaks */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(run(POLICY, cases[i].spec), OST_INVALID);
        if (!strstr(report->problem.text, cases[i].says))
            fail_msg("'%s' does not say '%s'", report->problem.text, cases[i].says);
        assert_int_equal(report->problem.line, cases[i].line);
    }
    assert_int_equal(run("policy {", "test 'p'"), OST_INVALID);
    assert_string_equal(report->problem.file, "p.lua");
}

#define TARIFF STOP("charge(money(1) * visit.stayed.hours, 'x')")

/* The clocks of the garage: nights with an hour more or less, and a day that most years do not have. */
static void local_times_follow_the_clocks_of_the_garage(void **state)
{
    (void)state;
    assert_ok(run(TARIFF, "test 'p'\n"
                          "case 'spring' { started = '2026-03-29 00:00', now = '2026-03-29 04:00', expect = 'price 3.00' }\n"
                          "case 'autumn' { started = '2026-10-25 00:00', now = '2026-10-25 04:00', expect = 'price 5.00' }\n"
                          "case 'twice' { started = '2026-10-25 02:30 +02:00', now = '2026-10-25 02:30 +01:00', expect = 'price 1.00' }\n"
                          "case 'elsewhere' { zone = 'UTC', started = '2026-03-29 00:00', now = '2026-03-29 04:00', expect = 'price 4.00' }\n"
                          "case 'leap day' { started = '2028-02-29 00:00', now = '2028-03-01 00:00', expect = 'price 24.00' }\n"
                          "case 'no such day' { now = '2026-02-29 00:00', expect = 'allow' }\n"
                          "case 'no such zone' { zone = 'Mars', expect = 'allow' }\n"));
    for (size_t i = 0; i < 5; i++) {
        if (!report->cases[i].passed)
            fail_msg("%s: %s", report->cases[i].name, report->cases[i].text);
    }
    assert_string_equal(report->cases[5].text, "now is a time, as in \"2026-05-19 08:30\"");
    assert_non_null(strstr(report->cases[6].text, "there is no time zone 'Mars'"));
}

static void a_trace_tells_lines_reads_and_what_was_said(void **state)
{
    struct policy_source source = {.text = POLICY, .length = strlen(POLICY), .file = "p.lua"};
    struct policy_visit visit = visit_at("2026-05-19T02:00:00Z");
    struct policy_question question = {.trigger = TRIGGER_SESSION_START, .visit = &visit};
    struct policy_trace *trace = calloc(1, sizeof(*trace));
    struct policy_problem problem;
    struct decision decision;
    bool has_read = false, has_said = false, has_line = false;

    (void)state;
    assert_ok(host->ops->trace(host, &source, &question, &decision, trace, &problem));
    assert_int_equal(decision.outcome, DECISION_DENIED);
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_step *step = &trace->steps[i];

        has_line |= step->kind == TRACE_LINE && step->line == 4;
        has_read |= step->kind == TRACE_READ && step->line == 7 && strstr(step->text, "visit.now is ");
        has_said |= step->kind == TRACE_SAID && strcmp(step->text, "deny(\"closed\", \"We are closed.\")") == 0;
    }
    assert_true(has_line && has_read && has_said);
    source.text = "policy {";
    source.length = 8;
    assert_int_equal(host->ops->trace(host, &source, &question, &decision, trace, &problem), OST_INVALID);
    assert_true(problem.text[0]);
    free(trace);
}

static int set_up_report(void **state)
{
    report = calloc(1, sizeof(*report));
    return report ? set_up(state) : -1;
}

static int tear_down_report(void **state)
{
    free(report);
    return tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_passes_when_all_that_it_expects_comes),
        cmocka_unit_test(a_case_that_fails_tells_what_came_instead),
        cmocka_unit_test(coverage_names_what_no_case_reached),
        cmocka_unit_test(what_is_no_spec_is_refused_with_its_line),
        cmocka_unit_test(local_times_follow_the_clocks_of_the_garage),
        cmocka_unit_test(a_trace_tells_lines_reads_and_what_was_said),
    };

    return cmocka_run_group_tests(tests, set_up_report, tear_down_report);
}
