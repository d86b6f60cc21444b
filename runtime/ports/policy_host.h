/*
 * The policy host: turns sources into a set of policies, and asks a set for decisions.
 * A set is immutable; a reload compiles a new one and swaps it (service/policy_catalog.h).
 */
#ifndef OSTLER_PORTS_POLICY_HOST_H
#define OSTLER_PORTS_POLICY_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/status.h"
#include "runtime/core/decision.h"

#define POLICY_SOURCE_MAX 8192 /* bytes of one policy's source */

struct policy_host;
struct policy_set;

struct policy_source {
    char file[256];          /* for messages: "opening-hours.lua" */
    const char *text;        /* borrowed for the call; text only, no bytecode */
    size_t length;
    int revision;
};

/* What is wrong with a source, for the operator. */
struct policy_problem {
    char file[256];
    int line;                /* 0: the file as a whole */
    char text[384];          /* what is wrong and what to do, with a suggestion where there is one */
};

struct policy_facts {
    char name[SLUG_BYTES];
    char version[32];
    char about[REASON_BYTES];
    int order;
    int revision;
    bool broken;             /* did not load: it counts as broken for every trigger */
    unsigned triggers;       /* bits 1 << enum policy_trigger */
};

struct policy_host_ops {
    /*
     * Compile sources (at most POLICIES_MAX) into a set. Always makes a set: a source that does not load is in it as
     * broken, and is named in problems (at most problems_max; *problem_count may be larger).
     * *out is the caller's to free with destroy_set(), when no decide() runs on it. OST_NO_MEMORY. One thread at a time.
     */
    enum ost_status (*compile)(struct policy_host *host, const struct policy_source *sources, size_t count,
                               struct policy_set **out, struct policy_problem *problems, size_t problems_max,
                               size_t *problem_count);
    void (*destroy_set)(struct policy_host *host, struct policy_set *set);
    /* Facts of each policy, in the order of composition; at most max; returns how many there are. */
    size_t (*describe)(struct policy_host *host, const struct policy_set *set, struct policy_facts *out, size_t max);
    /* Does anybody in the set listen to the trigger (a broken policy listens to all)? If not, decide() allows. */
    bool (*listens)(const struct policy_set *set, enum policy_trigger trigger);
    /*
     * Ask all policies of a trigger, composed as the policy contract says. Any thread; blocks at most until
     * wait_ms for a free instance. *out is zeroed first; its id and time are the caller's.
     * A broken policy gives DECISION_BROKEN on session_start; on session_stop and door_request the outcome is of
     * the others and `reasons` names it with REASON_BROKEN (a stop with such a reason has its price pending).
     * Each note says its author, as a place in the revisions.
     * OST_BUSY: no instance came free in time.
     */
    enum ost_status (*decide)(struct policy_host *host, struct policy_set *set, enum policy_trigger trigger,
                              const struct policy_visit *visit, int wait_ms, struct decision *out);
    void (*destroy)(struct policy_host *host);
};

struct policy_host {
    const struct policy_host_ops *ops;
};


#endif
