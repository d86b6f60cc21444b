/* What the files of the policy catalog share. Private to policy_catalog.c, policy_folder.c, policy_plan.c and policy_deploy.c. */
#ifndef OSTLER_SERVICE_POLICY_CATALOG_INTERNAL_H
#define OSTLER_SERVICE_POLICY_CATALOG_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/service/policy_catalog.h"
#include "runtime/service/policy_watch.h"

#define DEPLOYMENTS_MAX 256 /* those that are off included */
#define DEPLOY_DEADLINE_MS 5000

/* A set and those who use it; the catalog itself counts as one user while the set is in force. */
struct policy_lease {
    struct policy_catalog *catalog;
    struct policy_host *host;
    struct policy_set *set; /* NULL: no policies, or, with is_broken, none that could be read */
    bool is_broken;
    unsigned users;
};

/* One that is to be in force. */
struct plan_entry {
    struct policy_record *record;
    char *raw;       /* a source that fits no record, as it is; else NULL */
    size_t raw_length;
    char file[256];  /* for messages */
    bool is_shadow;
};

/* What is to be in force, as one. */
struct policy_plan {
    struct plan_entry entries[POLICIES_MAX];
    size_t count;
};

struct policy_catalog {
    struct policy_catalog_parts parts;
    pthread_mutex_t lock; /* of `current` and `generation`: a leaf */
    struct policy_lease *current;
    unsigned generation;
    pthread_mutex_t change_lock; /* one change at a time: held over compiling and commits; never by a request */
    struct policy_deployment deployments[DEPLOYMENTS_MAX]; /* as stored; under change_lock */
    size_t deployment_count;
    _Atomic bool is_deployed;    /* one of them is not the folder's */
    _Atomic bool is_unsettled;   /* see policy_catalog_settle() */
    struct policy_watch *watch;
    struct metric *loaded;
    struct metric *broken;
};

/* ---- policy_catalog.c ---- */

struct policy_lease *catalog_lease_create(struct policy_catalog *catalog, struct policy_set *set, bool is_broken);
/* Take over a lease and put it in force. problem: of one that is broken as a whole; NULL: none. */
void catalog_put_in_force(struct policy_catalog *catalog, struct policy_lease *lease, const struct policy_problem *problem);

/* ---- policy_plan.c; all under change_lock ---- */

struct policy_record *record_copy(const struct policy_record *record); /* NULL without memory */
/* SHA-256 of all that makes a revision: source, spec, settings, order, rights, fail mode. */
void record_digest(struct policy_record *record);
/* Takes over the record, also where it fails. OST_TOO_LARGE, OST_NO_MEMORY. */
enum ost_status plan_add(struct policy_plan *plan, struct policy_record *record, const char *file, bool is_shadow) OST_MUST_CHECK;
void plan_free(struct policy_plan *plan);
/* What these deployments put in force, from the store; overlay: a record that is not stored yet, or NULL. */
enum ost_status plan_read(struct policy_catalog *catalog, const struct policy_deployment *deployments, size_t count,
                          const struct policy_record *overlay, struct policy_plan *plan) OST_MUST_CHECK;
/* *set NULL: the plan is empty. OST_NO_MEMORY. */
enum ost_status plan_compile(struct policy_catalog *catalog, const struct policy_plan *plan, struct policy_set **set,
                             struct policy_problem *problems, size_t problems_max, size_t *problem_count) OST_MUST_CHECK;
/* The deployments as stored. OST_TOO_LARGE: more than a catalog can hold. */
enum ost_status deployments_read(struct policy_catalog *catalog) OST_MUST_CHECK;
/* NULL: it was never deployed. */
struct policy_deployment *deployment_find(struct policy_deployment *deployments, size_t count, const char *name);
/* Put what is deployed in force. lenient: also with broken ones in it. */
enum ost_status deployments_load(struct policy_catalog *catalog, enum policy_load how, struct policy_problem *problems,
                                 size_t problems_max, size_t *problem_count) OST_MUST_CHECK;

/* Store what a change of deployments needs, and wait. OST_OK: done. OST_UNCERTAIN: see policy_catalog_settle(). */
enum ost_status deployments_commit(struct policy_catalog *catalog, struct store_change *change) OST_MUST_CHECK;
/* The number of a record by its digest: that of the same content, else the next one, and *is_new. A fault of the store. */
enum ost_status record_number(struct policy_catalog *catalog, struct policy_record *record, bool *is_new) OST_MUST_CHECK;

/* Had this revision its first calls in an earlier run? */
bool record_is_proven(struct policy_catalog *catalog, const char *name, int revision);

/* ---- policy_history.c; under change_lock ---- */

/*
 * The revision to return to from the one that is live: what was live before it, rollbacks undone, and is not quarantined.
 * OST_NOT_FOUND: there is none.
 */
enum ost_status history_last_good(struct policy_catalog *catalog, const char *name, int live, int *revision) OST_MUST_CHECK;

/* ---- policy_folder.c; under change_lock ---- */

enum ost_status folder_load(struct policy_catalog *catalog, const char *directory, enum policy_load how,
                            struct policy_problem *problems, size_t problems_max, size_t *problem_count) OST_MUST_CHECK;

#endif
