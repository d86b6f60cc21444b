/*
 * The policy catalog: which policies are in force. Here they come from a directory; a request borrows the whole set once
 * and so sees one set of revisions, whatever is loaded meanwhile.
 */
#ifndef OSTLER_SERVICE_POLICY_CATALOG_H
#define OSTLER_SERVICE_POLICY_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/base/status.h"
#include "runtime/ports/policy_host.h"
#include "runtime/ports/store.h"
#include "runtime/service/fault_board.h"

struct policy_catalog;
struct policy_lease; /* a borrowed set */

struct policy_catalog_parts {
    struct policy_host *host;
    struct store *store;       /* numbers the revisions; NULL (a check without a database): all are 0 */
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
 * Load every *.lua file (specs, *_spec.lua, left out) of a directory, by name; an empty path or folder is an empty set.
 * OST_INVALID: problems are listed and, when strict, nothing changed; when lenient, the set is in force with the broken ones
 * and each has a fault. OST_NOT_FOUND: no such directory (lenient: the set is one that is broken as a whole).
 * *problem_count may be larger than problems_max. One thread at a time.
 */
enum ost_status policy_catalog_load(struct policy_catalog *catalog, const char *directory, enum policy_load how,
                                    struct policy_problem *problems, size_t problems_max,
                                    size_t *problem_count) OST_MUST_CHECK;

/* Borrow the set in force; never NULL. Any thread. */
struct policy_lease *policy_catalog_take(struct policy_catalog *catalog);
void policy_catalog_put(struct policy_catalog *catalog, struct policy_lease *lease);

/* Rises with every load: a change means that what was broken may be mended. */
unsigned policy_catalog_generation(struct policy_catalog *catalog);

/* Of the borrowed set; see policy_host.h. A policy that breaks in a decision has a fault, see policy_watch.h. */
bool policy_lease_listens(const struct policy_lease *lease, enum policy_trigger trigger);
enum ost_status policy_lease_decide(struct policy_lease *lease, enum policy_trigger trigger,
                                    const struct policy_visit *visit, int wait_ms, struct decision *out) OST_MUST_CHECK;
size_t policy_lease_describe(struct policy_lease *lease, struct policy_facts *out, size_t max);

#endif
