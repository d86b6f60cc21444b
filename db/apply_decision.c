#include "db/apply.h"

#include "runtime/base/json.h"

/* whose: whom it refused; NULL: its session says it. */
static int put_decision(struct applier *applier, const struct decision *decision, const struct session *whose)
{
    sqlite3_stmt *row;
    struct json_writer writer;
    char revisions[3072];
    char reasons[8192];
    int64_t partner = 0;
    int code = whose ? apply_partner(applier, whose->partner_id, &partner) : SQLITE_DONE;

    if (code != SQLITE_DONE)
        return code;
    row = connection_statement(applier->connection, SQL_DECISION_PUT);
    bind_id(row, 1, decision->id);
    bind_integer(row, 3, decision->trigger);
    bind_integer(row, 4, decision->outcome);
    bind_integer(row, 5, decision->decided_at_ms);
    bind_integer(row, 6, decision->cpu_ns);
    for (int at = 7; at <= 12; at++)
        sqlite3_bind_null(row, at);
    if (decision->revision_count > 0) {
        json_writer_init(&writer, revisions, sizeof(revisions));
        decision_write_revisions(&writer, decision);
        sqlite3_bind_text(row, 7, revisions, (int)writer.length, SQLITE_STATIC);
    }
    if (decision->reason_count > 0) {
        json_writer_init(&writer, reasons, sizeof(reasons));
        decision_write_reasons(&writer, decision);
        if (!writer.overflow)
            sqlite3_bind_text(row, 8, reasons, (int)writer.length, SQLITE_STATIC);
    }
    bind_optional(row, 9, decision->traceparent);
    if (whose) {
        bind_integer(row, 10, partner);
        bind_text(row, 11, whose->user_id);
        bind_text(row, 12, whose->plate);
    }
    return connection_run(row);
}

static int apply_notes(struct applier *applier, const struct decision *decision, const char *garage_id,
                       struct uuid session_id)
{
    struct event event;
    int code = SQLITE_DONE;

    for (unsigned note = 0; note < decision->note_count && code == SQLITE_DONE; note++) {
        event_policy_notified(&event, decision, note, garage_id, session_id);
        code = apply_event(applier, &event);
    }
    return code;
}

int apply_decision(struct applier *applier, const struct decision *decision, const char *garage_id,
                   struct uuid session_id)
{
    int code;

    if (uuid_is_nil(decision->id))
        return SQLITE_DONE;
    code = put_decision(applier, decision, NULL);
    THEN(code, apply_notes(applier, decision, garage_id, session_id));
    return code;
}

int apply_refusal(struct applier *applier, const struct store_change *change)
{
    const struct session *refused = change->session;
    int code = put_decision(applier, change->decision, refused);

    THEN(code, apply_notes(applier, change->decision, refused->garage_id, refused->id));
    return code;
}
