#include "tests/support/memory_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/memory_store_internal.h"

struct memory_garage *memory_find_garage(const struct memory_store *store, const char *garage_id)
{
    for (size_t i = 0; i < store->garage_count; i++) {
        if (strcmp(store->garages[i].id, garage_id) == 0)
            return &store->garages[i];
    }
    return NULL;
}

/* ---- changes ---- */

static enum ost_status decide(struct memory_store *store, struct store_change *change)
{
    enum ost_status status;

    pthread_mutex_lock(&store->lock);
    status = memory_apply(store, change);
    store->changes++;
    pthread_mutex_unlock(&store->lock);
    return status;
}

static enum ost_status commit(struct store *base, struct store_change *change, int64_t deadline_ms)
{
    struct memory_store *store = (struct memory_store *)base;

    if (clock_monotonic_ms(store->clock) >= deadline_ms)
        return OST_TIMEOUT;
    return decide(store, change);
}

static enum ost_status post(struct store *base, struct store_change *change)
{
    enum ost_status status = decide((struct memory_store *)base, change);

    if (status == OST_NO_MEMORY) /* a fault that may pass: the caller may try again */
        return OST_BUSY;
    if (change->on_done)
        change->on_done(change->done_context, change, status);
    store_change_release(change);
    return OST_OK;
}

/* ---- what is neither a change nor a read of a table ---- */

static enum ost_status garage_counts(struct store *base, const char *garage_id, struct garage_counts *out)
{
    struct memory_store *store = (struct memory_store *)base;
    const struct memory_garage *garage;

    pthread_mutex_lock(&store->lock);
    garage = memory_find_garage(store, garage_id);
    if (garage)
        *out = garage->counts;
    pthread_mutex_unlock(&store->lock);
    return garage ? OST_OK : OST_NOT_FOUND;
}

static void health(struct store *base, struct store_health *out)
{
    struct memory_store *store = (struct memory_store *)base;

    pthread_mutex_lock(&store->lock);
    *out = (struct store_health){
        .room = STORE_ROOM, .writable = true, .commits = store->changes, .changes = store->changes};
    pthread_mutex_unlock(&store->lock);
}

static enum ost_status backup(struct store *base, const char *path)
{
    (void)base;
    (void)path;
    return OST_UNAVAILABLE;
}

size_t memory_store_count_events(struct store *base, enum event_type type, const char *subject)
{
    struct memory_store *store = (struct memory_store *)base;
    const struct memory_table *table = &store->tables[EVENTS];
    size_t count = 0;

    pthread_mutex_lock(&store->lock);
    for (size_t at = 0; at < table->count; at++) {
        const struct memory_event *event = table_row(table, at);

        count += event->type == type && strcmp(event->subject, subject) == 0;
    }
    pthread_mutex_unlock(&store->lock);
    return count;
}

/* ---- from create to destroy ---- */

static void destroy(struct store *base)
{
    struct memory_store *store = (struct memory_store *)base;

    for (size_t i = 0; i < TABLE_COUNT; i++)
        table_finish(&store->tables[i]);
    pthread_mutex_destroy(&store->lock);
    free(store->garages);
    free(store);
}

static struct store_ops the_ops;
static pthread_once_t ops_once = PTHREAD_ONCE_INIT;

static void fill_ops(void)
{
    memory_reads_fill_ops(&the_ops);
    the_ops.commit = commit;
    the_ops.post = post;
    memory_policies_fill_ops(&the_ops);
    the_ops.garage_counts = garage_counts;
    the_ops.health = health;
    the_ops.backup = backup;
    the_ops.destroy = destroy;
}

static const size_t row_bytes[TABLE_COUNT] = {
    [SESSIONS] = sizeof(struct session),        [COMMANDS] = sizeof(struct door_command),
    [OPENINGS] = sizeof(struct door_opening),   [PENDING] = sizeof(struct pending_price),
    [DECISIONS] = sizeof(struct stored_decision), [EVENTS] = sizeof(struct memory_event),
    [ANSWERS] = sizeof(struct stored_answer),   [AUDIT] = sizeof(struct audit_line),
    [ENTRIES] = sizeof(struct list_entry),      [TOKENS] = sizeof(struct device_token),
    [LOCKS] = sizeof(struct maintenance_lock),  [RECORDS] = sizeof(struct policy_record),
    [DEPLOYMENTS] = sizeof(struct policy_deployment), [ACTIVATIONS] = sizeof(struct policy_activation),
};

struct store *memory_store_create(struct clock *clock, const char *const *garage_ids, size_t garage_count)
{
    struct memory_store *store = calloc(1, sizeof(*store));
    struct memory_garage *garages = calloc(garage_count, sizeof(*garages));

    if (!store || !garages) {
        free(store);
        free(garages);
        return NULL;
    }
    for (size_t i = 0; i < garage_count; i++)
        snprintf(garages[i].id, sizeof(garages[i].id), "%s", garage_ids[i]);
    store->garages = garages;
    store->garage_count = garage_count;
    store->clock = clock;
    pthread_mutex_init(&store->lock, NULL);
    for (size_t i = 0; i < TABLE_COUNT; i++)
        table_init(&store->tables[i], row_bytes[i]);
    pthread_once(&ops_once, fill_ops);
    store->base.ops = &the_ops;
    return &store->base;
}
