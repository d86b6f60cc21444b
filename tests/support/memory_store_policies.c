/* What is deployed, and the decision log, in memory. */
#include <stdio.h>
#include <string.h>

#include "tests/support/memory_store_internal.h"

static struct policy_record *find_record(const struct memory_store *store, const char *name, int revision)
{
    const struct memory_table *table = &store->tables[RECORDS];

    for (size_t i = 0; i < table->count; i++) {
        struct policy_record *record = table_row(table, i);

        if (strcmp(record->name, name) == 0 && record->revision == revision)
            return record;
    }
    return NULL;
}

static void put_deployment(struct memory_store *store, const struct policy_deployment *deployment)
{
    struct memory_table *table = &store->tables[DEPLOYMENTS];

    for (size_t i = 0; i < table->count; i++) {
        struct policy_deployment *row = table_row(table, i);

        if (strcmp(row->name, deployment->name) == 0) {
            *row = *deployment;
            return;
        }
    }
    table_add(table, deployment);
}

static void put_mark(struct memory_store *store, const struct store_change *change)
{
    struct policy_record *record = find_record(store, change->u.policy.marked_name, change->u.policy.marked_revision);

    if (record && change->u.policy.mark == POLICY_MARK_PROVEN)
        record->proven_at_ms = change->u.policy.marked_at_ms;
    else if (record)
        record->quarantined_at_ms = change->u.policy.marked_at_ms;
}

enum ost_status memory_apply_policy(struct memory_store *store, struct store_change *change)
{
    if (!table_make_room(&store->tables[DEPLOYMENTS], 16) || change->u.policy.count > 16)
        return OST_NO_MEMORY;
    if (change->record->name[0] && find_record(store, change->record->name, change->record->revision)) {
        change->result = STORE_NO_SUCH;
        return OST_OK;
    }
    if (change->record->name[0])
        table_add(&store->tables[RECORDS], change->record);
    for (unsigned i = 0; i < change->u.policy.count; i++)
        put_deployment(store, &change->u.policy.deployments[i]);
    if (change->u.policy.mark != POLICY_MARK_NONE)
        put_mark(store, change);
    if (change->activation->name[0])
        table_add(&store->tables[ACTIVATIONS], change->activation);
    return OST_OK;
}

/* ---- reads ---- */

static struct memory_store *enter(struct store *base)
{
    struct memory_store *store = (struct memory_store *)base;

    pthread_mutex_lock(&store->lock);
    return store;
}

static enum ost_status leave(struct memory_store *store, bool found)
{
    pthread_mutex_unlock(&store->lock);
    return found ? OST_OK : OST_NOT_FOUND;
}

/* The newest of a policy below a number that counts; NULL: there is none. */
static const struct policy_record *newest_below(const struct memory_store *store, const char *name, int below)
{
    const struct policy_record *newest = NULL;

    for (size_t i = 0; i < store->tables[RECORDS].count; i++) {
        const struct policy_record *record = table_row(&store->tables[RECORDS], i);

        if (strcmp(record->name, name) == 0 && record->revision < below && (!newest || record->revision > newest->revision))
            newest = record;
    }
    return newest;
}

static enum ost_status find_policy(struct store *base, const char *name, int revision, struct policy_record *out)
{
    struct memory_store *store = enter(base);
    const struct policy_record *record = revision > 0 ? find_record(store, name, revision) : newest_below(store, name, INT32_MAX);

    if (record)
        *out = *record;
    return leave(store, record != NULL);
}

static enum ost_status find_policy_digest(struct store *base, const char *name, const unsigned char sha256[32], int *revision)
{
    struct memory_store *store = enter(base);
    bool found = false;

    for (size_t i = 0; i < store->tables[RECORDS].count; i++) {
        const struct policy_record *record = table_row(&store->tables[RECORDS], i);

        if (strcmp(record->name, name) == 0 && memcmp(record->sha256, sha256, 32) == 0) {
            *revision = record->revision;
            found = true;
        }
    }
    return leave(store, found);
}

static enum ost_status list_policy_revisions(struct store *base, const char *name, int before, size_t limit, struct policy_record *out,
                                             size_t *count)
{
    struct memory_store *store = enter(base);
    const struct policy_record *record = newest_below(store, name, before);

    for (*count = 0; record && *count < limit; record = newest_below(store, name, record->revision))
        out[(*count)++] = *record;
    return leave(store, true);
}

static enum ost_status list_deployments(struct store *base, struct policy_deployment *out, size_t max, size_t *count)
{
    struct memory_store *store = enter(base);
    const struct memory_table *table = &store->tables[DEPLOYMENTS];
    const char *after = "";

    for (*count = 0; *count < table->count; (*count)++) {
        const struct policy_deployment *next = NULL;

        for (size_t i = 0; i < table->count; i++) {
            const struct policy_deployment *row = table_row(table, i);

            if (strcmp(row->name, after) > 0 && (!next || strcmp(row->name, next->name) < 0))
                next = row;
        }
        if (*count < max)
            out[*count] = *next;
        after = next->name;
    }
    return leave(store, true);
}

/* A cursor is the place of a line, from 1. */
static enum ost_status list_activations(struct store *base, const char *name, store_cursor from, size_t limit,
                                        struct policy_activation *out, size_t *count, store_cursor *next)
{
    struct memory_store *store = enter(base);
    const struct memory_table *table = &store->tables[ACTIVATIONS];
    store_cursor at = from <= (store_cursor)table->count ? from - 1 : (store_cursor)table->count;

    *next = 0;
    for (*count = 0; at > 0; at--) {
        const struct policy_activation *line = table_row(table, (size_t)at - 1);

        if (name && strcmp(line->name, name) != 0)
            continue;
        if (*count == limit) {
            *next = at + 1;
            break;
        }
        out[(*count)++] = *line;
    }
    return leave(store, true);
}

void memory_show_decision(const struct memory_store *store, const struct stored_decision *row, struct stored_decision *out)
{
    const struct session *session = uuid_is_nil(row->session_id) ? NULL : table_find(&store->tables[SESSIONS], row->session_id);

    *out = *row;
    if (session && !row->partner_id[0]) {
        memcpy(out->partner_id, session->partner_id, sizeof(out->partner_id));
        memcpy(out->user_id, session->user_id, sizeof(out->user_id));
        memcpy(out->plate, session->plate, sizeof(out->plate));
    }
    memcpy(out->visit.partner_id, out->partner_id, sizeof(out->visit.partner_id));
    memcpy(out->visit.user_id, out->user_id, sizeof(out->visit.user_id));
    memcpy(out->visit.plate, out->plate, sizeof(out->visit.plate));
}

static bool passes(const struct stored_decision *row, const struct decision_filter *filter)
{
    int64_t made_ms = uuid_order(row->id) >> 12;
    char named[SLUG_BYTES + 4];

    snprintf(named, sizeof(named), "\"%s\":", filter->policy ? filter->policy : "");
    return made_ms >= filter->since_ms && (filter->until_ms == 0 || made_ms < filter->until_ms) &&
           (!filter->policy || strstr(row->revisions, named)) && (!filter->has_trigger || row->trigger == filter->trigger) &&
           (!filter->has_outcome || row->outcome == filter->outcome);
}

/* The one that comes after a place in the order that is asked for; NULL: none does. */
static const struct stored_decision *next_decision(const struct memory_store *store, const struct decision_filter *filter, int64_t after)
{
    const struct stored_decision *next = NULL;

    for (size_t i = 0; i < store->tables[DECISIONS].count; i++) {
        const struct stored_decision *row = table_row(&store->tables[DECISIONS], i);
        int64_t order = uuid_order(row->id);

        if (!passes(row, filter) || (filter->oldest_first ? order <= after : order >= after))
            continue;
        if (!next || (filter->oldest_first ? order < uuid_order(next->id) : order > uuid_order(next->id)))
            next = row;
    }
    return next;
}

static enum ost_status list_decisions(struct store *base, const struct decision_filter *filter, store_cursor from, size_t limit,
                                      struct stored_decision *out, size_t *count, store_cursor *next)
{
    struct memory_store *store = enter(base);
    const struct stored_decision *row = next_decision(store, filter, from);

    for (*count = 0; row && *count < limit; row = next_decision(store, filter, uuid_order(row->id)))
        memory_show_decision(store, row, &out[(*count)++]);
    *next = row && *count > 0 ? uuid_order(out[*count - 1].id) : 0;
    return leave(store, true);
}

static enum ost_status count_decisions(struct store *base, uint64_t *count)
{
    struct memory_store *store = enter(base);

    *count = store->tables[DECISIONS].count;
    return leave(store, true);
}

void memory_policies_fill_ops(struct store_ops *ops)
{
    ops->find_policy = find_policy;
    ops->find_policy_digest = find_policy_digest;
    ops->list_policy_revisions = list_policy_revisions;
    ops->list_deployments = list_deployments;
    ops->list_activations = list_activations;
    ops->list_decisions = list_decisions;
    ops->count_decisions = count_decisions;
}
