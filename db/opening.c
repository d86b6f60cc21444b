/*
 * Opening the database, whatever state the disk is in: a runtime that does not start keeps every car in.
 *
 * Tried in this order, as far as the disk makes it necessary:
 *   1. as always;
 *   2. the same with the space of the reserve file, as the log and its index need some;
 *   3. alone: the log's index in memory, so that opening needs no space at all. Other processes (the command line's `token` and
 *      `db`) find the database busy until the next start. Writing begins as soon as there is room;
 *   4. only to read, where the disk is mounted read-only: starts are refused, stops are kept in memory and written when
 *      the disk takes writes, which is looked for every second;
 *   5. the same without a log, which a clean stop left none of and which cannot be made there.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/rows.h"
#include "db/store_internal.h"
#include "runtime/base/log.h"

#define TRY_EVERY_MS 1000
#define ROOM_TO_OPEN (256 * 1024) /* for the log and its index */
#define EXPIRED_MAX  1024         /* posted at a start; the queue has room for more. What is left counts as expired all the same. */

static bool is_trouble_of_the_disk(enum ost_status status)
{
    return status == OST_NO_SPACE || status == OST_IO;
}

/* What connections open: the path, or a URI of it with parameters. */
static void name_database(struct sqlite_store *store, const char *parameters)
{
    size_t length = 0;

    if (!parameters[0]) {
        memcpy(store->path, store->file_path, sizeof(store->file_path));
        return;
    }
    length += (size_t)snprintf(store->path, sizeof(store->path), "file:");
    for (const char *at = store->file_path; *at && length < sizeof(store->path) - 32; at++)
        length += (size_t)snprintf(store->path + length, 4, strchr("%?#", *at) ? "%%%02x" : "%c", (unsigned char)*at);
    snprintf(store->path + length, sizeof(store->path) - length, "%s", parameters);
}

/* ---- what a start finds ---- */

static enum ost_status read_newest(struct sqlite_store *store)
{
    sqlite3_stmt *row = connection_statement(&store->connection, SQL_NEWEST);
    int64_t newest = 0;
    int code = sqlite3_step(row);

    if (code == SQLITE_ROW)
        newest = sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    if (code != SQLITE_ROW)
        return connection_fault(&store->connection, code, "cannot read the newest ids");
    uuid_generator_raise(store->settings.ids, newest);
    clock_raise_floor(store->settings.clock, newest >> 12);
    if (store->own_from == 0) {
        store->own_from = newest + 1;
        running_begin_load(&store->running, store->own_from);
    }
    return OST_OK;
}

static enum ost_status load_counters(struct sqlite_store *store)
{
    bool all_there = false;
    enum ost_status status = counters_load(&store->counters, &store->connection, store->garage_ids,
                                           store->settings.garage_count, &all_there);

    if (status == OST_OK)
        store->garages_missing = !all_there;
    return status;
}

void opening_complete_garages(struct sqlite_store *store)
{
    if (store->garages_missing && load_counters(store) != OST_OK)
        log_warning("store", "the rows of new garages are still missing: they take no car in"); /* why was logged */
}

static struct store_change *expiry_of(struct sqlite_store *store, sqlite3_stmt *row)
{
    struct store_change *change = store_change_create(STORE_OUTCOME);
    struct door_opening *opening;

    if (!change)
        return NULL;
    opening = &change->u.outcome.opening;
    change->u.outcome.has_command = true;
    change->u.outcome.is_opening = true;
    row_command(row, &opening->command);
    opening->command.status = COMMAND_EXPIRED;
    strcpy(opening->command.reason, RESTARTED);
    opening->command.finished_at_ms = clock_wall_ms(store->settings.clock);
    opening->id = uuid_make(store->settings.ids, clock_wall_ms(store->settings.clock));
    return change;
}

/*
 * Whether the relay moved before a crash nobody knows: the command is expired, and it stands in the ledger. Posted, as a disk
 * that takes no writes must not keep the runtime from starting; readers see it expired at once (own_from), and nothing fires
 * what another process committed.
 */
static enum ost_status expire_unfinished(struct sqlite_store *store)
{
    sqlite3_stmt *row = connection_statement(&store->connection, SQL_COMMAND_UNFINISHED);
    bool is_queued = true;
    int code;

    bind_integer(row, 1, EXPIRED_MAX);
    while ((code = sqlite3_step(row)) == SQLITE_ROW && is_queued) {
        struct store_change *change = expiry_of(store, row);

        is_queued = change && writer_post(&store->base, change) == OST_OK;
        if (!is_queued)
            store_change_release(change);
    }
    sqlite3_reset(row);
    if (code == SQLITE_DONE)
        return OST_OK;
    if (code != SQLITE_ROW)
        return connection_fault(&store->connection, code, "cannot read what the last run left");
    log_warning("store", "not all door commands that the last run left could be queued to be recorded as expired");
    return OST_OK;
}

/* ---- ways to open ---- */

static enum ost_status prepare(struct sqlite_store *store)
{
    enum ost_status status = migrate(&store->connection);

    if (status != OST_OK)
        return status;
    room_prepare(store);
    status = read_newest(store);
    if (status == OST_OK)
        status = load_counters(store);
    return status == OST_OK ? expire_unfinished(store) : status;
}

static enum ost_status open_to_write(struct sqlite_store *store, const char *parameters)
{
    enum ost_status status;

    name_database(store, parameters);
    status = writer_open(store);
    if (status == OST_OK && sqlite3_db_readonly(store->connection.database, "main") == 1) {
        log_error("store", "%s can only be read", store->file_path);
        status = OST_IO;
    }
    if (status == OST_OK)
        status = prepare(store);
    if (status != OST_OK)
        connection_close(&store->connection);
    return status;
}

static bool has_log(const struct sqlite_store *store)
{
    char path[sizeof(store->file_path) + 8];
    struct stat file;

    snprintf(path, sizeof(path), "%s-wal", store->file_path);
    return stat(path, &file) == 0 && file.st_size > 0;
}

static enum ost_status open_with_reader(struct sqlite_store *store, const char *parameters)
{
    enum ost_status status;

    name_database(store, parameters);
    status = connection_open(&store->connection, store->path, CONNECTION_READER);
    if (status == OST_OK)
        status = read_newest(store);
    if (status == OST_OK)
        status = load_counters(store);
    if (status != OST_OK)
        connection_close(&store->connection);
    return status;
}

/* The writer has a reader's connection then: whatever it tries fails, and what was posted stays posted. */
static enum ost_status open_to_read(struct sqlite_store *store)
{
    enum ost_status status;

    atomic_store(&store->writable, false);
    atomic_store(&store->is_read_only, true);
    status = open_with_reader(store, "");
    if (status != OST_OK && !has_log(store))
        status = open_with_reader(store, "?immutable=1");
    store->applier.connection = &store->connection;
    store->applier.counters = &store->counters;
    return status;
}

/*
 * One runtime a database: a second would expire the first one's commands. The kernel lets the lock go with the process.
 * It is on the file of the tokens, as closing a descriptor of the database itself would drop SQLite's own locks.
 * A file that cannot be made (a full or read-only disk) locks nobody out; it is tried again when the disk takes writes.
 */
static enum ost_status lock_out_others(struct sqlite_store *store)
{
    char path[sizeof(store->file_path) + 8];

    snprintf(path, sizeof(path), "%s-tokens", store->file_path);
    store->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (store->lock_file < 0 && (errno == EROFS || errno == ENOSPC)) {
        store->lock_file = open(path, O_RDONLY | O_CLOEXEC);
        if (store->lock_file < 0) {
            log_warning("store", "%s cannot be made now, so nothing keeps another runtime away", path);
            return OST_OK;
        }
    }
    if (store->lock_file < 0) {
        log_error("store", "cannot open %s: %s", path, strerror(errno));
        return OST_IO;
    }
    if (flock(store->lock_file, LOCK_EX | LOCK_NB) == 0)
        return OST_OK;
    if (errno == EWOULDBLOCK) {
        log_error("store", "another runtime has %s open", store->file_path);
        return OST_BUSY;
    }
    log_error("store", "cannot lock %s: %s", path, strerror(errno));
    return OST_IO;
}

enum ost_status opening_run(struct sqlite_store *store)
{
    enum ost_status status = lock_out_others(store);

    if (status != OST_OK)
        return status;
    status = open_to_write(store, "");
    if (is_trouble_of_the_disk(status) && room_give_up_reserve(store))
        status = open_to_write(store, "");
    if (is_trouble_of_the_disk(status) && access(store->file_path, F_OK) == 0) {
        status = open_to_write(store, "?vfs=unix-excl");
        if (status == OST_OK)
            log_error("store", "NO ROOM TO OPEN THE DATABASE TOGETHER WITH OTHERS: it is opened alone. Make room and restart.");
    }
    if (is_trouble_of_the_disk(status) && access(store->file_path, F_OK) == 0) {
        status = open_to_read(store);
        if (status == OST_OK)
            log_error("store", "THE DATABASE CAN ONLY BE READ: starts are refused, stops are kept in memory until it can be written.");
    }
    return status == OST_OK ? tokens_open(store) : status;
}

/* ---- when the disk takes writes again ---- */

static bool may_take_writes(const struct sqlite_store *store)
{
    char folder[sizeof(store->file_path)];

    memcpy(folder, store->file_path, sizeof(folder));
    return access(store->file_path, W_OK) == 0 && access(dirname(folder), W_OK) == 0 && room_is_on_disk(store, ROOM_TO_OPEN);
}

/* No reader may have the database open as one that does not change while it begins to. */
static enum ost_status open_again(struct sqlite_store *store)
{
    enum ost_status status;

    for (unsigned i = 0; i < store->settings.readers; i++) {
        pthread_mutex_lock(&store->readers[i].lock);
        connection_close(&store->readers[i].connection);
    }
    connection_close(&store->connection);
    status = open_to_write(store, "");
    if (status != OST_OK && open_to_read(store) != OST_OK) {
        log_error("store", "the database cannot even be read any more");
        name_database(store, ""); /* the writer's recovery opens it when it can */
    }
    for (unsigned i = 0; i < store->settings.readers; i++)
        pthread_mutex_unlock(&store->readers[i].lock);
    return status;
}

void opening_try_again(struct sqlite_store *store, int64_t now_ms)
{
    if (!atomic_load(&store->is_read_only) || now_ms < store->opening_tried_ms + TRY_EVERY_MS)
        return;
    store->opening_tried_ms = now_ms;
    if (!may_take_writes(store) || (store->lock_file < 0 && lock_out_others(store) != OST_OK) || open_again(store) != OST_OK)
        return;
    tokens_share(store);
    atomic_store(&store->is_read_only, false);
    atomic_store(&store->writable, true);
    log_notice("store", "the database can be written: what was kept in memory is recorded");
}
