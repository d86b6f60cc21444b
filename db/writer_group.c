/*
 * One group of changes as one transaction: applied, committed with a sync, and, where the disk fails in between, found out
 * about afterwards. Writer thread.
 */
#include <time.h>

#include "db/rows.h"
#include "db/store_internal.h"
#include "runtime/base/log.h"

#define RECOVER_EVERY_MS    200
#define CLOSING_PATIENCE_MS 10000
/* A disk that can be read and not be written: after so many tries the group fails, and a later one asks again. */
#define DISK_TRIES_MAX 3

enum ost_status writer_open(struct sqlite_store *store)
{
    enum ost_status status = connection_open(&store->connection, store->path, CONNECTION_WRITER);

    if (status == OST_OK) {
        store->applier.connection = &store->connection;
        store->applier.counters = &store->counters;
        store->applier.partner_count = 0;
    apply_forget_contexts(&store->applier);
    }
    return status;
}

static void take_back(struct sqlite_store *store)
{
    if (store->connection.database && !sqlite3_get_autocommit(store->connection.database))
        connection_run(connection_statement(&store->connection, SQL_ROLLBACK));
    counters_forget(&store->counters);
    store->applier.partner_count = 0;
    apply_forget_contexts(&store->applier);
    store->applier.tokens_changed = false;
    store->applier.lists_changed = false;
}

/*
 * How far the database has come: the newest sequence of the outbox and the count of groups that had no event. It
 * rises with each group, and so tells whether one is in the database. -1: it cannot be read.
 */
static int64_t progress(struct sqlite_store *store)
{
    sqlite3_stmt *row = connection_statement(&store->connection, SQL_PROGRESS);
    int64_t newest = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : -1;

    sqlite3_reset(row);
    return newest;
}

static void publish(struct sqlite_store *store)
{
    counters_publish(&store->counters);
    if (store->applier.tokens_changed)
        tokens_changed(store);
    if (store->applier.lists_changed)
        counters_lists_changed(&store->counters);
    store->applier.tokens_changed = false;
    store->applier.lists_changed = false;
    atomic_fetch_add_explicit(&store->commits, 1, memory_order_relaxed);
    if (!atomic_exchange(&store->writable, true))
        log_notice("store", "the disk takes writes again");
}

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* All connections but the writer's: the last one out makes the next one in read the log back and check its frames. */
static void close_readers(struct sqlite_store *store)
{
    for (unsigned i = 0; i < store->settings.readers; i++) {
        pthread_mutex_lock(&store->readers[i].lock);
        connection_close(&store->readers[i].connection); /* opened again at its next use */
        pthread_mutex_unlock(&store->readers[i].lock);
    }
}

/*
 * After a failed commit or fsync nobody knows what is on the disk: the kernel may have dropped pages that it could not write.
 * So nothing is answered until a fresh connection has read the log back, written it into the database file and synced
 * that. Waiters give up meanwhile, each by its own deadline; a store that is being closed gives up after its patience.
 * How far the database has come then; -1: given up.
 */
static int64_t recover(struct sqlite_store *store)
{
    int64_t closing_since_ms = 0;
    bool complained = false;

    atomic_store(&store->writable, false);
    for (;;) {
        int64_t now_ms = clock_monotonic_ms(store->settings.clock);
        int64_t reached = -1;

        connection_close(&store->connection);
        close_readers(store);
        if (writer_open(store) == OST_OK && sqlite3_wal_checkpoint_v2(store->connection.database, NULL,
                                                                      SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK)
            reached = progress(store);
        if (reached >= 0) {
            log_notice("store", "the database was read back");
            return reached;
        }
        if (!complained)
            log_error("store", "the disk does not take writes; nothing is acknowledged until it does");
        complained = true;
        if (writer_is_closing(store)) {
            if (closing_since_ms == 0)
                closing_since_ms = now_ms;
            if (now_ms - closing_since_ms > CLOSING_PATIENCE_MS)
                return -1;
        }
        pause_ms(RECOVER_EVERY_MS);
    }
}

static void fail_from(struct change_group *group, size_t index, int code)
{
    group->status[index] = connection_status(code);
    if (group->status[index] == OST_OK)
        group->status[index] = OST_IO;
}

/* Decide one change of the group so, and take the transaction back: the others run again. */
static void take_back_one(struct sqlite_store *store, struct change_group *group, size_t index, int code)
{
    connection_fault(&store->connection, code, "a change was taken back");
    take_back(store);
    fail_from(group, index, code);
}

/* No space: the kinds that may not use the reserve are refused, the others run again with it. */
static bool run_again_with_reserve(struct sqlite_store *store, struct change_group *group)
{
    int room_before = atomic_load(&store->room);

    take_back(store);
    room_ran_out(store);
    checkpoint_now(store); /* what is in the database file already leaves room in the log */
    for (size_t i = 0; i < group->count; i++) {
        if (group->status[i] == OST_OK && !room_allows(store, group->blocks[i]->change.kind))
            group->status[i] = OST_NO_SPACE;
    }
    return atomic_load(&store->room) != room_before;
}

static void fail_all(struct change_group *group, enum ost_status status)
{
    for (size_t i = 0; i < group->count; i++) {
        if (group->status[i] == OST_OK)
            group->status[i] = status;
    }
}

static bool group_has_events(const struct change_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct store_change *change = &group->blocks[i]->change;

        if (group->status[i] == OST_OK && change->result == STORE_DONE && change->event && !uuid_is_nil(change->event->id))
            return true;
    }
    return false;
}

static bool is_disk_fault(int code)
{
    int kind = code & 0xff;

    /* A page that cannot be read may be reported as one that makes no sense. */
    return kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN || kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
}

enum outcome { GROUP_DECIDED, GROUP_RUNS_AGAIN, GROUP_MET_DISK_FAULT };

/* No space at all, or another fault of the whole transaction. */
static enum outcome fail_group(struct sqlite_store *store, struct change_group *group, int code)
{
    if ((code & 0xff) == SQLITE_FULL) {
        if (run_again_with_reserve(store, group))
            return GROUP_RUNS_AGAIN;
        fail_all(group, OST_NO_SPACE);
        return GROUP_DECIDED;
    }
    connection_fault(&store->connection, code, "the transaction failed");
    if (is_disk_fault(code))
        return GROUP_MET_DISK_FAULT;
    take_back(store);
    fail_all(group, connection_status(code) == OST_BUSY ? OST_BUSY : OST_IO);
    return GROUP_DECIDED;
}

/* One try at the whole group. */
static enum outcome try_group(struct sqlite_store *store, struct change_group *group)
{
    int code = connection_run(connection_statement(&store->connection, SQL_BEGIN));

    for (size_t i = 0; code == SQLITE_DONE && i < group->count; i++) {
        if (group->status[i] != OST_OK)
            continue;
        code = apply_change(&store->applier, &group->blocks[i]->change);
        if (code != SQLITE_DONE && (code & 0xff) != SQLITE_FULL && !is_disk_fault(code)) {
            take_back_one(store, group, i, code);
            return GROUP_RUNS_AGAIN;
        }
    }
    THEN(code, counters_save(&store->counters, &store->connection));
    if (code == SQLITE_DONE && !group_has_events(group))
        code = connection_run(connection_statement(&store->connection, SQL_MARK));
    THEN(code, connection_run(connection_statement(&store->connection, SQL_COMMIT)));
    if (code != SQLITE_DONE)
        return fail_group(store, group, code);
    publish(store);
    room_was_found(store);
    return GROUP_DECIDED;
}

/* The database is readable again: is the group in it? An empty one only asks, and asks again at the next round. */
static bool is_settled(struct sqlite_store *store, struct change_group *group, int64_t before, int tries)
{
    int64_t reached = recover(store);

    if (reached > before) {
        publish(store);
        return true;
    }
    take_back(store);
    if (reached >= 0 && tries < DISK_TRIES_MAX && group->count > 0 && !writer_is_closing(store)) {
        pause_ms(RECOVER_EVERY_MS); /* it can be read, and yet not be written */
        return false;
    }
    fail_all(group, OST_IO);
    return true;
}

void group_commit(struct sqlite_store *store, struct change_group *group)
{
    int64_t before = progress(store);
    int tries = 0;

    if (before < 0) /* nobody could tell afterwards whether the group is in */
        before = recover(store);
    if (before < 0) {
        fail_all(group, OST_IO);
        return;
    }
    for (;;) {
        switch (try_group(store, group)) {
        case GROUP_DECIDED:
            return;
        case GROUP_RUNS_AGAIN:
            break;
        case GROUP_MET_DISK_FAULT:
            if (is_settled(store, group, before, ++tries))
                return;
            break;
        }
    }
}
