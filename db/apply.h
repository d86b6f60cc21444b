/*
 * Applying one change inside the writer's open transaction. Private to db/.
 *
 * Checks come first, and the one statement that may meet a constraint (a start's insert) is the first to write: so a change
 * is applied whole or not at all without a savepoint, and any other failure is a fault that takes the group back.
 */
#ifndef OSTLER_DB_APPLY_H
#define OSTLER_DB_APPLY_H

#include "db/connection.h"
#include "db/counters.h"
#include "runtime/core/decision_log.h"

#define PARTNERS_CACHED 64
#define CONTEXTS_CACHED 8

/* What applying needs beside the change; the writer's own. */
struct applier {
    struct connection *connection;
    struct counters *counters;
    struct {
        char id[SLUG_BYTES];
        int64_t number;
    } partners[PARTNERS_CACHED]; /* a cache of partner numbers, forgotten with a rollback */
    size_t partner_count;
    struct {
        int64_t number;
        char garage[DECISION_CONTEXT_BYTES], revisions[3072];
    } contexts[CONTEXTS_CACHED]; /* likewise of what decisions share; number 0: free */
    unsigned next_context;
    bool tokens_changed; /* in this transaction */
    bool lists_changed;
};

/* SQLITE_DONE: change->result is decided. Anything else: the whole transaction is to be taken back. */
int apply_change(struct applier *applier, struct store_change *change);

/* The next step, where all before it went well. */
#define THEN(code, step)           \
    do {                           \
        if ((code) == SQLITE_DONE) \
            (code) = (step);       \
    } while (0)

/* Shared by the files apply*.c. */
int apply_partner(struct applier *applier, const char *partner_id, int64_t *number);
/* With an event of that garage for each of its notes. */
int apply_decision(struct applier *applier, const struct store_change *change, const char *garage_id);
int apply_refusal(struct applier *applier, const struct store_change *change); /* STORE_DECISION */
void apply_forget_contexts(struct applier *applier); /* with a rollback, and when old ones were deleted */
int apply_policy(struct applier *applier, struct store_change *change); /* STORE_POLICY */
int apply_command(struct applier *applier, const struct door_command *command);
int apply_event(struct applier *applier, const struct event *event);
int apply_audit(struct applier *applier, const struct audit_line *audit);
/* Look the answer's key up: SQLITE_DONE and *known false where the change may go on. */
int apply_key_check(struct applier *applier, struct store_change *change, bool *known);
int apply_answer(struct applier *applier, const struct stored_answer *answer);
int apply_start(struct applier *applier, struct store_change *change);
int apply_stop(struct applier *applier, struct store_change *change);
int apply_price(struct applier *applier, struct store_change *change);

#endif
