#include <stdio.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/desk_internal.h"

/* An explicit opening on its way to the door; without a session it is staff's. */
struct opening {
    struct session_desk *desk;
    const struct desk_call *call;
    const struct garage *garage;
    const struct door_plan *door;
    struct desk_key key;
    int64_t now_ms;
    struct session session;  /* nil id: manual */
    struct policy_visit visit; /* that the policies saw; now_ms 0: nobody was asked */
    unsigned openings;       /* of this session and door so far */
    bool has_opened;         /* the door went open for this session before, as far as the store can say */
    int64_t counted_from_ms;
    const char *degraded;    /* what of ours is broken, while the exit opens all the same; NULL: nothing */
    bool is_unrecorded;      /* fired, but not known to be stored */
    struct desk_answer *out; /* with the decision as it will be stored */
};

static bool is_exit(const struct opening *opening)
{
    return opening->door->kind == DOOR_EXIT;
}

/* ---- the checks ---- */

static bool find_door(struct opening *opening, const char *garage_id, const char *door_id)
{
    opening->garage = site_find_garage(opening->call->site, garage_id);
    if (!opening->garage) {
        opening->out->verdict = DESK_GARAGE_NOT_FOUND;
        return false;
    }
    opening->door = garage_find_door(opening->garage, door_id);
    if (!opening->door) {
        opening->out->verdict = DESK_DOOR_NOT_FOUND;
        return false;
    }
    return true;
}

static bool find_own_session(struct opening *opening, struct uuid session_id)
{
    enum ost_status status =
        session_desk_find(opening->desk, opening->call->caller->partner_id, session_id, &opening->session);

    if (status == OST_OK)
        return true;
    opening->out->verdict = status == OST_NOT_FOUND ? DESK_SESSION_NOT_FOUND : desk_store_verdict(status);
    return false;
}

static bool session_allows(struct opening *opening)
{
    struct store *store = opening->desk->parts.store;
    const struct session_rules *rules = &opening->garage->rules;
    struct opening_count count = {.openings = 0};
    enum ost_status status;

    if (opening->door->kind == DOOR_PEDESTRIAN)
        opening->counted_from_ms = opening->now_ms - rules->pedestrian_window_ms;
    status = store->ops->count_openings(store, opening->session.id, opening->door->id, opening->counted_from_ms,
                                        &count);
    if (status != OST_OK && !is_exit(opening)) {
        opening->out->verdict = desk_store_verdict(status);
        return false;
    }
    if (status != OST_OK)
        opening->degraded = "Earlier openings could not be read; the exit was opened all the same.";
    opening->has_opened = count.has_opened;
    opening->openings = count.openings + desk_unrecorded_count(opening->desk, opening->session.id, opening->door->id);
    switch (session_may_open(&opening->session, rules, opening->door->kind, opening->openings, opening->now_ms)) {
    case OPENING_ALLOWED:
        return true;
    case OPENING_SESSION_NOT_ACTIVE:
        opening->out->verdict = DESK_SESSION_NOT_ACTIVE;
        return false;
    case OPENING_DOOR_NOT_ALLOWED:
        opening->out->verdict = DESK_DOOR_NOT_ALLOWED;
        return false;
    case OPENING_TOO_MANY:
        opening->out->verdict = DESK_TOO_MANY_OPENINGS;
        return false;
    }
    return false;
}

static bool door_answers(struct opening *opening)
{
    struct door_snapshot door;

    if (door_actuator_snapshot(opening->desk->parts.doors, opening->door->garage_id, opening->door->id, &door) != OST_OK ||
        door.health == DOOR_UNREACHABLE)
        opening->out->verdict = DESK_DOOR_UNREACHABLE;
    else if (door.health == DOOR_IN_MAINTENANCE)
        opening->out->verdict = DESK_DOOR_IN_MAINTENANCE;
    else
        return true;
    return false;
}

static void fill_request(struct opening *opening, struct policy_visit *visit)
{
    snprintf(visit->door_id, sizeof(visit->door_id), "%s", opening->door->id);
    visit->door_kind = opening->door->kind;
    visit->direction = is_exit(opening) ? DIRECTION_OUT : DIRECTION_IN;
    visit->openings = opening->openings;
    uuid_format(opening->session.id, visit->session_id);
}

/*
 * A broken policy denies a way in, unless it was deployed to fail open; the way out it cannot bar, and nobody can before the
 * exit has opened once: a command that was fired in vain, or dropped, let no car out.
 */
static bool policies_allow(struct opening *opening)
{
    struct policy_catalog *catalog = opening->desk->parts.policies;
    struct policy_lease *lease = policy_catalog_take(catalog);
    struct decision *decision = &opening->out->decision;
    struct policy_visit *visit = &opening->visit;
    enum ost_status status = OST_OK;

    decision->outcome = DECISION_ALLOWED;
    decision->trigger = TRIGGER_DOOR_REQUEST;
    if (policy_lease_listens(lease, TRIGGER_DOOR_REQUEST)) {
        status = desk_fill_visit(opening->desk, opening->garage, &opening->session, opening->now_ms, visit);
        fill_request(opening, visit);
        if (status == OST_OK)
            status = policy_lease_decide(lease, TRIGGER_DOOR_REQUEST, visit, POLICY_WAIT_MS, decision);
    }
    policy_catalog_put(catalog, lease);
    desk_stamp_decision(opening->desk, opening->call, decision, opening->now_ms);
    if (is_exit(opening)) {
        if (status != OST_OK || decision_has_broken(decision))
            opening->degraded = "The policies could not be asked; the exit was opened all the same.";
        if (decision->outcome != DECISION_DENIED || !opening->has_opened)
            return true;
        desk_record_refusal(opening->desk, &opening->session, &opening->visit, decision);
        opening->out->verdict = DESK_DENIED_BY_POLICY;
        return false;
    }
    if (status == OST_OK && decision->outcome == DECISION_ALLOWED)
        return true;
    if (status == OST_OK)
        desk_record_refusal(opening->desk, &opening->session, &opening->visit, decision);
    if (status != OST_OK)
        opening->out->verdict = desk_store_verdict(status);
    else if (decision->outcome == DECISION_DENIED)
        opening->out->verdict = DESK_DENIED_BY_POLICY;
    else
        opening->out->verdict = DESK_POLICY_UNAVAILABLE;
    return false;
}

/* ---- the commit ---- */

static void fill_change(struct opening *opening, const char *note, struct store_change *change)
{
    struct session_desk *desk = opening->desk;
    bool is_manual = uuid_is_nil(opening->session.id);
    struct door_command *command = change->command;

    desk_make_command(desk, opening->call, opening->door, is_manual ? CAUSE_MANUAL : CAUSE_SESSION, opening->now_ms,
                      command);
    command->cause_id = opening->session.id;
    command->degraded = opening->degraded != NULL;
    command->is_explicit = !is_manual;
    snprintf(command->note, sizeof(command->note), "%s", note);
    change->session->id = opening->session.id;
    *change->decision = opening->out->decision;
    *change->visit = opening->visit;
    if (is_manual) {
        char subject[160];

        snprintf(subject, sizeof(subject), "door/%s/%s", opening->door->garage_id, opening->door->id);
        desk_audit(desk, opening->call, "door.open", subject, note, change->audit);
    } else {
        const struct session_rules *rules = &opening->garage->rules;

        change->u.open.openings_max =
            opening->door->kind == DOOR_PEDESTRIAN ? rules->pedestrian_max : rules->openings_max;
        change->u.open.since_ms = opening->counted_from_ms;
    }
    opening->out->verdict = DESK_DONE;
    opening->out->command = *command;
    desk_key_render(desk, &opening->key, opening->out, change->answer);
}

/* A fault of ours does not keep an exit shut: fire now, record when the store can. */
static void open_unrecorded(struct opening *opening, struct store_change *change, enum ost_status why,
                            struct unrecorded_opening *unrecorded)
{
    struct stored_answer answer = {.key = ""};
    bool with_writer = why == OST_UNCERTAIN; /* then the change is the writer's to read */

    log_warning("desk", "an exit is opened before it is recorded: the store says %s", ost_status_text(why));
    opening->degraded = "An opening could not be stored in time; the exit was opened all the same.";
    opening->is_unrecorded = true;
    opening->out->command.degraded = true;
    if (!with_writer)
        change->command->degraded = true;
    desk_key_render(opening->desk, &opening->key, opening->out, &answer);
    desk_unrecorded_keep(opening->desk, unrecorded, change, with_writer, &answer);
}

/* An UNCERTAIN opening that is no exit was answered with a 503: its command is not to be fired any more. */
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

static bool judge(struct opening *opening, struct store_change *change)
{
    if (desk_key_verdict(change, opening->out))
        return false;
    if (change->result == STORE_DONE)
        return true;
    if (change->result == STORE_TOO_MANY_OPENINGS) {
        opening->out->verdict = DESK_TOO_MANY_OPENINGS;
        return false;
    }
    log_error("desk", "the store answered an opening with %d, which is no answer to it", (int)change->result);
    opening->out->verdict = DESK_STORAGE_UNAVAILABLE;
    return false;
}

static void commit(struct opening *opening, const char *note)
{
    struct session_desk *desk = opening->desk;
    struct store *store = desk->parts.store;
    struct store_change *change = store_change_create(STORE_OPEN);
    struct unrecorded_opening *unrecorded = change && is_exit(opening) ? desk_unrecorded_list(desk, opening->session.id, opening->door->id) : NULL;
    int64_t fire_before_ms = desk_command_deadline(desk, opening->door);
    int64_t patience_ms = is_exit(opening) ? STOP_DEADLINE_MS : START_DEADLINE_MS;
    enum ost_status status = OST_NO_MEMORY;
    bool may_open = false;

    if (change) {
        fill_change(opening, note, change);
        change->on_done = unrecorded ? desk_unrecorded_decided : decided_late;
        change->done_context = unrecorded ? (void *)unrecorded : desk;
        status = store->ops->commit(store, change, clock_monotonic_ms(desk->parts.clock) + patience_ms);
    }
    if (status == OST_OK) {
        may_open = judge(opening, change);
    } else if (unrecorded) {
        open_unrecorded(opening, change, status, unrecorded);
        may_open = true;
    } else {
        opening->out->verdict = desk_store_verdict(status);
    }
    if (status == OST_OK && unrecorded)
        desk_unrecorded_decided(unrecorded, change, OST_OK);
    store_change_release(change);
    if (!may_open)
        return;
    desk_fire(desk, &opening->out->command, fire_before_ms);
    desk_note_opening(desk, opening->door, &opening->out->command, opening->degraded);
}

/* What is not recorded yet is replayed as it was answered first: waiting, which is a preference, would change that. */
static void finish(struct opening *opening)
{
    struct desk_answer *out = opening->out;

    if (out->verdict == DESK_DONE && !(opening->is_unrecorded && opening->key.is_running))
        desk_await_and_store(opening->desk, &opening->key, NULL, out);
    desk_key_end(opening->desk, &opening->key);
}

static void begin(struct opening *opening, struct session_desk *desk, const struct desk_call *call,
                  struct desk_answer *out)
{
    memset(opening, 0, sizeof(*opening));
    memset(out, 0, sizeof(*out));
    opening->desk = desk;
    opening->call = call;
    opening->out = out;
    opening->now_ms = clock_wall_ms(desk->parts.clock);
}

void session_desk_open(struct session_desk *desk, const struct desk_call *call, const struct open_request *request,
                       desk_render_fn *render, struct desk_answer *out)
{
    struct opening opening;

    begin(&opening, desk, call, out);
    if (!desk_key_begin(desk, &opening.key, call, render, true, out))
        return;
    if (find_own_session(&opening, request->session_id) &&
        find_door(&opening, opening.session.garage_id, request->door_id) && session_allows(&opening) &&
        door_answers(&opening) && policies_allow(&opening))
        commit(&opening, "");
    finish(&opening);
}

void session_desk_open_manually(struct session_desk *desk, const struct desk_call *call,
                                const struct manual_open_request *request, desk_render_fn *render,
                                struct desk_answer *out)
{
    struct opening opening;

    begin(&opening, desk, call, out);
    if (!desk_key_begin(desk, &opening.key, call, render, true, out))
        return;
    if (find_door(&opening, request->garage_id, request->door_id) && door_answers(&opening))
        commit(&opening, request->reason);
    finish(&opening);
}
