#include "tests/unit/policy_fixture.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/zone.h"

struct policy_host *host;
struct zone *zone;

int set_up(void **state)
{
    struct lua_policy_host_settings settings = {.instances = 2};

    (void)state;
    return lua_policy_host_create(&settings, &host) == OST_OK && zone_create("Europe/Amsterdam", &zone) == OST_OK ? 0 : -1;
}

int tear_down(void **state)
{
    (void)state;
    zone_destroy(zone);
    host->ops->destroy(host);
    return 0;
}

struct policy_visit visit_at(const char *time)
{
    struct policy_visit visit = {.zone = zone, .plate = "AB123C", .kind = VISIT_VISITOR, .user_id = "u", .partner_id = "parkapp",
                                 .entrance = "entry-1", .seed = 7};

    assert_ok(clock_parse(time, &visit.now_ms));
    strcpy(visit.garage.currency, "EUR");
    strcpy(visit.garage.name, "Demo");
    visit.garage.capacity = 100;
    return visit;
}

struct policy_set *compile(const char *const *texts, size_t count)
{
    struct policy_source sources[8];
    struct policy_problem problems[8];
    struct policy_set *set;
    size_t problem_count;

    memset(sources, 0, sizeof(sources));
    for (size_t i = 0; i < count; i++) {
        snprintf(sources[i].file, sizeof(sources[i].file), "p%zu.lua", i);
        sources[i].text = texts[i];
        sources[i].length = strlen(texts[i]);
        sources[i].revision = (int)i + 1;
    }
    assert_ok(host->ops->compile(host, sources, count, &set, problems, 8, &problem_count));
    if (problem_count > 0)
        print_message("%s:%d: %s\n", problems[0].file, problems[0].line, problems[0].text);
    assert_int_equal(problem_count, 0);
    return set;
}

enum ost_status ask(struct policy_set *set, enum policy_trigger trigger, const struct policy_visit *visit, struct decision *out)
{
    struct policy_question question = {.trigger = trigger, .visit = visit, .wait_ms = 100};

    return host->ops->decide(host, set, &question, out);
}

struct decision decide_with(const char *text, enum policy_trigger trigger, const struct policy_visit *visit)
{
    struct policy_set *set = compile(&text, 1);
    struct decision decision;

    assert_ok(ask(set, trigger, visit, &decision));
    host->ops->destroy_set(host, set);
    return decision;
}

struct policy_problem problem_of(const char *text)
{
    struct policy_source source = {.file = "p.lua", .text = text, .length = strlen(text)};
    struct policy_problem problems[4];
    struct policy_set *set;
    size_t count = 0;

    assert_ok(host->ops->compile(host, &source, 1, &set, problems, 4, &count));
    host->ops->destroy_set(host, set);
    assert_true(count > 0);
    return problems[0];
}

void assert_problem(const char *text, const char *says, int line)
{
    struct policy_problem problem = problem_of(text);

    if (!strstr(problem.text, says))
        fail_msg("expected \"%s\", got \"%s\" for:\n%s", says, problem.text, text);
    if (problem.line != line)
        fail_msg("expected line %d, got line %d: %s", line, problem.line, problem.text);
}
