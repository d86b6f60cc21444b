/* What the files of the store in memory share. */
#ifndef OSTLER_TESTS_MEMORY_STORE_INTERNAL_H
#define OSTLER_TESTS_MEMORY_STORE_INTERNAL_H

#include <pthread.h>

#include "runtime/base/clock.h"
#include "runtime/ports/store.h"
#include "tests/support/memory_table.h"

struct memory_garage {
    char id[SLUG_BYTES];
    struct garage_counts counts;
};

/* What the outbox holds, without its data: no op shows an event. */
struct memory_event {
    struct uuid id;
    int64_t time_ms;
    enum event_type type;
    char subject[EVENT_SUBJECT_BYTES];
};

enum memory_store_table {
    SESSIONS,  /* struct session, running and ended ones; the doors' command states are the commands' */
    COMMANDS,  /* struct door_command */
    OPENINGS,  /* struct door_opening; of a command only its id counts */
    PENDING,   /* struct pending_price */
    DECISIONS, /* struct stored_decision */
    EVENTS,    /* struct memory_event, in the order of their sequence */
    ANSWERS,   /* struct stored_answer */
    AUDIT,     /* struct audit_line */
    ENTRIES,   /* struct list_entry */
    TOKENS,    /* struct device_token */
    LOCKS,     /* struct maintenance_lock */
    RECORDS,   /* struct policy_record */
    DEPLOYMENTS, /* struct policy_deployment */
    ACTIVATIONS, /* struct policy_activation, in their order */
    TABLE_COUNT
};

struct memory_store {
    struct store base; /* first: a store pointer is a pointer to this */
    struct clock *clock;
    pthread_mutex_t lock; /* of all below */
    struct memory_table tables[TABLE_COUNT];
    struct memory_garage *garages;
    size_t garage_count; /* never changes */
    uint64_t changes;
};

/* All below: under the lock. Rows are the store's, until the next change. */

/* memory_store.c. NULL: there is none. */
struct memory_garage *memory_find_garage(const struct memory_store *store, const char *garage_id);

/* memory_store_apply.c: decide a change. Anything but OST_OK: nothing was stored. */
enum ost_status memory_apply(struct memory_store *store, struct store_change *change);
bool memory_is_in_ledger(const struct memory_store *store, struct uuid command_id);

/* memory_store_prune.c: decide a STORE_PRUNE. Cannot fail. */
enum ost_status memory_prune(struct memory_store *store, struct store_change *change);

/* memory_store_policies.c: decide a STORE_POLICY; the reads of policies and the decision log. */
enum ost_status memory_apply_policy(struct memory_store *store, struct store_change *change);
void memory_policies_fill_ops(struct store_ops *ops);
/* A decision as a caller sees it: with whose it is, where that is still known. */
void memory_show_decision(const struct memory_store *store, const struct stored_decision *row, struct stored_decision *out);

/* memory_store_reads.c */
const struct session *memory_find_by_user(const struct memory_store *store, const char *partner_id, const char *user_id);
const struct session *memory_find_by_plate(const struct memory_store *store, const char *garage_id, const char *plate);
struct stored_answer *memory_find_answer(const struct memory_store *store, const char *partner_id, const char *key);
/* Of a session at a door since then, without the command `except` (nil: with all). */
struct opening_count memory_count_openings(const struct memory_store *store, struct uuid session_id,
                                           const char *door_id, int64_t since_ms, struct uuid except);
/* A session as a caller sees it: with the states of its doors' commands. */
void memory_show_session(const struct memory_store *store, const struct session *row, struct session *out);
void memory_reads_fill_ops(struct store_ops *ops);

#endif
