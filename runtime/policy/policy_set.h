/* A compiled set of policies, with as many instances of each as decisions can run at once. Private to runtime/policy. */
#ifndef OSTLER_POLICY_POLICY_SET_H
#define OSTLER_POLICY_POLICY_SET_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/policy/instance.h"

/* What one decision runs on: an instance of every policy. */
struct slot {
    bool busy;
    struct sandbox *sandboxes[POLICIES_MAX]; /* NULL: broken */
    struct decision scratch;                 /* of a shadow's run */
};

struct policy_set {
    struct policy_facts facts[POLICIES_MAX]; /* in the order of composition, shadows among them */
    struct policy_setting *settings[POLICIES_MAX]; /* the forms */
    size_t setting_counts[POLICIES_MAX];
    size_t count;
    size_t shadow_count;
    unsigned slot_count;
    struct slot *slots;
    pthread_mutex_t lock;
    pthread_cond_t slot_free;
    unsigned starts_running; /* they leave one slot for those who want out */
    _Atomic unsigned waiting; /* for a slot */
    _Atomic int64_t shadow_second; /* the second (monotonic) that shadow_ns counts */
    _Atomic int64_t shadow_ns;     /* CPU time of shadows in it */
};

/* As policy_host_ops.compile. */
enum ost_status policy_set_compile(const struct sandbox_limits *limits, unsigned slot_count, const struct policy_source *sources,
                                   size_t count, struct policy_set **out, struct policy_problem *problems, size_t problems_max,
                                   size_t *problem_count);
void policy_set_destroy(struct policy_set *set); /* accepts NULL */

/* Does the policy at a place listen to the trigger? A broken one listens to all. */
bool policy_set_listens(const struct policy_set *set, size_t at, enum policy_trigger trigger);

/* is_start: somebody wants in. NULL: none came free in wait_ms. */
struct slot *policy_set_take_slot(struct policy_set *set, bool is_start, int wait_ms);
void policy_set_put_slot(struct policy_set *set, struct slot *slot, bool is_start);

#endif
