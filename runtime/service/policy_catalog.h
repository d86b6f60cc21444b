/*
 * The policy catalog: which policies are in force. Their revisions and deployments are in the store; a request borrows the whole
 * set once and so sees one set of revisions, whatever is deployed meanwhile (policy_deploy.h).
 *
 * Until somebody deploys, the configuration's folder counts: what it holds is stored as revisions too, so that a start needs no
 * file, and a decision can be made again. From the first deployment on only the store counts.
 */
#ifndef OSTLER_SERVICE_POLICY_CATALOG_H
#define OSTLER_SERVICE_POLICY_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/base/status.h"
#include "runtime/base/uuid.h"
#include "runtime/ports/policy_host.h"
#include "runtime/ports/store.h"
#include "runtime/service/fault_board.h"
#include "runtime/service/site_registry.h"

struct policy_catalog;
struct policy_lease; /* a borrowed set */

struct policy_catalog_parts {
    struct policy_host *host;
    struct store *store;         /* NULL (a check without a database): the folder alone, and all revisions are 0 */
    struct site_registry *sites; /* whose garage the events of deployments are; NULL: none */
    struct uuid_generator *ids;  /* with a store */
    struct clock *clock;
    struct fault_board *faults;
    struct metrics *metrics;
};

/* A catalog with no policies: everything is allowed. *out is freed with policy_catalog_destroy(). OST_NO_MEMORY. */
enum ost_status policy_catalog_create(const struct policy_catalog_parts *parts, struct policy_catalog **out) OST_MUST_CHECK;
void policy_catalog_destroy(struct policy_catalog *catalog); /* accepts NULL; every lease must have been returned */

/* How a load treats a broken policy. */
enum policy_load { POLICY_LOAD_STRICT /* a reload: all or nothing */, POLICY_LOAD_LENIENT /* a start: with it, broken */ };

/*
 * Put in force what is deployed; where nobody deployed yet, every *.lua file (specs, *_spec.lua, are stored with theirs) of a
 * directory, by name; an empty path or folder is an empty set.
 * OST_INVALID: problems are listed and, when strict, nothing changed; when lenient, the set is in force, with the last good
 * revision of what is broken now, or else with it broken, and each has a fault. OST_NOT_FOUND: no such directory (lenient: what
 * was in force before is, and where there is nothing the set is one that is broken as a whole). A fault of the store: as OST_IO.
 * *problem_count may be larger than problems_max. Waits for deployments that run.
 */
enum ost_status policy_catalog_load(struct policy_catalog *catalog, const char *directory, enum policy_load how,
                                    struct policy_problem *problems, size_t problems_max,
                                    size_t *problem_count) OST_MUST_CHECK;

/* Does the folder count no more? */
bool policy_catalog_is_deployed(struct policy_catalog *catalog);

/*
 * A deployment whose commit was not decided in time may have been stored all the same: put in force what is. Once a second, by
 * the policy runner; it costs nothing where there is none.
 */
void policy_catalog_settle(struct policy_catalog *catalog);

struct policy_watch *policy_catalog_watch(struct policy_catalog *catalog); /* borrowed */

/* Borrow the set in force; never NULL. Any thread. */
struct policy_lease *policy_catalog_take(struct policy_catalog *catalog);
void policy_catalog_put(struct policy_catalog *catalog, struct policy_lease *lease);

/* Rises with every load: a change means that what was broken may be mended. */
unsigned policy_catalog_generation(struct policy_catalog *catalog);

/* Of the borrowed set; see policy_host.h. A policy that breaks in a decision has a fault, see policy_watch.h. */
bool policy_lease_listens(const struct policy_lease *lease, enum policy_trigger trigger);
enum ost_status policy_lease_decide(struct policy_lease *lease, enum policy_trigger trigger,
                                    const struct policy_visit *visit, int wait_ms, struct decision *out) OST_MUST_CHECK;
enum ost_status policy_lease_ask(struct policy_lease *lease, const struct policy_question *question,
                                 struct decision *out) OST_MUST_CHECK;
size_t policy_lease_describe(struct policy_lease *lease, struct policy_facts *out, size_t max);
size_t policy_lease_settings(struct policy_lease *lease, size_t place, struct policy_setting *out, size_t max);

#endif
