#include "db/sqlite_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/sqlite_tools.h"
#include "db/store_internal.h"
#include "runtime/base/log.h"

#define READERS 8 /* unless set */

static enum ost_status garage_counts(struct store *base, const char *garage_id, struct garage_counts *out)
{
    return counters_read(&((struct sqlite_store *)base)->counters, garage_id, out);
}

static void health(struct store *base, struct store_health *out)
{
    struct sqlite_store *store = (struct sqlite_store *)base;

    memset(out, 0, sizeof(*out));
    out->room = (enum store_room)atomic_load(&store->room);
    out->writable = atomic_load(&store->writable);
    out->commits = atomic_load(&store->commits);
    out->changes = atomic_load(&store->changes);
    if (!out->writable)
        snprintf(out->problem, sizeof(out->problem), "%s",
                 atomic_load(&store->is_read_only)
                     ? "The database can only be read: is its disk mounted read-only, or full? Starts are refused, stops are kept in memory."
                     : "The disk does not take writes. Look at the kernel's log for errors of the disk.");
}

static enum ost_status backup(struct store *base, const char *path)
{
    return sqlite_backup(((struct sqlite_store *)base)->file_path, path);
}

/* ---- opening and closing ---- */

static void init_locks(struct sqlite_store *store)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->work, &monotonic);
    pthread_mutex_init(&store->checkpoint_lock, NULL);
    pthread_cond_init(&store->checkpoint_wanted, NULL);
    pthread_mutex_init(&store->counters.lock, NULL);
    pthread_mutex_init(&store->tokens.lock, NULL);
    pthread_condattr_destroy(&monotonic);
    for (int class = 0; class < CLASS_COUNT; class++)
        store->waiting[class].last = &store->waiting[class].first;
    store->posted.last = &store->posted.first;
    for (unsigned i = 0; i < store->settings.readers; i++)
        pthread_mutex_init(&store->readers[i].lock, NULL);
}

static void free_all(struct sqlite_store *store)
{
    for (unsigned i = 0; store->readers && i < store->settings.readers; i++) {
        connection_close(&store->readers[i].connection);
        pthread_mutex_destroy(&store->readers[i].lock);
    }
    connection_close(&store->connection); /* the last one out brings the log into the file */
    tokens_close(store);
    if (store->lock_file >= 0)
        close(store->lock_file);
    pthread_mutex_destroy(&store->tokens.lock);
    pthread_mutex_destroy(&store->counters.lock);
    pthread_cond_destroy(&store->checkpoint_wanted);
    pthread_mutex_destroy(&store->checkpoint_lock);
    pthread_cond_destroy(&store->work);
    pthread_mutex_destroy(&store->lock);
    running_finish(&store->running);
    free(store->garage_ids);
    free(store->readers);
    free(store);
}

static void destroy(struct store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;

    pthread_mutex_lock(&store->lock);
    store->closing = true;
    pthread_cond_signal(&store->work);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->writer, NULL);
    pthread_mutex_lock(&store->checkpoint_lock);
    store->checkpoint_closing = true;
    pthread_cond_signal(&store->checkpoint_wanted);
    pthread_mutex_unlock(&store->checkpoint_lock);
    pthread_join(store->checkpointer, NULL);
    free_all(store);
}

static struct store_ops the_ops;
static pthread_once_t ops_once = PTHREAD_ONCE_INIT;

static void fill_ops(void)
{
    reads_fill_ops(&the_ops);
    the_ops.commit = writer_commit;
    the_ops.post = writer_post;
    policies_fill_ops(&the_ops);
    the_ops.garage_counts = garage_counts;
    the_ops.health = health;
    the_ops.backup = backup;
    the_ops.destroy = destroy;
}

static void take_settings(struct sqlite_store *store, const struct sqlite_store_settings *settings)
{
    store->settings = *settings;
    store->lock_file = -1;
    if (store->settings.readers == 0)
        store->settings.readers = READERS;
    if (store->settings.starts_max == 0)
        store->settings.starts_max = 96;
    if (store->settings.reserve_bytes == 0)
        store->settings.reserve_bytes = 4 * 1024 * 1024;
    snprintf(store->file_path, sizeof(store->file_path), "%s", settings->path);
    for (size_t i = 0; i < settings->garage_count; i++)
        snprintf(store->garage_ids[i], SLUG_BYTES, "%s", settings->garage_ids[i]);
    snprintf(store->reserve_path, sizeof(store->reserve_path), "%s-reserve", settings->path);
}

static enum ost_status start_threads(struct sqlite_store *store)
{
    if (pthread_create(&store->checkpointer, NULL, checkpointer_run, store) != 0)
        return OST_NO_MEMORY;
    if (pthread_create(&store->writer, NULL, writer_run, store) == 0)
        return OST_OK;
    pthread_mutex_lock(&store->checkpoint_lock);
    store->checkpoint_closing = true;
    pthread_cond_signal(&store->checkpoint_wanted);
    pthread_mutex_unlock(&store->checkpoint_lock);
    pthread_join(store->checkpointer, NULL);
    return OST_NO_MEMORY;
}

enum ost_status sqlite_store_open(const struct sqlite_store_settings *settings, struct store **out)
{
    struct sqlite_store *store = calloc(1, sizeof(*store));
    enum ost_status status = OST_NO_MEMORY;

    if (!store)
        return OST_NO_MEMORY;
    store->readers = calloc(settings->readers ? settings->readers : READERS, sizeof(*store->readers));
    store->garage_ids = calloc(settings->garage_count + 1, sizeof(*store->garage_ids));
    if (!store->readers || !store->garage_ids || !running_init(&store->running, GROUP_MAX)) {
        free(store->garage_ids);
        free(store->readers);
        free(store);
        return OST_NO_MEMORY;
    }
    store->counters.running = &store->running;
    take_settings(store, settings);
    pthread_once(&ops_once, fill_ops);
    store->base.ops = &the_ops;
    atomic_init(&store->writable, true);
    init_locks(store);
    store->commit_seconds = metrics_register(settings->metrics, METRIC_HISTOGRAM, "ostler_store_commit_seconds", "",
                                             "Time of one group commit.");
    status = opening_run(store);
    if (status == OST_OK)
        status = start_threads(store);
    if (status != OST_OK) {
        free_all(store);
        return status;
    }
    *out = &store->base;
    return OST_OK;
}

enum ost_status sqlite_store_plate_key(struct store *base, unsigned char key[32])
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct reader *reader = reader_take(store);
    enum ost_status status = OST_CORRUPT;
    sqlite3_stmt *row;

    if (!reader)
        return OST_IO;
    row = connection_statement(&reader->connection, SQL_META);
    bind_text(row, 1, "plate_key");
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_bytes(row, 0) == 32) {
        memcpy(key, sqlite3_column_blob(row, 0), 32);
        status = OST_OK;
    }
    sqlite3_reset(row);
    reader_put(reader);
    return status;
}
