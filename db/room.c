/*
 * Room on the disk. A reserve file beside the database, and pages of the quota, are kept for the cars that want out: when
 * there is no space, starts are refused and the reserve is given up for stops, openings and what became of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "db/store_internal.h"
#include "runtime/base/log.h"

#define LOOK_EVERY_MS 1000
#define MARGIN_BYTES (1024 * 1024) /* beyond the reserve, before starts are taken again */

/* The quota; with the reserve where that is in use. */
static void limit_file(struct sqlite_store *store, bool with_reserve)
{
    if (store->settings.quota_bytes > 0)
        connection_limit(&store->connection, store->settings.quota_bytes + (with_reserve ? store->settings.reserve_bytes : 0));
}

/* Allocate the reserve for real. False: there is no room for it. */
static bool make_reserve(struct sqlite_store *store)
{
    int file = open(store->reserve_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int error;

    if (file < 0)
        return false;
    error = posix_fallocate(file, 0, store->settings.reserve_bytes);
    close(file);
    if (error == 0)
        return true;
    unlink(store->reserve_path);
    return false;
}

static void enter(struct sqlite_store *store, enum store_room room, const char *why)
{
    atomic_store(&store->room, room);
    log_line(room == STORE_ROOM ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, "store", "%s", why);
}

void room_prepare(struct sqlite_store *store)
{
    bool has_given_up = atomic_load(&store->room) != STORE_ROOM;

    limit_file(store, has_given_up);
    if (has_given_up)
        return; /* just now: what was freed is not taken again at once */
    if (make_reserve(store))
        atomic_store(&store->room, STORE_ROOM);
    else
        enter(store, STORE_ROOM_RESERVE, "there is no room for the reserve file: starts are refused. Make room on the disk.");
}

bool room_give_up_reserve(struct sqlite_store *store)
{
    if (unlink(store->reserve_path) != 0)
        return false;
    enter(store, STORE_ROOM_RESERVE, "no space to open the database: starts are refused, stops use the reserve. Make room on the disk.");
    return true;
}

void room_ran_out(struct sqlite_store *store)
{
    switch ((enum store_room)atomic_load(&store->room)) {
    case STORE_ROOM:
        unlink(store->reserve_path);
        limit_file(store, true);
        enter(store, STORE_ROOM_RESERVE, "no space: starts are refused, stops use the reserve. Make room on the disk.");
        break;
    case STORE_ROOM_RESERVE:
        unlink(store->reserve_path);
        enter(store, STORE_ROOM_NONE, "no space, and the reserve is used up: stops are kept in memory. Make room on the disk.");
        break;
    case STORE_ROOM_NONE:
        break;
    }
}

void room_was_found(struct sqlite_store *store)
{
    if (atomic_load(&store->room) == STORE_ROOM_NONE)
        enter(store, STORE_ROOM_RESERVE, "writes go through again: stops are written, starts are still refused");
}

/* Below the quota again, by more than the reserve? */
static bool quota_has_room(struct sqlite_store *store)
{
    struct connection *connection = &store->connection;
    int64_t used = connection_pragma(connection, "PRAGMA page_count") - connection_pragma(connection, "PRAGMA freelist_count");

    if (store->settings.quota_bytes <= 0)
        return true;
    return used * connection_pragma(connection, "PRAGMA page_size") + MARGIN_BYTES < store->settings.quota_bytes;
}

bool room_is_on_disk(const struct sqlite_store *store, int64_t bytes)
{
    struct statvfs disk;

    return statvfs(store->file_path, &disk) == 0 && (int64_t)(disk.f_bavail * disk.f_frsize) >= bytes;
}

void room_look_again(struct sqlite_store *store, int64_t now_ms)
{
    enum store_room room = (enum store_room)atomic_load(&store->room);

    running_load_some(&store->running, &store->connection);
    opening_try_again(store, now_ms);
    if (room == STORE_ROOM || atomic_load(&store->is_read_only) || now_ms < store->room_checked_ms + LOOK_EVERY_MS)
        return;
    store->room_checked_ms = now_ms;
    if (room_is_on_disk(store, store->settings.reserve_bytes + MARGIN_BYTES) && quota_has_room(store) &&
        make_reserve(store)) {
        limit_file(store, false);
        opening_complete_garages(store);
        enter(store, STORE_ROOM, "there is room again: starts are taken");
    } else if (room == STORE_ROOM_NONE && room_is_on_disk(store, MARGIN_BYTES / 4)) {
        enter(store, STORE_ROOM_RESERVE, "there is a little room again: stops are written, starts are still refused");
    }
}

bool room_allows(const struct sqlite_store *store, enum store_change_kind kind)
{
    enum store_room room = (enum store_room)atomic_load(&store->room);

    if (room == STORE_ROOM)
        return true;
    switch (kind) {
    case STORE_STOP:
    case STORE_OPEN:
    case STORE_OUTCOME:
    case STORE_MAINTENANCE:
    case STORE_TOKEN: /* to revoke one */
    case STORE_PRUNE: /* it makes room */
        return room == STORE_ROOM_RESERVE;
    default:
        return false;
    }
}
