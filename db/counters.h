/*
 * Occupancy and state of the garages: in memory for everybody to read, kept in the writer's transaction, published after
 * the commit. Private to db/.
 */
#ifndef OSTLER_DB_COUNTERS_H
#define OSTLER_DB_COUNTERS_H

#include <pthread.h>

#include "db/connection.h"
#include "db/running.h"
#include "runtime/ports/store.h"

#define GARAGES_MAX 256

struct garage_counter {
    int64_t number; /* of the row */
    char id[SLUG_BYTES];
    struct garage_counts counts;
    int64_t corrected_by; /* occupied less the sessions that run */
    bool changed;         /* in the writer's copy: differs from the row */
};

struct counters {
    struct running *running; /* published and forgotten with the counts; NULL: there is none */
    size_t count; /* grows by loading only; under the lock where it is not the writer that reads it */
    struct garage_counter working[GARAGES_MAX];   /* the writer's, as of its open transaction */
    struct garage_counter published[GARAGES_MAX]; /* under the lock: as of the last commit */
    pthread_mutex_t lock;
    /* Entries of the list "season", counted when they are asked for; under the lock. */
    int64_t season_holders;
    uint64_t season_counted_at; /* the version of the lists at which it was */
    uint64_t lists_version;     /* from 1; rises with each commit that changed a list */
};

/*
 * Make the rows of the garages that have none, and load the counters that are not loaded yet. *all_there: false where a row
 * could not be made; the garages that have one count all the same. At the start, or on the writer thread.
 */
enum ost_status counters_load(struct counters *counters, struct connection *connection,
                              const char (*garage_ids)[SLUG_BYTES], size_t garage_count, bool *all_there) OST_MUST_CHECK;
/* NULL: no such garage. Writer thread. */
struct garage_counter *counters_find(struct counters *counters, const char *garage_id);
struct garage_counter *counters_find_number(struct counters *counters, int64_t number);
/* Write what changed to the rows, inside the transaction. The SQLite result code. Writer thread. */
int counters_save(struct counters *counters, struct connection *connection);
/* After the commit: what readers see from now on. After a rollback: forget. Writer thread. */
void counters_publish(struct counters *counters);
void counters_forget(struct counters *counters);
void counters_lists_changed(struct counters *counters);
/* Any thread. */
bool counters_name(struct counters *counters, int64_t number, char garage_id[SLUG_BYTES]); /* false: no such garage */
enum ost_status counters_read(struct counters *counters, const char *garage_id, struct garage_counts *out);

#endif
