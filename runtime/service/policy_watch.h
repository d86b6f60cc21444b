/*
 * Watches the policies in force: what each costs and how it fares (metrics, and for `GET /v1/policies/{name}`), raises a fault
 * while one breaks, and says when a young revision broke so often that it has to go (policy contract, Revisions).
 */
#ifndef OSTLER_SERVICE_POLICY_WATCH_H
#define OSTLER_SERVICE_POLICY_WATCH_H

#include "runtime/base/metrics.h"
#include "runtime/core/decision.h"
#include "runtime/service/fault_board.h"

#define YOUNG_CALLS 100          /* of a revision; */
#define YOUNG_BREAKS 5           /* so many in them are too many, */
#define MINUTE_BREAKS 20         /* or so many within a minute */
#define YOUNG_MS (24 * 3600 * INT64_C(1000)) /* in its first 24 hours */

#define POLICIES_WATCHED_MAX 256 /* names that are in force now or were once: as many as can be deployed */

struct policy_watch;

struct policy_figures {
    int64_t calls;
    int64_t errors[BREACH_COUNT];
    int64_t p50_ns, p99_ns; /* CPU time of a call; upper bounds of their buckets. 0: no call yet */
    int64_t memory_peak_bytes;
    int64_t shadow_calls, shadow_differences;
    int64_t quarantines;
};

struct policy_watch *policy_watch_create(struct clock *clock, struct fault_board *faults, struct metrics *metrics); /* NULL without memory */
void policy_watch_destroy(struct policy_watch *watch);  /* accepts NULL */

/* A decision was made by the set in force. Any thread; cheap. */
void policy_watch_saw(struct policy_watch *watch, const struct decision *decision);
/* One was made again, or by a set that is not in force any more: it is in the figures, and counts for and against nobody. */
void policy_watch_tally(struct policy_watch *watch, const struct decision *decision);
/* Other policies are in force: none of them is known to fail. */
void policy_watch_forget(struct policy_watch *watch);
/* A revision is live since then (wall). proven: it had its first calls in an earlier run. One that is live already goes on. */
void policy_watch_activated(struct policy_watch *watch, const char *name, int revision, int64_t activated_at_ms, bool proven);

/* One that has to go: told once, and again a minute later where it still breaks. Any thread. False: none has. */
bool policy_watch_take_quarantine(struct policy_watch *watch, char name[SLUG_BYTES], int *revision);
/* One that had its first calls just now, each once, so that this can be stored. */
bool policy_watch_take_proven(struct policy_watch *watch, char name[SLUG_BYTES], int *revision);
void policy_watch_quarantined(struct policy_watch *watch, const char *name); /* counts it */

/* False: no policy of this name was ever asked. */
bool policy_watch_read(struct policy_watch *watch, const char *name, struct policy_figures *out);
/* Bring the quantiles in the metrics up to date. */
void policy_watch_refresh(struct policy_watch *watch);

#endif
