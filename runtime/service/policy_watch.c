#include "runtime/service/policy_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct failing_policy {
    char name[SLUG_BYTES];
    unsigned triggers; /* bits 1 << enum policy_trigger; 0: the place is free */
};

struct policy_watch {
    pthread_mutex_t lock;
    struct fault_board *faults;
    struct failing_policy failing[POLICIES_MAX];
    _Atomic unsigned count;
};

struct policy_watch *policy_watch_create(struct fault_board *faults)
{
    struct policy_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    pthread_mutex_init(&watch->lock, NULL);
    watch->faults = faults;
    return watch;
}

void policy_watch_destroy(struct policy_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

/* One that did not load has a fault of its own already. */
static bool broke_running(const struct decision_reason *reason)
{
    return reason->verb == REASON_BROKEN && reason->policy[0] && strcmp(reason->code, "not_loaded") != 0;
}

static const struct decision_reason *find_break(const struct decision *decision, const char *name)
{
    for (unsigned i = 0; i < decision->reason_count; i++) {
        if (decision->reasons[i].verb == REASON_BROKEN && strcmp(decision->reasons[i].policy, name) == 0)
            return &decision->reasons[i];
    }
    return NULL;
}

/* Note whether the policy fails for the trigger. True: that changed whether it fails at all. */
static bool note(struct policy_watch *watch, const char *name, enum policy_trigger trigger, bool fails)
{
    struct failing_policy *place = NULL;
    bool changed = false;

    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < POLICIES_MAX; i++) {
        struct failing_policy *each = &watch->failing[i];

        if (each->triggers && strcmp(each->name, name) == 0) {
            place = each;
            break;
        }
        if (!each->triggers && !place && fails)
            place = each;
    }
    if (place) {
        unsigned before = place->triggers;

        snprintf(place->name, sizeof(place->name), "%s", name);
        place->triggers = fails ? before | 1u << trigger : before & ~(1u << trigger);
        changed = !before != !place->triggers;
    }
    if (changed)
        atomic_fetch_add(&watch->count, fails ? 1u : -1u);
    pthread_mutex_unlock(&watch->lock);
    return changed;
}

void policy_watch_saw(struct policy_watch *watch, const struct decision *decision)
{
    bool is_complete = decision->reason_count < DECISION_REASONS_MAX; /* else a break may have been pushed out */
    char subject[FAULT_SUBJECT_BYTES];

    if (atomic_load_explicit(&watch->count, memory_order_relaxed) == 0 && !decision_has_broken(decision))
        return;
    for (unsigned i = 0; i < decision->revision_count; i++) {
        const char *name = decision->revisions[i].name;
        const struct decision_reason *reason = find_break(decision, name);

        snprintf(subject, sizeof(subject), "policy/%s", name);
        if (reason && broke_running(reason)) {
            if (note(watch, name, decision->trigger, true))
                fault_board_raise(watch->faults, subject, "policy_failing", FAULT_ALARM,
                                  "The policy breaks when it is asked: starts are refused, bills wait. Mend it, then reload.");
        } else if (!reason && is_complete && note(watch, name, decision->trigger, false)) {
            fault_board_clear(watch->faults, subject, "policy_failing");
        }
    }
}

void policy_watch_forget(struct policy_watch *watch)
{
    struct failing_policy failing[POLICIES_MAX];
    char subject[FAULT_SUBJECT_BYTES];

    pthread_mutex_lock(&watch->lock);
    memcpy(failing, watch->failing, sizeof(failing));
    memset(watch->failing, 0, sizeof(watch->failing));
    atomic_store(&watch->count, 0);
    pthread_mutex_unlock(&watch->lock);
    for (size_t i = 0; i < POLICIES_MAX; i++) {
        if (!failing[i].triggers)
            continue;
        snprintf(subject, sizeof(subject), "policy/%s", failing[i].name);
        fault_board_clear(watch->faults, subject, "policy_failing");
    }
}
