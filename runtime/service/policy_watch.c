#include "runtime/service/policy_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCHED_MAX POLICIES_WATCHED_MAX
#define SLOTS 512         /* a power of two; half of them stay empty */
#define BUCKETS 96        /* four an octave, from 256 ns on */
#define FIRST_OCTAVE 8
#define SUBJECT_PREFIX "policy/"
#define MINUTE_MS 60000

/* Names are never taken away, so that who found one needs no lock. */
struct watched {
    char name[SLUG_BYTES];
    _Atomic int revision;         /* live; 0: none */
    _Atomic int64_t calls_of_revision;
    _Atomic unsigned failing;     /* triggers, bits 1 << enum policy_trigger; changed under the lock */
    _Atomic int64_t calls, errors[BREACH_COUNT], buckets[BUCKETS], memory_peak, shadow_calls, shadow_differences, quarantines;
    struct {
        struct metric *calls, *errors[BREACH_COUNT], *p50, *p99, *memory, *shadow_calls, *shadow_differences, *quarantines;
    } metrics;
    /* under the lock */
    int64_t activated_at_ms;
    bool is_proven, wants_quarantine, tells_proven;
    bool was_told;                /* that it has to go; */
    int64_t told_at_ms;           /* then (monotonic) */
    unsigned young_breaks;
    int64_t breaks_ms[MINUTE_BREAKS]; /* the newest breaks, monotonic */
    unsigned break_count;
};

struct policy_watch {
    pthread_mutex_t lock;
    struct clock *clock;
    struct fault_board *faults;
    struct metrics *metrics;
    struct metric *shadows_skipped;
    struct watched watched[WATCHED_MAX];
    _Atomic size_t count;
    _Atomic unsigned short slots[SLOTS]; /* by name: 1 + the place in `watched`; 0: none */
};

struct policy_watch *policy_watch_create(struct clock *clock, struct fault_board *faults, struct metrics *metrics)
{
    struct policy_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    pthread_mutex_init(&watch->lock, NULL);
    watch->clock = clock;
    watch->faults = faults;
    watch->metrics = metrics;
    watch->shadows_skipped = metrics_register(metrics, METRIC_COUNTER, "ostler_policy_shadow_skipped_total", "",
                                              "Shadow runs that were left out for lack of time.");
    return watch;
}

void policy_watch_destroy(struct policy_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

/* ---- one policy ---- */

/* FNV-1a: eight names are looked up in each decision. */
static size_t slot_of(const char *name)
{
    uint32_t hash = 2166136261u;

    for (const char *at = name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    return (hash ^ hash >> 16) & (SLOTS - 1);
}

static struct watched *find(struct policy_watch *watch, const char *name)
{
    unsigned place;

    for (size_t slot = slot_of(name); (place = atomic_load_explicit(&watch->slots[slot], memory_order_acquire)) != 0;
         slot = (slot + 1) & (SLOTS - 1)) {
        if (strcmp(watch->watched[place - 1].name, name) == 0)
            return &watch->watched[place - 1];
    }
    return NULL;
}

/* Under the lock. */
static void put_in_slot(struct policy_watch *watch, const char *name, size_t place)
{
    size_t slot = slot_of(name);

    while (atomic_load(&watch->slots[slot]) != 0)
        slot = (slot + 1) & (SLOTS - 1);
    atomic_store_explicit(&watch->slots[slot], (unsigned short)(place + 1), memory_order_release);
}

static struct metric *metric_of(struct policy_watch *watch, const struct watched *policy, enum metric_type type, const char *name,
                                const char *more, const char *help)
{
    char labels[192];

    snprintf(labels, sizeof(labels), "policy=\"%s\"%s", policy->name, more);
    return metrics_register(watch->metrics, type, name, labels, help);
}

static void make_metrics(struct policy_watch *watch, struct watched *policy)
{
    for (unsigned breach = BREACH_ERROR; breach < BREACH_COUNT; breach++) {
        char kind[64];

        snprintf(kind, sizeof(kind), ",kind=\"%s\"", policy_breach_text((enum policy_breach)breach));
        policy->metrics.errors[breach] =
            metric_of(watch, policy, METRIC_COUNTER, "ostler_policy_errors_total", kind, "Calls in which a policy broke.");
    }
    policy->metrics.calls = metric_of(watch, policy, METRIC_COUNTER, "ostler_policy_calls_total", "", "Calls of a policy.");
    policy->metrics.p50 = metric_of(watch, policy, METRIC_GAUGE, "ostler_policy_cpu_microseconds", ",quantile=\"0.5\"", "CPU time of a call.");
    policy->metrics.p99 = metric_of(watch, policy, METRIC_GAUGE, "ostler_policy_cpu_microseconds", ",quantile=\"0.99\"", "CPU time of a call.");
    policy->metrics.memory = metric_of(watch, policy, METRIC_GAUGE, "ostler_policy_memory_peak_bytes", "", "The most memory that a call had.");
    policy->metrics.shadow_calls = metric_of(watch, policy, METRIC_COUNTER, "ostler_policy_shadow_calls_total", "", "Runs in shadow.");
    policy->metrics.shadow_differences =
        metric_of(watch, policy, METRIC_COUNTER, "ostler_policy_shadow_differences_total", "", "Runs in shadow that would have decided otherwise.");
    policy->metrics.quarantines = metric_of(watch, policy, METRIC_COUNTER, "ostler_policy_quarantines_total", "", "Revisions that were quarantined.");
}

/* NULL: more names came by than are watched. */
static struct watched *find_or_add(struct policy_watch *watch, const char *name)
{
    struct watched *policy = find(watch, name);
    size_t count;

    if (policy)
        return policy;
    pthread_mutex_lock(&watch->lock);
    policy = find(watch, name);
    count = atomic_load(&watch->count);
    if (!policy && count < WATCHED_MAX) {
        policy = &watch->watched[count];
        snprintf(policy->name, sizeof(policy->name), "%s", name);
        make_metrics(watch, policy);
        put_in_slot(watch, name, count);
        atomic_store_explicit(&watch->count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&watch->lock);
    return policy;
}

static unsigned bucket_of(int64_t ns)
{
    unsigned octave = 0, bucket;

    while (octave < 40 && ns >> (octave + 1) > 0)
        octave++;
    if (octave < FIRST_OCTAVE)
        return 0;
    bucket = (octave - FIRST_OCTAVE) * 4 + (unsigned)(ns >> (octave - 2) & 3) + 1;
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/* The upper bound of a bucket. */
static int64_t bound_of(unsigned bucket)
{
    unsigned octave;

    if (bucket == 0)
        return 1 << FIRST_OCTAVE;
    octave = (bucket - 1) / 4 + FIRST_OCTAVE;
    return (INT64_C(1) << octave) + ((int64_t)((bucket - 1) % 4 + 1) << (octave - 2));
}

static int64_t quantile(struct watched *policy, int64_t per_cent)
{
    int64_t calls = 0, seen = 0;

    for (unsigned i = 0; i < BUCKETS; i++)
        calls += atomic_load_explicit(&policy->buckets[i], memory_order_relaxed);
    for (unsigned i = 0; i < BUCKETS && calls > 0; i++) {
        seen += atomic_load_explicit(&policy->buckets[i], memory_order_relaxed);
        if (seen * 100 >= calls * per_cent)
            return bound_of(i);
    }
    return 0;
}

/* ---- quarantine; under the lock ---- */

static bool broke_in_a_minute(struct watched *policy, int64_t now_ms)
{
    policy->breaks_ms[policy->break_count++ % MINUTE_BREAKS] = now_ms;
    return policy->break_count >= MINUTE_BREAKS && now_ms - policy->breaks_ms[policy->break_count % MINUTE_BREAKS] <= MINUTE_MS;
}

/* Who cannot go, having no predecessor, is not asked to with every call; what failed once is tried again. */
static void tell_to_go(struct watched *policy, int64_t now_ms)
{
    if (policy->was_told && now_ms - policy->told_at_ms < MINUTE_MS)
        return;
    policy->was_told = policy->wants_quarantine = true;
    policy->told_at_ms = now_ms;
}

static void note_young_break(struct policy_watch *watch, struct watched *policy, int revision, int64_t call)
{
    int64_t now_ms = clock_monotonic_ms(watch->clock);
    bool is_many;

    if (revision == 0 || revision != atomic_load(&policy->revision)) /* one that is not stored has nothing to return to */
        return;
    is_many = broke_in_a_minute(policy, now_ms) && clock_wall_ms(watch->clock) - policy->activated_at_ms < YOUNG_MS;
    if (!policy->is_proven && call <= YOUNG_CALLS)
        is_many |= ++policy->young_breaks >= YOUNG_BREAKS;
    if (is_many)
        tell_to_go(policy, now_ms);
}

/* It had its first calls, however they ended. Under the lock. */
static void prove(struct watched *policy, int revision, int64_t call)
{
    if (call == YOUNG_CALLS && !policy->is_proven && revision != 0 && revision == atomic_load(&policy->revision))
        policy->is_proven = policy->tells_proven = true;
}

void policy_watch_activated(struct policy_watch *watch, const char *name, int revision, int64_t activated_at_ms, bool proven)
{
    struct watched *policy = find_or_add(watch, name);

    if (!policy)
        return;
    pthread_mutex_lock(&watch->lock);
    if (atomic_load(&policy->revision) != revision) {
        atomic_store(&policy->revision, revision);
        atomic_store(&policy->calls_of_revision, 0);
        policy->is_proven = proven;
        policy->wants_quarantine = policy->tells_proven = policy->was_told = false;
        policy->young_breaks = policy->break_count = 0;
    }
    policy->activated_at_ms = activated_at_ms;
    pthread_mutex_unlock(&watch->lock);
}

static bool hand_out(struct policy_watch *watch, bool of_proven, char name[SLUG_BYTES], int *revision)
{
    bool found = false;

    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < atomic_load(&watch->count) && !found; i++) {
        struct watched *policy = &watch->watched[i];
        bool *wish = of_proven ? &policy->tells_proven : &policy->wants_quarantine;

        found = *wish;
        *wish = false;
        snprintf(name, SLUG_BYTES, "%s", policy->name);
        *revision = atomic_load(&policy->revision);
    }
    pthread_mutex_unlock(&watch->lock);
    return found;
}

bool policy_watch_take_quarantine(struct policy_watch *watch, char name[SLUG_BYTES], int *revision)
{
    return hand_out(watch, false, name, revision);
}

bool policy_watch_take_proven(struct policy_watch *watch, char name[SLUG_BYTES], int *revision)
{
    return hand_out(watch, true, name, revision);
}

void policy_watch_quarantined(struct policy_watch *watch, const char *name)
{
    struct watched *policy = find_or_add(watch, name);

    if (!policy)
        return;
    atomic_fetch_add(&policy->quarantines, 1);
    metric_add(policy->metrics.quarantines, 1);
}

/* ---- faults of failing policies ---- */

/* Note whether the policy fails for the trigger. True: that changed whether it fails at all. Under the lock. */
static bool note_failing(struct watched *policy, enum policy_trigger trigger, bool fails)
{
    unsigned before = atomic_load(&policy->failing), after = fails ? before | 1u << trigger : before & ~(1u << trigger);

    atomic_store(&policy->failing, after);
    return !before != !after;
}

static void show_failing(struct policy_watch *watch, const char *name, bool fails)
{
    char subject[FAULT_SUBJECT_BYTES];

    snprintf(subject, sizeof(subject), SUBJECT_PREFIX "%s", name);
    if (fails)
        fault_board_raise(watch->faults, subject, "policy_failing", FAULT_ALARM,
                          "The policy breaks when it is asked: starts are refused, bills wait. Mend it, or roll it back.");
    else
        fault_board_clear(watch->faults, subject, "policy_failing");
}

/* One that did not load has a fault of its own already. */
static void note_break(struct policy_watch *watch, struct watched *policy, const struct decision *decision,
                       const struct policy_revision *asked, int64_t call)
{
    bool changed = false;

    pthread_mutex_lock(&watch->lock);
    if (asked->breach != BREACH_NOT_LOADED) {
        note_young_break(watch, policy, asked->revision, call);
        changed = note_failing(policy, decision->trigger, true);
    }
    prove(policy, asked->revision, call);
    pthread_mutex_unlock(&watch->lock);
    if (changed)
        show_failing(watch, policy->name, true);
}

/* Nearly all calls: no lock, unless something ends with this one. */
static void note_success(struct policy_watch *watch, struct watched *policy, const struct decision *decision,
                         const struct policy_revision *asked, int64_t call)
{
    bool changed;

    if (call != YOUNG_CALLS && !(atomic_load_explicit(&policy->failing, memory_order_relaxed) & 1u << decision->trigger))
        return;
    pthread_mutex_lock(&watch->lock);
    prove(policy, asked->revision, call);
    changed = note_failing(policy, decision->trigger, false);
    pthread_mutex_unlock(&watch->lock);
    if (changed)
        show_failing(watch, policy->name, false);
}

/* ---- decisions ---- */

static void raise_peak(struct watched *policy, int64_t bytes)
{
    int64_t peak = atomic_load_explicit(&policy->memory_peak, memory_order_relaxed);

    while (bytes > peak && !atomic_compare_exchange_weak(&policy->memory_peak, &peak, bytes))
        ;
}

/* NULL: it is not watched. */
static struct watched *tally_call(struct policy_watch *watch, const struct policy_revision *asked)
{
    struct watched *policy = find_or_add(watch, asked->name);

    if (!policy)
        return NULL;
    atomic_fetch_add_explicit(&policy->calls, 1, memory_order_relaxed);
    metric_add(policy->metrics.calls, 1);
    atomic_fetch_add_explicit(&policy->buckets[bucket_of(asked->cpu_ns)], 1, memory_order_relaxed);
    raise_peak(policy, (int64_t)asked->memory_bytes);
    if (asked->breach != BREACH_NONE) {
        atomic_fetch_add_explicit(&policy->errors[asked->breach], 1, memory_order_relaxed);
        metric_add(policy->metrics.errors[asked->breach], 1);
    }
    return policy;
}

static void saw_call(struct policy_watch *watch, const struct decision *decision, const struct policy_revision *asked)
{
    struct watched *policy = tally_call(watch, asked);
    int64_t call;

    if (!policy)
        return;
    call = asked->revision == atomic_load_explicit(&policy->revision, memory_order_relaxed)
               ? atomic_fetch_add_explicit(&policy->calls_of_revision, 1, memory_order_relaxed) + 1
               : INT64_MAX;
    if (asked->breach == BREACH_NONE)
        note_success(watch, policy, decision, asked, call);
    else
        note_break(watch, policy, decision, asked, call);
}

static void saw_shadow(struct policy_watch *watch, const struct shadow_verdict *shadow)
{
    struct watched *policy = find_or_add(watch, shadow->name);

    if (!policy)
        return;
    atomic_fetch_add(&policy->shadow_calls, 1);
    metric_add(policy->metrics.shadow_calls, 1);
    if (shadow->differs) {
        atomic_fetch_add(&policy->shadow_differences, 1);
        metric_add(policy->metrics.shadow_differences, 1);
    }
}

static void saw_shadows(struct policy_watch *watch, const struct decision *decision)
{
    for (unsigned i = 0; i < decision->shadow_count; i++)
        saw_shadow(watch, &decision->shadows[i]);
    if (decision->shadows_skipped > 0)
        metric_add(watch->shadows_skipped, decision->shadows_skipped);
}

void policy_watch_saw(struct policy_watch *watch, const struct decision *decision)
{
    for (unsigned i = 0; i < decision->revision_count; i++)
        saw_call(watch, decision, &decision->revisions[i]);
    saw_shadows(watch, decision);
}

void policy_watch_tally(struct policy_watch *watch, const struct decision *decision)
{
    for (unsigned i = 0; i < decision->revision_count; i++)
        tally_call(watch, &decision->revisions[i]);
    saw_shadows(watch, decision);
}

void policy_watch_forget(struct policy_watch *watch)
{
    for (size_t i = 0; i < atomic_load(&watch->count); i++) {
        struct watched *policy = &watch->watched[i];
        bool failed;

        pthread_mutex_lock(&watch->lock);
        failed = atomic_exchange(&policy->failing, 0) != 0;
        pthread_mutex_unlock(&watch->lock);
        if (failed)
            show_failing(watch, policy->name, false);
    }
}

bool policy_watch_read(struct policy_watch *watch, const char *name, struct policy_figures *out)
{
    struct watched *policy = find(watch, name);

    memset(out, 0, sizeof(*out));
    if (!policy)
        return false;
    out->calls = atomic_load(&policy->calls);
    for (unsigned i = 0; i < BREACH_COUNT; i++)
        out->errors[i] = atomic_load(&policy->errors[i]);
    out->p50_ns = quantile(policy, 50);
    out->p99_ns = quantile(policy, 99);
    out->memory_peak_bytes = atomic_load(&policy->memory_peak);
    out->shadow_calls = atomic_load(&policy->shadow_calls);
    out->shadow_differences = atomic_load(&policy->shadow_differences);
    out->quarantines = atomic_load(&policy->quarantines);
    return true;
}

void policy_watch_refresh(struct policy_watch *watch)
{
    for (size_t i = 0; i < atomic_load(&watch->count); i++) {
        struct watched *policy = &watch->watched[i];

        metric_set(policy->metrics.p50, (quantile(policy, 50) + 999) / 1000);
        metric_set(policy->metrics.p99, (quantile(policy, 99) + 999) / 1000);
        metric_set(policy->metrics.memory, atomic_load(&policy->memory_peak));
    }
}
