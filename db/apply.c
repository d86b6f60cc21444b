#include "db/apply.h"

#include <stdlib.h>
#include <string.h>

#include "db/change_block.h"
#include "db/rows.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/core/plate.h"

#define ANSWER_KEPT_MS (24 * 3600 * INT64_C(1000))

int apply_partner(struct applier *applier, const char *partner_id, int64_t *number)
{
    sqlite3_stmt *row;
    int code;

    for (size_t i = 0; i < applier->partner_count; i++) {
        if (strcmp(applier->partners[i].id, partner_id) == 0) {
            *number = applier->partners[i].number;
            return SQLITE_DONE;
        }
    }
    row = connection_statement(applier->connection, SQL_PARTNER_PUT);
    bind_text(row, 1, partner_id);
    code = connection_run(row);
    if (code != SQLITE_DONE)
        return code;
    row = connection_statement(applier->connection, SQL_PARTNER_FIND);
    bind_text(row, 1, partner_id);
    code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        size_t at = applier->partner_count < PARTNERS_CACHED ? applier->partner_count++ : 0;

        *number = sqlite3_column_int64(row, 0);
        memcpy(applier->partners[at].id, partner_id, strlen(partner_id) + 1);
        applier->partners[at].number = *number;
        code = SQLITE_DONE;
    }
    sqlite3_reset(row);
    return code;
}

int apply_command(struct applier *applier, const struct door_command *command)
{
    const struct garage_counter *garage = counters_find(applier->counters, command->garage_id);
    int64_t partner = 0;
    sqlite3_stmt *row;
    int code;

    if (uuid_is_nil(command->id))
        return SQLITE_DONE;
    if (!garage)
        return SQLITE_CONSTRAINT;
    code = apply_partner(applier, command->partner_id, &partner);
    if (code != SQLITE_DONE)
        return code;
    row = connection_statement(applier->connection, SQL_COMMAND_PUT);
    bind_id(row, 1, command->id);
    bind_integer(row, 3, garage->number);
    bind_text(row, 4, command->door_id);
    bind_integer(row, 5, command->cause);
    bind_id(row, 6, command->cause_id);
    bind_integer(row, 8, command->is_explicit);
    bind_integer(row, 9, partner);
    bind_text(row, 10, command->actor);
    bind_optional(row, 11, command->note);
    bind_integer(row, 12, command->degraded);
    bind_integer(row, 13, command->requested_at_ms);
    bind_integer(row, 14, command->expires_at_ms);
    bind_integer(row, 15, command->status);
    bind_optional(row, 16, command->reason);
    bind_integer(row, 17, command->finished_at_ms);
    bind_integer(row, 18, command->relay_fired_at_ms);
    bind_integer(row, 19, command->seen_open_at_ms);
    bind_optional(row, 20, command->traceparent);
    return connection_run(row);
}

int apply_event(struct applier *applier, const struct event *event)
{
    const struct garage_counter *garage = counters_find(applier->counters, event->garage_id);
    sqlite3_stmt *row;

    if (uuid_is_nil(event->id))
        return SQLITE_DONE;
    if (!garage)
        return SQLITE_CONSTRAINT;
    row = connection_statement(applier->connection, SQL_OUTBOX_PUT);
    bind_id(row, 1, event->id);
    bind_integer(row, 3, event->type);
    bind_integer(row, 4, garage->number);
    bind_text(row, 5, event->subject);
    bind_integer(row, 6, event->time_ms);
    bind_integer(row, 7, event->trust);
    bind_optional(row, 8, event->traceparent);
    sqlite3_bind_text(row, 9, event->data, (int)event->data_length, SQLITE_STATIC);
    return connection_run(row);
}

int apply_audit(struct applier *applier, const struct audit_line *audit)
{
    sqlite3_stmt *row;

    if (uuid_is_nil(audit->id))
        return SQLITE_DONE;
    row = connection_statement(applier->connection, SQL_AUDIT_PUT);
    bind_id(row, 1, audit->id);
    bind_integer(row, 3, audit->at_ms);
    bind_text(row, 4, audit->actor);
    bind_text(row, 5, audit->action);
    bind_text(row, 6, audit->subject);
    bind_text(row, 7, audit->reason);
    return connection_run(row);
}

int apply_key_check(struct applier *applier, struct store_change *change, bool *known)
{
    struct change_block *block = change_block_of(change);
    struct stored_answer *stored = change->answer;
    struct stored_answer found;
    enum ost_status status;

    *known = false;
    if (!stored->key[0])
        return SQLITE_DONE;
    status = find_answer_row(applier->connection, stored->partner_id, stored->key, &found);
    if (status == OST_NOT_FOUND)
        return SQLITE_DONE;
    if (status != OST_OK)
        return sqlite3_extended_errcode(applier->connection->database);
    if (found.stored_at_ms + ANSWER_KEPT_MS <= stored->stored_at_ms)
        return SQLITE_DONE;
    *known = true;
    if (memcmp(found.digest, stored->digest, sizeof(found.digest)) != 0) {
        change->result = STORE_KEY_REUSED;
        return SQLITE_DONE;
    }
    block->asked_answer = malloc(sizeof(*block->asked_answer));
    if (!block->asked_answer)
        return SQLITE_NOMEM;
    *block->asked_answer = *stored; /* a rollback may run this change again */
    memcpy(found.partner_id, stored->partner_id, sizeof(found.partner_id));
    memcpy(found.key, stored->key, sizeof(found.key));
    *stored = found;
    change->result = STORE_KEY_REPLAY;
    return SQLITE_DONE;
}

int apply_answer(struct applier *applier, const struct stored_answer *answer)
{
    sqlite3_stmt *row;
    int64_t partner;
    int code;

    if (!answer->key[0])
        return SQLITE_DONE;
    code = apply_partner(applier, answer->partner_id, &partner);
    if (code != SQLITE_DONE)
        return code;
    row = connection_statement(applier->connection, SQL_ANSWER_PUT);
    bind_integer(row, 1, partner);
    bind_text(row, 2, answer->key);
    sqlite3_bind_blob(row, 3, answer->digest, sizeof(answer->digest), SQLITE_STATIC);
    bind_integer(row, 4, answer->stored_at_ms);
    bind_integer(row, 5, answer->http_status);
    bind_text(row, 6, answer->location);
    sqlite3_bind_blob(row, 7, answer->body, (int)answer->length, SQLITE_STATIC);
    return connection_run(row);
}

/* An answer alone replaces an earlier one of the same request, and no other's while that is known. */
static int apply_answer_alone(struct applier *applier, struct store_change *change)
{
    const struct stored_answer *answer = change->answer;
    struct stored_answer found;
    enum ost_status status = find_answer_row(applier->connection, answer->partner_id, answer->key, &found);

    if (status != OST_OK && status != OST_NOT_FOUND)
        return sqlite3_extended_errcode(applier->connection->database);
    if (status == OST_OK && found.stored_at_ms + ANSWER_KEPT_MS > answer->stored_at_ms &&
        memcmp(found.digest, answer->digest, sizeof(found.digest)) != 0) {
        change->result = STORE_KEY_REUSED;
        return SQLITE_DONE;
    }
    return apply_answer(applier, answer);
}

static int apply_open(struct applier *applier, struct store_change *change)
{
    bool known;
    int code = apply_key_check(applier, change, &known);

    if (code != SQLITE_DONE || known)
        return code;
    if (!uuid_is_nil(change->session->id)) {
        struct opening_count count;

        if (count_opening_rows(applier->connection, change->session->id, change->command->door_id,
                               change->u.open.since_ms, change->command->id, &count) != OST_OK)
            return sqlite3_extended_errcode(applier->connection->database);
        if (count.openings >= change->u.open.openings_max) {
            change->result = STORE_TOO_MANY_OPENINGS;
            return SQLITE_DONE;
        }
    }
    code = apply_command(applier, change->command);
    THEN(code, apply_decision(applier, change, change->command->garage_id));
    THEN(code, apply_audit(applier, change->audit));
    THEN(code, apply_answer(applier, change->answer));
    return code;
}

static int put_ledger(struct applier *applier, const struct door_opening *opening, bool has_command)
{
    sqlite3_stmt *row = connection_statement(applier->connection, SQL_LEDGER_PUT);
    const struct door_command *command = &opening->command;
    const struct garage_counter *garage = counters_find(applier->counters, command->garage_id);

    if (!garage)
        return SQLITE_CONSTRAINT;
    bind_id(row, 1, opening->id);
    for (int at = 3; at <= 7; at++)
        sqlite3_bind_null(row, at);
    if (has_command) {
        bind_integer(row, 3, uuid_order(command->id));
    } else {
        bind_integer(row, 4, garage->number);
        bind_text(row, 5, command->door_id);
        bind_integer(row, 6, command->cause);
        bind_integer(row, 7, command->seen_open_at_ms);
    }
    return connection_run(row);
}

static int apply_outcome(struct applier *applier, struct store_change *change)
{
    const struct door_opening *opening = &change->u.outcome.opening;
    const struct door_command *command = &opening->command;
    int code = SQLITE_DONE;

    if (change->u.outcome.has_command) {
        sqlite3_stmt *row = connection_statement(applier->connection, SQL_COMMAND_FINISH);

        bind_integer(row, 1, uuid_order(command->id));
        bind_integer(row, 2, command->status);
        bind_optional(row, 3, command->reason);
        bind_integer(row, 4, command->finished_at_ms);
        bind_integer(row, 5, command->relay_fired_at_ms);
        bind_integer(row, 6, command->seen_open_at_ms);
        code = connection_run(row);
        /* Its own change may still wait for room: then the outcome brings the row. */
        if (code == SQLITE_DONE && sqlite3_changes(applier->connection->database) == 0)
            code = apply_command(applier, command);
    }
    if (code == SQLITE_DONE && change->u.outcome.is_opening)
        code = put_ledger(applier, opening, change->u.outcome.has_command);
    THEN(code, apply_event(applier, change->event));
    return code;
}

static int apply_list_entry(struct applier *applier, struct store_change *change)
{
    const struct list_entry *entry = &change->u.list.entry;
    sqlite3_stmt *row = connection_statement(applier->connection, change->u.list.remove ? SQL_LIST_REMOVE : SQL_LIST_PUT);
    int code;

    bind_text(row, 1, entry->list);
    bind_text(row, 2, entry->entry);
    if (!change->u.list.remove) {
        bind_integer(row, 3, strncmp(entry->entry, "user:", 5) != 0 && plate_is_glob(entry->entry));
        bind_integer(row, 4, entry->valid_until_ms);
        bind_text(row, 5, entry->note);
    }
    code = connection_run(row);
    if (code != SQLITE_DONE)
        return code;
    if (change->u.list.remove && sqlite3_changes(applier->connection->database) == 0) {
        change->result = STORE_NO_SUCH;
        return code;
    }
    applier->lists_changed = true;
    return apply_audit(applier, change->audit);
}

static int apply_garage_state(struct applier *applier, struct store_change *change)
{
    struct garage_counter *garage = counters_find(applier->counters, change->u.garage.garage_id);

    if (!garage) {
        change->result = STORE_NO_SUCH;
        return SQLITE_DONE;
    }
    if (change->u.garage.set_state)
        garage->counts.state = change->u.garage.state;
    if (change->u.garage.set_occupied) {
        garage->corrected_by += change->u.garage.occupied - garage->counts.occupied;
        garage->counts.occupied = change->u.garage.occupied;
    }
    garage->changed = true;
    return apply_audit(applier, change->audit);
}

static int apply_maintenance(struct applier *applier, struct store_change *change)
{
    bool lifts = change->u.maintenance.until_ms == 0;
    sqlite3_stmt *row = connection_statement(applier->connection, lifts ? SQL_MAINTENANCE_DELETE : SQL_MAINTENANCE_PUT);
    int code;

    bind_text(row, 1, change->u.maintenance.garage_id);
    bind_text(row, 2, change->u.maintenance.door_id);
    if (!lifts) {
        bind_integer(row, 3, change->u.maintenance.until_ms);
        bind_text(row, 4, change->u.maintenance.reason);
    }
    code = connection_run(row);
    THEN(code, apply_audit(applier, change->audit));
    return code;
}

static int apply_token(struct applier *applier, struct store_change *change)
{
    const struct device_token *token = &change->u.token.token;
    sqlite3_stmt *row = connection_statement(applier->connection, change->u.token.revoke ? SQL_TOKEN_REVOKE : SQL_TOKEN_PUT);
    char scopes[256];
    int code;

    bind_text(row, 1, token->id);
    if (change->u.token.revoke) {
        bind_integer(row, 2, token->revoked_at_ms);
    } else {
        scope_set_format(token->scopes, scopes, sizeof(scopes));
        sqlite3_bind_blob(row, 2, token->hash, sizeof(token->hash), SQLITE_STATIC);
        bind_text(row, 3, token->partner_id);
        bind_text(row, 4, scopes);
        bind_integer(row, 5, token->created_at_ms);
        bind_integer(row, 6, token->expires_at_ms);
    }
    code = connection_run(row);
    if (code == SQLITE_DONE && sqlite3_changes(applier->connection->database) == 0)
        change->result = STORE_NO_SUCH;
    applier->tokens_changed = true;
    return code;
}

static int prune_step(struct applier *applier, enum statement which, uint64_t keep, const struct store_change *change, unsigned *deleted)
{
    sqlite3_stmt *row = connection_statement(applier->connection, which);
    int code;

    bind_integer(row, 2, (int64_t)keep);
    bind_integer(row, 3, change->u.prune.rows_max);
    code = connection_run(row);
    *deleted = code == SQLITE_DONE ? (unsigned)sqlite3_changes(applier->connection->database) : 0;
    return code;
}

/* Decisions beyond their number, then what no decision needs any more. */
static int prune_log(struct applier *applier, struct store_change *change)
{
    unsigned contexts = 0, records = 0;
    int code = SQLITE_DONE;

    change->u.prune.decisions_deleted = 0;
    if (change->u.prune.decisions_max > 0)
        code = prune_step(applier, SQL_PRUNE_EXCESS, change->u.prune.decisions_max, change, &change->u.prune.decisions_deleted);
    if (change->u.prune.records_before_ms > 0) {
        THEN(code, prune_step(applier, SQL_PRUNE_CONTEXTS, 0, change, &contexts));
        THEN(code, prune_step(applier, SQL_PRUNE_RECORDS, 0, change, &records));
    }
    if (contexts > 0)
        apply_forget_contexts(applier);
    change->u.prune.deleted += change->u.prune.decisions_deleted + contexts + records;
    return code;
}

static int apply_prune(struct applier *applier, struct store_change *change)
{
    const struct {
        enum statement which;
        int64_t before_ms;
    } steps[] = {
        {SQL_PRUNE_SESSIONS, change->u.prune.sessions_before_ms}, {SQL_PRUNE_ANSWERS, change->u.prune.answers_before_ms},
        {SQL_PRUNE_OUTBOX, change->u.prune.outbox_before_ms},     {SQL_PRUNE_DECISIONS, change->u.prune.records_before_ms},
        {SQL_PRUNE_LEDGER, change->u.prune.records_before_ms},    {SQL_PRUNE_COMMANDS, change->u.prune.records_before_ms},
        {SQL_PRUNE_AUDIT, change->u.prune.records_before_ms},     {SQL_PRUNE_LOCKS, change->u.prune.locks_before_ms},
    };

    change->u.prune.deleted = 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        sqlite3_stmt *row;
        int code;

        if (steps[i].before_ms <= 0)
            continue;
        row = connection_statement(applier->connection, steps[i].which);
        bind_integer(row, 1, (int64_t)((uint64_t)steps[i].before_ms << 12)); /* the first key of that millisecond */
        bind_integer(row, 2, steps[i].before_ms);
        bind_integer(row, 3, change->u.prune.rows_max);
        code = connection_run(row);
        if (code != SQLITE_DONE)
            return code;
        change->u.prune.deleted += (unsigned)sqlite3_changes(applier->connection->database);
    }
    return prune_log(applier, change);
}

/* A change that runs again begins with what was asked. */
static void restore_asked(struct store_change *change)
{
    struct change_block *block = change_block_of(change);

    if (block->asked_session)
        *change->session = *block->asked_session;
    if (block->asked_answer)
        *change->answer = *block->asked_answer;
    change_block_forget_asked(block);
}

int apply_change(struct applier *applier, struct store_change *change)
{
    restore_asked(change);
    change->result = STORE_DONE;
    switch (change->kind) {
    case STORE_START:
        return apply_start(applier, change);
    case STORE_STOP:
        return apply_stop(applier, change);
    case STORE_OPEN:
        return apply_open(applier, change);
    case STORE_OUTCOME:
        return apply_outcome(applier, change);
    case STORE_PRICE:
        return apply_price(applier, change);
    case STORE_DECISION:
        return apply_refusal(applier, change);
    case STORE_ANSWER:
        return apply_answer_alone(applier, change);
    case STORE_EVENT:
        return apply_event(applier, change->event);
    case STORE_LIST_ENTRY:
        return apply_list_entry(applier, change);
    case STORE_GARAGE_STATE:
        return apply_garage_state(applier, change);
    case STORE_MAINTENANCE:
        return apply_maintenance(applier, change);
    case STORE_TOKEN:
        return apply_token(applier, change);
    case STORE_PRUNE:
        return apply_prune(applier, change);
    case STORE_POLICY:
        return apply_policy(applier, change);
    }
    return SQLITE_MISUSE;
}
