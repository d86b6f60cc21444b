#include <string.h>

#include "db/apply.h"

#include "runtime/base/json.h"

void apply_forget_contexts(struct applier *applier)
{
    for (size_t i = 0; i < CONTEXTS_CACHED; i++)
        applier->contexts[i].number = 0;
}

static int find_or_put_context(struct applier *applier, const char *garage, const char *revisions, int64_t *number)
{
    sqlite3_stmt *row = connection_statement(applier->connection, SQL_CONTEXT_FIND);
    int code;

    bind_text(row, 1, garage);
    bind_text(row, 2, revisions);
    code = sqlite3_step(row);
    *number = code == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_reset(row);
    if (code == SQLITE_ROW)
        return SQLITE_DONE;
    if (code != SQLITE_DONE)
        return code;
    row = connection_statement(applier->connection, SQL_CONTEXT_PUT);
    bind_text(row, 1, garage);
    bind_text(row, 2, revisions);
    code = connection_run(row);
    *number = sqlite3_last_insert_rowid(applier->connection->database);
    return code;
}

/* The number of what many decisions share: garage, and who was asked. */
static int context_of(struct applier *applier, const struct policy_visit *visit, const char *revisions, int64_t *number)
{
    char garage[DECISION_CONTEXT_BYTES];
    struct json_writer writer;
    int code;

    json_writer_init(&writer, garage, sizeof(garage) - 1);
    decision_write_context(&writer, visit);
    garage[writer.overflow ? 0 : writer.length] = '\0';
    for (size_t i = 0; i < CONTEXTS_CACHED; i++) {
        if (applier->contexts[i].number && strcmp(applier->contexts[i].revisions, revisions) == 0 &&
            strcmp(applier->contexts[i].garage, garage) == 0) {
            *number = applier->contexts[i].number;
            return SQLITE_DONE;
        }
    }
    code = find_or_put_context(applier, garage, revisions, number);
    if (code == SQLITE_DONE) {
        unsigned at = applier->next_context++ % CONTEXTS_CACHED;

        applier->contexts[at].number = *number;
        strcpy(applier->contexts[at].garage, garage);
        strcpy(applier->contexts[at].revisions, revisions);
    }
    return code;
}

/* Texts of a row, alive until it ran. */
struct decision_texts {
    char revisions[3072], reasons[8192], inputs[DECISION_INPUTS_BYTES], result[DECISION_RESULT_BYTES];
};

/* Inputs are kept where somebody was asked; else the revisions stand in the row itself. */
static int bind_inputs(struct applier *applier, sqlite3_stmt *row, const struct decision *decision, const struct policy_visit *visit,
                       struct decision_texts *texts)
{
    struct json_writer writer;
    int64_t context;
    int code;

    if (decision->revision_count == 0)
        return SQLITE_DONE;
    json_writer_init(&writer, texts->revisions, sizeof(texts->revisions) - 1);
    decision_write_revisions(&writer, decision);
    texts->revisions[writer.overflow ? 0 : writer.length] = '\0';
    if (!visit || visit->now_ms == 0) {
        bind_text(row, 7, texts->revisions);
        return SQLITE_DONE;
    }
    code = context_of(applier, visit, texts->revisions, &context);
    if (code != SQLITE_DONE)
        return code;
    bind_integer(row, 15, context);
    json_writer_init(&writer, texts->inputs, sizeof(texts->inputs));
    decision_write_inputs(&writer, visit);
    if (!writer.overflow)
        sqlite3_bind_text(row, 16, texts->inputs, (int)writer.length, SQLITE_STATIC);
    return SQLITE_DONE;
}

static void bind_answers(sqlite3_stmt *row, const struct decision *decision, struct decision_texts *texts)
{
    struct json_writer writer;

    if (decision->reason_count > 0) {
        json_writer_init(&writer, texts->reasons, sizeof(texts->reasons));
        decision_write_reasons(&writer, decision);
        if (!writer.overflow)
            sqlite3_bind_text(row, 8, texts->reasons, (int)writer.length, SQLITE_STATIC);
    }
    json_writer_init(&writer, texts->result, sizeof(texts->result));
    if (decision_write_result(&writer, decision) && !writer.overflow)
        sqlite3_bind_text(row, 17, texts->result, (int)writer.length, SQLITE_STATIC);
}

/* whose: whom it refused; NULL: its session says it. */
static int put_decision(struct applier *applier, const struct store_change *change, const struct session *whose)
{
    const struct decision *decision = change->decision;
    struct decision_texts texts;
    int64_t partner = 0;
    sqlite3_stmt *row;
    int code = whose ? apply_partner(applier, whose->partner_id, &partner) : SQLITE_DONE;

    if (code != SQLITE_DONE)
        return code;
    row = connection_statement(applier->connection, SQL_DECISION_PUT);
    for (int at = 7; at <= 17; at++)
        sqlite3_bind_null(row, at);
    bind_id(row, 1, decision->id);
    bind_integer(row, 3, decision->trigger);
    bind_integer(row, 4, decision->outcome);
    bind_integer(row, 5, decision->decided_at_ms);
    bind_integer(row, 6, decision->cpu_ns);
    bind_optional(row, 9, decision->traceparent);
    if (whose) {
        bind_integer(row, 10, partner);
        bind_text(row, 11, whose->user_id);
        bind_text(row, 12, whose->plate);
    }
    if (!uuid_is_nil(change->session->id))
        bind_id(row, 13, change->session->id);
    bind_answers(row, decision, &texts);
    code = bind_inputs(applier, row, decision, change->visit, &texts);
    return code == SQLITE_DONE ? connection_run(row) : code;
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

int apply_decision(struct applier *applier, const struct store_change *change, const char *garage_id)
{
    int code;

    if (uuid_is_nil(change->decision->id))
        return SQLITE_DONE;
    code = put_decision(applier, change, NULL);
    THEN(code, apply_notes(applier, change->decision, garage_id, change->session->id));
    return code;
}

int apply_refusal(struct applier *applier, const struct store_change *change)
{
    const struct session *refused = change->session;
    int code = put_decision(applier, change, refused->partner_id[0] ? refused : NULL); /* a schedule refuses nobody */

    THEN(code, apply_notes(applier, change->decision, refused->garage_id, refused->id));
    return code;
}
