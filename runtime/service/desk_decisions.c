#include <stdio.h>

#include "runtime/service/desk_internal.h"

/* A flood of refused starts must leave room in the store's queue for what became of the doors. */
#define DECISIONS_WAITING_MAX 256

void desk_stamp_decision(struct session_desk *desk, const struct desk_call *call, struct decision *decision,
                         int64_t now_ms)
{
    decision->id = uuid_make(desk->parts.ids, now_ms);
    decision->decided_at_ms = now_ms;
    decision->trust = clock_trust(desk->parts.clock);
    snprintf(decision->traceparent, sizeof(decision->traceparent), "%s", call->traceparent);
    for (unsigned note = 0; note < decision->note_count; note++)
        decision->note_ids[note] = uuid_make(desk->parts.ids, now_ms);
}

static void drop(struct session_desk *desk)
{
    atomic_fetch_sub(&desk->decisions_waiting, 1);
    metric_add(desk->decisions_dropped, 1);
}

/* Writer thread. */
static void refusal_decided(void *context, struct store_change *change, enum ost_status status)
{
    struct session_desk *desk = context;

    (void)change;
    if (status == OST_OK)
        atomic_fetch_sub(&desk->decisions_waiting, 1);
    else
        drop(desk);
}

/* The reserve is for the cars that want out. */
static bool store_has_room(struct store *store)
{
    struct store_health health;

    store->ops->health(store, &health);
    return health.room == STORE_ROOM && health.writable;
}

void desk_record_refusal(struct session_desk *desk, const struct session *session, const struct policy_visit *visit,
                         const struct decision *decision)
{
    struct store *store = desk->parts.store;
    struct store_change *change = NULL;

    if (atomic_fetch_add(&desk->decisions_waiting, 1) < DECISIONS_WAITING_MAX && store_has_room(store))
        change = store_change_create(STORE_DECISION);
    if (!change) {
        drop(desk);
        return;
    }
    *change->session = *session;
    *change->decision = *decision;
    *change->visit = *visit;
    change->on_done = refusal_decided;
    change->done_context = desk;
    if (store->ops->post(store, change) != OST_OK) {
        store_change_release(change);
        drop(desk);
    }
}

void session_desk_record(struct session_desk *desk, const struct garage *garage, const struct policy_visit *visit,
                         struct decision *decision)
{
    struct desk_call call = {.traceparent = ""};
    struct session nobody = {.started_at_ms = 0};

    snprintf(nobody.garage_id, sizeof(nobody.garage_id), "%s", garage->id);
    desk_stamp_decision(desk, &call, decision, clock_wall_ms(desk->parts.clock));
    desk_record_refusal(desk, &nobody, visit, decision);
}
