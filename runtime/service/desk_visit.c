#include <stdio.h>
#include <string.h>

#include "runtime/service/desk_internal.h"

static int64_t local_midnight_ms(const struct garage *garage, int64_t now_ms)
{
    struct local_time local;

    zone_local_time(garage->zone, now_ms, &local);
    local.hour = local.minute = local.second = local.millisecond = 0;
    return zone_wall_ms(garage->zone, &local);
}

static void fill_garage(struct session_desk *desk, const struct garage *garage, struct policy_visit *visit)
{
    struct garage_counts counts;

    snprintf(visit->garage.id, sizeof(visit->garage.id), "%s", garage->id);
    snprintf(visit->garage.name, sizeof(visit->garage.name), "%s", garage->name);
    snprintf(visit->garage.currency, sizeof(visit->garage.currency), "%s", garage->currency);
    visit->garage.capacity = garage->spots;
    if (session_desk_counts(desk, garage, &counts) != OST_OK)
        return;
    snprintf(visit->garage.state, sizeof(visit->garage.state), "%s", garage_state_text(counts.state));
    visit->garage.free = counts.occupied < (int64_t)garage->spots ? (int64_t)garage->spots - counts.occupied : 0;
    visit->garage.season_inside = counts.season_inside;
}

enum ost_status desk_fill_visit(struct session_desk *desk, const struct garage *garage, const struct session *session,
                                int64_t now_ms, struct policy_visit *visit)
{
    struct store *store = desk->parts.store;
    struct visit_facts facts;
    struct uuid seed = uuid_make(desk->parts.ids, now_ms);
    enum ost_status status;

    memset(visit, 0, sizeof(*visit));
    visit->zone = garage->zone;
    visit->now_ms = now_ms;
    visit->seed = seed.low;
    snprintf(visit->plate, sizeof(visit->plate), "%s", session->plate);
    snprintf(visit->user_id, sizeof(visit->user_id), "%s", session->user_id);
    snprintf(visit->partner_id, sizeof(visit->partner_id), "%s", session->partner_id);
    snprintf(visit->entrance, sizeof(visit->entrance), "%s", session->entry.door_id);
    visit->kind = session->kind;
    fill_garage(desk, garage, visit);
    if (session->started_at_ms > 0) {
        visit->started_ms = session->started_at_ms;
        visit->stayed_ms = session_stayed_ms(session, now_ms);
    }
    memset(&facts, 0, sizeof(facts));
    status = store->ops->read_facts(store, garage->id, session->plate, session->user_id,
                                    local_midnight_ms(garage, now_ms), now_ms, &facts);
    if (status != OST_OK)
        return status;
    visit->inside = facts.inside;
    visit->last_exit_ms = facts.last_exit_ms;
    visit->visits_today = facts.visits_today;
    visit->garage.season_holders = facts.season_holders;
    memcpy(visit->lists, facts.lists, sizeof(visit->lists));
    visit->list_count = facts.list_count;
    if (session->started_at_ms == 0)
        visit->kind = facts.kind; /* a session keeps the kind that it started with */
    return OST_OK;
}

void session_desk_fill_garage(struct session_desk *desk, const struct garage *garage, struct policy_visit *visit)
{
    int64_t now_ms = clock_wall_ms(desk->parts.clock);

    memset(visit, 0, sizeof(*visit));
    visit->zone = garage->zone;
    visit->now_ms = now_ms;
    visit->seed = uuid_make(desk->parts.ids, now_ms).low;
    fill_garage(desk, garage, visit);
    visit->garage.season_holders = atomic_load(&desk->season_holders);
}

void session_desk_refresh(struct session_desk *desk, const struct site *site)
{
    struct store *store = desk->parts.store;
    int64_t now_ms = clock_wall_ms(desk->parts.clock);
    struct visit_facts facts;

    if (site->garage_count > 0 && store->ops->read_facts(store, site->garages[0].id, "", "", now_ms, now_ms, &facts) == OST_OK)
        atomic_store(&desk->season_holders, facts.season_holders);
}

int64_t session_desk_offer(struct session_desk *desk, const struct garage *garage, const struct garage_counts *counts)
{
    int64_t free = counts->occupied < (int64_t)garage->spots ? (int64_t)garage->spots - counts->occupied : 0;
    struct policy_lease *lease = policy_catalog_take(desk->parts.policies);
    struct policy_visit visit;
    struct decision decision;

    if (policy_lease_listens(lease, TRIGGER_AVAILABILITY)) {
        session_desk_fill_garage(desk, garage, &visit);
        if (policy_lease_decide(lease, TRIGGER_AVAILABILITY, &visit, POLICY_WAIT_MS, &decision) == OST_OK && decision.has_offer &&
            decision.offer < free)
            free = decision.offer;
    }
    policy_catalog_put(desk->parts.policies, lease);
    return free;
}
