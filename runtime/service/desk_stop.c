#include <stdio.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/desk_internal.h"

/* A stop on its way to the exit. */
struct stop {
    struct session_desk *desk;
    const struct desk_call *call;
    const struct stop_request *request;
    const struct garage *garage;    /* NULL: the configuration has it no more, so there is no door to open */
    const struct door_plan *door;   /* NULL: none is to be opened */
    struct desk_key key;
    struct departure *departure;
    int64_t now_ms;
    struct session session;         /* as it will be stored */
    bool is_row_unread;             /* of the session only whose and where is known: see find_running() of the store */
    struct desk_inputs inputs;      /* what the policies saw, recorded while the price is pending */
    const char *degraded;           /* what of ours is broken, while the car is let out all the same; NULL: nothing */
    struct desk_answer *out;        /* with the decision as it will be stored */
};

/* ---- the session and its exit ---- */

static bool is_callers(const struct stop *stop, const struct session *session)
{
    return stop->request->by_staff || strcmp(session->partner_id, stop->call->caller->partner_id) == 0;
}

static bool find_session(struct stop *stop)
{
    struct store *store = stop->desk->parts.store;
    struct desk_answer *out = stop->out;
    enum ost_status status = store->ops->find_session(store, stop->request->session_id, &stop->session);

    if (status != OST_OK && status != OST_NOT_FOUND &&
        store->ops->find_running(store, stop->request->session_id, &stop->session) == OST_OK) {
        stop->is_row_unread = true; /* enough to let the car out; the bill waits for the rest */
        status = OST_OK;
    }
    if (status == OST_NOT_FOUND || (status == OST_OK && !is_callers(stop, &stop->session))) {
        out->verdict = DESK_SESSION_NOT_FOUND;
        return false;
    }
    if (status != OST_OK) {
        out->verdict = desk_store_verdict(status); /* nobody knows whether it is theirs */
        return false;
    }
    if (stop->session.status != SESSION_ACTIVE) {
        out->session = stop->session;
        session_desk_overlay(stop->desk, &out->session);
        out->verdict = DESK_REPEATED;
        desk_key_store(stop->desk, &stop->key, out);
        return false;
    }
    return true;
}

static bool choose_exit(struct stop *stop)
{
    const char *named = stop->request->door_id[0] ? stop->request->door_id : NULL;

    stop->garage = site_find_garage(stop->call->site, stop->session.garage_id);
    if (!stop->garage || (!stop->request->open_door && !named))
        return true;
    switch (garage_choose_door(stop->garage, named, DOOR_EXIT, &stop->door)) {
    case OST_OK:
        if (!stop->request->open_door)
            stop->door = NULL;
        return true;
    case OST_CONFLICT:
        stop->out->verdict = DESK_DOOR_INDICATION_REQUIRED;
        return false;
    case OST_INVALID:
        stop->out->verdict = DESK_DOOR_NOT_EXIT;
        return false;
    default:
        if (!named)
            return true; /* a garage without exit doors has nothing to open */
        stop->out->verdict = DESK_DOOR_NOT_FOUND;
        return false;
    }
}

/* A broken policy, an exhausted pool or an unreadable store has no opinion: the price is pending. */
static void ask_for_price(struct stop *stop)
{
    struct policy_catalog *catalog = stop->desk->parts.policies;
    struct policy_lease *lease = policy_catalog_take(catalog);
    struct decision *decision = &stop->out->decision;
    enum ost_status status = stop->is_row_unread ? OST_UNAVAILABLE : OST_OK;

    decision->outcome = DECISION_ALLOWED;
    decision->trigger = TRIGGER_SESSION_STOP;
    stop->inputs.is_incomplete = stop->is_row_unread;
    if (policy_lease_listens(lease, TRIGGER_SESSION_STOP)) {
        status = OST_NOT_FOUND; /* without its garage there is no zone and no currency: it is priced when that is back */
        if (stop->garage && !stop->is_row_unread)
            status = desk_fill_visit(stop->desk, stop->garage, &stop->session, stop->now_ms, &stop->inputs.visit);
        stop->inputs.is_incomplete = status != OST_OK;
        if (status == OST_OK)
            status = policy_lease_decide(lease, TRIGGER_SESSION_STOP, &stop->inputs.visit, POLICY_WAIT_MS, decision);
    }
    stop->session.price_pending = status != OST_OK || decision_has_broken(decision);
    if (stop->session.price_pending)
        desk_inputs_note_policies(&stop->inputs, lease);
    policy_catalog_put(catalog, lease);
    desk_stamp_decision(stop->desk, stop->call, decision, stop->now_ms);
    if (stop->session.price_pending)
        stop->degraded = "The policies could not be asked for a price; the car was let out, and the bill is pending.";
    else
        stop->session.price = decision->price;
}

/* The exit's command; one that cannot be fired is final from the beginning, and the session ends all the same. */
static void make_exit_command(struct stop *stop, struct door_command *command)
{
    struct session_desk *desk = stop->desk;
    struct door_snapshot door;
    const char *reason = NULL;

    desk_make_command(desk, stop->call, stop->door, CAUSE_SESSION, stop->now_ms, command);
    command->cause_id = stop->session.id;
    snprintf(command->partner_id, sizeof(command->partner_id), "%s", stop->session.partner_id);
    snprintf(command->note, sizeof(command->note), "%s", stop->request->reason);
    if (door_actuator_snapshot(desk->parts.doors, stop->door->garage_id, stop->door->id, &door) != OST_OK ||
        door.health == DOOR_UNREACHABLE) {
        char subject[FAULT_SUBJECT_BYTES];

        command->status = COMMAND_FAILED;
        reason = "door_unreachable";
        snprintf(subject, sizeof(subject), "door/%s/%s", stop->door->garage_id, stop->door->id);
        fault_board_raise(desk->parts.faults, subject, reason, FAULT_ALARM, "A car was asked out, and its exit door does not answer.");
    } else if (door.health == DOOR_IN_MAINTENANCE) {
        command->status = COMMAND_REFUSED;
        reason = "door_in_maintenance";
    }
    if (reason) {
        snprintf(command->reason, sizeof(command->reason), "%s", reason);
        command->finished_at_ms = stop->now_ms;
    }
}

/* ---- the commit ---- */

/* The store gave up on the change, or cannot take it now: let the car out, keep the stop in memory. */
static void let_out(struct stop *stop, struct store_change *change, enum ost_status why)
{
    struct desk_answer *out = stop->out;

    log_warning("desk", "a stop is let out and kept in memory: the store says %s", ost_status_text(why));
    stop->degraded = "A stop could not be stored in time; the car was let out, and the stop is kept in memory.";
    out->command.degraded = true;
    if (why != OST_UNCERTAIN) /* else the writer is reading it; the ledger takes the door thread's word anyway */
        change->command->degraded = true;
    out->verdict = DESK_ENDING;
    out->session.status = SESSION_ENDING;
    if (desk_departure_keep(stop->desk, stop->departure, &out->session, change, why))
        stop->departure = NULL; /* from now on the list's alone */
}

static void fill_change(struct stop *stop, struct store_change *change)
{
    struct session_desk *desk = stop->desk;
    struct session *session = &stop->session;
    char subject[64] = "session/";

    session->status = SESSION_ENDED;
    session->ended_at_ms = stop->now_ms > session->started_at_ms ? stop->now_ms : session->started_at_ms;
    session->end = stop->request->by_staff ? END_BY_STAFF : END_STOPPED;
    session->stop_decision_id = stop->out->decision.id;
    if (stop->door) {
        make_exit_command(stop, change->command);
        change->command->degraded = stop->degraded != NULL;
        snprintf(session->exit.door_id, sizeof(session->exit.door_id), "%s", stop->door->id);
        desk_show_command(&session->exit, change->command);
        stop->out->command = *change->command;
    }
    if (session->price_pending)
        desk_inputs_write(&stop->inputs, change->inputs);
    event_session_ended(change->event, session, &stop->out->decision);
    desk_stamp_event(desk, stop->call, change->event, stop->now_ms);
    if (stop->request->by_staff) {
        uuid_format(session->id, subject + strlen(subject));
        desk_audit(desk, stop->call, "session.stop", subject, stop->request->reason, change->audit);
    }
    *change->session = *session;
    if (stop->request->by_staff)
        change->session->partner_id[0] = '\0';
    *change->decision = stop->out->decision;
    *change->visit = stop->inputs.visit;
    change->on_done = desk_departure_decided;
    change->done_context = stop->departure;
    stop->out->verdict = DESK_DONE;
    stop->out->session = *session;
    session_desk_overlay(desk, &stop->out->session); /* the entry's command may be further than the store knows */
    desk_key_render(desk, &stop->key, stop->out, change->answer);
}

/* What the store answered, where it took the change. True: the exit may be opened. */
static bool judge(struct stop *stop, struct store_change *change)
{
    struct desk_answer *out = stop->out;

    if (desk_key_verdict(change, out))
        return false;
    switch (change->result) {
    case STORE_DONE:
        metric_add(stop->desk->stops, 1);
        return true;
    case STORE_ALREADY_ENDED:
        out->verdict = DESK_REPEATED;
        out->session = *change->session;
        memset(&out->command, 0, sizeof(out->command));
        session_desk_overlay(stop->desk, &out->session);
        return false;
    case STORE_NO_SUCH:
        out->verdict = DESK_SESSION_NOT_FOUND;
        return false;
    default:
        log_error("desk", "the store answered a stop with %d, which is no answer to a stop", (int)change->result);
        out->verdict = DESK_STORAGE_UNAVAILABLE;
        return false;
    }
}

static void commit(struct stop *stop)
{
    struct session_desk *desk = stop->desk;
    struct store *store = desk->parts.store;
    struct store_change *change = store_change_create(STORE_STOP);
    int64_t fire_before_ms = stop->door ? desk_command_deadline(desk, stop->door) : 0;
    enum ost_status status;
    bool may_open = true;

    if (!change) {
        log_error("desk", "no memory for a stop");
        stop->out->verdict = DESK_OVERLOADED;
        return;
    }
    fill_change(stop, change);
    status = store->ops->commit(store, change, clock_monotonic_ms(desk->parts.clock) + STOP_DEADLINE_MS);
    status = desk_departure_settle(desk, stop->departure, status);
    if (status == OST_OK)
        may_open = judge(stop, change);
    else
        let_out(stop, change, status);
    store_change_release(change);
    if (may_open && stop->door) {
        desk_fire(desk, &stop->out->command, fire_before_ms);
        desk_note_opening(desk, stop->door, &stop->out->command, stop->degraded);
    }
    if (may_open && desk->parts.claims)
        desk->parts.claims->ops->release(desk->parts.claims, &stop->session);
}

void session_desk_stop(struct session_desk *desk, const struct desk_call *call, const struct stop_request *request,
                       desk_render_fn *render, struct desk_answer *out)
{
    struct stop stop = {.desk = desk, .call = call, .request = request, .out = out};

    memset(out, 0, sizeof(*out));
    stop.now_ms = clock_wall_ms(desk->parts.clock);
    if (!desk_key_begin(desk, &stop.key, call, render, true, out))
        return;
    out->verdict = desk_departure_begin(desk, request->session_id, &stop.departure, &stop.session);
    if (out->verdict == DESK_ENDING) {
        if (is_callers(&stop, &stop.session))
            out->session = stop.session;
        else
            out->verdict = DESK_SESSION_NOT_FOUND;
    } else if (out->verdict == DESK_DONE && find_session(&stop) && choose_exit(&stop)) {
        ask_for_price(&stop);
        commit(&stop);
    }
    desk_departure_end(desk, stop.departure);
    if ((out->verdict == DESK_DONE || out->verdict == DESK_ENDING) && !uuid_is_nil(out->command.id))
        desk_await_and_store(desk, &stop.key, &out->session.exit, out);
    desk_key_end(desk, &stop.key);
}
