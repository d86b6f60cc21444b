/* Reads: on a small pool of connections, each seeing the latest commit and never waiting for the writer. */
#include <stdlib.h>
#include <string.h>

#include "db/rows.h"
#include "db/store_internal.h"
#include "runtime/base/log.h"

/* The first that is free: a commit empties every reader's page cache, so the fewer are in use, the warmer they are. */
static struct reader *take_free(struct sqlite_store *store, unsigned first)
{
    for (unsigned i = first; i < store->settings.readers; i++) {
        if (pthread_mutex_trylock(&store->readers[i].lock) == 0)
            return &store->readers[i];
    }
    return NULL;
}

static struct reader *opened(struct sqlite_store *store, struct reader *reader)
{
    if (reader->connection.database || connection_open(&reader->connection, store->path, CONNECTION_READER) == OST_OK)
        return reader;
    pthread_mutex_unlock(&reader->lock);
    return NULL;
}

struct reader *reader_take(struct sqlite_store *store)
{
    struct reader *reader = take_free(store, 0);

    if (!reader) {
        reader = &store->readers[0]; /* no list stands in this line */
        pthread_mutex_lock(&reader->lock);
    }
    return opened(store, reader);
}

struct reader *reader_take_for_list(struct sqlite_store *store)
{
    unsigned others = store->settings.readers - 1;
    struct reader *reader = take_free(store, others > 0 ? 1 : 0);

    if (!reader) {
        unsigned next = others > 0 ? 1 + atomic_fetch_add(&store->next_reader, 1) % others : 0;

        reader = &store->readers[next];
        pthread_mutex_lock(&reader->lock);
    }
    return opened(store, reader);
}

void reader_put(struct reader *reader)
{
    pthread_mutex_unlock(&reader->lock);
}

/* Run a read on a connection of the pool. */
#define READ(base, call) READ_WITH(reader_take, base, call)
#define READ_LIST(base, call) READ_WITH(reader_take_for_list, base, call)
#define READ_WITH(take, base, call)                                           \
    do {                                                                      \
        struct reader *reader = (take)((struct sqlite_store *)(base));        \
        enum ost_status status;                                               \
                                                                              \
        if (!reader)                                                          \
            return OST_IO;                                                    \
        status = (call);                                                      \
        reader_put(reader);                                                   \
        return status;                                                        \
    } while (0)

/* A command that an earlier run left is expired, also before that is recorded: see opening.c. */
static bool was_left(const struct sqlite_store *store, struct uuid command_id, enum command_status status)
{
    return !uuid_is_nil(command_id) && uuid_order(command_id) < store->own_from && !command_status_is_final(status);
}

static void settle_door(const struct sqlite_store *store, struct session_door *door)
{
    if (!was_left(store, door->command_id, door->command_status))
        return;
    door->command_status = COMMAND_EXPIRED;
    strcpy(door->command_reason, RESTARTED);
}

static void settle_session(const struct sqlite_store *store, struct session *session)
{
    settle_door(store, &session->entry);
    settle_door(store, &session->exit);
}

static enum ost_status settled(struct store *base, enum ost_status status, struct session *session)
{
    if (status == OST_OK)
        settle_session((struct sqlite_store *)base, session);
    return status;
}

static enum ost_status find_session(struct store *base, struct uuid id, struct session *out)
{
    READ(base, settled(base, find_session_row(&reader->connection, id, out), out));
}

static enum ost_status find_running(struct store *base, struct uuid id, struct session *out)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct session found;
    int64_t garage;

    memset(&found, 0, sizeof(found));
    if (!running_find(&store->running, id, &garage, found.partner_id) ||
        !counters_name(&store->counters, garage, found.garage_id))
        return OST_NOT_FOUND;
    found.id = id;
    found.status = SESSION_ACTIVE;
    found.started_at_ms = uuid_order(id) >> 12; /* it was made when the session began */
    *out = found;
    return OST_OK;
}

static enum ost_status find_active_by_user(struct store *base, const char *partner_id, const char *user_id, struct session *out)
{
    READ(base, settled(base, find_active_row(&reader->connection, SQL_ACTIVE_BY_USER, partner_id, user_id, out), out));
}

static enum ost_status find_active_by_plate(struct store *base, const char *garage_id, const char *plate, struct session *out)
{
    READ(base, settled(base, find_active_row(&reader->connection, SQL_ACTIVE_BY_PLATE, garage_id, plate, out), out));
}

static enum ost_status count_openings(struct store *base, struct uuid session_id, const char *door_id, int64_t since_ms,
                                      struct opening_count *out)
{
    READ(base, count_opening_rows(&reader->connection, session_id, door_id, since_ms, (struct uuid){0}, out));
}

static enum ost_status find_decision(struct store *base, struct uuid id, struct stored_decision *out)
{
    READ(base, find_decision_row(&reader->connection, id, out));
}

static enum ost_status settled_command(struct store *base, enum ost_status status, struct door_command *command)
{
    if (status == OST_OK && was_left((struct sqlite_store *)base, command->id, command->status)) {
        command->status = COMMAND_EXPIRED;
        strcpy(command->reason, RESTARTED);
    }
    return status;
}

static enum ost_status find_command(struct store *base, struct uuid id, struct door_command *out)
{
    READ(base, settled_command(base, find_command_row(&reader->connection, id, out), out));
}

/* A key is a time and what tells keys of one millisecond apart. */
static enum ost_status first_command_row(struct connection *connection, int64_t since_ms, int64_t *made_at_ms)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_COMMAND_SINCE);
    int code;

    bind_integer(row, 1, (int64_t)((uint64_t)since_ms << 12));
    code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        *made_at_ms = sqlite3_column_int64(row, 0) >> 12;
    sqlite3_reset(row);
    if (code == SQLITE_ROW)
        return OST_OK;
    return code == SQLITE_DONE ? OST_NOT_FOUND : connection_fault(connection, code, "cannot look for a door command");
}

static enum ost_status first_command_since(struct store *base, int64_t since_ms, int64_t *made_at_ms)
{
    READ(base, first_command_row(&reader->connection, since_ms, made_at_ms));
}

static enum ost_status find_answer(struct store *base, const char *partner_id, const char *key, struct stored_answer *out)
{
    READ(base, find_answer_row(&reader->connection, partner_id, key, out));
}

/* The first column of a statement's one row; 0 where there is none. */
static int read_number(sqlite3_stmt *row, int64_t *out)
{
    int code = sqlite3_step(row);

    *out = code == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_reset(row);
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}

/* ---- lists: one row more than asked tells whether there is a next page ---- */

/* The variants of a listing, in the order of their statements. */
enum { OF_ALL, OF_USER, OF_PLATE, OF_PARTNER };
#define FEW 5000

/*
 * Does the partner have few sessions? They are then found by the index that begins with the partner; those of one that
 * has many are met soon enough on the way through all, newest first. An index by partner and age would serve both, for 4 % of
 * the time of each start and stop. Counting stops where it is many.
 */
static int has_few(struct connection *connection, bool is_past, const char *partner_id, bool *has)
{
    sqlite3_stmt *row = connection_statement(connection, is_past ? SQL_PAST_OF_PARTNER : SQL_ACTIVE_OF_PARTNER);
    int64_t count;
    int code;

    bind_text(row, 1, partner_id);
    bind_integer(row, 2, FEW + 1);
    code = read_number(row, &count);
    *has = count <= FEW;
    return code;
}

static enum ost_status list_table(struct connection *connection, bool is_past, const struct session_filter *filter,
                                  store_cursor from, size_t limit, struct session *out, size_t *count)
{
    const char *texts[] = {filter->partner_id, filter->user_id, filter->garage_id, filter->plate};
    int variant = filter->user_id ? OF_USER : filter->plate ? OF_PLATE : OF_ALL;
    int code = SQLITE_DONE;
    bool few = false;
    size_t found = 0;
    sqlite3_stmt *row;

    if (variant == OF_ALL && filter->partner_id)
        code = has_few(connection, is_past, filter->partner_id, &few);
    if (code != SQLITE_DONE)
        return connection_fault(connection, code, "cannot list sessions");
    variant = few ? OF_PARTNER : variant;
    row = connection_statement(connection, (enum statement)((int)(is_past ? SQL_LIST_PAST : SQL_LIST_ACTIVE) + variant));
    bind_integer(row, 1, from);
    for (int i = 0; i < 4; i++)
        sqlite3_bind_text(row, 2 + i, texts[i], -1, SQLITE_STATIC); /* NULL binds NULL: no filter */
    bind_integer(row, 6, (int64_t)limit);
    while ((code = sqlite3_step(row)) == SQLITE_ROW && found < limit)
        row_session(row, is_past, &out[found++]);
    sqlite3_reset(row);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        return connection_fault(connection, code, "cannot list sessions");
    *count = found;
    return OST_OK;
}

static int by_age(const void *a, const void *b)
{
    int64_t first = uuid_order(((const struct session *)a)->id);
    int64_t second = uuid_order(((const struct session *)b)->id);

    return first < second ? 1 : first > second ? -1 : 0;
}

static enum ost_status list_both(struct connection *connection, const struct session_filter *filter, store_cursor from,
                                 size_t limit, struct session *both, size_t *count)
{
    size_t active = 0, past = 0;
    enum ost_status status = OST_OK;

    if (filter->active)
        status = list_table(connection, false, filter, from, limit, both, &active);
    if (status == OST_OK && filter->ended)
        status = list_table(connection, true, filter, from, limit, both + active, &past);
    if (status == OST_OK && active > 0 && past > 0)
        qsort(both, active + past, sizeof(*both), by_age);
    *count = active + past;
    return status;
}

static enum ost_status list_sessions(struct store *base, const struct session_filter *filter, store_cursor from,
                                     size_t limit, struct session *out, size_t *count, store_cursor *next)
{
    struct reader *reader = reader_take_for_list((struct sqlite_store *)base);
    struct session *both;
    enum ost_status status;
    size_t found = 0;

    if (!reader)
        return OST_IO;
    both = calloc(2 * (limit + 1), sizeof(*both));
    status = both ? list_both(&reader->connection, filter, from, limit + 1, both, &found) : OST_NO_MEMORY;
    reader_put(reader);
    if (status == OST_OK) {
        *count = found < limit ? found : limit;
        for (size_t i = 0; i < *count; i++)
            settle_session((struct sqlite_store *)base, &both[i]);
        *next = found > limit ? uuid_order(both[limit - 1].id) : 0;
        memcpy(out, both, *count * sizeof(*out));
    }
    free(both);
    return status;
}

/* Step through at most limit rows; fill() takes each. A further row sets *next to the last key. */
static enum ost_status page(struct connection *connection, sqlite3_stmt *row, size_t limit, size_t *count,
                            store_cursor *next, void (*fill)(sqlite3_stmt *row, void *out, size_t at), void *out)
{
    int64_t last = 0;
    size_t found = 0;
    int code;

    *next = 0;
    while ((code = sqlite3_step(row)) == SQLITE_ROW && found < limit) {
        last = sqlite3_column_int64(row, 0);
        fill(row, out, found++);
    }
    if (code == SQLITE_ROW)
        *next = last;
    sqlite3_reset(row);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        return connection_fault(connection, code, "cannot read a page");
    *count = found;
    return OST_OK;
}

static void fill_opening(sqlite3_stmt *row, void *out, size_t at)
{
    struct door_opening *opening = (struct door_opening *)out + at;
    struct door_command *command = &opening->command;

    memset(opening, 0, sizeof(*opening));
    opening->id = read_id(row, 0);
    if (sqlite3_column_type(row, 2) != SQLITE_NULL && sqlite3_column_type(row, 6) != SQLITE_NULL)
        command->id = uuid_from_order(sqlite3_column_int64(row, 2), sqlite3_column_int64(row, 6));
    read_text(row, 3, command->garage_id, sizeof(command->garage_id));
    read_text(row, 4, command->door_id, sizeof(command->door_id));
    command->cause = (enum door_cause)sqlite3_column_int(row, 5);
    command->cause_id = read_id(row, 7);
    read_text(row, 9, command->partner_id, sizeof(command->partner_id));
    read_text(row, 10, command->actor, sizeof(command->actor));
    read_text(row, 11, command->note, sizeof(command->note));
    command->degraded = sqlite3_column_int(row, 12) != 0;
    command->requested_at_ms = sqlite3_column_int64(row, 13);
    command->expires_at_ms = sqlite3_column_int64(row, 14);
    command->status = uuid_is_nil(command->id) ? COMMAND_OPENED : (enum command_status)sqlite3_column_int(row, 15);
    read_text(row, 16, command->reason, sizeof(command->reason));
    command->finished_at_ms = sqlite3_column_int64(row, 17);
    command->relay_fired_at_ms = sqlite3_column_int64(row, 18);
    command->seen_open_at_ms = sqlite3_column_int64(row, 19);
    read_text(row, 20, command->traceparent, sizeof(command->traceparent));
}

static void fill_audit(sqlite3_stmt *row, void *out, size_t at)
{
    struct audit_line *line = (struct audit_line *)out + at;

    memset(line, 0, sizeof(*line));
    line->id = read_id(row, 0);
    line->at_ms = sqlite3_column_int64(row, 2);
    read_text(row, 3, line->actor, sizeof(line->actor));
    read_text(row, 4, line->action, sizeof(line->action));
    read_text(row, 5, line->subject, sizeof(line->subject));
    read_text(row, 6, line->reason, sizeof(line->reason));
}

static void fill_pending(sqlite3_stmt *row, void *out, size_t at)
{
    struct pending_price *pending = (struct pending_price *)out + at;

    memset(pending, 0, sizeof(*pending));
    pending->session_id = read_id(row, 0);
    read_text(row, 2, pending->garage_id, sizeof(pending->garage_id));
    read_text(row, 3, pending->inputs, sizeof(pending->inputs));
}

static enum ost_status page_of(struct store *base, enum statement which, store_cursor from, size_t limit, size_t *count,
                               store_cursor *next, void (*fill)(sqlite3_stmt *row, void *out, size_t at), void *out)
{
    struct reader *reader = reader_take_for_list((struct sqlite_store *)base);
    enum ost_status status;
    sqlite3_stmt *row;

    if (!reader)
        return OST_IO;
    row = connection_statement(&reader->connection, which);
    bind_integer(row, 1, from);
    bind_integer(row, 2, (int64_t)limit + 1);
    status = page(&reader->connection, row, limit, count, next, fill, out);
    reader_put(reader);
    return status;
}

static enum ost_status list_openings(struct store *base, store_cursor from, size_t limit, struct door_opening *out,
                                     size_t *count, store_cursor *next)
{
    return page_of(base, SQL_LEDGER_LIST, from, limit, count, next, fill_opening, out);
}

static enum ost_status list_audit(struct store *base, store_cursor from, size_t limit, struct audit_line *out,
                                  size_t *count, store_cursor *next)
{
    return page_of(base, SQL_AUDIT_LIST, from, limit, count, next, fill_audit, out);
}

static enum ost_status list_pending_prices(struct store *base, store_cursor from, size_t limit, struct pending_price *out,
                                           size_t *count, store_cursor *next)
{
    return page_of(base, SQL_PENDING_LIST, from, limit, count, next, fill_pending, out);
}

static void fill_list_entry(sqlite3_stmt *row, void *out, size_t at)
{
    struct list_entry *entry = (struct list_entry *)out + at;

    memset(entry, 0, sizeof(*entry));
    read_text(row, 0, entry->list, sizeof(entry->list));
    read_text(row, 1, entry->entry, sizeof(entry->entry));
    entry->valid_until_ms = sqlite3_column_int64(row, 2);
    read_text(row, 3, entry->note, sizeof(entry->note));
}

static void fill_token(sqlite3_stmt *row, void *out, size_t at)
{
    row_token(row, (struct device_token *)out + at);
}

static void fill_maintenance(sqlite3_stmt *row, void *out, size_t at)
{
    struct maintenance_lock *lock = (struct maintenance_lock *)out + at;

    memset(lock, 0, sizeof(*lock));
    read_text(row, 0, lock->garage_id, sizeof(lock->garage_id));
    read_text(row, 1, lock->door_id, sizeof(lock->door_id));
    lock->until_ms = sqlite3_column_int64(row, 2);
    read_text(row, 3, lock->reason, sizeof(lock->reason));
}

static enum ost_status show_list(struct connection *connection, const char *list, const char *after, size_t limit,
                                 struct list_entry *out, size_t *count)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_LIST_SHOW);
    store_cursor unused;

    bind_text(row, 1, list);
    bind_text(row, 2, after);
    bind_integer(row, 3, (int64_t)limit);
    return page(connection, row, limit, count, &unused, fill_list_entry, out);
}

static enum ost_status list_entries(struct store *base, const char *list, const char *after, size_t limit,
                                    struct list_entry *out, size_t *count)
{
    READ_LIST(base, show_list(&reader->connection, list, after, limit, out, count));
}

static enum ost_status show_tokens(struct connection *connection, size_t limit, struct device_token *out, size_t *count)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_TOKEN_LIST);
    store_cursor unused;

    bind_integer(row, 1, (int64_t)limit);
    return page(connection, row, limit, count, &unused, fill_token, out);
}

static enum ost_status list_tokens(struct store *base, size_t limit, struct device_token *out, size_t *count)
{
    READ_LIST(base, show_tokens(&reader->connection, limit, out, count));
}

static enum ost_status show_locks(struct connection *connection, int64_t now_ms, const struct maintenance_lock *after,
                                  size_t limit, struct maintenance_lock *out, size_t *count)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_MAINTENANCE_LIST);
    store_cursor unused;

    bind_integer(row, 1, now_ms);
    bind_text(row, 2, after ? after->garage_id : "");
    bind_text(row, 3, after ? after->door_id : "");
    bind_integer(row, 4, (int64_t)limit);
    return page(connection, row, limit, count, &unused, fill_maintenance, out);
}

static enum ost_status list_maintenance(struct store *base, int64_t now_ms, const struct maintenance_lock *after,
                                        size_t limit, struct maintenance_lock *out, size_t *count)
{
    READ(base, show_locks(&reader->connection, now_ms, after, limit, out, count));
}

void reads_fill_ops(struct store_ops *ops)
{
    ops->find_session = find_session;
    ops->find_running = find_running;
    ops->find_active_by_user = find_active_by_user;
    ops->find_active_by_plate = find_active_by_plate;
    ops->list_sessions = list_sessions;
    ops->read_facts = facts_read;
    ops->count_openings = count_openings;
    ops->find_decision = find_decision;
    ops->find_command = find_command;
    ops->first_command_since = first_command_since;
    ops->find_answer = find_answer;
    ops->list_openings = list_openings;
    ops->list_audit = list_audit;
    ops->list_entries = list_entries;
    ops->find_token = tokens_find;
    ops->list_tokens = list_tokens;
    ops->list_maintenance = list_maintenance;
    ops->list_pending_prices = list_pending_prices;
}
