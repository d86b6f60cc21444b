/*
 * Policies that load and then break at run time, as faults `policy_failing` of "policy/<name>". A policy fails for a trigger
 * from its first broken run to its next good one, or until policies are loaded anew; it has the fault while it fails for any.
 */
#ifndef OSTLER_SERVICE_POLICY_WATCH_H
#define OSTLER_SERVICE_POLICY_WATCH_H

#include "runtime/core/decision.h"
#include "runtime/service/fault_board.h"

struct policy_watch;

struct policy_watch *policy_watch_create(struct fault_board *faults); /* NULL without memory */
void policy_watch_destroy(struct policy_watch *watch);                /* accepts NULL */

/* A decision was made: every policy that was asked ran well or broke. Any thread; cheap where nothing fails. */
void policy_watch_saw(struct policy_watch *watch, const struct decision *decision);
/* Other policies are in force: what failed before says nothing about them. */
void policy_watch_forget(struct policy_watch *watch);

#endif
