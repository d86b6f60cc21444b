/*
 * A connection to the database: how it is opened, its prepared statements, and the few words to use them.
 * One thread at a time. Private to db/.
 */
#ifndef OSTLER_DB_CONNECTION_H
#define OSTLER_DB_CONNECTION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/uuid.h"

/* Every statement has a name; its text is in statements.c. */
enum statement {
    SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK, SQL_SNAPSHOT,
    SQL_GARAGE_PUT, SQL_GARAGE_ALL, SQL_GARAGE_SET, SQL_PARTNER_PUT, SQL_PARTNER_FIND,
    SQL_SESSION_START, SQL_SESSION_ACTIVE, SQL_SESSION_MOVE, SQL_SESSION_DELETE,
    SQL_SESSION_BY_KEY, SQL_PAST_BY_KEY, SQL_ACTIVE_BY_USER, SQL_ACTIVE_BY_PLATE,
    SQL_LIST_ACTIVE, SQL_LIST_ACTIVE_OF_USER, SQL_LIST_ACTIVE_OF_PLATE, SQL_LIST_ACTIVE_OF_PARTNER,
    SQL_LIST_PAST, SQL_LIST_PAST_OF_USER, SQL_LIST_PAST_OF_PLATE, SQL_LIST_PAST_OF_PARTNER, SQL_RUNNING_LOAD, SQL_ACTIVE_OF_PARTNER, SQL_PAST_OF_PARTNER,
    SQL_PENDING_PUT, SQL_PENDING_DELETE, SQL_PENDING_LIST, SQL_PRICE_SET,
    SQL_DECISION_PUT, SQL_DECISION_BY_KEY, SQL_DECISION_LIST, SQL_DECISION_LIST_OLDEST, SQL_DECISION_COUNT,
    SQL_CONTEXT_PUT, SQL_CONTEXT_FIND,
    SQL_COMMAND_PUT, SQL_COMMAND_FINISH, SQL_COMMAND_BY_KEY, SQL_COMMAND_UNFINISHED, SQL_COMMAND_SINCE,
    SQL_OPENINGS_EXPLICIT, SQL_OPENINGS_IMPLIED,
    SQL_LEDGER_PUT, SQL_LEDGER_LIST,
    SQL_OUTBOX_PUT, SQL_PROGRESS, SQL_MARK,
    SQL_ANSWER_FIND, SQL_ANSWER_PUT,
    SQL_TOKEN_BY_HASH, SQL_TOKEN_ALL, SQL_TOKEN_PUT, SQL_TOKEN_REVOKE, SQL_TOKEN_LIST,
    SQL_LIST_PUT, SQL_LIST_REMOVE, SQL_LIST_SHOW, SQL_LISTS_OF, SQL_LISTS_GLOBS, SQL_LIST_COUNT,
    SQL_MAINTENANCE_PUT, SQL_MAINTENANCE_DELETE, SQL_MAINTENANCE_LIST,
    SQL_AUDIT_PUT, SQL_AUDIT_LIST,
    SQL_FACTS_RUNNING, SQL_FACTS_TODAY_PAST, SQL_FACTS_LAST_EXIT,
    SQL_RECORD_PUT, SQL_RECORD_FIND, SQL_RECORD_NEWEST, SQL_RECORD_DIGEST, SQL_RECORD_LIST, SQL_RECORD_PROVEN, SQL_RECORD_QUARANTINED,
    SQL_DEPLOYMENT_PUT, SQL_DEPLOYMENT_LIST, SQL_ACTIVATION_PUT, SQL_ACTIVATION_LIST,
    SQL_NEWEST, SQL_META,
    SQL_PRUNE_SESSIONS, SQL_PRUNE_ANSWERS, SQL_PRUNE_OUTBOX, SQL_PRUNE_DECISIONS, SQL_PRUNE_LEDGER, SQL_PRUNE_COMMANDS,
    SQL_PRUNE_AUDIT, SQL_PRUNE_LOCKS, SQL_PRUNE_EXCESS, SQL_PRUNE_CONTEXTS, SQL_PRUNE_RECORDS,
    SQL_COUNT
};
extern const char *const statement_texts[SQL_COUNT];

struct connection {
    sqlite3 *database;
    sqlite3_stmt *statements[SQL_COUNT]; /* prepared at first use */
    int64_t file_bytes_max; /* the writer's: see connection_limit(); outlives closing, so that a reopened one has it */
};

enum connection_role { CONNECTION_WRITER, CONNECTION_READER, CONNECTION_CHECKPOINTER, CONNECTION_TOOL };

/* Open with our settings a path, or a URI of SQLite. OST_IO, OST_NO_SPACE, OST_CORRUPT (logged). The file is made by writer and tool only. */
enum ost_status connection_open(struct connection *connection, const char *path, enum connection_role role) OST_MUST_CHECK;
void connection_close(struct connection *connection); /* harmless where it is not open */
/*
 * The database file may have at most so many bytes (0: no limit), from now on and whenever this writer's connection is opened
 * again. SQLite keeps such a limit with the connection and not with the file, and a recovery opens a new one.
 */
void connection_limit(struct connection *connection, int64_t file_bytes_max);
int64_t connection_pragma(struct connection *connection, const char *pragma); /* its number; 0 where it has none */

/*
 * A statement, reset and ready to bind; prepared at first use. NULL where it cannot be: sqlite3_errcode() says why, and
 * binding and stepping NULL report SQLITE_MISUSE, so callers need only look at the step.
 */
sqlite3_stmt *connection_statement(struct connection *connection, enum statement which);
/* Step a statement that gives no row, and reset it. The SQLite result code: SQLITE_DONE is success. */
int connection_run(sqlite3_stmt *statement);

/* SQLite's result as ours. */
enum ost_status connection_status(int code);
/* Log an unexpected result where it is born, and give it as ours. */
enum ost_status connection_fault(struct connection *connection, int code, const char *doing);

/* Binding by position; ids take two positions: key and tail. "" is bound as NULL by bind_optional(). */
void bind_text(sqlite3_stmt *statement, int at, const char *text);
void bind_optional(sqlite3_stmt *statement, int at, const char *text);
void bind_integer(sqlite3_stmt *statement, int at, int64_t number);
void bind_id(sqlite3_stmt *statement, int at, struct uuid id);
/* Reading a row; a text that is longer than its place is cut. */
void read_text(sqlite3_stmt *row, int column, char *text, size_t bytes);
struct uuid read_id(sqlite3_stmt *row, int column);

/*
 * Bring the database to this program's version: each migration in one transaction.
 * OST_CONFLICT: it was made by a newer program (logged). Or a fault.
 */
enum ost_status migrate(struct connection *connection) OST_MUST_CHECK;
int migration_latest(void);

#endif
