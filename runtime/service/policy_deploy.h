/*
 * Deploying policies: the use cases of operators, for HTTP and with it the command line. Each is all or nothing: where
 * anything is wrong the old revision stays live, and the answer names every problem with its line.
 *
 * A change goes: check the source, run its specs, compile the whole next set, commit revision, deployment, history, event and
 * audit line together, then switch. All changes run one after another; requests never wait for one.
 */
#ifndef OSTLER_SERVICE_POLICY_DEPLOY_H
#define OSTLER_SERVICE_POLICY_DEPLOY_H

#include "runtime/service/policy_catalog.h"

#define DEPLOY_PROBLEMS_MAX 64
#define DEPLOY_LATEST 0   /* of the revision to activate: the newest */

/* Texts are borrowed for the call. What is NULL or not `has_` is as in the base: the live revision, else the newest. */
struct deploy_request {
    const char *name;           /* the source must say the same */
    const char *source;         /* NULL: the base's; then something else must change */
    size_t source_length;
    const char *spec;           /* "": none */
    size_t spec_length;
    const struct json_value *settings; /* an object: values to set; null takes one back to the source's own */
    bool has_order;
    bool order_is_own;          /* with has_order: that which the source asks for */
    int order;
    bool has_rights;
    unsigned rights;
    bool has_fail;
    enum policy_fail fail;
    enum policy_mode mode;      /* ON: go live. SHADOW: run beside. OFF: only store the revision */
    const char *message;
    const char *actor;
};

enum deploy_verdict {
    DEPLOY_DONE,
    DEPLOY_UNCHANGED,           /* the very revision is in force in this mode already: nothing was stored */
    DEPLOY_INVALID,             /* problems */
    DEPLOY_NO_POLICY,           /* no policy of this name was ever stored, and the request brings no source */
    DEPLOY_NO_REVISION,
    DEPLOY_TOO_MANY,            /* POLICIES_MAX are in force */
    DEPLOY_STORAGE_UNAVAILABLE,
    DEPLOY_OVERLOADED,          /* no memory */
};

struct deploy_answer {
    enum deploy_verdict verdict;
    int revision;               /* DONE, UNCHANGED: this one */
    int previous;               /* that was live before; 0: none */
    bool is_new;                /* the revision was made by this call */
    enum policy_mode mode;
    size_t specs_passed, specs_failed;
    struct policy_problem problems[DEPLOY_PROBLEMS_MAX]; /* failing cases are among them, by the spec's file */
    size_t problem_count;       /* may be larger */
};

/* All for HTTP workers: they block on the store and on one another. *out is large: keep it off small stacks. */
void policy_deploy(struct policy_catalog *catalog, const struct deploy_request *request, struct deploy_answer *out);
/*
 * Put a stored revision in force in a mode; OFF takes the policy out of force (its revision is then not looked at). Specs are
 * not run again. message and actor as above.
 */
void policy_activate(struct policy_catalog *catalog, const char *name, int revision, enum policy_mode mode, const char *message,
                     const char *actor, struct deploy_answer *out);
/* Return to the revision that was live before the present one and was not quarantined. DEPLOY_NO_REVISION: there is none. */
void policy_roll_back(struct policy_catalog *catalog, const char *name, const char *message, const char *actor,
                      struct deploy_answer *out);

/* The revision that a rollback would return to; 0: there is none. */
int policy_previous(struct policy_catalog *catalog, const char *name);

struct try_request {
    const char *name;
    const char *source;         /* NULL: that of `revision` */
    size_t source_length;
    int revision;               /* 0: the live one, else the newest */
    const struct json_value *settings; /* NULL: the revision's */
    const struct policy_question *question;
};
/* Ask one policy alone, with a trace; nothing is stored or counted. DEPLOY_DONE, INVALID (one problem), NO_POLICY, NO_REVISION. */
void policy_try(struct policy_catalog *catalog, const struct try_request *request, struct decision *decision,
                struct policy_trace *trace, struct deploy_answer *out);

/*
 * A policy that broke too often in its youth (policy contract, Revisions) is quarantined: its last good revision returns. Called
 * by the policy runner's thread where policy_catalog_wants_quarantine() says so.
 */
void policy_quarantine(struct policy_catalog *catalog, const char *name, int revision);

#endif
