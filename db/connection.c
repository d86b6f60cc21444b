#include "db/connection.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/log.h"

static const char *role_pragmas(enum connection_role role)
{
    switch (role) {
    case CONNECTION_WRITER:
        return "PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 0;";
    case CONNECTION_READER:
        return "PRAGMA cache_size = -512; PRAGMA query_only = ON;";
    case CONNECTION_CHECKPOINTER:
        return "PRAGMA cache_size = -256; PRAGMA wal_autocheckpoint = 0;";
    case CONNECTION_TOOL:
        return "PRAGMA wal_autocheckpoint = 0;";
    }
    return "";
}

static const char common_pragmas[] = "PRAGMA synchronous = FULL;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cell_size_check = ON;"
                                     "PRAGMA foreign_keys = OFF;"
                                     "PRAGMA temp_store = MEMORY;";

static int set_up(struct connection *connection, enum connection_role role)
{
    int code;

    sqlite3_extended_result_codes(connection->database, 1);
    sqlite3_busy_timeout(connection->database, 5000);
    sqlite3_db_config(connection->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    code = sqlite3_exec(connection->database, common_pragmas, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(connection->database, role_pragmas(role), NULL, NULL, NULL);
    if (code == SQLITE_OK && (role == CONNECTION_WRITER || role == CONNECTION_TOOL))
        code = sqlite3_exec(connection->database, "PRAGMA journal_mode = WAL;", NULL, NULL, NULL);
    return code;
}

int64_t connection_pragma(struct connection *connection, const char *pragma)
{
    sqlite3_stmt *row = NULL;
    int64_t value = 0;

    if (sqlite3_prepare_v2(connection->database, pragma, -1, &row, NULL) == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW)
        value = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return value;
}

void connection_limit(struct connection *connection, int64_t file_bytes_max)
{
    int64_t page_bytes = connection_pragma(connection, "PRAGMA page_size");
    char pragma[64];

    connection->file_bytes_max = file_bytes_max;
    if (file_bytes_max <= 0 || page_bytes <= 0)
        return;
    snprintf(pragma, sizeof(pragma), "PRAGMA max_page_count = %lld", (long long)(file_bytes_max / page_bytes));
    connection_pragma(connection, pragma);
}

/*
 * SQLite counts its memory under one lock for all connections; with it the writer slept at every second statement, while
 * readers counted. Nobody reads the counts.
 */
static pthread_once_t configured = PTHREAD_ONCE_INIT;

static void configure(void)
{
    if (sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK)
        log_debug("store", "SQLite was in use already, and goes on counting its memory");
}

enum ost_status connection_open(struct connection *connection, const char *path, enum connection_role role)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
    enum ost_status status;
    int code;

    pthread_once(&configured, configure);
    connection->database = NULL;
    memset(connection->statements, 0, sizeof(connection->statements));
    if (role != CONNECTION_WRITER)
        connection->file_bytes_max = 0;
    if (role == CONNECTION_WRITER || role == CONNECTION_TOOL)
        flags |= SQLITE_OPEN_CREATE;
    code = sqlite3_open_v2(path, &connection->database, flags, NULL);
    if (code == SQLITE_OK)
        code = set_up(connection, role);
    if (code == SQLITE_OK) {
        connection_limit(connection, connection->file_bytes_max);
        return OST_OK;
    }
    log_error("store", "cannot open %s: %s", path,
              connection->database ? sqlite3_errmsg(connection->database) : sqlite3_errstr(code));
    status = connection_status(code);
    connection_close(connection);
    return status;
}

void connection_close(struct connection *connection)
{
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(connection->statements[i]);
    sqlite3_close(connection->database);
    connection->database = NULL;
    memset(connection->statements, 0, sizeof(connection->statements));
}

sqlite3_stmt *connection_statement(struct connection *connection, enum statement which)
{
    sqlite3_stmt **statement = &connection->statements[which];

    if (*statement) {
        sqlite3_reset(*statement);
        return *statement;
    }
    if (sqlite3_prepare_v3(connection->database, statement_texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement,
                           NULL) != SQLITE_OK)
        *statement = NULL;
    return *statement;
}

int connection_run(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);

    sqlite3_reset(statement);
    return code;
}

enum ost_status connection_status(int code)
{
    if (code == SQLITE_IOERR_SHMSIZE)
        return OST_NO_SPACE; /* the log's index could not grow: there is no other reason */
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OST_OK;
    case SQLITE_FULL:
        return OST_NO_SPACE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return OST_BUSY;
    case SQLITE_NOMEM:
        return OST_NO_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return OST_CORRUPT;
    default:
        return OST_IO;
    }
}

enum ost_status connection_fault(struct connection *connection, int code, const char *doing)
{
    /* A store that can only be read says so loudly once; that each try to write fails then is no news. */
    log_line((code & 0xff) == SQLITE_READONLY ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, "store", "%s: %s (%d)", doing,
             connection->database ? sqlite3_errmsg(connection->database) : "not open", code);
    return connection_status(code);
}

void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

void bind_optional(sqlite3_stmt *statement, int at, const char *text)
{
    if (text[0])
        bind_text(statement, at, text);
    else
        sqlite3_bind_null(statement, at);
}

void bind_integer(sqlite3_stmt *statement, int at, int64_t number)
{
    sqlite3_bind_int64(statement, at, number);
}

void bind_id(sqlite3_stmt *statement, int at, struct uuid id)
{
    bool is_nil = uuid_is_nil(id);

    sqlite3_bind_int64(statement, at, is_nil ? 0 : uuid_order(id));
    sqlite3_bind_int64(statement, at + 1, is_nil ? 0 : uuid_tail(id));
}

void read_text(sqlite3_stmt *row, int column, char *text, size_t bytes)
{
    const char *found = (const char *)sqlite3_column_text(row, column);

    snprintf(text, bytes, "%s", found ? found : "");
}

struct uuid read_id(sqlite3_stmt *row, int column)
{
    int64_t key = sqlite3_column_int64(row, column);

    if (key == 0)
        return (struct uuid){0, 0};
    return uuid_from_order(key, sqlite3_column_int64(row, column + 1));
}
