#include "db/rows.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/core/decision_log.h"

static void row_door(sqlite3_stmt *row, int at, struct session_door *door)
{
    read_text(row, at, door->door_id, sizeof(door->door_id));
    door->command_id = read_id(row, at + 1);
    door->command_status = (enum command_status)sqlite3_column_int(row, at + 3);
    read_text(row, at + 4, door->command_reason, sizeof(door->command_reason));
}

static void row_price(sqlite3_stmt *row, int column, struct price *price)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    struct json_document *document;
    char error[128];

    if (!text)
        return;
    if (json_parse(text, strlen(text), 4, &document, error) != OST_OK) {
        log_error("store", "a stored price is damaged: %s", error);
        return;
    }
    if (price_read(json_root(document), price) != OST_OK)
        log_error("store", "a stored price is damaged");
    json_free(document);
}

void row_session(sqlite3_stmt *row, bool is_past, struct session *out)
{
    memset(out, 0, sizeof(*out));
    out->id = read_id(row, 0);
    read_text(row, 2, out->garage_id, sizeof(out->garage_id));
    read_text(row, 3, out->partner_id, sizeof(out->partner_id));
    read_text(row, 4, out->user_id, sizeof(out->user_id));
    read_text(row, 5, out->plate, sizeof(out->plate));
    out->kind = (enum visit_kind)sqlite3_column_int(row, 6);
    out->claim = (enum session_claim)sqlite3_column_int(row, 7);
    out->started_at_ms = sqlite3_column_int64(row, 8);
    out->leave_by_ms = sqlite3_column_int64(row, 9);
    row_door(row, 10, &out->entry);
    out->decision_id = read_id(row, 15);
    out->status = is_past ? SESSION_ENDED : SESSION_ACTIVE;
    if (!is_past)
        return;
    out->ended_at_ms = sqlite3_column_int64(row, 17);
    out->end = (enum session_end)sqlite3_column_int(row, 18);
    row_door(row, 19, &out->exit);
    out->stop_decision_id = read_id(row, 24);
    row_price(row, 26, &out->price);
    out->price_pending = sqlite3_column_int(row, 27) != 0;
}

void row_command(sqlite3_stmt *row, struct door_command *out)
{
    memset(out, 0, sizeof(*out));
    out->id = read_id(row, 0);
    read_text(row, 2, out->garage_id, sizeof(out->garage_id));
    read_text(row, 3, out->door_id, sizeof(out->door_id));
    out->cause = (enum door_cause)sqlite3_column_int(row, 4);
    out->cause_id = read_id(row, 5);
    read_text(row, 7, out->partner_id, sizeof(out->partner_id));
    read_text(row, 8, out->actor, sizeof(out->actor));
    read_text(row, 9, out->note, sizeof(out->note));
    out->degraded = sqlite3_column_int(row, 10) != 0;
    out->requested_at_ms = sqlite3_column_int64(row, 11);
    out->expires_at_ms = sqlite3_column_int64(row, 12);
    out->status = (enum command_status)sqlite3_column_int(row, 13);
    read_text(row, 14, out->reason, sizeof(out->reason));
    out->finished_at_ms = sqlite3_column_int64(row, 15);
    out->relay_fired_at_ms = sqlite3_column_int64(row, 16);
    out->seen_open_at_ms = sqlite3_column_int64(row, 17);
    read_text(row, 18, out->traceparent, sizeof(out->traceparent));
    out->is_explicit = sqlite3_column_int(row, 19) != 0;
}

/* After a step for one row: OK with the row at hand, NOT_FOUND, or a fault. */
static enum ost_status one_row(struct connection *connection, int code, const char *doing)
{
    if (code == SQLITE_ROW)
        return OST_OK;
    return code == SQLITE_DONE ? OST_NOT_FOUND : connection_fault(connection, code, doing);
}

enum ost_status find_session_row(struct connection *connection, struct uuid id, struct session *out)
{
    static const enum statement tables[] = {SQL_SESSION_BY_KEY, SQL_PAST_BY_KEY};
    enum ost_status status = OST_NOT_FOUND;

    for (size_t i = 0; i < 2 && status == OST_NOT_FOUND; i++) {
        sqlite3_stmt *row = connection_statement(connection, tables[i]);
        struct session found;

        bind_integer(row, 1, uuid_order(id));
        status = one_row(connection, sqlite3_step(row), "cannot read a session");
        if (status == OST_OK) {
            row_session(row, i == 1, &found);
            if (uuid_equal(found.id, id)) /* the key alone could be guessed from a neighbour's */
                *out = found;
            else
                status = OST_NOT_FOUND;
        }
        sqlite3_reset(row);
    }
    return status;
}

enum ost_status find_command_row(struct connection *connection, struct uuid id, struct door_command *out)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_COMMAND_BY_KEY);
    struct door_command found;
    enum ost_status status;

    bind_integer(row, 1, uuid_order(id));
    status = one_row(connection, sqlite3_step(row), "cannot read a door command");
    if (status == OST_OK) {
        row_command(row, &found);
        if (uuid_equal(found.id, id))
            *out = found;
        else
            status = OST_NOT_FOUND;
    }
    sqlite3_reset(row);
    return status;
}

/* The inputs, with whose they were; damaged ones are as good as none. */
static void row_inputs(sqlite3_stmt *row, struct stored_decision *out)
{
    const char *context = (const char *)sqlite3_column_text(row, 14), *inputs = (const char *)sqlite3_column_text(row, 15);

    if (!context || !inputs)
        return;
    if (decision_read_inputs(context, inputs, &out->visit, out->timezone) != OST_OK) {
        log_error("store", "the inputs of a decision are damaged");
        return;
    }
    out->has_inputs = true;
    snprintf(out->garage_id, sizeof(out->garage_id), "%s", out->visit.garage.id);
    snprintf(out->visit.partner_id, sizeof(out->visit.partner_id), "%s", out->partner_id);
    snprintf(out->visit.user_id, sizeof(out->visit.user_id), "%s", out->user_id);
    snprintf(out->visit.plate, sizeof(out->visit.plate), "%s", out->plate);
}

void row_decision(sqlite3_stmt *row, struct stored_decision *out)
{
    memset(out, 0, sizeof(*out));
    out->id = read_id(row, 0);
    out->trigger = (enum policy_trigger)sqlite3_column_int(row, 2);
    out->outcome = (enum decision_outcome)sqlite3_column_int(row, 3);
    out->decided_at_ms = sqlite3_column_int64(row, 4);
    out->cpu_ns = sqlite3_column_int64(row, 5);
    read_text(row, 6, out->traceparent, sizeof(out->traceparent));
    read_text(row, 7, out->revisions, sizeof(out->revisions));
    read_text(row, 8, out->reasons, sizeof(out->reasons));
    read_text(row, 9, out->partner_id, sizeof(out->partner_id));
    read_text(row, 10, out->user_id, sizeof(out->user_id));
    read_text(row, 11, out->plate, sizeof(out->plate));
    if (sqlite3_column_type(row, 12) != SQLITE_NULL)
        out->session_id = read_id(row, 12);
    read_text(row, 16, out->result, sizeof(out->result));
    row_inputs(row, out);
}

enum ost_status find_decision_row(struct connection *connection, struct uuid id, struct stored_decision *out)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_DECISION_BY_KEY);
    enum ost_status status;

    bind_integer(row, 1, uuid_order(id));
    status = one_row(connection, sqlite3_step(row), "cannot read a decision");
    if (status == OST_OK && uuid_equal(read_id(row, 0), id))
        row_decision(row, out);
    else if (status == OST_OK)
        status = OST_NOT_FOUND;
    sqlite3_reset(row);
    return status;
}

enum ost_status find_active_row(struct connection *connection, enum statement which, const char *owner, const char *text,
                                struct session *out)
{
    sqlite3_stmt *row = connection_statement(connection, which);
    enum ost_status status;

    bind_text(row, 1, owner);
    bind_text(row, 2, text);
    status = one_row(connection, sqlite3_step(row), "cannot look for a running session");
    if (status == OST_OK)
        row_session(row, false, out);
    sqlite3_reset(row);
    return status;
}

enum ost_status find_answer_row(struct connection *connection, const char *partner_id, const char *key,
                                struct stored_answer *out)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_ANSWER_FIND);
    enum ost_status status;

    bind_text(row, 1, partner_id);
    bind_text(row, 2, key);
    status = one_row(connection, sqlite3_step(row), "cannot read an idempotent answer");
    if (status == OST_OK && (sqlite3_column_bytes(row, 0) != REQUEST_DIGEST_BYTES ||
                             sqlite3_column_bytes(row, 4) > (int)sizeof(out->body)))
        status = OST_CORRUPT;
    if (status == OST_OK) {
        memset(out, 0, offsetof(struct stored_answer, body));
        memcpy(out->digest, sqlite3_column_blob(row, 0), REQUEST_DIGEST_BYTES);
        out->stored_at_ms = sqlite3_column_int64(row, 1);
        out->http_status = (unsigned)sqlite3_column_int(row, 2);
        read_text(row, 3, out->location, sizeof(out->location));
        out->length = (size_t)sqlite3_column_bytes(row, 4);
        if (out->length > 0)
            memcpy(out->body, sqlite3_column_blob(row, 4), out->length);
    }
    sqlite3_reset(row);
    return status;
}

enum ost_status count_opening_rows(struct connection *connection, struct uuid session_id, const char *door_id,
                                   int64_t since_ms, struct uuid except, struct opening_count *out)
{
    static const enum statement counts[] = {SQL_OPENINGS_EXPLICIT, SQL_OPENINGS_IMPLIED};
    struct opening_count found = {.openings = 0};

    for (size_t i = 0; i < 2; i++) {
        sqlite3_stmt *row = connection_statement(connection, counts[i]);
        enum ost_status status;

        bind_id(row, 1, session_id);
        bind_text(row, 3, door_id);
        bind_integer(row, 4, since_ms);
        bind_integer(row, 5, uuid_is_nil(except) ? 0 : uuid_order(except));
        status = one_row(connection, sqlite3_step(row), "cannot count openings");
        if (status == OST_OK) {
            found.openings += (unsigned)sqlite3_column_int(row, 0);
            found.has_opened |= sqlite3_column_int(row, 1) > 0;
        }
        sqlite3_reset(row);
        if (status != OST_OK)
            return status;
    }
    *out = found;
    return OST_OK;
}

void row_token(sqlite3_stmt *row, struct device_token *out)
{
    char scopes[256];

    memset(out, 0, sizeof(*out));
    read_text(row, 0, out->id, sizeof(out->id));
    if (sqlite3_column_bytes(row, 1) == TOKEN_HASH_BYTES)
        memcpy(out->hash, sqlite3_column_blob(row, 1), TOKEN_HASH_BYTES);
    read_text(row, 2, out->partner_id, sizeof(out->partner_id));
    read_text(row, 3, scopes, sizeof(scopes));
    if (scope_set_parse(scopes, &out->scopes) != OST_OK)
        out->scopes = 0; /* scopes of a newer program are none here */
    out->created_at_ms = sqlite3_column_int64(row, 4);
    out->expires_at_ms = sqlite3_column_int64(row, 5);
    out->revoked_at_ms = sqlite3_column_int64(row, 6);
}

int row_number(sqlite3_stmt *row, int64_t *out)
{
    int code = sqlite3_step(row);

    *out = code == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_reset(row);
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}
