/* What is shipped for people who write policies: the policies, what a new one begins with, and the types for editors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/policy.h"
#include "runtime/policy/words.h"
#include "tests/unit/policy_fixture.h"

#define SHIPPED_MAX 8

static const char *const shipped[SHIPPED_MAX] = {"plate-lists", "opening-hours", "anti-passback", "pedestrian-door",
                                                 "season-reserve", "max-stay", "tariff", "event-surge"};

/* A file below scripts/; the caller's to free. */
static char *script(const char *folder, const char *name, const char *ending)
{
    char path[512];
    char *text = calloc(1, 65536);
    FILE *file;

    snprintf(path, sizeof(path), "%s/scripts/%s/%s%s", OSTLER_SOURCE, folder, name, ending);
    file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot open %s", path);
    assert_non_null(text);
    assert_in_range(fread(text, 1, 65535, file), 1, 65534);
    fclose(file);
    return text;
}

static void the_shipped_policies_load_and_run_in_their_order(void **state)
{
    struct policy_facts facts[SHIPPED_MAX];
    struct policy_set *set;
    char *texts[SHIPPED_MAX];

    (void)state;
    for (size_t i = 0; i < SHIPPED_MAX; i++) {
        texts[i] = script("policies", shipped[i], ".lua");
        assert_in_range(strlen(texts[i]), 1, POLICY_SOURCE_MAX);
    }
    set = compile((const char *const *)texts, SHIPPED_MAX);
    assert_int_equal(host->ops->describe(host, set, facts, SHIPPED_MAX), SHIPPED_MAX);
    for (size_t i = 0; i < SHIPPED_MAX; i++) {
        assert_string_equal(facts[i].name, shipped[i]);
        assert_true(facts[i].about[0]);
        free(texts[i]);
    }
    host->ops->destroy_set(host, set);
}

/* A spec's size is checked here; that it passes, by those who run it. */
static void each_shipped_policy_has_a_spec(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHIPPED_MAX; i++) {
        char *spec = script("policies", shipped[i], "_spec.lua");
        char begins[64];

        snprintf(begins, sizeof(begins), "test \"%s\"\n", shipped[i]);
        assert_int_equal(strncmp(spec, begins, strlen(begins)), 0);
        assert_in_range(strlen(spec), 1, POLICY_SPEC_MAX);
        free(spec);
    }
}

static void a_new_policy_loads_as_it_is(void **state)
{
    char *text = script("templates", "policy", ".lua");
    char *name = strstr(text, "NAME");
    struct policy_set *set;

    (void)state;
    assert_non_null(name);
    memcpy(name, "name", 4); /* as the command puts a name there */
    assert_null(strstr(text, "NAME"));
    set = compile((const char *const[]){text}, 1);
    host->ops->destroy_set(host, set);
    free(text);
}

/* ---- types ---- */

static void assert_typed(const char *types, const char *name, const char *const *forms)
{
    char text[96];

    for (; *forms; forms++) {
        snprintf(text, sizeof(text), *forms, name);
        if (strstr(types, text))
            return;
    }
    fail_msg("scripts/types/ostler.lua does not know '%s'", name);
}

static void editors_know_every_word_that_policies_have(void **state)
{
    static const char *const functions[] = {"\nfunction %s(", "\n%s = {}", NULL};
    static const char *const fields[] = {"---@field %s ", "---@field %s? ", "\nfunction visit:%s(", NULL};
    static const char *const handlers[] = {"---@field %s fun(", NULL};
    char *types = script("types", "ostler", ".lua");

    (void)state;
    for (const struct word *word = policy_verbs; word->name; word++)
        assert_typed(types, word->name, functions);
    for (const struct word *word = policy_words; word->name; word++)
        assert_typed(types, word->name, functions);
    for (const struct word *word = visit_words; word->name; word++)
        assert_typed(types, word->name, fields);
    for (const struct word *word = garage_words; word->name; word++)
        assert_typed(types, word->name, fields);
    for (unsigned trigger = 0; trigger < TRIGGER_COUNT; trigger++)
        assert_typed(types, policy_trigger_text(trigger), handlers);
    free(types);
}

/* Every case passes, every line ran, every refusal was come upon. */
static void the_shipped_specs_pass_and_reach_every_line(void **state)
{
    struct spec_report *report = calloc(1, sizeof(*report));

    (void)state;
    assert_non_null(report);
    for (size_t i = 0; i < SHIPPED_MAX; i++) {
        char *text = script("policies", shipped[i], ".lua"), *spec = script("policies", shipped[i], "_spec.lua");
        struct policy_source source = {.text = text, .length = strlen(text), .file = "policy.lua"};

        assert_ok(host->ops->run_specs(host, &source, "spec.lua", spec, strlen(spec), report));
        assert_true(report->count > 0);
        for (size_t at = 0; at < report->count; at++) {
            if (!report->cases[at].passed)
                fail_msg("%s, %s: %s", shipped[i], report->cases[at].name, report->cases[at].text);
        }
        for (int line = 1; line <= report->line_count; line++) {
            if (report->lines[line] == LINE_NEVER_RAN)
                fail_msg("%s: line %d never ran", shipped[i], line);
        }
        if (report->codes_missing_count > 0)
            fail_msg("%s: never refused with %s", shipped[i], report->codes_missing[0]);
        free(text);
        free(spec);
    }
    free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_shipped_policies_load_and_run_in_their_order), T(each_shipped_policy_has_a_spec), T(a_new_policy_loads_as_it_is),
        T(editors_know_every_word_that_policies_have), T(the_shipped_specs_pass_and_reach_every_line),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
