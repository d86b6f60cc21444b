#include <stdio.h>

#include "db/connection.h"
#include "runtime/base/log.h"

extern const unsigned char schema_0001[], schema_0002[], schema_0003[];

/* In order, from version 1; PRAGMA user_version says how many of them a database has seen. */
static const unsigned char *const migrations[] = {schema_0001, schema_0002, schema_0003};

int migration_latest(void)
{
    return (int)(sizeof(migrations) / sizeof(migrations[0]));
}

static int version_of(struct connection *connection, int *version)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->database, "PRAGMA user_version", -1, &statement, NULL);

    if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        *version = sqlite3_column_int(statement, 0);
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code;
}

static int apply_one(struct connection *connection, int version)
{
    char mark[48];
    int code = sqlite3_exec(connection->database, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_exec(connection->database, (const char *)migrations[version - 1], NULL, NULL, NULL);
    snprintf(mark, sizeof(mark), "PRAGMA user_version = %d", version);
    if (code == SQLITE_OK)
        code = sqlite3_exec(connection->database, mark, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(connection->database, "COMMIT", NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        connection_fault(connection, code, "a migration failed and was taken back");
        sqlite3_exec(connection->database, "ROLLBACK", NULL, NULL, NULL);
    }
    return code;
}

enum ost_status migrate(struct connection *connection)
{
    int version = 0;
    int code = version_of(connection, &version);

    if (code != SQLITE_OK)
        return connection_fault(connection, code, "cannot read the database's version");
    if (version > migration_latest()) {
        log_error("store", "the database has version %d, made by a newer Ostler; this one knows up to %d. Install the newer one again.",
                  version, migration_latest());
        return OST_CONFLICT;
    }
    while (version < migration_latest()) {
        code = apply_one(connection, version + 1);
        if (code != SQLITE_OK)
            return connection_status(code);
        version++;
        log_notice("store", "the database is at version %d now", version);
    }
    return OST_OK;
}
