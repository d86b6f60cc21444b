#include <stdlib.h>
#include <string.h>

#include "db/apply.h"
#include "db/change_block.h"
#include "db/rows.h"
#include "runtime/base/json.h"

/* Answer with another session. What was asked is kept: a rollback may run this change again. */
static int answer_with(struct store_change *change, const struct session *session, enum store_result result)
{
    struct change_block *block = change_block_of(change);

    block->asked_session = malloc(sizeof(*block->asked_session));
    if (!block->asked_session)
        return SQLITE_NOMEM;
    *block->asked_session = *change->session;
    *change->session = *session;
    change->result = result;
    return SQLITE_DONE;
}

static int insert_active(struct applier *applier, const struct session *session, int64_t garage, int64_t partner)
{
    sqlite3_stmt *row = connection_statement(applier->connection, SQL_SESSION_START);

    bind_id(row, 1, session->id);
    bind_integer(row, 3, garage);
    bind_integer(row, 4, partner);
    bind_text(row, 5, session->user_id);
    bind_text(row, 6, session->plate);
    bind_integer(row, 7, session->kind);
    bind_integer(row, 8, session->claim);
    bind_integer(row, 9, session->started_at_ms);
    bind_integer(row, 10, session->leave_by_ms);
    bind_text(row, 11, session->entry.door_id);
    bind_id(row, 12, session->entry.command_id);
    bind_id(row, 14, session->decision_id);
    return connection_run(row);
}

/* A unique index refused the start: which rule was it? */
static int explain_conflict(struct applier *applier, struct store_change *change)
{
    const struct session *wanted = change->session;
    struct session running;
    enum ost_status status =
        find_active_row(applier->connection, SQL_ACTIVE_BY_USER, wanted->partner_id, wanted->user_id, &running);

    if (status == OST_OK) {
        if (strcmp(running.garage_id, wanted->garage_id) == 0 && strcmp(running.plate, wanted->plate) == 0) {
            return answer_with(change, &running, STORE_SAME_SESSION);
        }
        change->result = STORE_USER_ACTIVE;
        return SQLITE_DONE;
    }
    change->result = STORE_PLATE_ACTIVE;
    return status == OST_NOT_FOUND ? SQLITE_DONE : sqlite3_extended_errcode(applier->connection->database);
}

/* What the garage itself says; false: change->result is decided. */
static bool garage_takes(const struct garage_counter *garage, struct store_change *change)
{
    if (garage->counts.occupied >= (int64_t)change->u.start.spots)
        change->result = STORE_GARAGE_FULL;
    else if (garage->counts.state == GARAGE_CLOSED)
        change->result = STORE_GARAGE_CLOSED;
    else if (garage->counts.state == GARAGE_SUSPENDED)
        change->result = STORE_GARAGE_SUSPENDED;
    else
        return true;
    return false;
}

/* A start that is refused by the garage may still be the repetition of one that runs: check 4 comes before check 6. */
static int explain_refusal(struct applier *applier, struct store_change *change)
{
    enum store_result refusal = change->result;
    struct session running;

    if (find_active_row(applier->connection, SQL_ACTIVE_BY_USER, change->session->partner_id, change->session->user_id,
                        &running) == OST_OK ||
        find_active_row(applier->connection, SQL_ACTIVE_BY_PLATE, change->session->garage_id, change->session->plate,
                        &running) == OST_OK)
        return explain_conflict(applier, change);
    change->result = refusal;
    return SQLITE_DONE;
}

int apply_start(struct applier *applier, struct store_change *change)
{
    struct garage_counter *garage = counters_find(applier->counters, change->session->garage_id);
    int64_t partner;
    bool known;
    int code = apply_key_check(applier, change, &known);

    if (code != SQLITE_DONE || known)
        return code;
    if (!garage)
        return SQLITE_CONSTRAINT;
    if (!garage_takes(garage, change))
        return explain_refusal(applier, change);
    code = apply_partner(applier, change->session->partner_id, &partner);
    if (code != SQLITE_DONE)
        return code;
    code = insert_active(applier, change->session, garage->number, partner);
    if ((code & 0xff) == SQLITE_CONSTRAINT)
        return explain_conflict(applier, change);
    THEN(code, apply_command(applier, change->command));
    THEN(code, apply_decision(applier, change, change->session->garage_id));
    THEN(code, apply_event(applier, change->event));
    THEN(code, apply_answer(applier, change->answer));
    if (code == SQLITE_DONE) {
        garage->counts.occupied++;
        garage->counts.season_inside += change->session->kind == VISIT_SEASON;
        garage->changed = true;
        running_note_start(applier->counters->running, change->session->id, garage->number, change->session->partner_id);
    }
    return code;
}

static int move_to_past(struct applier *applier, const struct session *session)
{
    sqlite3_stmt *row = connection_statement(applier->connection, SQL_SESSION_MOVE);
    struct json_writer writer;
    char price[4096];
    int code;

    bind_integer(row, 1, uuid_order(session->id));
    bind_integer(row, 2, session->ended_at_ms);
    bind_integer(row, 3, session->end);
    bind_text(row, 4, session->exit.door_id);
    bind_id(row, 5, session->exit.command_id);
    bind_id(row, 7, session->stop_decision_id);
    sqlite3_bind_null(row, 9);
    if (session->price.is_set) {
        json_writer_init(&writer, price, sizeof(price));
        price_write(&writer, &session->price);
        if (writer.overflow)
            return SQLITE_TOOBIG;
        sqlite3_bind_text(row, 9, price, (int)writer.length, SQLITE_STATIC);
    }
    bind_integer(row, 10, session->price_pending);
    code = connection_run(row);
    if (code != SQLITE_DONE)
        return code;
    row = connection_statement(applier->connection, SQL_SESSION_DELETE);
    bind_integer(row, 1, uuid_order(session->id));
    return connection_run(row);
}

static int put_pending(struct applier *applier, const struct store_change *change, int64_t garage)
{
    sqlite3_stmt *row;

    if (!change->session->price_pending)
        return SQLITE_DONE;
    row = connection_statement(applier->connection, SQL_PENDING_PUT);
    bind_id(row, 1, change->session->id);
    bind_integer(row, 3, garage);
    bind_text(row, 4, change->inputs);
    return connection_run(row);
}

/* The running session, if it is this caller's. SQLITE_ROW: yes; SQLITE_DONE: there is none. */
static int find_running(struct applier *applier, const struct session *session, int64_t *garage, enum visit_kind *kind)
{
    sqlite3_stmt *row;
    int64_t partner = 0;
    int code = session->partner_id[0] ? apply_partner(applier, session->partner_id, &partner) : SQLITE_DONE;

    if (code != SQLITE_DONE)
        return code;
    row = connection_statement(applier->connection, SQL_SESSION_ACTIVE);
    bind_integer(row, 1, uuid_order(session->id));
    code = sqlite3_step(row);
    if (code == SQLITE_ROW && (sqlite3_column_int64(row, 0) != uuid_tail(session->id) ||
                               (partner && sqlite3_column_int64(row, 2) != partner)))
        code = SQLITE_DONE;
    if (code == SQLITE_ROW) {
        *garage = sqlite3_column_int64(row, 1);
        *kind = (enum visit_kind)sqlite3_column_int(row, 3);
    }
    sqlite3_reset(row);
    return code;
}

/* Not running: it ended before, or it is not there for this caller. */
static int explain_missing(struct applier *applier, struct store_change *change)
{
    struct session found;
    enum ost_status status = find_session_row(applier->connection, change->session->id, &found);

    change->result = STORE_NO_SUCH;
    if (status == OST_NOT_FOUND)
        return SQLITE_DONE;
    if (status != OST_OK)
        return sqlite3_extended_errcode(applier->connection->database);
    if (!change->session->partner_id[0] || strcmp(found.partner_id, change->session->partner_id) == 0)
        return answer_with(change, &found, STORE_ALREADY_ENDED);
    return SQLITE_DONE;
}

int apply_stop(struct applier *applier, struct store_change *change)
{
    struct garage_counter *garage;
    enum visit_kind kind = VISIT_VISITOR;
    int64_t garage_number = 0;
    bool known;
    int code = apply_key_check(applier, change, &known);

    if (code != SQLITE_DONE || known)
        return code;
    code = find_running(applier, change->session, &garage_number, &kind);
    if (code == SQLITE_DONE)
        return explain_missing(applier, change);
    if (code != SQLITE_ROW)
        return code;
    garage = counters_find_number(applier->counters, garage_number);
    code = move_to_past(applier, change->session);
    THEN(code, put_pending(applier, change, garage_number));
    THEN(code, apply_command(applier, change->command));
    THEN(code, apply_decision(applier, change, garage ? garage->id : ""));
    THEN(code, apply_event(applier, change->event));
    THEN(code, apply_audit(applier, change->audit));
    THEN(code, apply_answer(applier, change->answer));
    if (code == SQLITE_DONE)
        running_note_end(applier->counters->running, change->session->id);
    if (code == SQLITE_DONE && garage) {
        /* Staff may have said that fewer cars are inside than sessions run: a count never goes below none. */
        if (garage->counts.occupied > 0)
            garage->counts.occupied--;
        else
            garage->corrected_by++;
        garage->counts.season_inside -= kind == VISIT_SEASON && garage->counts.season_inside > 0;
        garage->changed = true;
    }
    return code;
}

int apply_price(struct applier *applier, struct store_change *change)
{
    sqlite3_stmt *row = connection_statement(applier->connection, SQL_PRICE_SET);
    struct json_writer writer;
    char price[4096];
    int code;

    bind_id(row, 1, change->session->id);
    sqlite3_bind_null(row, 3);
    if (change->session->price.is_set) {
        json_writer_init(&writer, price, sizeof(price));
        price_write(&writer, &change->session->price);
        if (writer.overflow)
            return SQLITE_TOOBIG;
        sqlite3_bind_text(row, 3, price, (int)writer.length, SQLITE_STATIC);
    }
    code = connection_run(row);
    if (code != SQLITE_DONE)
        return code;
    if (sqlite3_changes(applier->connection->database) == 0) {
        change->result = STORE_NO_SUCH;
        return code;
    }
    row = connection_statement(applier->connection, SQL_PENDING_DELETE);
    bind_integer(row, 1, uuid_order(change->session->id));
    code = connection_run(row);
    THEN(code, apply_event(applier, change->event));
    return code;
}
