/*
 * The checkpointer: brings the write-ahead log into the database file, off the commit path. The log begins anew once
 * all of it is in the file and nobody reads it; under steady load that moment is made by the writer, see below.
 */
#include <time.h>

#include "db/store_internal.h"
#include "runtime/base/log.h"

#define DUE_PAGES 2000    /* 8 MiB of log */
#define FINISH_PAGES 16000 /* 64 MiB: then the writer finishes what little is left, so that the log can begin anew */

/* Busy is no fault: readers are in the way, the next round goes on. */
static void checkpoint(struct connection *connection)
{
    int code = sqlite3_wal_checkpoint_v2(connection->database, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

    if (code != SQLITE_OK && code != SQLITE_BUSY && code != SQLITE_LOCKED)
        connection_fault(connection, code, "a checkpoint failed");
}

void checkpoint_now(struct sqlite_store *store)
{
    int code = sqlite3_wal_checkpoint_v2(store->connection.database, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

    if (code != SQLITE_OK)
        log_debug("store", "a checkpoint made no room: %s", sqlite3_errstr(code));
}

static int count_pages(void *context, sqlite3 *database, const char *name, int pages)
{
    struct sqlite_store *store = context;

    (void)database;
    (void)name;
    atomic_store(&store->wal_pages, pages);
    return SQLITE_OK;
}

void checkpoint_after_commit(struct sqlite_store *store)
{
    int pages = atomic_load(&store->wal_pages);

    if (!store->connection.database)
        return; /* the disk is gone, and so is the connection */
    sqlite3_wal_hook(store->connection.database, count_pages, store); /* a reopened connection has none */
    if (pages < DUE_PAGES)
        return;
    pthread_mutex_lock(&store->checkpoint_lock);
    if (pages >= FINISH_PAGES && !store->checkpoint_due)
        checkpoint(&store->connection);
    store->checkpoint_due = true;
    pthread_cond_signal(&store->checkpoint_wanted);
    pthread_mutex_unlock(&store->checkpoint_lock);
}

/* A connection for each round: one that stays would keep the log's index alive after a fault, when it has to be read back. */
static void one_round(struct sqlite_store *store)
{
    struct connection connection;

    if (connection_open(&connection, store->path, CONNECTION_CHECKPOINTER) != OST_OK)
        return; /* logged; the writer finishes at FINISH_PAGES */
    checkpoint(&connection);
    connection_close(&connection);
}

void *checkpointer_run(void *context)
{
    struct sqlite_store *store = context;

    pthread_mutex_lock(&store->checkpoint_lock);
    while (!store->checkpoint_closing) {
        if (!store->checkpoint_due) {
            pthread_cond_wait(&store->checkpoint_wanted, &store->checkpoint_lock);
            continue;
        }
        pthread_mutex_unlock(&store->checkpoint_lock);
        one_round(store);
        pthread_mutex_lock(&store->checkpoint_lock);
        store->checkpoint_due = false;
    }
    pthread_mutex_unlock(&store->checkpoint_lock);
    return NULL;
}
