#include <stdio.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/desk_internal.h"

/* A start on its way through the checks. */
struct start {
    struct session_desk *desk;
    const struct desk_call *call;
    const struct start_request *request;
    const struct garage *garage;
    const struct door_plan *door;
    struct desk_key key;
    int64_t now_ms;
    struct session session; /* as it will be stored */
    struct policy_visit visit; /* that the policies saw; now_ms 0: nobody was asked */
    struct desk_answer *out; /* with the decision as it will be stored */
};

/* Check 3: the garage and its entry door. */
static bool choose_place(struct start *start)
{
    const struct start_request *request = start->request;

    start->garage = site_find_garage(start->call->site, request->garage_id);
    if (!start->garage) {
        start->out->verdict = DESK_GARAGE_NOT_FOUND;
        return false;
    }
    switch (garage_choose_door(start->garage, request->door_id[0] ? request->door_id : NULL, DOOR_ENTRY, &start->door)) {
    case OST_OK:
        return true;
    case OST_CONFLICT:
        start->out->verdict = DESK_DOOR_INDICATION_REQUIRED;
        return false;
    case OST_INVALID:
        start->out->verdict = DESK_DOOR_NOT_ENTRY;
        return false;
    default:
        start->out->verdict = DESK_DOOR_NOT_FOUND;
        return false;
    }
}

/* Check 4: the very same start again is answered with the session that runs. */
static void answer_running(struct start *start, const struct session *running)
{
    struct desk_answer *out = start->out;

    out->session = *running;
    session_desk_overlay(start->desk, &out->session);
    if (out->session.status != SESSION_ACTIVE) {
        out->verdict = DESK_STORAGE_UNAVAILABLE; /* it is out already, but its place is not free on disk yet */
        return;
    }
    out->verdict = DESK_REPEATED;
    desk_key_store(start->desk, &start->key, out);
}

static bool is_same_start(const struct start *start, const struct session *running)
{
    return strcmp(running->garage_id, start->request->garage_id) == 0 &&
           strcmp(running->plate, start->request->plate) == 0;
}

/* Checks 4 and 5, by what the store says now; the database decides again inside the transaction. */
static bool user_and_plate_are_free(struct start *start)
{
    struct store *store = start->desk->parts.store;
    struct session running;
    enum ost_status status;

    status = store->ops->find_active_by_user(store, start->call->caller->partner_id, start->request->user_id, &running);
    if (status == OST_OK) {
        if (is_same_start(start, &running))
            answer_running(start, &running);
        else
            start->out->verdict = DESK_SESSION_ALREADY_ACTIVE;
        return false;
    }
    if (status == OST_NOT_FOUND)
        status = store->ops->find_active_by_plate(store, start->garage->id, start->request->plate, &running);
    if (status == OST_NOT_FOUND)
        return true;
    start->out->verdict = status == OST_OK ? DESK_PLATE_ALREADY_ACTIVE : desk_store_verdict(status);
    return false;
}

/* Check 6. */
static bool garage_takes_cars(struct start *start)
{
    struct garage_counts counts;
    enum ost_status status = session_desk_counts(start->desk, start->garage, &counts);

    if (status != OST_OK)
        start->out->verdict = desk_store_verdict(status);
    else if (counts.occupied >= (int64_t)start->garage->spots)
        start->out->verdict = DESK_GARAGE_FULL;
    else if (counts.state == GARAGE_CLOSED)
        start->out->verdict = DESK_GARAGE_CLOSED;
    else if (counts.state == GARAGE_SUSPENDED)
        start->out->verdict = DESK_GARAGE_SUSPENDED;
    else
        return true;
    return false;
}

/* Check 7: from the state in memory, never by waiting for hardware. */
static bool door_is_reachable(struct start *start)
{
    struct door_snapshot door;

    if (door_actuator_snapshot(start->desk->parts.doors, start->door->garage_id, start->door->id, &door) != OST_OK ||
        door.health == DOOR_UNREACHABLE || door.health == DOOR_NOT_COMMISSIONED) {
        start->out->verdict = DESK_DOOR_UNREACHABLE;
        return false;
    }
    if (door.health == DOOR_IN_MAINTENANCE) {
        start->out->verdict = DESK_DOOR_IN_MAINTENANCE;
        return false;
    }
    return true;
}

/* There is no session: whom it refused is recorded without one. */
static void record_refusal(const struct start *start)
{
    struct session refused = start->session;

    refused.id = (struct uuid){0};
    desk_record_refusal(start->desk, &refused, &start->visit, &start->out->decision);
}

/* Check 8, first half: the policies. Without any that listens nothing is asked of the store. */
static bool policies_allow(struct start *start)
{
    struct policy_catalog *catalog = start->desk->parts.policies;
    struct policy_lease *lease = policy_catalog_take(catalog);
    struct decision *decision = &start->out->decision;
    enum ost_status status = OST_OK;

    decision->outcome = DECISION_ALLOWED;
    decision->trigger = TRIGGER_SESSION_START;
    if (policy_lease_listens(lease, TRIGGER_SESSION_START)) {
        status = desk_fill_visit(start->desk, start->garage, &start->session, start->now_ms, &start->visit);
        if (status == OST_OK)
            status = policy_lease_decide(lease, TRIGGER_SESSION_START, &start->visit, POLICY_WAIT_MS, decision);
        start->session.kind = start->visit.kind;
    }
    policy_catalog_put(catalog, lease);
    desk_stamp_decision(start->desk, start->call, decision, start->now_ms);
    if (status == OST_OK && decision->outcome == DECISION_ALLOWED)
        return true;
    if (status == OST_OK)
        record_refusal(start);
    start->out->verdict = status != OST_OK                       ? desk_store_verdict(status)
                          : decision->outcome == DECISION_DENIED ? DESK_DENIED_BY_POLICY
                                                                 : DESK_POLICY_UNAVAILABLE;
    return false;
}

/* Check 8, second half: the fleet. */
static bool fleet_allows(struct start *start)
{
    struct fleet_claim *claims = start->desk->parts.claims;
    enum ost_status status;

    start->session.claim = CLAIM_CONFIRMED;
    if (!claims)
        return true;
    status = claims->ops->claim(claims, &start->session, clock_monotonic_ms(start->desk->parts.clock) + 250,
                                &start->session.claim);
    if (status == OST_OK)
        return true;
    start->out->verdict = status == OST_CONFLICT ? DESK_SESSION_ALREADY_ACTIVE : DESK_FLEET_UNAVAILABLE;
    return false;
}

static void release_claim(struct start *start)
{
    struct fleet_claim *claims = start->desk->parts.claims;

    if (claims)
        claims->ops->release(claims, &start->session);
}

static void make_session(struct start *start)
{
    const struct start_request *request = start->request;
    struct session *session = &start->session;

    session->id = uuid_make(start->desk->parts.ids, start->now_ms);
    session->status = SESSION_ACTIVE;
    snprintf(session->garage_id, sizeof(session->garage_id), "%s", request->garage_id);
    snprintf(session->partner_id, sizeof(session->partner_id), "%s", start->call->caller->partner_id);
    snprintf(session->user_id, sizeof(session->user_id), "%s", request->user_id);
    snprintf(session->plate, sizeof(session->plate), "%s", request->plate);
    snprintf(session->entry.door_id, sizeof(session->entry.door_id), "%s", start->door->id);
}

/*
 * The store decided after this start was answered with a 503: the caller was told that no door opens, so none does. If
 * the session came to be, its user finds it running (200) and may open the door for it.
 */
static void decided_late(void *context, struct store_change *change, enum ost_status status)
{
    struct door_command command;

    if (status != OST_OK || change->result != STORE_DONE)
        return;
    command = *change->command;
    command.status = COMMAND_EXPIRED;
    snprintf(command.reason, sizeof(command.reason), "storage_unavailable");
    command.finished_at_ms = command.expires_at_ms;
    desk_record_outcome(context, &command);
}

static enum desk_verdict verdict_of(const struct store_change *change)
{
    switch (change->result) {
    case STORE_DONE:
        return DESK_DONE;
    case STORE_USER_ACTIVE:
        return DESK_SESSION_ALREADY_ACTIVE;
    case STORE_PLATE_ACTIVE:
        return DESK_PLATE_ALREADY_ACTIVE;
    case STORE_GARAGE_FULL:
        return DESK_GARAGE_FULL;
    case STORE_GARAGE_CLOSED:
        return DESK_GARAGE_CLOSED;
    case STORE_GARAGE_SUSPENDED:
        return DESK_GARAGE_SUSPENDED;
    default:
        log_error("desk", "the store answered a start with %d, which is no answer to a start", (int)change->result);
        return DESK_STORAGE_UNAVAILABLE;
    }
}

static void fill_change(struct start *start, struct store_change *change)
{
    struct session_desk *desk = start->desk;
    struct desk_answer *out = start->out;
    struct session *session = &start->session;
    char plate_hash[65];

    session->started_at_ms = start->now_ms;
    session->decision_id = out->decision.id;
    session->leave_by_ms = out->decision.leave_by_ms;
    desk_make_command(desk, start->call, start->door, CAUSE_SESSION, start->now_ms, change->command);
    change->command->cause_id = session->id;
    desk_show_command(&session->entry, change->command);
    desk_plate_hash(desk, session->plate, plate_hash);
    event_session_started(change->event, session, &out->decision, plate_hash);
    desk_stamp_event(desk, start->call, change->event, start->now_ms);
    *change->session = *session;
    *change->decision = out->decision;
    *change->visit = start->visit;
    change->u.start.spots = start->garage->spots;
    change->on_done = decided_late;
    change->done_context = desk;
    out->verdict = DESK_DONE;
    out->session = *session;
    out->command = *change->command;
    desk_key_render(desk, &start->key, out, change->answer);
}

/* Commit, then hand the command over: an answer always means that everything is on disk. */
static void commit(struct start *start)
{
    struct session_desk *desk = start->desk;
    struct store *store = desk->parts.store;
    struct desk_answer *out = start->out;
    struct store_change *change = store_change_create(STORE_START);
    int64_t fire_before_ms = desk_command_deadline(desk, start->door);
    enum ost_status status = OST_NO_MEMORY;

    if (change) {
        fill_change(start, change);
        status = store->ops->commit(store, change, clock_monotonic_ms(desk->parts.clock) + START_DEADLINE_MS);
    }
    if (status != OST_OK) {
        out->verdict = desk_store_verdict(status);
    } else if (change->result == STORE_SAME_SESSION) {
        answer_running(start, change->session);
    } else if (!desk_key_verdict(change, out)) {
        out->verdict = verdict_of(change);
    }
    store_change_release(change);
    if (out->verdict != DESK_DONE) {
        release_claim(start);
        return;
    }
    metric_add(desk->starts, 1);
    desk_fire(desk, &out->command, fire_before_ms);
}

void session_desk_start(struct session_desk *desk, const struct desk_call *call, const struct start_request *request,
                        desk_render_fn *render, struct desk_answer *out)
{
    struct start start = {.desk = desk, .call = call, .request = request, .out = out};

    memset(out, 0, sizeof(*out));
    start.now_ms = clock_wall_ms(desk->parts.clock);
    if (!desk_key_begin(desk, &start.key, call, render, false, out))
        return;
    if (choose_place(&start) && user_and_plate_are_free(&start) && garage_takes_cars(&start) &&
        door_is_reachable(&start)) {
        make_session(&start);
        if (policies_allow(&start) && fleet_allows(&start))
            commit(&start);
    }
    if (out->verdict == DESK_DONE)
        desk_await_and_store(desk, &start.key, &out->session.entry, out);
    desk_key_end(desk, &start.key);
}
