/*
 * The policy host: turns sources into a set of policies, asks a set for decisions, and is the workbench of those who write
 * policies: it checks, traces and tests one source by itself.
 * A set is immutable; a change compiles a new one and swaps it (service/policy_catalog.h).
 */
#ifndef OSTLER_PORTS_POLICY_HOST_H
#define OSTLER_PORTS_POLICY_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/status.h"
#include "runtime/core/decision.h"
#include "runtime/core/policy.h"

struct policy_host;
struct policy_set;

/* A source, and what its deployment record grants it. Texts are borrowed for the call. */
struct policy_source {
    char file[256];          /* for messages: "opening-hours.lua" */
    const char *text;        /* text only, no bytecode */
    size_t length;
    int revision;
    const char *settings;    /* a JSON object of values other than the source's own; NULL or "": none */
    bool has_order;          /* the deployment's order, and not the one that policy{} asks for */
    int order;
    unsigned rights;         /* bits 1 << enum policy_right */
    enum policy_fail fail;
    bool is_shadow;          /* it is asked beside the others and changes nothing */
};

/* What is wrong with a source, for the operator. */
struct policy_problem {
    char file[256];
    int line;                /* 0: the file as a whole */
    char text[384];          /* what is wrong and what to do, with a suggestion where there is one */
};

/* What a policy says of itself, and what it was granted. */
struct policy_facts {
    char name[SLUG_BYTES];
    char version[32];
    char about[REASON_BYTES];
    int order;               /* that it runs by */
    int revision;
    bool broken;             /* did not load: it counts as broken for every trigger */
    bool is_shadow;
    unsigned triggers;       /* bits 1 << enum policy_trigger */
    unsigned rights_asked, rights; /* bits 1 << enum policy_right */
    enum policy_fail fail;
    char route[POLICY_ROUTE_BYTES]; /* of on.http: "/hello"; else empty */
    scope_set scopes;        /* one of these is enough to call the route; 0: any caller */
    struct policy_schedule schedule; /* of on.schedule; else kind SCHEDULE_NONE */
};

/* A field of a policy's form. */
struct policy_setting {
    char name[CODE_BYTES];
    enum setting_type type;
    char value[SETTING_TEXT_BYTES];   /* as text: "Mon-Fri 06:00-23:00", "25.00", "24h", "true" */
    char standard[SETTING_TEXT_BYTES]; /* the source's own value */
    char label[REASON_BYTES];
};

struct policy_trace;
struct policy_question {
    enum policy_trigger trigger;
    const struct policy_visit *visit;
    const char *only;        /* ask only the policy of this name (schedule, http); NULL: all that listen */
    struct policy_response *response; /* http: where respond() goes; else NULL */
    bool no_shadows;         /* leave out those that run in shadow */
    bool is_repeated;        /* an attempt again: where it breaks, that counts against nobody */
    struct policy_trace *trace; /* of the workbench; else NULL */
    int wait_ms;             /* for a free instance */
};

/* ---- the workbench ---- */

/* What a policy did, in its order: a line that ran, a value it read, a verb it said. */
struct trace_step {
    int line;
    enum { TRACE_LINE, TRACE_READ, TRACE_SAID } kind;
    char text[160];          /* READ: "visit.kind is \"season\""; SAID: "deny(\"closed\", ...)"; LINE: empty */
};
#define TRACE_STEPS_MAX 512
struct policy_trace {
    struct trace_step steps[TRACE_STEPS_MAX];
    size_t count;            /* may be larger than the maximum: the rest was left out */
};

struct spec_case {
    char name[REASON_BYTES];
    int line;                /* of the spec */
    bool passed;
    char text[512];          /* failed: what was expected and what came, and of which rule */
};
#define SPEC_CASES_MAX 512
struct spec_report {
    struct spec_case cases[SPEC_CASES_MAX];
    size_t count;
    size_t passed, failed;
    struct policy_problem problem; /* the spec itself cannot run; text "" : it can */
    unsigned char lines[POLICY_SOURCE_MAX + 1]; /* by line of the source: what coverage says */
    int line_count;          /* the last line of the source */
    char codes_missing[32][CODE_BYTES]; /* refusal codes in the source that no case came upon */
    size_t codes_missing_count;
};
enum { LINE_IS_NO_CODE, LINE_NEVER_RAN, LINE_RAN }; /* of spec_report.lines */

struct policy_host_ops {
    /*
     * Compile sources (at most POLICIES_MAX) into a set. Always makes a set: a source that does not load is in it as
     * broken, and is named in problems (at most problems_max; *problem_count may be larger). A shadow may have the name of
     * another policy; two others may not, nor may two have the same route.
     * *out is the caller's to free with destroy_set(), when no decide() runs on it. OST_NO_MEMORY. Any thread.
     */
    enum ost_status (*compile)(struct policy_host *host, const struct policy_source *sources, size_t count,
                               struct policy_set **out, struct policy_problem *problems, size_t problems_max,
                               size_t *problem_count);
    void (*destroy_set)(struct policy_host *host, struct policy_set *set);
    /* Facts of each policy, in the order of composition; at most max; returns how many there are. */
    size_t (*describe)(struct policy_host *host, const struct policy_set *set, struct policy_facts *out, size_t max);
    /* The form of the policy at a place of describe(), in the order of the source; at most max; returns how many there are. */
    size_t (*settings)(struct policy_host *host, const struct policy_set *set, size_t place, struct policy_setting *out,
                       size_t max);
    /* Does anybody in the set listen to the trigger (a broken policy listens to all)? If not, decide() allows. */
    bool (*listens)(const struct policy_set *set, enum policy_trigger trigger);
    /*
     * Ask the policies of a trigger, composed as the policy contract says. Any thread; blocks at most until
     * wait_ms for a free instance. *out is zeroed first; its id and time are the caller's.
     * A broken policy gives DECISION_BROKEN on session_start, a door_request inwards (unless it may fail open) and http; else
     * the outcome is of the others and `reasons` names it with REASON_BROKEN (a stop with such a reason has its price
     * pending). Each note says its author, as a place in the revisions.
     * OST_BUSY: no instance came free in time.
     */
    enum ost_status (*decide)(struct policy_host *host, struct policy_set *set, const struct policy_question *question,
                              struct decision *out);

    /*
     * Compile one source, as compile() would; *facts (its name after the file where it has none) and its form are filled as
     * far as it loads. OST_OK: it loads, and problems are warnings: what runs and can hardly be meant. OST_INVALID: problems say
     * why it does not load. OST_NO_MEMORY.
     */
    enum ost_status (*check)(struct policy_host *host, const struct policy_source *source, struct policy_facts *facts,
                             struct policy_setting *settings, size_t settings_max, size_t *setting_count,
                             struct policy_problem *problems, size_t problems_max, size_t *problem_count);
    /*
     * Ask one source by itself, with a trace. OST_INVALID: it does not load, *problem says why. *out as in decide().
     */
    enum ost_status (*trace)(struct policy_host *host, const struct policy_source *source,
                             const struct policy_question *question, struct decision *out, struct policy_trace *trace,
                             struct policy_problem *problem);
    /* Run the specs of a source. OST_INVALID: the source does not load, or the spec cannot run: report->problem says why. */
    enum ost_status (*run_specs)(struct policy_host *host, const struct policy_source *source, const char *spec_file,
                                 const char *spec, size_t spec_length, struct spec_report *report);
    void (*destroy)(struct policy_host *host);
};

struct policy_host {
    const struct policy_host_ops *ops;
};

#endif
