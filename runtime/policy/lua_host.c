#include "runtime/policy/lua_host.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/policy/instance.h"
#include "runtime/policy/scan.h"

struct lua_policy_host {
    struct policy_host base; /* first: a policy_host pointer is a pointer to this */
    unsigned instances;
    struct sandbox_limits limits;
};

/* As many decisions can run at once as there are slots; a slot has an instance of every policy. */
struct slot {
    bool busy;
    struct sandbox *sandboxes[POLICIES_MAX]; /* NULL: broken */
};

struct policy_set {
    struct policy_facts facts[POLICIES_MAX]; /* in the order of composition */
    size_t count;
    unsigned slot_count;
    struct slot *slots;
    pthread_mutex_t lock;
    pthread_cond_t slot_free;
    unsigned starts_running; /* they leave one slot for those who want out */
};

/* ---- compiling ---- */

static void report(const struct policy_source *source, int line, const char *text, struct policy_problem *problems,
                   size_t max, size_t *count)
{
    if (*count < max) {
        struct policy_problem *problem = &problems[*count];

        memset(problem, 0, sizeof(*problem));
        snprintf(problem->file, sizeof(problem->file), "%s", source->file);
        problem->line = line;
        snprintf(problem->text, sizeof(problem->text), "%s", text);
    }
    (*count)++;
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

/* What the scan finds is said all at once; a policy with such a name would only break later. */
static bool scan(const struct policy_source *source, struct policy_problem *problems, size_t max, size_t *count)
{
    struct scan_problem found[8];
    size_t problems_found =
        source->length <= POLICY_SOURCE_MAX ? scan_policy(source->text, source->length, found, 8) : 0;

    for (size_t i = 0; i < problems_found && i < 8; i++)
        report(source, found[i].line, found[i].text, problems, max, count);
    return problems_found == 0;
}

/* Load one source into every slot, at the place `at`. */
static enum ost_status load_source(struct lua_policy_host *host, struct policy_set *set, size_t at,
                                   const struct policy_source *source, struct policy_problem *problems, size_t max,
                                   size_t *count)
{
    struct policy_facts *facts = &set->facts[at];
    struct sandbox_failure failure;
    enum ost_status status = OST_OK;

    name_after_file(source, facts);
    for (unsigned i = 0; i < set->slot_count && status == OST_OK; i++) {
        status = policy_instance_load(&host->limits, source, facts, &set->slots[i].sandboxes[at], &failure);
        if (status == OST_INVALID && i == 0)
            report(source, failure.line, failure.text, problems, max, count);
        if (i == 0 && !scan(source, problems, max, count))
            status = OST_INVALID;
    }
    if (status != OST_OK) {
        for (unsigned i = 0; i < set->slot_count; i++) {
            sandbox_destroy(set->slots[i].sandboxes[at]);
            set->slots[i].sandboxes[at] = NULL;
        }
        facts->broken = true;
    }
    return status == OST_NO_MEMORY ? status : OST_OK;
}

static void swap_policies(struct policy_set *set, size_t a, size_t b)
{
    struct policy_facts facts = set->facts[a];

    set->facts[a] = set->facts[b];
    set->facts[b] = facts;
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

static void refuse_twins(struct policy_set *set, struct policy_problem *problems, size_t max, size_t *count)
{
    for (size_t i = 0; i < set->count; i++) {
        for (size_t j = 0; j < i; j++) {
            struct policy_source named = {.file = ""};

            if (strcmp(set->facts[i].name, set->facts[j].name) != 0)
                continue;
            snprintf(named.file, sizeof(named.file), "%s", set->facts[i].name);
            report(&named, 0, "two policies have this name; rename one of them", problems, max, count);
        }
    }
}

static void destroy_set(struct policy_host *base, struct policy_set *set)
{
    (void)base;
    if (!set)
        return;
    for (unsigned i = 0; set->slots && i < set->slot_count; i++) {
        for (size_t j = 0; j < POLICIES_MAX; j++)
            sandbox_destroy(set->slots[i].sandboxes[j]);
    }
    pthread_cond_destroy(&set->slot_free);
    pthread_mutex_destroy(&set->lock);
    free(set->slots);
    free(set);
}

static enum ost_status compile(struct policy_host *base, const struct policy_source *sources, size_t count,
                               struct policy_set **out, struct policy_problem *problems, size_t problems_max,
                               size_t *problem_count)
{
    struct lua_policy_host *host = (struct lua_policy_host *)base;
    struct policy_set *set = calloc(1, sizeof(*set));
    pthread_condattr_t monotonic;

    *problem_count = 0;
    if (!set)
        return OST_NO_MEMORY;
    pthread_mutex_init(&set->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&set->slot_free, &monotonic);
    pthread_condattr_destroy(&monotonic);
    set->slot_count = host->instances;
    set->slots = calloc(set->slot_count, sizeof(*set->slots));
    set->count = count < POLICIES_MAX ? count : POLICIES_MAX;
    for (size_t i = 0; set->slots && i < set->count; i++) {
        if (load_source(host, set, i, &sources[i], problems, problems_max, problem_count) != OST_OK) {
            destroy_set(base, set);
            return OST_NO_MEMORY;
        }
    }
    if (!set->slots) {
        destroy_set(base, set);
        return OST_NO_MEMORY;
    }
    sort_set(set);
    refuse_twins(set, problems, problems_max, problem_count);
    *out = set;
    return OST_OK;
}

static size_t describe(struct policy_host *base, const struct policy_set *set, struct policy_facts *out, size_t max)
{
    (void)base;
    for (size_t i = 0; i < set->count && i < max; i++)
        out[i] = set->facts[i];
    return set->count;
}

static bool listens_one(const struct policy_facts *facts, enum policy_trigger trigger)
{
    return facts->broken || (facts->triggers & (1u << trigger));
}

static bool listens(const struct policy_set *set, enum policy_trigger trigger)
{
    for (size_t i = 0; i < set->count; i++) {
        if (listens_one(&set->facts[i], trigger))
            return true;
    }
    return false;
}

/* ---- deciding ---- */

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

static struct slot *take_slot(struct policy_set *set, bool is_start, int wait_ms)
{
    struct slot *slot;
    struct timespec until;
    int waited = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&set->lock);
    while (!(slot = find_free(set, is_start)) && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&set->slot_free, &set->lock, &until);
    if (slot) {
        slot->busy = true;
        set->starts_running += is_start;
    }
    pthread_mutex_unlock(&set->lock);
    return slot;
}

static void put_slot(struct policy_set *set, struct slot *slot, bool is_start)
{
    pthread_mutex_lock(&set->lock);
    slot->busy = false;
    set->starts_running -= is_start;
    pthread_cond_broadcast(&set->slot_free); /* who waits may be of either kind */
    pthread_mutex_unlock(&set->lock);
}

static const char *breach_code(enum sandbox_breach breach)
{
    return breach == SANDBOX_CPU ? "cpu_limit" : breach == SANDBOX_MEMORY ? "memory_limit" : "error";
}

static void add_broken(const struct policy_facts *facts, const char *code, int line, const char *text,
                       struct decision *decision)
{
    struct decision_reason *reason;

    if (decision->reason_count == DECISION_REASONS_MAX)
        decision->reason_count--;
    reason = &decision->reasons[decision->reason_count++];
    memset(reason, 0, sizeof(*reason));
    reason->verb = REASON_BROKEN;
    reason->revision = facts->revision;
    reason->line = line;
    snprintf(reason->policy, sizeof(reason->policy), "%s", facts->name);
    snprintf(reason->code, sizeof(reason->code), "%s", code);
    text_copy(reason->text, sizeof(reason->text), text);
    if (line > 0)
        log_warning("policy", "%s:%d: %s", facts->name, line, text);
    else
        log_warning("policy", "%s: %s", facts->name, text);
}

static void ask(struct policy_set *set, struct slot *slot, size_t at, enum policy_trigger trigger,
                const struct policy_visit *visit, struct decision *decision)
{
    struct policy_facts *facts = &set->facts[at];
    unsigned reasons_before = decision->reason_count, notes_before = decision->note_count;
    int64_t leave_by_before_ms = decision->leave_by_ms;
    struct price price_before = decision->price;
    struct sandbox_failure failure;

    if (decision->revision_count < POLICIES_MAX) {
        struct policy_revision *revision = &decision->revisions[decision->revision_count++];

        snprintf(revision->name, sizeof(revision->name), "%s", facts->name);
        revision->revision = facts->revision;
    }
    if (!slot->sandboxes[at]) {
        add_broken(facts, "not_loaded", 0, "the policy did not load", decision);
        return;
    }
    if (policy_instance_run(slot->sandboxes[at], facts, trigger, visit, decision, &failure))
        return;
    /* What it said before it broke does not count. */
    decision->reason_count = reasons_before;
    decision->note_count = notes_before;
    decision->leave_by_ms = leave_by_before_ms;
    decision->price = price_before;
    add_broken(facts, breach_code(failure.breach), failure.line, failure.text, decision);
}

/* The outcome, and the reason that is shown brought to the front. */
static void conclude(struct decision *decision)
{
    int shown = -1;

    decision->outcome = DECISION_ALLOWED;
    for (unsigned i = 0; i < decision->reason_count; i++) {
        if (decision->reasons[i].verb == REASON_DENY && decision->outcome != DECISION_DENIED) {
            decision->outcome = DECISION_DENIED;
            shown = (int)i;
        } else if (decision->reasons[i].verb == REASON_BROKEN && decision->outcome == DECISION_ALLOWED &&
                   decision->trigger == TRIGGER_SESSION_START) {
            decision->outcome = DECISION_BROKEN;
            shown = (int)i;
        }
    }
    if (shown > 0) {
        struct decision_reason first = decision->reasons[shown];

        memmove(&decision->reasons[1], &decision->reasons[0], (size_t)shown * sizeof(first));
        decision->reasons[0] = first;
    }
}

static enum ost_status decide(struct policy_host *base, struct policy_set *set, const struct policy_question *question,
                              struct decision *out)
{
    enum policy_trigger trigger = question->trigger;
    const struct policy_visit *visit = question->visit;
    bool is_start = trigger == TRIGGER_SESSION_START ||
                    (trigger == TRIGGER_DOOR_REQUEST && visit->direction == DIRECTION_IN);
    struct slot *slot = take_slot(set, is_start, question->wait_ms);
    struct timespec began, ended;

    (void)base;
    if (!slot)
        return OST_BUSY;
    memset(out, 0, sizeof(*out));
    out->trigger = trigger;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
    for (size_t i = 0; i < set->count; i++) {
        if (listens_one(&set->facts[i], trigger))
            ask(set, slot, i, trigger, visit, out);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
    put_slot(set, slot, is_start);
    out->cpu_ns = (int64_t)(ended.tv_sec - began.tv_sec) * 1000000000 + ended.tv_nsec - began.tv_nsec;
    conclude(out);
    return OST_OK;
}

static void destroy(struct policy_host *base)
{
    free(base);
}

static const struct policy_host_ops lua_ops = {
    .compile = compile,
    .destroy_set = destroy_set,
    .describe = describe,
    .listens = listens,
    .decide = decide,
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
