#include "db/sqlite_tools.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db/rows.h"
#include "db/tokens.h"
#include "runtime/base/log.h"

/* Each gives no row on a sound database; the first column says what is wrong. */
static const char *const rules[] = {
    "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    "SELECT 'garage ' || g.id || ': counts ' || g.occupied || ' cars, its sessions and corrections say ' || n FROM "
    "(SELECT g.number, g.corrected_by + (SELECT count(*) FROM active_session s WHERE s.garage = g.number) AS n FROM garage g) t "
    "JOIN garage g ON g.number = t.number WHERE g.occupied <> n",
    "SELECT 'garage ' || g.id || ': counts ' || g.season_inside || ' season tickets inside, there are ' || n FROM "
    "(SELECT g.number, (SELECT count(*) FROM active_session s WHERE s.garage = g.number AND s.kind = 1) AS n FROM garage g) t "
    "JOIN garage g ON g.number = t.number WHERE g.season_inside <> n",
    "SELECT 'a user has ' || count(*) || ' running sessions' FROM active_session GROUP BY partner, user HAVING count(*) > 1",
    "SELECT 'a plate has ' || count(*) || ' running sessions in one garage' FROM active_session GROUP BY garage, plate HAVING count(*) > 1",
    "SELECT 'session ' || key || ' is running and ended' FROM active_session WHERE key IN (SELECT key FROM past_session)",
    "SELECT 'the outbox has gaps: ' || (max(seq) - min(seq) + 1 - count(*)) || ' events are missing' FROM outbox "
    "HAVING max(seq) - min(seq) + 1 <> count(*)",
    "SELECT 'the outbox ends at ' || (SELECT coalesce(max(seq), 0) FROM outbox) || ', but ' || seq || ' were given' FROM sqlite_sequence "
    "WHERE name = 'outbox' AND seq <> (SELECT coalesce(max(seq), 0) FROM outbox) AND (SELECT count(*) FROM outbox) > 0",
    "SELECT 'door command ' || key || ' moved a relay and is not in the ledger' FROM door_command WHERE relay_fired_at > 0 "
    "AND key NOT IN (SELECT command FROM door_ledger WHERE command IS NOT NULL)",
    "SELECT 'door command ' || command || ' stands in the ledger ' || count(*) || ' times' FROM door_ledger "
    "WHERE command IS NOT NULL GROUP BY command HAVING count(*) > 1",
    "SELECT 'a price is awaited of session ' || session || ', which awaits none' FROM pending_price WHERE session NOT IN "
    "(SELECT key FROM past_session WHERE price_pending = 1)",
    "SELECT 'session ' || key || ' awaits a price and no inputs are recorded' FROM past_session WHERE price_pending = 1 "
    "AND key NOT IN (SELECT session FROM pending_price)",
};

static enum ost_status open_tool(const char *path, struct connection *connection)
{
    enum ost_status status = connection_open(connection, path, CONNECTION_TOOL);

    if (status == OST_OK)
        status = migrate(connection);
    if (status != OST_OK)
        connection_close(connection);
    return status;
}

enum ost_status sqlite_check(const char *path, sqlite_problem_fn *report, void *context, size_t *problem_count)
{
    struct connection connection;
    enum ost_status status;
    size_t problems = 0;

    if (access(path, F_OK) != 0)
        return OST_NOT_FOUND;
    status = connection_open(&connection, path, CONNECTION_CHECKPOINTER);
    if (status != OST_OK)
        return status;
    /* One snapshot for all rules: a runtime may be writing. */
    sqlite3_exec(connection.database, "BEGIN", NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && status == OST_OK; i++) {
        sqlite3_stmt *row = NULL;
        int code = sqlite3_prepare_v2(connection.database, rules[i], -1, &row, NULL);

        if (code == SQLITE_OK) {
            while ((code = sqlite3_step(row)) == SQLITE_ROW) {
                report(context, (const char *)sqlite3_column_text(row, 0));
                problems++;
            }
        }
        if (code != SQLITE_DONE)
            status = connection_fault(&connection, code, "cannot check the database");
        sqlite3_finalize(row);
    }
    sqlite3_exec(connection.database, "COMMIT", NULL, NULL, NULL);
    connection_close(&connection);
    *problem_count = problems;
    return status;
}

enum ost_status sqlite_migrate(const char *path, int *version)
{
    struct connection connection;
    enum ost_status status = open_tool(path, &connection);

    if (status != OST_OK)
        return status;
    connection_close(&connection);
    *version = migration_latest();
    return OST_OK;
}

enum ost_status sqlite_backup(const char *path, const char *copy)
{
    struct connection connection;
    enum ost_status status;
    sqlite3_stmt *row = NULL;
    int code;

    if (access(path, F_OK) != 0)
        return OST_NOT_FOUND;
    status = connection_open(&connection, path, CONNECTION_CHECKPOINTER);
    if (status != OST_OK)
        return status;
    /* It reads one snapshot and writes a compact copy, whatever is committed meanwhile. */
    code = sqlite3_prepare_v2(connection.database, "VACUUM INTO ?1", -1, &row, NULL);
    bind_text(row, 1, copy);
    if (code == SQLITE_OK)
        code = sqlite3_step(row);
    if (code != SQLITE_DONE)
        status = connection_fault(&connection, code, "the backup failed");
    sqlite3_finalize(row);
    connection_close(&connection);
    return status;
}

/* After the commit, so that who sees the new generation also sees the new rows. */
static enum ost_status tell_runtime(const char *path)
{
    _Atomic uint64_t *generation = token_generation_map(path);

    if (!generation)
        return OST_IO;
    atomic_fetch_add(generation, 1);
    token_generation_unmap(generation);
    return OST_OK;
}

enum ost_status sqlite_token_put(const char *path, const struct device_token *token)
{
    struct connection connection;
    char scopes[256];
    enum ost_status status = open_tool(path, &connection);
    sqlite3_stmt *row;
    int code;

    if (status != OST_OK)
        return status;
    scope_set_format(token->scopes, scopes, sizeof(scopes));
    row = connection_statement(&connection, SQL_TOKEN_PUT);
    bind_text(row, 1, token->id);
    sqlite3_bind_blob(row, 2, token->hash, sizeof(token->hash), SQLITE_STATIC);
    bind_text(row, 3, token->partner_id);
    bind_text(row, 4, scopes);
    bind_integer(row, 5, token->created_at_ms);
    bind_integer(row, 6, token->expires_at_ms);
    code = connection_run(row);
    if (code != SQLITE_DONE)
        status = connection_fault(&connection, code, "cannot store the token");
    connection_close(&connection);
    return status == OST_OK ? tell_runtime(path) : status;
}

enum ost_status sqlite_token_revoke(const char *path, const char *token_id, int64_t now_ms)
{
    struct connection connection;
    enum ost_status status = open_tool(path, &connection);
    sqlite3_stmt *row;
    int code;

    if (status != OST_OK)
        return status;
    row = connection_statement(&connection, SQL_TOKEN_REVOKE);
    bind_text(row, 1, token_id);
    bind_integer(row, 2, now_ms);
    code = connection_run(row);
    if (code != SQLITE_DONE)
        status = connection_fault(&connection, code, "cannot revoke the token");
    else if (sqlite3_changes(connection.database) == 0)
        status = OST_NOT_FOUND;
    connection_close(&connection);
    return status == OST_OK ? tell_runtime(path) : status;
}

enum ost_status sqlite_token_list(const char *path, struct device_token *out, size_t limit, size_t *count)
{
    struct connection connection;
    enum ost_status status = open_tool(path, &connection);
    size_t found = 0;
    sqlite3_stmt *row;
    int code;

    if (status != OST_OK)
        return status;
    row = connection_statement(&connection, SQL_TOKEN_LIST);
    bind_integer(row, 1, (int64_t)limit);
    while ((code = sqlite3_step(row)) == SQLITE_ROW && found < limit)
        row_token(row, &out[found++]);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        status = connection_fault(&connection, code, "cannot list the tokens");
    sqlite3_reset(row);
    connection_close(&connection);
    *count = found;
    return status;
}
