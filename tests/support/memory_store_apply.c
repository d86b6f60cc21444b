/*
 * Changes, each decided in two halves: first all that may refuse it or fail, then the writes, which cannot. So a change is
 * applied whole or not at all without ever being taken back.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/core/decision_log.h"
#include "tests/support/memory_store_internal.h"

#define ANSWER_KEPT_MS (24 * 3600 * INT64_C(1000))

/* ---- the parts that several kinds have ---- */

static bool command_is_stored(const struct store_change *change)
{
    return change->command && !uuid_is_nil(change->command->id);
}

static bool event_is_stored(const struct store_change *change)
{
    return change->event && !uuid_is_nil(change->event->id);
}

/* Does the change speak of garages that are there? A change that does not is a mistake of its maker's. */
static bool garages_exist(const struct memory_store *store, const struct store_change *change)
{
    return (!command_is_stored(change) || memory_find_garage(store, change->command->garage_id)) &&
           (!event_is_stored(change) || memory_find_garage(store, change->event->garage_id));
}

static void put_answer(struct memory_store *store, const struct stored_answer *answer)
{
    struct stored_answer *earlier = memory_find_answer(store, answer->partner_id, answer->key);

    if (earlier)
        *earlier = *answer;
    else
        table_add(&store->tables[ANSWERS], answer);
}

/* A row with this id may be there already, from the outcome of a command or a change that came twice: it stays. */
static void put_once(struct memory_table *table, const void *row)
{
    const struct uuid *id = row;

    if (!uuid_is_nil(*id) && !table_find(table, *id))
        table_add(table, row);
}

static void put_event(struct memory_store *store, const struct event *event)
{
    struct memory_event row = {.id = event->id, .time_ms = event->time_ms, .type = event->type};

    memcpy(row.subject, event->subject, sizeof(row.subject));
    table_add(&store->tables[EVENTS], &row);
}

static void write_json(const struct decision *decision,
                       void (*write)(struct json_writer *writer, const struct decision *decision), char *text,
                       size_t bytes)
{
    struct json_writer writer;

    json_writer_init(&writer, text, bytes - 1);
    write(&writer, decision);
    text[writer.overflow ? 0 : writer.length] = '\0';
}

static void put_inputs(const struct store_change *change, struct stored_decision *row)
{
    if (change->visit->now_ms == 0 || change->decision->revision_count == 0)
        return;
    row->has_inputs = true;
    row->visit = *change->visit;
    row->visit.zone = NULL;
    row->visit.request = NULL;
    /* Whose it is, its session says when it is read. */
    memset(row->visit.plate, 0, sizeof(row->visit.plate));
    memset(row->visit.user_id, 0, sizeof(row->visit.user_id));
    memset(row->visit.partner_id, 0, sizeof(row->visit.partner_id));
    memcpy(row->garage_id, change->visit->garage.id, sizeof(row->garage_id));
    if (change->visit->zone)
        snprintf(row->timezone, sizeof(row->timezone), "%s", zone_name(change->visit->zone));
}

static void write_result(struct json_writer *writer, const struct decision *decision)
{
    if (!decision_write_result(writer, decision))
        writer->length = 0;
}

/* whose: whom it refused; NULL: its session says it. */
static void put_decision(struct memory_store *store, const struct store_change *change, const struct session *whose)
{
    const struct decision *decision = change->decision;
    struct stored_decision row = {
        .id = decision->id,
        .session_id = change->session->id,
        .trigger = decision->trigger,
        .outcome = decision->outcome,
        .decided_at_ms = decision->decided_at_ms,
        .cpu_ns = decision->cpu_ns,
    };

    memcpy(row.traceparent, decision->traceparent, sizeof(row.traceparent));
    if (decision->revision_count > 0)
        write_json(decision, decision_write_revisions, row.revisions, sizeof(row.revisions));
    if (decision->reason_count > 0)
        write_json(decision, decision_write_reasons, row.reasons, sizeof(row.reasons));
    write_json(decision, write_result, row.result, sizeof(row.result));
    if (whose && whose->partner_id[0]) {
        memcpy(row.partner_id, whose->partner_id, sizeof(row.partner_id));
        memcpy(row.user_id, whose->user_id, sizeof(row.user_id));
        memcpy(row.plate, whose->plate, sizeof(row.plate));
    }
    put_inputs(change, &row);
    put_once(&store->tables[DECISIONS], &row);
}

static void put_notes(struct memory_store *store, const struct store_change *change)
{
    const char *garage_id = change->kind == STORE_OPEN ? change->command->garage_id : change->session->garage_id;
    struct event event;

    for (unsigned note = 0; note < change->decision->note_count; note++) {
        event_policy_notified(&event, change->decision, note, garage_id, change->session->id);
        put_event(store, &event);
    }
}

static void put_parts(struct memory_store *store, const struct store_change *change)
{
    if (change->command)
        put_once(&store->tables[COMMANDS], change->command);
    if (change->decision && !uuid_is_nil(change->decision->id)) {
        put_decision(store, change, change->kind == STORE_DECISION ? change->session : NULL);
        put_notes(store, change);
    }
    if (change->audit)
        put_once(&store->tables[AUDIT], change->audit);
    if (event_is_stored(change))
        put_event(store, change->event);
    if (change->answer && change->answer->key[0])
        put_answer(store, change->answer);
}

/* The answer that holds the key of the change at that time; NULL: the key is free. */
static const struct stored_answer *key_holder(const struct memory_store *store, const struct stored_answer *asked)
{
    const struct stored_answer *holder =
        asked->key[0] ? memory_find_answer(store, asked->partner_id, asked->key) : NULL;

    return holder && holder->stored_at_ms + ANSWER_KEPT_MS > asked->stored_at_ms ? holder : NULL;
}

static bool is_same_request(const struct stored_answer *a, const struct stored_answer *b)
{
    return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* True: the idempotency key has decided the change. */
static bool key_answers(const struct memory_store *store, struct store_change *change)
{
    const struct stored_answer *holder = key_holder(store, change->answer);

    if (!holder)
        return false;
    if (is_same_request(holder, change->answer)) {
        *change->answer = *holder;
        change->result = STORE_KEY_REPLAY;
    } else {
        change->result = STORE_KEY_REUSED;
    }
    return true;
}

/* ---- sessions ---- */

/* What refuses a start, if anything. Who is inside already hears that before what the garage says. */
static enum store_result judge_start(const struct memory_store *store, const struct garage_counts *counts,
                                     struct store_change *change)
{
    struct session *wanted = change->session;
    const struct session *running = memory_find_by_user(store, wanted->partner_id, wanted->user_id);

    if (running) {
        if (strcmp(running->garage_id, wanted->garage_id) != 0 || strcmp(running->plate, wanted->plate) != 0)
            return STORE_USER_ACTIVE;
        memory_show_session(store, running, wanted);
        return STORE_SAME_SESSION;
    }
    if (memory_find_by_plate(store, wanted->garage_id, wanted->plate))
        return STORE_PLATE_ACTIVE;
    if (counts->occupied >= (int64_t)change->u.start.spots)
        return STORE_GARAGE_FULL;
    if (counts->state == GARAGE_CLOSED)
        return STORE_GARAGE_CLOSED;
    if (counts->state == GARAGE_SUSPENDED)
        return STORE_GARAGE_SUSPENDED;
    return STORE_DONE;
}

static enum ost_status apply_start(struct memory_store *store, struct store_change *change)
{
    struct memory_garage *garage = memory_find_garage(store, change->session->garage_id);
    struct session started;

    if (key_answers(store, change))
        return OST_OK;
    if (!garage)
        return OST_CORRUPT;
    change->result = judge_start(store, &garage->counts, change);
    if (change->result != STORE_DONE)
        return OST_OK;
    if (!garages_exist(store, change))
        return OST_CORRUPT;
    started = *change->session;
    started.status = SESSION_ACTIVE;
    table_add(&store->tables[SESSIONS], &started);
    put_parts(store, change);
    garage->counts.occupied++;
    garage->counts.season_inside += started.kind == VISIT_SEASON;
    return OST_OK;
}

static void end_session(struct memory_store *store, struct session *running, const struct store_change *change)
{
    struct garage_counts *counts = &memory_find_garage(store, running->garage_id)->counts;
    const struct session *asked = change->session;

    running->status = SESSION_ENDED;
    running->exit = asked->exit;
    running->ended_at_ms = asked->ended_at_ms;
    running->end = asked->end;
    running->stop_decision_id = asked->stop_decision_id;
    running->price = asked->price;
    running->price_pending = asked->price_pending;
    if (running->price_pending) {
        struct pending_price pending = {.session_id = running->id};

        memcpy(pending.garage_id, running->garage_id, sizeof(pending.garage_id));
        memcpy(pending.inputs, change->inputs, sizeof(pending.inputs));
        table_add(&store->tables[PENDING], &pending);
    }
    /* Staff may have said that fewer cars are inside than sessions run: a count never goes below none. */
    counts->occupied -= counts->occupied > 0;
    counts->season_inside -= running->kind == VISIT_SEASON && counts->season_inside > 0;
}

static enum ost_status apply_stop(struct memory_store *store, struct store_change *change)
{
    struct session *session = table_find(&store->tables[SESSIONS], change->session->id);
    const char *partner_id = change->session->partner_id;

    if (key_answers(store, change))
        return OST_OK;
    if (!session || (partner_id[0] && strcmp(session->partner_id, partner_id) != 0)) {
        change->result = STORE_NO_SUCH;
        return OST_OK;
    }
    if (session->status == SESSION_ENDED) {
        change->result = STORE_ALREADY_ENDED;
        memory_show_session(store, session, change->session);
        return OST_OK;
    }
    if (!garages_exist(store, change))
        return OST_CORRUPT;
    end_session(store, session, change);
    put_parts(store, change);
    return OST_OK;
}

static enum ost_status apply_price(struct memory_store *store, struct store_change *change)
{
    struct session *session = table_find(&store->tables[SESSIONS], change->session->id);
    struct memory_table *pending = &store->tables[PENDING];

    if (!session || !session->price_pending) {
        change->result = STORE_NO_SUCH;
        return OST_OK;
    }
    if (!garages_exist(store, change))
        return OST_CORRUPT;
    session->price = change->session->price;
    session->price_pending = false;
    for (size_t at = pending->count; at-- > 0;) {
        if (uuid_equal(((struct pending_price *)table_row(pending, at))->session_id, session->id))
            table_remove(pending, at);
    }
    put_parts(store, change);
    return OST_OK;
}

/* ---- doors ---- */

static enum ost_status apply_open(struct memory_store *store, struct store_change *change)
{
    const struct door_command *command = change->command;

    if (key_answers(store, change))
        return OST_OK;
    /* Its outcome may have brought the command already: it is not counted against itself. */
    if (!uuid_is_nil(change->session->id) &&
        memory_count_openings(store, change->session->id, command->door_id, change->u.open.since_ms, command->id)
                .openings >= change->u.open.openings_max) {
        change->result = STORE_TOO_MANY_OPENINGS;
        return OST_OK;
    }
    if (!garages_exist(store, change))
        return OST_CORRUPT;
    put_parts(store, change);
    return OST_OK;
}

bool memory_is_in_ledger(const struct memory_store *store, struct uuid command_id)
{
    const struct memory_table *table = &store->tables[OPENINGS];

    for (size_t at = 0; at < table->count; at++) {
        if (uuid_equal(((struct door_opening *)table_row(table, at))->command.id, command_id))
            return true;
    }
    return false;
}

static void finish_command(struct memory_store *store, const struct door_command *final)
{
    struct door_command *command = table_find(&store->tables[COMMANDS], final->id);

    if (!command) {
        table_add(&store->tables[COMMANDS], final);
    } else if (!command_status_is_final(command->status)) {
        command->status = final->status;
        memcpy(command->reason, final->reason, sizeof(command->reason));
        command->finished_at_ms = final->finished_at_ms;
        command->relay_fired_at_ms = final->relay_fired_at_ms;
        command->seen_open_at_ms = final->seen_open_at_ms;
    }
}

static enum ost_status apply_outcome(struct memory_store *store, struct store_change *change)
{
    struct door_opening line = change->u.outcome.opening;
    bool has_command = change->u.outcome.has_command;

    if (!memory_find_garage(store, line.command.garage_id) || !garages_exist(store, change))
        return OST_CORRUPT;
    if (has_command)
        finish_command(store, &line.command);
    else
        line.command.id = (struct uuid){0};
    if (change->u.outcome.is_opening && !(has_command && memory_is_in_ledger(store, line.command.id)))
        put_once(&store->tables[OPENINGS], &line);
    put_parts(store, change);
    return OST_OK;
}

/* ---- what staff sets ---- */

static enum ost_status apply_list_entry(struct memory_store *store, struct store_change *change)
{
    const struct list_entry *entry = &change->u.list.entry;
    struct memory_table *table = &store->tables[ENTRIES];
    size_t at = 0;

    while (at < table->count) {
        const struct list_entry *row = table_row(table, at);

        if (strcmp(row->list, entry->list) == 0 && strcmp(row->entry, entry->entry) == 0)
            break;
        at++;
    }
    if (change->u.list.remove && at == table->count) {
        change->result = STORE_NO_SUCH;
        return OST_OK;
    }
    if (at < table->count)
        table_remove(table, at);
    if (!change->u.list.remove)
        table_add(table, entry);
    put_parts(store, change);
    return OST_OK;
}

static enum ost_status apply_garage_state(struct memory_store *store, struct store_change *change)
{
    struct memory_garage *garage = memory_find_garage(store, change->u.garage.garage_id);

    if (!garage) {
        change->result = STORE_NO_SUCH;
        return OST_OK;
    }
    if (change->u.garage.set_state)
        garage->counts.state = change->u.garage.state;
    if (change->u.garage.set_occupied)
        garage->counts.occupied = change->u.garage.occupied;
    put_parts(store, change);
    return OST_OK;
}

static enum ost_status apply_maintenance(struct memory_store *store, struct store_change *change)
{
    struct memory_table *table = &store->tables[LOCKS];
    struct maintenance_lock lock = {.until_ms = change->u.maintenance.until_ms};

    memcpy(lock.garage_id, change->u.maintenance.garage_id, sizeof(lock.garage_id));
    memcpy(lock.door_id, change->u.maintenance.door_id, sizeof(lock.door_id));
    memcpy(lock.reason, change->u.maintenance.reason, sizeof(lock.reason));
    for (size_t at = table->count; at-- > 0;) {
        const struct maintenance_lock *row = table_row(table, at);

        if (strcmp(row->garage_id, lock.garage_id) == 0 && strcmp(row->door_id, lock.door_id) == 0)
            table_remove(table, at);
    }
    if (lock.until_ms != 0)
        table_add(table, &lock);
    put_parts(store, change);
    return OST_OK;
}

static enum ost_status apply_token(struct memory_store *store, struct store_change *change)
{
    const struct device_token *token = &change->u.token.token;
    struct memory_table *table = &store->tables[TOKENS];
    struct device_token *known = NULL;

    for (size_t at = 0; at < table->count; at++) {
        struct device_token *row = table_row(table, at);

        if (strcmp(row->id, token->id) == 0)
            known = row;
        else if (!change->u.token.revoke && memcmp(row->hash, token->hash, sizeof(row->hash)) == 0)
            return OST_CORRUPT;
    }
    if (!change->u.token.revoke) {
        if (known)
            return OST_CORRUPT;
        table_add(table, token);
    } else if (known && known->revoked_at_ms == 0) {
        known->revoked_at_ms = token->revoked_at_ms;
    } else {
        change->result = STORE_NO_SUCH;
    }
    return OST_OK;
}

/* ---- all kinds ---- */

static enum ost_status apply_answer(struct memory_store *store, struct store_change *change)
{
    const struct stored_answer *holder = key_holder(store, change->answer);

    if (holder && !is_same_request(holder, change->answer))
        change->result = STORE_KEY_REUSED;
    else
        put_parts(store, change);
    return OST_OK;
}

static enum ost_status apply_refusal(struct memory_store *store, struct store_change *change)
{
    if (!memory_find_garage(store, change->session->garage_id))
        return OST_CORRUPT;
    put_parts(store, change);
    return OST_OK;
}

static enum ost_status apply_policy(struct memory_store *store, struct store_change *change)
{
    enum ost_status status = garages_exist(store, change) ? memory_apply_policy(store, change) : OST_IO;

    if (status == OST_OK && change->result == STORE_DONE)
        put_parts(store, change);
    return status;
}

static enum ost_status apply_event(struct memory_store *store, struct store_change *change)
{
    if (!garages_exist(store, change))
        return OST_CORRUPT;
    put_parts(store, change);
    return OST_OK;
}

enum ost_status memory_apply(struct memory_store *store, struct store_change *change)
{
    static enum ost_status (*const apply[])(struct memory_store *store, struct store_change *change) = {
        [STORE_START] = apply_start,
        [STORE_STOP] = apply_stop,
        [STORE_OPEN] = apply_open,
        [STORE_OUTCOME] = apply_outcome,
        [STORE_PRICE] = apply_price,
        [STORE_DECISION] = apply_refusal,
        [STORE_ANSWER] = apply_answer,
        [STORE_EVENT] = apply_event,
        [STORE_LIST_ENTRY] = apply_list_entry,
        [STORE_GARAGE_STATE] = apply_garage_state,
        [STORE_MAINTENANCE] = apply_maintenance,
        [STORE_TOKEN] = apply_token,
        [STORE_POLICY] = apply_policy,
        [STORE_PRUNE] = memory_prune,
    };

    /* A change adds at most one row to a table, but its notes to the outbox. */
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (!table_make_room(&store->tables[i], i == EVENTS ? 1 + DECISION_NOTES_MAX : 1))
            return OST_NO_MEMORY;
    }
    change->result = STORE_DONE;
    return apply[change->kind](store, change);
}
