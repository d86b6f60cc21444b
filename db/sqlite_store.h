/*
 * The store on SQLite: one writer thread with group commit, a pool of readers, a checkpointer.
 * Implements runtime/ports/store.h.
 */
#ifndef OSTLER_DB_SQLITE_STORE_H
#define OSTLER_DB_SQLITE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/base/status.h"
#include "runtime/base/uuid.h"
#include "runtime/ports/store.h"

struct sqlite_store_settings {
    const char *path;
    int64_t quota_bytes;           /* of the database file; 0: none */
    int64_t reserve_bytes;         /* kept free for stops while the disk or quota is full: 4 MiB unless set */
    unsigned readers;              /* connections for reading: 8 unless set */
    unsigned starts_max;           /* starts that may wait; 96 unless set. Stops and the rest have as many each. */
    const char *const *garage_ids;
    size_t garage_count;
    struct clock *clock;           /* its floor is raised to the newest stored time */
    struct uuid_generator *ids;    /* raised above the newest stored id */
    struct metrics *metrics;       /* may be NULL */
};

/*
 * Open or make the database, bring it to this version, finish what a crash left (commands become expired), start the
 * threads. *out is ended with its destroy(). OST_CONFLICT: made by a newer program; OST_BUSY: another runtime has it open; or a
 * fault. All are logged.
 */
enum ost_status sqlite_store_open(const struct sqlite_store_settings *settings, struct store **out) OST_MUST_CHECK;

/* The key of plates' hashes in events, made with the database. Before other threads use the store. */
enum ost_status sqlite_store_plate_key(struct store *store, unsigned char key[32]) OST_MUST_CHECK;

#endif
