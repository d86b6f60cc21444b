#include "runtime/service/housekeeping.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/base/log.h"
#include "runtime/service/pruning.h"

#define PRICE_EVERY_MS 10000  /* besides every load of policies */
#define REFRESH_EVERY_MS 5000

struct housekeeping {
    struct housekeeping_parts parts;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool ending;
    _Atomic int64_t heartbeat_ms;
    unsigned priced_generation;
    int64_t price_next_ms;
    int64_t refresh_next_ms;
    struct pruning pruning;
    struct metric *commits;
    struct metric *changes;
    struct metric *room;
    struct metric *writable;
};

static void price(struct housekeeping *self, int64_t now_ms)
{
    unsigned generation = policy_catalog_generation(self->parts.policies);
    const struct site *site;

    if (generation == self->priced_generation && now_ms < self->price_next_ms)
        return;
    site = site_registry_take(self->parts.sites);
    session_desk_price_pending(self->parts.desk, site);
    site_registry_put(self->parts.sites, site);
    self->priced_generation = generation;
    self->price_next_ms = now_ms + PRICE_EVERY_MS;
}

/* Until they could be read: see maintenance.h. */
static void restore_maintenance(struct housekeeping *self)
{
    const struct site *site;

    if (self->parts.maintenance.unread_until_ms == 0)
        return;
    site = site_registry_take(self->parts.sites);
    if (maintenance_restore(&self->parts.maintenance, site))
        log_notice("housekeeping", "the maintenance locks were read; entry doors are as they were");
    site_registry_put(self->parts.sites, site);
}

static void refresh(struct housekeeping *self, int64_t now_ms)
{
    const struct site *site;

    if (now_ms < self->refresh_next_ms)
        return;
    site = site_registry_take(self->parts.sites);
    session_desk_refresh(self->parts.desk, site);
    site_registry_put(self->parts.sites, site);
    self->refresh_next_ms = now_ms + REFRESH_EVERY_MS;
}

static void watch_store(struct housekeeping *self)
{
    struct store_health health;

    self->parts.store->ops->health(self->parts.store, &health);
    metric_add(self->commits, (int64_t)health.commits - metric_value(self->commits));
    metric_add(self->changes, (int64_t)health.changes - metric_value(self->changes));
    metric_set(self->room, health.room);
    metric_set(self->writable, health.writable);
    if (health.room == STORE_ROOM)
        fault_board_clear(self->parts.faults, "store", "storage_full");
    else
        fault_board_raise(self->parts.faults, "store", "storage_full", FAULT_ALARM,
                          health.room == STORE_ROOM_RESERVE
                              ? "The disk or its quota is full: starts are refused, stops use the reserve. Make room."
                              : "The disk or its quota is full, and so is the reserve: stops are kept in memory. Make room.");
    if (health.writable)
        fault_board_clear(self->parts.faults, "store", "storage_unavailable");
    else
        fault_board_raise(self->parts.faults, "store", "storage_unavailable", FAULT_ALARM, health.problem);
}

/* Wait a second, or less where the end has come. False: it has. */
static bool wait_a_second(struct housekeeping *self)
{
    struct timespec until;
    bool ending;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&self->lock);
    if (!self->ending)
        pthread_cond_timedwait(&self->wake, &self->lock, &until);
    ending = self->ending;
    pthread_mutex_unlock(&self->lock);
    return !ending;
}

static void *run(void *context)
{
    struct housekeeping *self = context;

    do {
        int64_t now_ms = clock_monotonic_ms(self->parts.clock);

        atomic_store(&self->heartbeat_ms, now_ms);
        watch_store(self);
        restore_maintenance(self);
        price(self, now_ms);
        refresh(self, now_ms);
        pruning_run(&self->pruning);
    } while (wait_a_second(self));
    return NULL;
}

enum ost_status housekeeping_create(const struct housekeeping_parts *parts, struct housekeeping **out)
{
    struct housekeeping *self = calloc(1, sizeof(*self));
    pthread_condattr_t monotonic;

    if (!self)
        return OST_NO_MEMORY;
    self->parts = *parts;
    self->pruning = (struct pruning){.clock = parts->clock, .store = parts->store, .faults = parts->faults,
                                     .keep_past_sessions_ms = parts->keep_past_sessions_ms,
                                     .keep_outbox_ms = parts->keep_outbox_ms,
                                     .decisions_max = parts->decisions_max};
    self->pruning.decisions_pruned = metrics_register(parts->metrics, METRIC_COUNTER, "ostler_decisions_pruned_total", "",
                                                      "Decisions that were deleted before their time, as the log was full.");
    pruning_begin(&self->pruning);
    pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    self->commits = metrics_register(parts->metrics, METRIC_COUNTER, "ostler_store_commits_total", "", "Commits of the store.");
    self->changes = metrics_register(parts->metrics, METRIC_COUNTER, "ostler_store_changes_total", "", "Changes decided by the store.");
    self->room = metrics_register(parts->metrics, METRIC_GAUGE, "ostler_store_room", "", "0 room, 1 only the reserve, 2 none.");
    self->writable = metrics_register(parts->metrics, METRIC_GAUGE, "ostler_store_writable", "", "1 while the store takes writes.");
    atomic_store(&self->heartbeat_ms, clock_monotonic_ms(parts->clock));
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        pthread_cond_destroy(&self->wake);
        pthread_mutex_destroy(&self->lock);
        free(self);
        return OST_NO_MEMORY;
    }
    *out = self;
    return OST_OK;
}

void housekeeping_destroy(struct housekeeping *self)
{
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->ending = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->thread, NULL);
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

int64_t housekeeping_heartbeat_ms(struct housekeeping *self)
{
    return atomic_load(&self->heartbeat_ms);
}
