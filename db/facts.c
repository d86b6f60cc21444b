/* What policies want to know of a visit beyond the request: lists, earlier visits, season tickets. */
#include <stdio.h>
#include <string.h>

#include "db/rows.h"
#include "db/store_internal.h"
#include "runtime/core/plate.h"

static bool makes_kind(const char *list)
{
    enum visit_kind kind;

    return visit_kind_parse(list, &kind) == OST_OK;
}

static void add_list(struct visit_facts *facts, const char *list)
{
    unsigned at = 0;

    for (unsigned i = 0; i < facts->list_count; i++) {
        if (strcmp(facts->lists[i], list) == 0)
            return;
    }
    if (facts->list_count < LISTS_PER_VISIT_MAX) {
        at = facts->list_count++;
    } else if (makes_kind(list)) { /* in the place of one that does not; they are fewer than places */
        while (makes_kind(facts->lists[at]))
            at++;
    } else {
        return;
    }
    snprintf(facts->lists[at], SLUG_BYTES, "%s", list);
}

static int read_lists(struct connection *connection, const char *plate, const char *user_id, int64_t now_ms,
                      struct visit_facts *facts)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_LISTS_OF);
    int code;

    bind_text(row, 1, plate);
    bind_text(row, 2, user_id);
    bind_integer(row, 3, now_ms);
    while ((code = sqlite3_step(row)) == SQLITE_ROW)
        add_list(facts, (const char *)sqlite3_column_text(row, 0));
    sqlite3_reset(row);
    if (code != SQLITE_DONE)
        return code;
    row = connection_statement(connection, SQL_LISTS_GLOBS);
    bind_integer(row, 1, now_ms);
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        if (plate_matches(plate, (const char *)sqlite3_column_text(row, 1)))
            add_list(facts, (const char *)sqlite3_column_text(row, 0));
    }
    sqlite3_reset(row);
    return code;
}

/* The first column of the one row of a statement that is about a garage's plate; 0 where there is none. */
static int read_number(sqlite3_stmt *row, int64_t *out)
{
    int code = sqlite3_step(row);

    *out = code == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_reset(row);
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}

static int count_visits(struct connection *connection, int64_t garage, const char *plate, int64_t today_from_ms,
                        struct visit_facts *facts)
{
    static const enum statement which[] = {SQL_FACTS_RUNNING, SQL_FACTS_TODAY_PAST, SQL_FACTS_LAST_EXIT};
    int64_t numbers[3];
    int code = SQLITE_DONE;

    for (int i = 0; i < 3 && code == SQLITE_DONE; i++) {
        sqlite3_stmt *row = connection_statement(connection, which[i]);

        bind_integer(row, 1, garage);
        bind_text(row, 2, plate);
        if (which[i] == SQL_FACTS_TODAY_PAST) {
            bind_integer(row, 3, today_from_ms);
            bind_integer(row, 4, (int64_t)((uint64_t)today_from_ms << 12));
        }
        code = read_number(row, &numbers[i]);
    }
    if (code == SQLITE_DONE) {
        facts->inside = numbers[0] > 0;
        facts->visits_today = numbers[1] + (numbers[0] >= today_from_ms && numbers[0] > 0);
        facts->last_exit_ms = numbers[2];
    }
    return code;
}

/* Counted again only after a list changed: it may have many thousand entries. */
static int count_season_holders(struct sqlite_store *store, struct connection *connection, struct visit_facts *facts)
{
    struct counters *counters = &store->counters;
    sqlite3_stmt *row;
    uint64_t version;
    bool known;
    int code;

    pthread_mutex_lock(&counters->lock);
    version = counters->lists_version;
    known = counters->season_counted_at == version;
    facts->season_holders = counters->season_holders;
    pthread_mutex_unlock(&counters->lock);
    if (known)
        return SQLITE_DONE;
    row = connection_statement(connection, SQL_LIST_COUNT);
    bind_text(row, 1, visit_kind_text(VISIT_SEASON));
    code = read_number(row, &facts->season_holders);
    if (code != SQLITE_DONE)
        return code;
    pthread_mutex_lock(&counters->lock);
    counters->season_holders = facts->season_holders;
    counters->season_counted_at = version; /* an older version than the count's: then it is counted once more */
    pthread_mutex_unlock(&counters->lock);
    return code;
}

static enum visit_kind kind_from(const struct visit_facts *facts)
{
    static const enum visit_kind kinds[] = {VISIT_STAFF, VISIT_SEASON, VISIT_BOOKING};

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (unsigned i = 0; i < facts->list_count; i++) {
            if (strcmp(facts->lists[i], visit_kind_text(kinds[k])) == 0)
                return kinds[k];
        }
    }
    return VISIT_VISITOR;
}

enum ost_status facts_read(struct store *base, const char *garage_id, const char *plate, const char *user_id,
                           int64_t today_from_ms, int64_t now_ms, struct visit_facts *out)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct reader *reader = reader_take(store);
    struct visit_facts facts = {.inside = false};
    enum ost_status status = OST_OK;
    int64_t garage = 0;
    int code;

    if (!reader)
        return OST_IO;
    pthread_mutex_lock(&store->counters.lock);
    for (size_t i = 0; i < store->counters.count; i++) {
        if (strcmp(store->counters.published[i].id, garage_id) == 0)
            garage = store->counters.published[i].number;
    }
    pthread_mutex_unlock(&store->counters.lock);
    code = connection_run(connection_statement(&reader->connection, SQL_SNAPSHOT)); /* one for all of them */
    THEN(code, read_lists(&reader->connection, plate, user_id, now_ms, &facts));
    THEN(code, count_visits(&reader->connection, garage, plate, today_from_ms, &facts));
    THEN(code, count_season_holders(store, &reader->connection, &facts));
    if (code != SQLITE_DONE)
        status = connection_fault(&reader->connection, code, "cannot read what the policies need");
    if (!sqlite3_get_autocommit(reader->connection.database))
        connection_run(connection_statement(&reader->connection, SQL_COMMIT));
    reader_put(reader);
    facts.kind = kind_from(&facts);
    if (status == OST_OK)
        *out = facts;
    return status;
}
