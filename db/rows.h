/* Rows of the database as values of core, and back. Private to db/. */
#ifndef OSTLER_DB_ROWS_H
#define OSTLER_DB_ROWS_H

#include "db/connection.h"
#include "runtime/ports/store.h"

/* A row of SQL_SESSION_BY_KEY or SQL_PAST_BY_KEY. */
void row_session(sqlite3_stmt *row, bool is_past, struct session *out);
/* A row with the columns of SQL_COMMAND_BY_KEY. */
void row_command(sqlite3_stmt *row, struct door_command *out);

/* OST_NOT_FOUND where neither table has this very id. */
enum ost_status find_session_row(struct connection *connection, struct uuid id, struct session *out);
void row_decision(sqlite3_stmt *row, struct stored_decision *out);
enum ost_status find_decision_row(struct connection *connection, struct uuid id, struct stored_decision *out);
enum ost_status find_command_row(struct connection *connection, struct uuid id, struct door_command *out);
enum ost_status find_answer_row(struct connection *connection, const char *partner_id, const char *key,
                                struct stored_answer *out);
enum ost_status find_active_row(struct connection *connection, enum statement which, const char *owner, const char *text,
                                struct session *out);
/* Without the command `except` (nil: with all), which may have come before its own opening. */
enum ost_status count_opening_rows(struct connection *connection, struct uuid session_id, const char *door_id,
                                   int64_t since_ms, struct uuid except, struct opening_count *out);
void row_token(sqlite3_stmt *row, struct device_token *out);

/* Step: the first column of a statement's one row, 0 where there is none; resets it. SQLITE_DONE, or a fault. */
int row_number(sqlite3_stmt *row, int64_t *out);

#endif
