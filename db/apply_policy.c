#include <string.h>

#include "db/apply.h"

/* The number must be the next one: two that were made at once have the same, and the second is none. */
static int put_record(struct applier *applier, struct store_change *change)
{
    const struct policy_record *record = change->record;
    sqlite3_stmt *row = connection_statement(applier->connection, SQL_RECORD_PUT);
    int code;

    bind_text(row, 1, record->name);
    bind_integer(row, 2, record->revision);
    sqlite3_bind_blob(row, 3, record->sha256, sizeof(record->sha256), SQLITE_STATIC);
    bind_text(row, 4, record->source);
    bind_text(row, 5, record->spec);
    bind_text(row, 6, record->settings);
    sqlite3_bind_null(row, 7);
    if (record->has_order)
        bind_integer(row, 7, record->order);
    bind_integer(row, 8, record->rights);
    bind_integer(row, 9, record->fail);
    bind_text(row, 10, record->author);
    bind_text(row, 11, record->message);
    bind_integer(row, 12, record->created_at_ms);
    code = connection_run(row);
    if ((code & 0xff) == SQLITE_CONSTRAINT) {
        change->result = STORE_NO_SUCH;
        return SQLITE_DONE;
    }
    return code;
}

static int put_deployment(struct applier *applier, const struct policy_deployment *deployment)
{
    sqlite3_stmt *row = connection_statement(applier->connection, SQL_DEPLOYMENT_PUT);

    bind_text(row, 1, deployment->name);
    bind_integer(row, 2, deployment->live);
    bind_integer(row, 3, deployment->shadow);
    bind_integer(row, 4, deployment->from_folder);
    bind_integer(row, 5, deployment->activated_at_ms);
    return connection_run(row);
}

static int put_activation(struct applier *applier, const struct policy_activation *line)
{
    sqlite3_stmt *row = connection_statement(applier->connection, SQL_ACTIVATION_PUT);

    bind_text(row, 1, line->name);
    bind_integer(row, 2, line->revision);
    bind_integer(row, 3, line->previous);
    bind_integer(row, 4, line->mode);
    bind_integer(row, 5, line->result);
    bind_text(row, 6, line->actor);
    bind_text(row, 7, line->message);
    bind_integer(row, 8, line->at_ms);
    return connection_run(row);
}

static int put_mark(struct applier *applier, const struct store_change *change)
{
    bool is_proof = change->u.policy.mark == POLICY_MARK_PROVEN;
    sqlite3_stmt *row = connection_statement(applier->connection, is_proof ? SQL_RECORD_PROVEN : SQL_RECORD_QUARANTINED);

    bind_text(row, 1, change->u.policy.marked_name);
    bind_integer(row, 2, change->u.policy.marked_revision);
    bind_integer(row, 3, change->u.policy.marked_at_ms);
    return connection_run(row);
}

int apply_policy(struct applier *applier, struct store_change *change)
{
    int code = SQLITE_DONE;

    if (change->record->name[0])
        code = put_record(applier, change);
    if (code != SQLITE_DONE || change->result != STORE_DONE)
        return code;
    for (unsigned i = 0; i < change->u.policy.count; i++)
        THEN(code, put_deployment(applier, &change->u.policy.deployments[i]));
    if (change->u.policy.mark != POLICY_MARK_NONE)
        THEN(code, put_mark(applier, change));
    if (change->activation->name[0])
        THEN(code, put_activation(applier, change->activation));
    THEN(code, apply_event(applier, change->event));
    THEN(code, apply_audit(applier, change->audit));
    return code;
}
