/* Pruning: what may go, and of each table at most so many rows at once. */
#include "tests/support/memory_store_internal.h"

/* The id is of an earlier millisecond. For every row that begins with its id. */
static bool id_is_before(const struct memory_store *store, const void *row, int64_t before_ms)
{
    (void)store;
    return uuid_order(*(const struct uuid *)row) < (int64_t)((uint64_t)before_ms << 12);
}

static bool session_may_go(const struct memory_store *store, const void *row, int64_t before_ms)
{
    const struct session *session = row;

    return id_is_before(store, row, before_ms) && session->status == SESSION_ENDED &&
           session->ended_at_ms < before_ms && !session->price_pending;
}

static bool answer_may_go(const struct memory_store *store, const void *row, int64_t before_ms)
{
    (void)store;
    return ((const struct stored_answer *)row)->stored_at_ms < before_ms;
}

/* The newest stays: the sequence goes on from it. */
static bool event_may_go(const struct memory_store *store, const void *row, int64_t before_ms)
{
    const struct memory_table *table = &store->tables[EVENTS];

    return ((const struct memory_event *)row)->time_ms < before_ms && row != table_row(table, table->count - 1);
}

static bool command_may_go(const struct memory_store *store, const void *row, int64_t before_ms)
{
    const struct door_command *command = row;

    return id_is_before(store, row, before_ms) && command_status_is_final(command->status) &&
           !memory_is_in_ledger(store, command->id);
}

static bool lock_may_go(const struct memory_store *store, const void *row, int64_t before_ms)
{
    (void)store;
    return ((const struct maintenance_lock *)row)->until_ms < before_ms;
}

static unsigned prune_table(struct memory_store *store, enum memory_store_table which, int64_t before_ms,
                            unsigned rows_max,
                            bool (*may_go)(const struct memory_store *store, const void *row, int64_t before_ms))
{
    struct memory_table *table = &store->tables[which];
    unsigned deleted = 0;
    size_t at = 0;

    while (before_ms > 0 && at < table->count && deleted < rows_max) {
        if (may_go(store, table_row(table, at), before_ms)) {
            table_remove(table, at);
            deleted++;
        } else {
            at++;
        }
    }
    return deleted;
}

static void remove_oldest(struct memory_table *table)
{
    size_t oldest = 0;

    for (size_t i = 1; i < table->count; i++) {
        if (uuid_order(*(const struct uuid *)table_row(table, i)) < uuid_order(*(const struct uuid *)table_row(table, oldest)))
            oldest = i;
    }
    table_remove(table, oldest);
}

enum ost_status memory_prune(struct memory_store *store, struct store_change *change)
{
    int64_t records_before_ms = change->u.prune.records_before_ms;
    unsigned rows_max = change->u.prune.rows_max;

    change->u.prune.deleted =
        prune_table(store, SESSIONS, change->u.prune.sessions_before_ms, rows_max, session_may_go) +
        prune_table(store, ANSWERS, change->u.prune.answers_before_ms, rows_max, answer_may_go) +
        prune_table(store, EVENTS, change->u.prune.outbox_before_ms, rows_max, event_may_go) +
        prune_table(store, LOCKS, change->u.prune.locks_before_ms, rows_max, lock_may_go) +
        prune_table(store, DECISIONS, records_before_ms, rows_max, id_is_before) +
        prune_table(store, AUDIT, records_before_ms, rows_max, id_is_before);
    change->u.prune.deleted += prune_table(store, OPENINGS, records_before_ms, rows_max, id_is_before);
    change->u.prune.decisions_deleted = 0;
    while (change->u.prune.decisions_max > 0 && store->tables[DECISIONS].count > change->u.prune.decisions_max &&
           change->u.prune.decisions_deleted < rows_max) {
        remove_oldest(&store->tables[DECISIONS]);
        change->u.prune.decisions_deleted++;
    }
    change->u.prune.deleted += change->u.prune.decisions_deleted;
    /* After the ledger, whose lines keep their commands. */
    change->u.prune.deleted += prune_table(store, COMMANDS, records_before_ms, rows_max, command_may_go);
    return OST_OK;
}
