#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/desk_internal.h"

#define PENDING_BATCH 32

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

/* Price one session from the inputs that were recorded when it stopped. */
static bool price_one(struct session_desk *desk, const struct site *site, struct policy_lease *lease,
                      const struct pending_price *pending)
{
    struct store *store = desk->parts.store;
    const struct garage *garage = site_find_garage(site, pending->garage_id);
    struct json_document *inputs = NULL;
    struct policy_visit visit;
    struct decision decision;
    struct session session;
    char error[128];
    bool priced = false;

    if (!garage)
        return false; /* its rules and zone are not known now; it waits until the garage is back */
    if (json_parse(pending->inputs, strlen(pending->inputs), 8, &inputs, error) != OST_OK ||
        policy_visit_read(json_root(inputs), &visit) != OST_OK) {
        char id[UUID_TEXT_BYTES];

        uuid_format(pending->session_id, id);
        log_error("desk", "session %s cannot be priced: its recorded inputs are damaged", id);
        goto done;
    }
    visit.zone = garage->zone;
    if (policy_lease_decide(lease, TRIGGER_SESSION_STOP, &visit, POLICY_WAIT_MS, &decision) != OST_OK ||
        decision_has_broken(&decision))
        goto done;
    if (store->ops->find_session(store, pending->session_id, &session) != OST_OK)
        goto done;
    decision.id = session.stop_decision_id;
    decision.decided_at_ms = clock_wall_ms(desk->parts.clock);
    priced = store_price(desk, &session, &decision);
done:
    json_free(inputs);
    return priced;
}

size_t session_desk_price_pending(struct session_desk *desk, const struct site *site)
{
    struct store *store = desk->parts.store;
    struct policy_lease *lease = policy_catalog_take(desk->parts.policies);
    struct pending_price pending[PENDING_BATCH];
    store_cursor from = INT64_MAX;
    size_t priced = 0;
    size_t count = 0;

    desk_repost(desk);
    while (from > 0 && store->ops->list_pending_prices(store, from, PENDING_BATCH, pending, &count, &from) == OST_OK) {
        for (size_t i = 0; i < count; i++)
            priced += price_one(desk, site, lease, &pending[i]);
        if (count == 0)
            break;
    }
    policy_catalog_put(desk->parts.policies, lease);
    if (priced > 0)
        log_notice("desk", "%zu ended sessions whose price was pending are priced", priced);
    return priced;
}
