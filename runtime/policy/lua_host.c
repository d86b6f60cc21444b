#include "runtime/policy/lua_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/policy/compose.h"
#include "runtime/policy/scan.h"
#include "runtime/policy/specs.h"
#include "runtime/policy/trace.h"

struct lua_policy_host {
    struct policy_host base; /* first: a policy_host pointer is a pointer to this */
    unsigned instances;
    struct sandbox_limits limits;
};

static enum ost_status compile(struct policy_host *base, const struct policy_source *sources, size_t count,
                               struct policy_set **out, struct policy_problem *problems, size_t problems_max,
                               size_t *problem_count)
{
    const struct lua_policy_host *host = (const struct lua_policy_host *)base;

    return policy_set_compile(&host->limits, host->instances, sources, count, out, problems, problems_max, problem_count);
}

static void destroy_set(struct policy_host *base, struct policy_set *set)
{
    (void)base;
    policy_set_destroy(set);
}

static size_t describe(struct policy_host *base, const struct policy_set *set, struct policy_facts *out, size_t max)
{
    (void)base;
    for (size_t i = 0; i < set->count && i < max; i++)
        out[i] = set->facts[i];
    return set->count;
}

static size_t copy_form(const struct policy_set *set, size_t place, struct policy_setting *out, size_t max)
{
    size_t count = place < set->count ? set->setting_counts[place] : 0;

    for (size_t i = 0; i < count && i < max; i++)
        out[i] = set->settings[place][i];
    return count;
}

static size_t settings(struct policy_host *base, const struct policy_set *set, size_t place, struct policy_setting *out, size_t max)
{
    (void)base;
    return copy_form(set, place, out, max);
}

static bool listens(const struct policy_set *set, enum policy_trigger trigger)
{
    for (size_t i = 0; i < set->count; i++) {
        if (policy_set_listens(set, i, trigger))
            return true;
    }
    return false;
}

/* Those who want in leave an instance for those who want out, and so does everything else. */
static bool may_wait(const struct policy_question *question)
{
    return question->trigger != TRIGGER_SESSION_STOP &&
           !(question->trigger == TRIGGER_DOOR_REQUEST && question->visit->direction == DIRECTION_OUT);
}

static enum ost_status decide(struct policy_host *base, struct policy_set *set, const struct policy_question *question,
                              struct decision *out)
{
    bool is_start = may_wait(question);
    struct slot *slot = policy_set_take_slot(set, is_start, question->wait_ms);

    (void)base;
    if (!slot)
        return OST_BUSY;
    compose_decide(set, slot, question, out);
    policy_set_put_slot(set, slot, is_start);
    return OST_OK;
}

static void warn(const struct policy_source *source, struct policy_problem *problems, size_t max, size_t *count)
{
    struct scan_problem found[8];
    size_t warnings = scan_policy(source->text, source->length, SCAN_WARNINGS, found, 8);

    for (size_t i = 0; i < warnings && i < 8 && i < max; i++) {
        memset(&problems[i], 0, sizeof(problems[i]));
        snprintf(problems[i].file, sizeof(problems[i].file), "%s", source->file);
        snprintf(problems[i].text, sizeof(problems[i].text), "%s", found[i].text);
        problems[i].line = found[i].line;
    }
    *count = warnings;
}

static enum ost_status check(struct policy_host *base, const struct policy_source *source, struct policy_facts *facts,
                             struct policy_setting *form, size_t form_max, size_t *form_count, struct policy_problem *problems,
                             size_t problems_max, size_t *problem_count)
{
    const struct lua_policy_host *host = (const struct lua_policy_host *)base;
    struct policy_set *set;
    enum ost_status status =
        policy_set_compile(&host->limits, 1, source, 1, &set, problems, problems_max, problem_count);

    if (status != OST_OK)
        return status;
    *facts = set->facts[0];
    *form_count = copy_form(set, 0, form, form_max);
    policy_set_destroy(set);
    if (*problem_count > 0)
        return OST_INVALID;
    warn(source, problems, problems_max, problem_count);
    return OST_OK;
}

static enum ost_status trace(struct policy_host *base, const struct policy_source *source, const struct policy_question *question,
                             struct decision *out, struct policy_trace *steps, struct policy_problem *problem)
{
    return trace_run(&((const struct lua_policy_host *)base)->limits, source, question, out, steps, problem);
}

static enum ost_status run_specs(struct policy_host *base, const struct policy_source *source, const char *spec_file, const char *spec,
                                 size_t spec_length, struct spec_report *report)
{
    return specs_run(&((const struct lua_policy_host *)base)->limits, source, spec_file, spec, spec_length, report);
}

static void destroy(struct policy_host *base)
{
    free(base);
}

static const struct policy_host_ops lua_ops = {
    .compile = compile,
    .destroy_set = destroy_set,
    .describe = describe,
    .settings = settings,
    .listens = listens,
    .decide = decide,
    .check = check,
    .trace = trace,
    .run_specs = run_specs,
    .destroy = destroy,
};

enum ost_status lua_policy_host_create(const struct lua_policy_host_settings *settings, struct policy_host **out)
{
    struct lua_policy_host *host = calloc(1, sizeof(*host));
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (!host)
        return OST_NO_MEMORY;
    host->base.ops = &lua_ops;
    host->instances = settings->instances ? settings->instances : (unsigned)(cores > 0 ? 2 * cores : 2);
    if (host->instances < 2)
        host->instances = 2;
    host->limits.memory_bytes = settings->memory_bytes ? settings->memory_bytes : 512 * 1024;
    host->limits.cpu_ns = settings->cpu_ns ? settings->cpu_ns : 5000000;
    *out = &host->base;
    return OST_OK;
}
