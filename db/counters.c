#include "db/counters.h"

#include <string.h>

#include "runtime/base/log.h"

/* The rows that are missing. A disk that takes none leaves them missing: their garages take no car in. */
static bool make_rows(struct connection *connection, const char (*garage_ids)[SLUG_BYTES], size_t garage_count)
{
    int code = SQLITE_DONE;

    for (size_t i = 0; i < garage_count && code == SQLITE_DONE; i++) {
        sqlite3_stmt *row = connection_statement(connection, SQL_GARAGE_PUT);

        bind_text(row, 1, garage_ids[i]);
        code = connection_run(row);
    }
    if (code != SQLITE_DONE)
        connection_fault(connection, code, "cannot make a garage's row");
    return code == SQLITE_DONE;
}

/* False: there is no room for it. */
static bool add_row(struct counters *counters, sqlite3_stmt *row)
{
    struct garage_counter *garage = &counters->working[counters->count];

    if (counters_find_number(counters, sqlite3_column_int64(row, 0)))
        return true; /* it was loaded before */
    if (counters->count == GARAGES_MAX)
        return false;
    garage->number = sqlite3_column_int64(row, 0);
    read_text(row, 1, garage->id, sizeof(garage->id));
    garage->counts.state = (enum garage_state)sqlite3_column_int(row, 2);
    garage->counts.occupied = sqlite3_column_int64(row, 3);
    garage->counts.season_inside = sqlite3_column_int64(row, 4);
    garage->corrected_by = sqlite3_column_int64(row, 5);
    garage->changed = false;
    pthread_mutex_lock(&counters->lock);
    counters->published[counters->count++] = *garage;
    pthread_mutex_unlock(&counters->lock);
    return true;
}

enum ost_status counters_load(struct counters *counters, struct connection *connection,
                              const char (*garage_ids)[SLUG_BYTES], size_t garage_count, bool *all_there)
{
    bool made = make_rows(connection, garage_ids, garage_count);
    sqlite3_stmt *row = connection_statement(connection, SQL_GARAGE_ALL);
    int code;

    while ((code = sqlite3_step(row)) == SQLITE_ROW && add_row(counters, row))
        ;
    sqlite3_reset(row);
    if (code == SQLITE_ROW) {
        log_error("store", "the database knows more than %d garages", GARAGES_MAX);
        return OST_TOO_LARGE;
    }
    if (code != SQLITE_DONE)
        return connection_fault(connection, code, "cannot read the garages");
    if (counters->lists_version == 0)
        counters->lists_version = 1;
    *all_there = made;
    return OST_OK;
}

struct garage_counter *counters_find(struct counters *counters, const char *garage_id)
{
    for (size_t i = 0; i < counters->count; i++) {
        if (strcmp(counters->working[i].id, garage_id) == 0)
            return &counters->working[i];
    }
    return NULL;
}

struct garage_counter *counters_find_number(struct counters *counters, int64_t number)
{
    for (size_t i = 0; i < counters->count; i++) {
        if (counters->working[i].number == number)
            return &counters->working[i];
    }
    return NULL;
}

int counters_save(struct counters *counters, struct connection *connection)
{
    for (size_t i = 0; i < counters->count; i++) {
        const struct garage_counter *garage = &counters->working[i];
        sqlite3_stmt *row;
        int code;

        if (!garage->changed)
            continue;
        row = connection_statement(connection, SQL_GARAGE_SET);
        bind_integer(row, 1, garage->number);
        bind_integer(row, 2, garage->counts.state);
        bind_integer(row, 3, garage->counts.occupied);
        bind_integer(row, 4, garage->counts.season_inside);
        bind_integer(row, 5, garage->corrected_by);
        code = connection_run(row);
        if (code != SQLITE_DONE)
            return code;
    }
    return SQLITE_DONE;
}

void counters_publish(struct counters *counters)
{
    running_publish(counters->running);
    pthread_mutex_lock(&counters->lock);
    for (size_t i = 0; i < counters->count; i++) {
        if (!counters->working[i].changed)
            continue;
        counters->working[i].changed = false;
        counters->published[i] = counters->working[i];
    }
    pthread_mutex_unlock(&counters->lock);
}

void counters_lists_changed(struct counters *counters)
{
    pthread_mutex_lock(&counters->lock);
    counters->lists_version++;
    pthread_mutex_unlock(&counters->lock);
}

void counters_forget(struct counters *counters)
{
    running_forget(counters->running);
    for (size_t i = 0; i < counters->count; i++) {
        if (counters->working[i].changed)
            counters->working[i] = counters->published[i];
    }
}

enum ost_status counters_read(struct counters *counters, const char *garage_id, struct garage_counts *out)
{
    enum ost_status status = OST_NOT_FOUND;

    pthread_mutex_lock(&counters->lock);
    for (size_t i = 0; i < counters->count; i++) {
        if (strcmp(counters->published[i].id, garage_id) == 0) {
            *out = counters->published[i].counts;
            status = OST_OK;
            break;
        }
    }
    pthread_mutex_unlock(&counters->lock);
    return status;
}

bool counters_name(struct counters *counters, int64_t number, char garage_id[SLUG_BYTES])
{
    bool found = false;

    pthread_mutex_lock(&counters->lock);
    for (size_t i = 0; i < counters->count && !found; i++) {
        found = counters->published[i].number == number;
        if (found)
            memcpy(garage_id, counters->published[i].id, SLUG_BYTES);
    }
    pthread_mutex_unlock(&counters->lock);
    return found;
}
