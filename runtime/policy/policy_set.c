#include "runtime/policy/policy_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/policy/hints.h"
#include "runtime/policy/scan.h"

struct problem_list {
    struct policy_problem *problems;
    size_t max, *count;
};

/* ---- loading one source ---- */

static void report(const struct policy_source *source, int line, const char *text, struct problem_list *list)
{
    if (*list->count < list->max) {
        struct policy_problem *problem = &list->problems[*list->count];

        memset(problem, 0, sizeof(*problem));
        snprintf(problem->file, sizeof(problem->file), "%s", source->file);
        problem->line = line;
        snprintf(problem->text, sizeof(problem->text), "%s", text);
    }
    (*list->count)++;
}

/* "opening-hours.lua" is the policy "opening-hours" for as long as it does not say its own name. */
static void name_after_file(const struct policy_source *source, struct policy_facts *facts)
{
    size_t length = strcspn(source->file, ".");

    memset(facts, 0, sizeof(*facts));
    snprintf(facts->name, sizeof(facts->name), "%.*s", (int)length, source->file);
    facts->order = 100;
    facts->revision = source->revision;
    facts->broken = true;
}

/*
 * What the scan finds is said all at once; a policy with such a name would only break later. Of the line that loading failed
 * at nothing more is said.
 */
static bool scan(const struct policy_source *source, int failed_line, struct problem_list *list)
{
    struct scan_problem found[8];
    size_t problems_found =
        source->length <= POLICY_SOURCE_MAX ? scan_policy(source->text, source->length, SCAN_ERRORS, found, 8) : 0;

    for (size_t i = 0; i < problems_found && i < 8; i++) {
        if (found[i].line != failed_line)
            report(source, found[i].line, found[i].text, list);
    }
    return problems_found == 0;
}

/* With what people who do not know Lua may have meant. */
static void report_failure(const struct policy_source *source, const struct sandbox_failure *failure, struct problem_list *list)
{
    const char *hint = hint_for(failure->text, source->text, source->length, failure->line);
    char text[sizeof(failure->text) + 128];

    snprintf(text, sizeof(text), "%.240s%s%s", failure->text, hint ? ": " : "", hint ? hint : "");
    report(source, failure->line, hint ? text : failure->text, list);
}

/* Keep the form that the first instance tells. */
static enum ost_status keep_form(struct policy_set *set, size_t at)
{
    struct policy_setting *form = calloc(SETTINGS_MAX, sizeof(*form));

    if (!form)
        return OST_NO_MEMORY;
    set->setting_counts[at] = policy_instance_settings(set->slots[0].sandboxes[at], form, SETTINGS_MAX);
    set->settings[at] = realloc(form, (set->setting_counts[at] + 1) * sizeof(*form));
    if (!set->settings[at])
        set->settings[at] = form;
    return OST_OK;
}

/* Load one source into every slot, at the place `at`. */
static enum ost_status load_source(const struct sandbox_limits *limits, struct policy_set *set, size_t at,
                                   const struct policy_source *source, struct problem_list *list)
{
    struct policy_facts *facts = &set->facts[at];
    struct sandbox_failure failure;
    enum ost_status status = OST_OK;

    name_after_file(source, facts);
    for (unsigned i = 0; i < set->slot_count && status == OST_OK; i++) {
        status = policy_instance_load(limits, source, facts, &set->slots[i].sandboxes[at], &failure);
        if (status == OST_INVALID && i == 0)
            report_failure(source, &failure, list);
        if (i == 0 && !(status == OST_INVALID && hint_is_syntax(failure.text)) && !scan(source, status == OST_INVALID ? failure.line : 0, list)) /* half a text is not looked over */
            status = OST_INVALID;
    }
    if (status == OST_OK)
        status = keep_form(set, at);
    if (status != OST_OK) {
        for (unsigned i = 0; i < set->slot_count; i++) {
            sandbox_destroy(set->slots[i].sandboxes[at]);
            set->slots[i].sandboxes[at] = NULL;
        }
        facts->broken = true;
    }
    set->shadow_count += facts->is_shadow;
    return status == OST_NO_MEMORY ? status : OST_OK;
}

/* ---- the order, and what does not go together ---- */

static void swap_policies(struct policy_set *set, size_t a, size_t b)
{
    struct policy_facts facts = set->facts[a];
    struct policy_setting *settings = set->settings[a];
    size_t setting_count = set->setting_counts[a];

    set->facts[a] = set->facts[b];
    set->facts[b] = facts;
    set->settings[a] = set->settings[b];
    set->settings[b] = settings;
    set->setting_counts[a] = set->setting_counts[b];
    set->setting_counts[b] = setting_count;
    for (unsigned i = 0; i < set->slot_count; i++) {
        struct sandbox *sandbox = set->slots[i].sandboxes[a];

        set->slots[i].sandboxes[a] = set->slots[i].sandboxes[b];
        set->slots[i].sandboxes[b] = sandbox;
    }
}

static bool comes_before(const struct policy_facts *a, const struct policy_facts *b)
{
    return a->order != b->order ? a->order < b->order : strcmp(a->name, b->name) < 0;
}

/* By order, then name. They are few. */
static void sort_set(struct policy_set *set)
{
    for (size_t i = 1; i < set->count; i++) {
        for (size_t j = i; j > 0 && comes_before(&set->facts[j], &set->facts[j - 1]); j--)
            swap_policies(set, j, j - 1);
    }
}

static void complain(const struct policy_facts *facts, const char *text, struct problem_list *list)
{
    struct policy_source named = {.file = ""};

    snprintf(named.file, sizeof(named.file), "%s", facts->name);
    report(&named, 0, text, list);
}

static void refuse_twins(const struct policy_set *set, struct problem_list *list)
{
    char text[192];

    for (size_t i = 0; i < set->count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct policy_facts *a = &set->facts[i], *b = &set->facts[j];
            bool is_same = strcmp(a->name, b->name) == 0;

            if (is_same && a->is_shadow == b->is_shadow)
                complain(a, "two policies have this name; rename one of them", list);
            if (is_same || a->is_shadow || b->is_shadow || !a->route[0] || strcmp(a->route, b->route) != 0)
                continue;
            snprintf(text, sizeof(text), "the route %s is that of the policy %s already; choose another one", a->route, b->name);
            complain(a, text, list);
        }
    }
}

/* ---- sets ---- */

void policy_set_destroy(struct policy_set *set)
{
    if (!set)
        return;
    for (unsigned i = 0; set->slots && i < set->slot_count; i++) {
        for (size_t j = 0; j < POLICIES_MAX; j++)
            sandbox_destroy(set->slots[i].sandboxes[j]);
    }
    for (size_t j = 0; j < POLICIES_MAX; j++)
        free(set->settings[j]);
    pthread_cond_destroy(&set->slot_free);
    pthread_mutex_destroy(&set->lock);
    free(set->slots);
    free(set);
}

static struct policy_set *create_empty(unsigned slot_count)
{
    struct policy_set *set = calloc(1, sizeof(*set));
    pthread_condattr_t monotonic;

    if (!set)
        return NULL;
    pthread_mutex_init(&set->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&set->slot_free, &monotonic);
    pthread_condattr_destroy(&monotonic);
    set->slot_count = slot_count;
    set->slots = calloc(set->slot_count, sizeof(*set->slots));
    if (set->slots)
        return set;
    policy_set_destroy(set);
    return NULL;
}

enum ost_status policy_set_compile(const struct sandbox_limits *limits, unsigned slot_count, const struct policy_source *sources,
                                   size_t count, struct policy_set **out, struct policy_problem *problems, size_t problems_max,
                                   size_t *problem_count)
{
    struct problem_list list = {.problems = problems, .max = problems_max, .count = problem_count};
    struct policy_set *set = create_empty(slot_count);

    *problem_count = 0;
    if (!set)
        return OST_NO_MEMORY;
    set->count = count < POLICIES_MAX ? count : POLICIES_MAX;
    for (size_t i = 0; i < set->count; i++) {
        if (load_source(limits, set, i, &sources[i], &list) != OST_OK) {
            policy_set_destroy(set);
            return OST_NO_MEMORY;
        }
    }
    sort_set(set);
    refuse_twins(set, &list);
    *out = set;
    return OST_OK;
}

bool policy_set_listens(const struct policy_set *set, size_t at, enum policy_trigger trigger)
{
    return set->facts[at].broken || (set->facts[at].triggers & (1u << trigger));
}

/* ---- slots ---- */

static struct slot *find_free(struct policy_set *set, bool is_start)
{
    if (is_start && set->starts_running + 1 >= set->slot_count)
        return NULL;
    for (unsigned i = 0; i < set->slot_count; i++) {
        if (!set->slots[i].busy)
            return &set->slots[i];
    }
    return NULL;
}

struct slot *policy_set_take_slot(struct policy_set *set, bool is_start, int wait_ms)
{
    struct slot *slot;
    struct timespec until;
    int waited = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&set->lock);
    atomic_fetch_add(&set->waiting, 1);
    while (!(slot = find_free(set, is_start)) && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&set->slot_free, &set->lock, &until);
    atomic_fetch_sub(&set->waiting, 1);
    if (slot) {
        slot->busy = true;
        set->starts_running += is_start;
    }
    pthread_mutex_unlock(&set->lock);
    return slot;
}

void policy_set_put_slot(struct policy_set *set, struct slot *slot, bool is_start)
{
    pthread_mutex_lock(&set->lock);
    slot->busy = false;
    set->starts_running -= is_start;
    pthread_cond_broadcast(&set->slot_free); /* who waits may be of either kind */
    pthread_mutex_unlock(&set->lock);
}

