#include "runtime/policy/specs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/text.h"
#include "runtime/core/visit_context.h"
#include "runtime/policy/compose.h"
#include "runtime/policy/coverage.h"
#include "runtime/policy/tokens.h"

#define NOW_MS INT64_C(1779172200000) /* 2026-05-19 08:30 in Amsterdam: where a case says no time */

struct runner {
    struct sandbox_limits limits; /* with the hook of coverage */
    const struct policy_source *source;
    struct spec_report *report;
    unsigned triggers;            /* that the source has */
    struct policy_response *response;
    char codes[32][CODE_BYTES];   /* refusals that cases came upon */
    size_t code_count;
};

static void note_line(void *context, int line)
{
    struct spec_report *report = context;

    if (line > 0 && line <= POLICY_SOURCE_MAX && report->lines[line] == LINE_NEVER_RAN)
        report->lines[line] = LINE_RAN;
}

static void note_codes(struct runner *runner, const struct decision *decision)
{
    for (unsigned i = 0; i < decision->reason_count; i++) {
        size_t at = 0;

        if (decision->reasons[i].verb != REASON_DENY)
            continue;
        while (at < runner->code_count && strcmp(runner->codes[at], decision->reasons[i].code) != 0)
            at++;
        if (at == runner->code_count && at < 32)
            snprintf(runner->codes[runner->code_count++], CODE_BYTES, "%s", decision->reasons[i].code);
    }
}

/* The trigger of a case: the one that it names, or the only one that the policy has. */
static bool choose_trigger(const struct runner *runner, const struct spec_plan *plan, enum policy_trigger *out, char *why)
{
    if (plan->on[0]) {
        if (policy_trigger_parse(plan->on, out) == OST_OK)
            return true;
        snprintf(why, VISIT_WHY_BYTES, "there is no trigger '%s'; write on = \"session_stop\", say", plan->on);
        return false;
    }
    for (unsigned trigger = 0; trigger < TRIGGER_COUNT; trigger++) {
        *out = (enum policy_trigger)trigger;
        if (runner->triggers == 1u << trigger)
            return true;
    }
    *out = TRIGGER_SESSION_START;
    return true;
}

/* Ask the policy, pristine, with the settings and rights of the case. */
static void ask(struct runner *runner, const struct spec_plan *plan, const struct policy_question *question, struct decision *out)
{
    struct policy_source source = *runner->source;
    struct policy_facts facts = {.revision = source.revision};
    struct sandbox_failure failure;
    struct sandbox *sandbox = NULL;
    int64_t cpu_now_ns = sandbox_cpu_now_ns();
    bool is_override = false;

    if (plan->settings)
        source.settings = plan->settings;
    source.rights |= plan->rights;
    memset(out, 0, sizeof(*out));
    out->trigger = question->trigger;
    runner->response->status = 0;
    runner->response->length = 0;
    if (policy_instance_load(&runner->limits, &source, &facts, &sandbox, &failure) != OST_OK)
        facts.triggers = 1u << question->trigger;
    if (facts.triggers & 1u << question->trigger)
        is_override = compose_ask(sandbox, &facts, question, false, &cpu_now_ns, out);
    if (!sandbox && out->reason_count > 0)
        text_copy(out->reasons[0].text, sizeof(out->reasons[0].text), failure.text);
    compose_conclude(question, is_override, false, out);
    sandbox_destroy(sandbox);
}

/* False: why says what is wrong with the case itself. */
static bool prepare(struct runner *runner, const struct spec_plan *plan, struct json_document *context, struct zone **zone,
                    struct policy_visit *visit, struct policy_request *request, enum policy_trigger *trigger, char why[static VISIT_WHY_BYTES])
{
    (void)context;
    if (!choose_trigger(runner, plan, trigger, why))
        return false;
    if (zone_create(plan->zone, zone) != OST_OK) {
        snprintf(why, VISIT_WHY_BYTES, "there is no time zone '%s'; write one such as \"Europe/Amsterdam\"", plan->zone);
        return false;
    }
    return visit_context_read(json_root(context), *trigger, NOW_MS, *zone, visit, request, why) == OST_OK;
}

static void judge(struct runner *runner, const struct spec_plan *plan, const struct decision *decision, const struct zone *zone,
                  struct spec_case *result)
{
    char came[384];

    result->passed = true;
    for (unsigned i = 0; i < plan->expect_count && result->passed; i++) {
        result->passed = spec_expectation_holds(plan->expects[i], decision, runner->response, zone, came, sizeof(came));
        if (!result->passed)
            snprintf(result->text, sizeof(result->text), "expected %.100s, but %s", plan->expects[i], came);
    }
}

static void run_case(struct runner *runner, const struct spec_plan *plan)
{
    struct spec_case *result = &runner->report->cases[runner->report->count++];
    struct decision *decision = malloc(sizeof(*decision));
    struct json_document *context = NULL;
    struct policy_request request;
    enum policy_trigger trigger;
    struct policy_visit visit;
    struct zone *zone = NULL;
    char error[128], why[VISIT_WHY_BYTES] = "there is no memory, or the case is too long";

    memset(result, 0, sizeof(*result));
    text_copy(result->name, sizeof(result->name), plan->name);
    result->line = plan->line;
    if (decision && json_parse(plan->context, strlen(plan->context), 20, &context, error) == OST_OK &&
        prepare(runner, plan, context, &zone, &visit, &request, &trigger, why)) {
        struct policy_question question = {.trigger = trigger, .visit = &visit, .response = runner->response};

        ask(runner, plan, &question, decision);
        note_codes(runner, decision);
        judge(runner, plan, decision, zone, result);
    } else {
        text_copy(result->text, sizeof(result->text), why);
    }
    runner->report->passed += result->passed;
    runner->report->failed += !result->passed;
    json_free(context);
    zone_destroy(zone);
    free(decision);
}

/* ---- coverage ---- */

static void find_lines(struct runner *runner)
{
    struct spec_report *report = runner->report;
    const char *text = runner->source->text;

    report->line_count = 1;
    for (size_t i = 0; i < runner->source->length; i++)
        report->line_count += text[i] == '\n';
    if (!coverage_find_code(text, runner->source->length, report->lines, POLICY_SOURCE_MAX))
        memset(report->lines, 0, sizeof(report->lines)); /* it does not load: that is said elsewhere */
}

/* deny("code" or deny "code": the codes that the source writes out. */
static void find_missing_codes(struct runner *runner)
{
    struct spec_report *report = runner->report;
    struct token *tokens;
    size_t count = tokens_read(runner->source->text, runner->source->length, &tokens);

    for (size_t i = 0; i + 2 < count && report->codes_missing_count < 32; i++) {
        size_t text = i + 1 + token_is(&tokens[i + 1], "(");
        char code[CODE_BYTES];
        bool is_known = false;

        if (tokens[i].kind != TOKEN_NAME || !token_is(&tokens[i], "deny") || tokens[text].kind != TOKEN_TEXT || tokens[text].length >= CODE_BYTES)
            continue;
        snprintf(code, sizeof(code), "%.*s", (int)tokens[text].length, tokens[text].at);
        for (size_t j = 0; j < runner->code_count; j++)
            is_known |= strcmp(runner->codes[j], code) == 0;
        for (size_t j = 0; j < report->codes_missing_count; j++)
            is_known |= strcmp(report->codes_missing[j], code) == 0;
        if (!is_known)
            snprintf(report->codes_missing[report->codes_missing_count++], CODE_BYTES, "%s", code);
    }
    free(tokens);
}

static enum ost_status find_triggers(struct runner *runner)
{
    struct policy_facts facts;
    struct sandbox_failure failure;
    struct sandbox *sandbox;
    enum ost_status status = policy_instance_load(&runner->limits, runner->source, &facts, &sandbox, &failure);

    if (status == OST_INVALID) {
        snprintf(runner->report->problem.file, sizeof(runner->report->problem.file), "%s", runner->source->file);
        runner->report->problem.line = failure.line;
        text_copy(runner->report->problem.text, sizeof(runner->report->problem.text), failure.text);
    }
    if (status != OST_OK)
        return status;
    runner->triggers = facts.triggers;
    sandbox_destroy(sandbox);
    return OST_OK;
}

enum ost_status specs_run(const struct sandbox_limits *limits, const struct policy_source *source, const char *file,
                          const char *spec, size_t length, struct spec_report *report)
{
    struct runner runner = {.limits = *limits, .source = source, .report = report};
    struct spec_plans plans = {.count = 0};
    enum ost_status status;

    memset(report, 0, sizeof(*report));
    runner.limits.on_line = note_line;
    runner.limits.line_context = report;
    runner.response = calloc(1, sizeof(*runner.response));
    if (!runner.response)
        return OST_NO_MEMORY;
    find_lines(&runner);
    status = find_triggers(&runner);
    if (status == OST_OK && !specs_read(file, spec, length, &plans, &report->problem))
        status = OST_INVALID;
    for (size_t i = 0; i < plans.count && status == OST_OK; i++)
        run_case(&runner, &plans.plans[i]);
    if (status == OST_OK)
        find_missing_codes(&runner);
    specs_free(&plans);
    free(runner.response);
    return status;
}
