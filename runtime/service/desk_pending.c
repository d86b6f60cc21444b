#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/desk_internal.h"

#define PENDING_BATCH 8

/* ---- whom prices wait for, as faults ---- */

static bool is_awaited(const struct desk_awaited *awaited, const char *name)
{
    for (unsigned i = 0; i < awaited->count; i++) {
        if (strcmp(awaited->names[i], name) == 0)
            return true;
    }
    return false;
}

/* Where more are waited for than are shown, the rest comes up when these are done. */
static void await_policy(struct desk_awaited *awaited, const char *name)
{
    if (!is_awaited(awaited, name) && awaited->count < POLICIES_MAX)
        snprintf(awaited->names[awaited->count++], SLUG_BYTES, "%s", name);
}

static void name_subject(const char *name, char subject[FAULT_SUBJECT_BYTES])
{
    snprintf(subject, FAULT_SUBJECT_BYTES, "%s%.63s", name[0] ? "policy/" : "policies", name);
}

/* One fault a policy, raised while any price waits for it. */
static void show_awaited(struct session_desk *desk, const struct desk_awaited *now)
{
    struct desk_awaited *before = &desk->awaited;
    char subject[FAULT_SUBJECT_BYTES];

    for (unsigned i = 0; i < before->count; i++) {
        name_subject(before->names[i], subject);
        if (!is_awaited(now, before->names[i]))
            fault_board_clear(desk->parts.faults, subject, "price_pending");
    }
    for (unsigned i = 0; i < now->count; i++) {
        name_subject(now->names[i], subject);
        fault_board_raise(desk->parts.faults, subject, "price_pending", FAULT_ALARM,
                          "Bills of ended sessions wait for this policy: put it in force again, in its revision of then or "
                          "a newer one, and working.");
    }
    *before = *now;
}

/* ---- pricing ---- */

/* Store a price, and tell upstream. */
static bool store_price(struct session_desk *desk, struct session *session, const struct decision *decision)
{
    struct store *store = desk->parts.store;
    struct store_change *change = store_change_create(STORE_PRICE);
    int64_t now_ms = clock_wall_ms(desk->parts.clock);
    enum ost_status status;
    bool done;

    if (!change)
        return false;
    session->price = decision->price;
    session->price_pending = false;
    *change->session = *session;
    event_session_ended(change->event, session, decision);
    desk_stamp_event(desk, NULL, change->event, now_ms);
    status = store->ops->commit(store, change, clock_monotonic_ms(desk->parts.clock) + START_DEADLINE_MS);
    done = status == OST_OK && change->result == STORE_DONE;
    store_change_release(change);
    return done;
}

/* True: the decision is whole. Else the policies that were asked and broke are awaited. */
static bool decide_price(struct policy_lease *lease, const struct desk_inputs *inputs, struct decision *decision,
                         struct desk_awaited *awaited)
{
    struct policy_question question = {.trigger = TRIGGER_SESSION_STOP, .visit = &inputs->visit, .no_shadows = true, .is_repeated = true,
                                       .wait_ms = POLICY_WAIT_MS};

    if (policy_lease_ask(lease, &question, decision) != OST_OK)
        return false;
    for (unsigned i = 0; i < decision->reason_count; i++) {
        if (decision->reasons[i].verb == REASON_BROKEN)
            await_policy(awaited, decision->reasons[i].policy);
    }
    return !decision_has_broken(decision);
}

/*
 * Read what could not be read at the stop: counts are those of now, but lists, visits and times are as good as then. The
 * session itself is no earlier visit, nor is its exit an earlier one.
 */
static enum ost_status complete_inputs(struct session_desk *desk, const struct garage *garage,
                                       const struct session *session, struct desk_inputs *inputs)
{
    struct policy_visit *visit = &inputs->visit;
    uint64_t seed = visit->seed; /* every attempt draws the same lots */
    enum ost_status status = desk_fill_visit(desk, garage, session, session->ended_at_ms, visit);

    visit->seed = seed;
    visit->inside = true;
    if (visit->last_exit_ms > session->started_at_ms)
        visit->last_exit_ms = 0;
    return status;
}

/* Price one session from the inputs that were recorded when it stopped. */
static bool price_one(struct session_desk *desk, const struct site *site, struct policy_lease *lease,
                      const struct pending_price *pending, struct desk_awaited *awaited)
{
    struct store *store = desk->parts.store;
    const struct garage *garage = site_find_garage(site, pending->garage_id);
    struct desk_inputs inputs;
    struct decision decision;
    struct session session;
    char missing[SLUG_BYTES];

    if (!garage)
        return false; /* its rules and zone are not known now; it waits until the garage is back */
    if (desk_inputs_read(pending->inputs, &inputs) != OST_OK) {
        char id[UUID_TEXT_BYTES];

        uuid_format(pending->session_id, id);
        log_error("desk", "session %s cannot be priced: its recorded inputs are damaged", id);
        return false;
    }
    inputs.visit.zone = garage->zone;
    if (!desk_inputs_can_be_priced(&inputs, lease, missing)) {
        await_policy(awaited, missing);
        return false;
    }
    if (store->ops->find_session(store, pending->session_id, &session) != OST_OK)
        return false;
    if (inputs.is_incomplete && complete_inputs(desk, garage, &session, &inputs) != OST_OK)
        return false;
    if (!decide_price(lease, &inputs, &decision, awaited))
        return false;
    decision.id = session.stop_decision_id;
    decision.decided_at_ms = clock_wall_ms(desk->parts.clock);
    return store_price(desk, &session, &decision);
}

size_t session_desk_price_pending(struct session_desk *desk, const struct site *site)
{
    struct store *store = desk->parts.store;
    struct policy_lease *lease = policy_catalog_take(desk->parts.policies);
    struct pending_price *pending = calloc(PENDING_BATCH, sizeof(*pending));
    struct desk_awaited awaited = {.count = 0};
    store_cursor from = INT64_MAX;
    enum ost_status status = pending ? OST_OK : OST_NO_MEMORY;
    size_t priced = 0;
    size_t count = 0;

    desk_repost(desk);
    desk_spill_tidy(desk);
    while (from > 0 && status == OST_OK) {
        status = store->ops->list_pending_prices(store, from, PENDING_BATCH, pending, &count, &from);
        for (size_t i = 0; status == OST_OK && i < count; i++)
            priced += price_one(desk, site, lease, &pending[i], &awaited);
    }
    policy_catalog_put(desk->parts.policies, lease);
    free(pending);
    if (status == OST_OK) /* else not all were looked at */
        show_awaited(desk, &awaited);
    if (priced > 0)
        log_notice("desk", "%zu ended sessions whose price was pending are priced", priced);
    return priced;
}
